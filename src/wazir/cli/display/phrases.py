"""Short texts that the displays share."""

import math
import re
from collections.abc import Mapping

from wazir.analysis.advice import Advice
from wazir.cli.display.progress import EndedTrial, JobProgress
from wazir.cli.tables import printable, shown_value
from wazir.client.rows import paused_text
from wazir.domain.durations import format_duration
from wazir.domain.metrics import Metric
from wazir.domain.parameters import ParameterValue, value_text
from wazir.domain.studies import TrialCounts
from wazir.domain.trials import Trial
from wazir.jobs.news import StudyEdited
from wazir.jobs.state.messages import Ending

_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")

WHY_ENDED: Mapping[Ending, str] = {
    Ending.DONE: "all trials are done",
    Ending.EXHAUSTED: "the search space has no more points to try",
    Ending.OWN_RULE: "the study has ended by its own rule",
    Ending.TOO_MANY_FAILURES: "too many trials failed",
    Ending.INTERRUPTED: "interrupted; nothing is lost",
    Ending.TIMEOUT: "the time for the job is over",
    Ending.STOPPED: "the study was stopped or deleted",
    Ending.UNUSABLE_FOLDER: "the folders of trials cannot be written",
}


def clean_line(text: str) -> str:
    """Return a text on one line without colours and other control sequences."""
    return printable(_ESCAPE_SEQUENCE.sub("", text).expandtabs()).rstrip()


def parameters_text(values: Mapping[str, ParameterValue]) -> str:
    """Return "name=value" pairs; numbers are rounded, texts with blanks quoted."""
    return " ".join(f"{clean_line(name)}={_shown(value)}" for name, value in values.items())


def _shown(value: ParameterValue) -> str:
    text = clean_line(shown_value(value))
    return text if text and " " not in text else f"'{text}'"


def exact_text(value: ParameterValue) -> str:
    """Return a value with all its digits, on one line."""
    text = value_text(value)
    return text if text.isprintable() else repr(text)


def edit_lines(news: StudyEdited) -> list[str]:
    """Return what is said of an edit of the study."""
    return [f"the study was edited: {clean_line(change)}" for change in news.changes]


def counts_text(counts: TrialCounts) -> str:
    """Return "28 SUCCEEDED, 2 INFEASIBLE", without what is 0 except successes."""
    parts = [f"{counts.succeeded} SUCCEEDED"]
    parts += [f"{counts.infeasible} INFEASIBLE"] * (counts.infeasible > 0)
    parts += [f"{counts.pending} not ended"] * (counts.pending > 0)
    return ", ".join(parts)


def about_duration(seconds: float) -> str:
    """Return a duration as rough as a forecast is: "5s", "40s", "3m", "2h10m"."""
    if seconds < 55:
        return f"{max(1, math.ceil(seconds / 5)) * 5}s"
    if seconds < 3570:
        return f"{max(1, round(seconds / 60))}m"
    return format_duration(seconds)


def success_text(ended: EndedTrial, progress: JobProgress) -> str:
    """Return "trial 3 SUCCEEDED rmse=0.31 in 12s, stopped early (best so far)"."""
    text = f"trial {ended.trial.id} {ended.trial.state} {_result_text(ended, progress)}".rstrip()
    if ended.trial.stopping_reason:
        text += ", stopped early"
    if not ended.is_safe:
        text += ", unsafe"
    word = "best" if len(progress.objectives) == 1 else "optimal"
    return text + (f" ({word} so far)" if ended.is_best else "")


def last_values_text(trial: Trial, progress: JobProgress) -> str:
    """Return "rmse=0.31", with several objectives all of them."""
    last = trial.last_measurement
    return values_text({} if last is None else last.metrics, progress)


def values_text(metrics: Mapping[str, float], progress: JobProgress) -> str:
    """Return the values of the objectives as "accuracy=0.93 latency=12"."""
    names = [metric.name for metric in progress.objectives if metric.name in metrics]
    return " ".join(f"{name}={shown_value(metrics[name])}" for name in names)


def _result_text(ended: EndedTrial, progress: JobProgress) -> str:
    text = "" if ended.value is None else last_values_text(ended.trial, progress)
    if ended.duration_s is not None:
        text += f" in {format_duration(ended.duration_s)}"
    return text.strip()


def early_stop_text(trial: Trial) -> str:
    """Return what is said of a trial whose program is stopped early."""
    return f"trial {trial.id} is stopped early: {clean_line(trial.stopping_reason)}"


def put_back_text(ended: EndedTrial, progress: JobProgress) -> str:
    """Return what is said of a trial that is paused, or was stopped and will be run again."""
    trial, paused = ended.trial, paused_text(ended.trial, progress.study.config)
    if paused:
        return f"trial {trial.id} {paused}: {_result_text(ended, progress)}"
    return f"trial {trial.id} was stopped; it runs again when the job goes on"


def advice_text(advice: Advice, objective: Metric) -> str:
    """Return "12 % chance that ...; expected 0.0004 per hour", of short trials "... by then"."""
    text = clean_line(advice.text(objective.name))
    if advice.per_hour is not None:
        return f"{text}; expected {advice.per_hour:.2g} per hour"
    if advice.expected_improvement is not None:
        return f"{text}; expected {advice.expected_improvement:.2g} by then"
    return text


def end_line(progress: JobProgress, now: float) -> str:
    """Return one line for the end of a job; why it ended is for the text of the end to say."""
    return f"ended after {format_duration(progress.elapsed_s(now))}"


class FailureTexts:
    """Why trials failed; the advice behind a reason's first line is given once per reason."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def lines(self, trial: Trial) -> list[str]:
        """Return one line, and more behind an indent where there is new advice."""
        lines = [clean_line(line) for line in trial.infeasible_reason.splitlines()]
        first, *rest = [line for line in lines if line] or ["no reason was given"]
        if first in self._said:
            rest = []
        self._said.add(first)
        return [f"trial {trial.id} {trial.state}: {first}", *(f"    {line}" for line in rest)]
