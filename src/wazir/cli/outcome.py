"""What is said at the end of a job: the best trial, how to use it, and what failed."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wazir.analysis.recommendation import Recommendation
from wazir.app.tuning import TuningStudy
from wazir.cli.budget_text import budget_use_text
from wazir.cli.display.text import EndReport, FirstFailure, end_text
from wazir.cli.front import front_lines
from wazir.cli.luck import expectation_text, luck_text, repeats_text
from wazir.cli.tables import terminal_width
from wazir.domain.best import best_trial, outside_text, why_no_best
from wazir.domain.studies import Study
from wazir.domain.trials import Trial as StoredTrial
from wazir.domain.trials import TrialState, is_safe
from wazir.jobs.attempt_files import last_lines
from wazir.jobs.spec import job_spec_of
from wazir.jobs.state.messages import Ending

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront

_N_LOG_LINES = 20


@dataclass(frozen=True)
class Outcome:
    """The text for the user, and the number that decides the exit code.

    It counts trials that have succeeded and can be used, and paused ones.
    """

    text: str
    n_safe: int


def end_report_of(tuning: TuningStudy, ending: Ending, argv: Sequence[str]) -> Outcome:
    """Return what is to be said of a study when a job on it has ended; `argv` began the job."""
    study, service = tuning.study, tuning.service
    _, stored = service.trials(study.name)
    counts = service.counts(study.name)
    is_single = len(study.config.objectives) == 1
    best = best_trial(stored, study.config) if is_single else None
    recommendation = None if best is None else service.recommend(study.name)
    front = None if is_single or not counts.succeeded else service.pareto_front(study.name)
    advice = service.advise(study.name)
    spec = job_spec_of(study)
    report = EndReport(
        study_id=study.name.study_id,
        metrics=study.config.metrics,
        best=best,
        best_directory=None if best is None else tuning.folder.trial(best.id).output,
        best_command=() if best is None else _command(tuning, best),
        cwd=spec.cwd,
        counts=counts,
        ending=ending,
        storage=str(tuning.location.path),
        front=() if front is None else _front_lines(study, stored, front),
        resume_command=shlex.join(argv),
        first_failure=_first_failure(tuning, stored) if not counts.succeeded else None,
        why_no_best="" if best else why_no_best(stored, study.config),
        luck="" if recommendation is None else luck_text(recommendation),
        doubts=_doubts(study, stored, best, recommendation),
        n_stopped_early=sum(bool(t.stopping_reason) and t.state.is_final for t in stored),
        budgets=budget_use_text(study.config, stored),
        advice=advice,
        more_command=_more_command(study, ending, argv, counts.total + advice.n_more),
    )
    succeeded = [trial for trial in stored if trial.state is TrialState.SUCCEEDED]
    n_safe = sum(
        is_safe(trial, study.config.metrics) and study.config.contains(trial)
        for trial in succeeded
    )
    n_paused = sum(trial.is_paused for trial in stored)
    return Outcome(end_text(report), n_safe + n_paused)


def _front_lines(study: Study, stored: list[StoredTrial], front: "ParetoFront") -> tuple[str, ...]:
    lines = front_lines(study.config, front, terminal_width()) if front.trials else []
    return tuple(filter(None, [*lines, outside_text(stored, study.config)]))


def _doubts(
    study: Study,
    stored: list[StoredTrial],
    best: StoredTrial | None,
    recommendation: Recommendation | None,
) -> tuple[str, ...]:
    """Return what is to be said of the best value where values are noisy."""
    if best is None or recommendation is None:
        return ()
    repeats = repeats_text(stored, best, study.config.objective)
    outside = outside_text(stored, study.config)
    return tuple(filter(None, [expectation_text(recommendation), repeats, outside]))


def with_trials(argv: Sequence[str], n_trials: int) -> list[str]:
    """Return the words of a `wazir tune` command with another number of trials, and no auto-stop."""
    end = argv.index("--") if "--" in argv else len(argv)
    kept: list[str] = []
    words = iter(argv[:end])
    for word in words:
        if word == "--trials":
            next(words, None)
        elif word != "--auto-stop" and not word.startswith("--trials="):
            kept.append(word)
    off = ["--no-auto-stop"] if any(word.startswith("--auto-stop") for word in argv[:end]) else []
    return [*kept, "--trials", str(n_trials), *off, *argv[end:]]


def _more_command(study: Study, ending: Ending, argv: Sequence[str], n_trials: int) -> str:
    """Return the command that makes the study so large, "" where it would not go on."""
    stopping = study.config.study_stopping
    is_auto = stopping is not None and stopping.auto_stop_below is not None
    goes_on = ending is Ending.DONE or (ending is Ending.OWN_RULE and is_auto)
    return shlex.join(with_trials(argv, n_trials)) if goes_on else ""


def _command(tuning: TuningStudy, trial: StoredTrial) -> tuple[str, ...]:
    spec = job_spec_of(tuning.study)
    argv = spec.template(tuning.study.config.space).render(
        trial.parameters,
        trial_label=str(trial.id),
        trial_dir=str(tuning.folder.trial(trial.id).output),
        job_dir=spec.trial_job_dir(str(trial.id)),
    )
    return tuple(argv)


def _first_failure(tuning: TuningStudy, trials: list[StoredTrial]) -> FirstFailure | None:
    for trial in trials:
        if trial.state is TrialState.INFEASIBLE:
            attempt_dir = tuning.folder.trial(trial.id).attempt(trial.attempt)
            lines = tuple(last_lines(attempt_dir, _N_LOG_LINES))
            return FirstFailure(trial.id, trial.infeasible_reason, lines)
    return None
