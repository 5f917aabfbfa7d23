"""What is said when a job has ended."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wazir.analysis.advice import Advice
from wazir.app.settings import DATABASE_FILE, RUNS_FOLDER
from wazir.cli.display.phrases import WHY_ENDED, advice_text, clean_line, counts_text, exact_text
from wazir.cli.tables import label_lines
from wazir.domain.metrics import Metric, limit_text
from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial
from wazir.jobs.state.messages import Ending

RAN_OUT = frozenset({Ending.DONE, Ending.EXHAUSTED, Ending.OWN_RULE})
"""Endings after which the same command has nothing to go on with."""


@dataclass(frozen=True)
class FirstFailure:
    """The first trial that failed; `log_lines` are the last lines of its output."""

    trial_id: int
    reason: str
    log_lines: tuple[str, ...]


@dataclass(frozen=True)
class EndReport:
    """All that the text of the end says.

    Attributes:
        study_id: the study's name as users know it.
        metrics: those of the study.
        best: the best SUCCEEDED trial, None if no trial has succeeded or there are several
            objectives.
        best_directory: the program's own directory in that trial.
        best_command: the argument list that the trial ran.
        cwd: the folder in which the programs run.
        counts: the trials of the study by state.
        ending: why the job ended.
        storage: path of the database.
        resume_command: a shell command that goes on with the job.
        first_failure: shown if no trial has succeeded.
        luck: says that another trial is recommended than the best one; "" if none is.
        n_stopped_early: how many of the trials were stopped early.
        front: with several objectives the lines about the best compromises.
        budgets: how much of the full budgets was used; "" without a fidelity parameter.
        doubts: sentences on how far the best value is to be trusted.
        why_no_best: says why there is no best trial where some have succeeded.
        advice: what more trials may bring, None where it was not asked for.
        more_command: a shell command that runs so many more trials.
    """

    study_id: str
    metrics: Sequence[Metric]
    best: Trial | None
    best_directory: Path | None
    best_command: tuple[str, ...]
    cwd: Path
    counts: TrialCounts
    ending: Ending
    storage: str
    resume_command: str
    first_failure: FirstFailure | None = None
    luck: str = ""
    n_stopped_early: int = 0
    front: tuple[str, ...] = ()
    budgets: str = ""
    why_no_best: str = ""
    doubts: tuple[str, ...] = ()
    advice: Advice | None = None
    more_command: str = ""

    @property
    def objective(self) -> Metric:
        """The leading objective metric."""
        return next(metric for metric in self.metrics if metric.is_objective)

    @property
    def limits(self) -> list[Metric]:
        """The safety metrics."""
        return [metric for metric in self.metrics if not metric.is_objective]


def end_text(report: EndReport) -> str:
    """Return the last words of a job: what came out, how to use it, how to go on."""
    why = WHY_ENDED[report.ending]
    stopped = f", {report.n_stopped_early} stopped early" * (report.n_stopped_early > 0)
    lines = [f"{why[0].upper()}{why[1:]}: {counts_text(report.counts)}{stopped}."]
    lines += filter(None, [report.budgets])
    if report.front:
        rows = [
            ("run in", str(report.cwd)),
            ("run again", f"{_wazir_command(report, 'rerun')} TRIAL"),
        ]
        lines += ["", *report.front, "", *label_lines([*rows, *_study_rows(report)])]
        return "\n".join([*lines, *_advice_lines(report)])
    if report.best is None:
        lines += ["", *_failure_lines(report), "", *label_lines(_study_rows(report))]
        return "\n".join(lines)
    lines += ["", *_best_lines(report, report.best), ""]
    # The word would mean the recommended trial.
    again = str(report.best.id) if report.luck else "best"
    rows = [
        ("directory", "" if report.best_directory is None else str(report.best_directory)),
        ("command", shlex.join(report.best_command)),
        ("run in", str(report.cwd)),
        ("run again", _wazir_command(report, "rerun", again)),
    ]
    return "\n".join([*lines, *label_lines([*rows, *_study_rows(report)]), *_advice_lines(report)])


def _best_lines(report: EndReport, best: Trial) -> list[str]:
    final = best.final_measurement
    value = None if final is None else final.value(report.objective.name)
    title = f"Best trial {best.id}"
    if value is not None:
        goal = report.objective.goal.value.lower()
        title += f": {report.objective.name} {exact_text(value)} ({goal})"
    for metric in report.limits:
        kept = best.final_value(metric)
        if kept is not None:
            title += f", {metric.name} {exact_text(kept)} ({limit_text(metric)})"
    rows = [(clean_line(name), exact_text(value)) for name, value in best.parameters.items()]
    lines = [title, *label_lines(rows, indent=2)]
    lines += [f"{doubt[0].upper()}{doubt[1:]}." for doubt in report.doubts]
    if report.luck:
        show = _wazir_command(report, "best")
        lines.append(f"{report.luck[0].upper()}{report.luck[1:]}: {show}")
    return lines


def _advice_lines(report: EndReport) -> list[str]:
    """Return whether it is worth going on, and how; only where the job has run to its end."""
    if report.advice is None or report.advice.probability is None or report.ending not in RAN_OUT:
        return []
    question = f"Is it worth going on? {advice_text(report.advice, report.objective)}"
    return ["", question, *label_lines([("to run them", report.more_command)], indent=2)]


def _failure_lines(report: EndReport) -> list[str]:
    failure = report.first_failure
    if report.counts.succeeded:
        why = report.why_no_best
        show = _wazir_command(report, "trials")
        return [f"{why[0].upper()}{why[1:]}.", f"All of them: {show}"]
    if failure is None:
        if report.budgets:
            return ["No trial has had its full budget yet; `wazir trials` shows the paused ones."]
        return ["No trial has succeeded."]
    reason = [clean_line(line) for line in failure.reason.splitlines() if line.strip()]
    first, *rest = reason or ["no reason was given"]
    lines = [
        f"No trial has succeeded. The first failure was trial {failure.trial_id}:",
        f"  {first}",
        *(f"  {line}" for line in rest),
        "",
    ]
    log = [f"  | {clean_line(line)}" for line in failure.log_lines]
    if not log:
        return [*lines, "Its program printed nothing."]
    whole = _wazir_command(report, "logs", str(failure.trial_id))
    return [*lines, f"The end of its output (all of it: {whole}):", *log]


def _study_rows(report: EndReport) -> list[tuple[str, str]]:
    return [
        ("study", f"{report.study_id} in {report.storage}"),
        ("go on with", "" if report.ending in RAN_OUT else report.resume_command),
    ]


def _wazir_command(report: EndReport, command: str, *trial: str) -> str:
    """Return a command about the study; it names the storage where that is not the default."""
    argv = ["wazir", command]
    if Path(report.storage) != report.cwd / RUNS_FOLDER / DATABASE_FILE:
        argv += ["--storage", report.storage]
    return shlex.join([*argv, report.study_id, *trial])
