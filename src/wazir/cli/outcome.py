"""What is said at the end of a job: the best trial, how to use it, and what failed."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wazir.analysis.recommendation import Recommendation
from wazir.app.tuning import TuningStudy
from wazir.cli.budget_text import budget_use_text
from wazir.cli.display.text import RAN_OUT, EndReport, FirstFailure, end_text
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
_AUTO_STOP_WORDS = ("--auto-stop", "--no-auto-stop")


def n_usable_trials(tuning: TuningStudy) -> int:
    """Return how many trials have succeeded and can be used, or are paused.

    The exit code depends on it.
    """
    config = tuning.study.config
    states = (TrialState.SUCCEEDED, TrialState.REQUESTED)
    _, stored = tuning.service.trials(tuning.study.name, states=states)
    return sum(
        trial.is_paused
        or (
            trial.state is TrialState.SUCCEEDED
            and is_safe(trial, config.metrics)
            and config.contains(trial)
        )
        for trial in stored
    )


def end_text_of(tuning: TuningStudy, ending: Ending, argv: Sequence[str]) -> str:
    """Return what is to be said of a study when a job on it has ended; `argv` began the job."""
    study, service = tuning.study, tuning.service
    _, stored = service.trials(study.name)
    counts = service.counts(study.name)
    is_single = len(study.config.objectives) == 1
    best = best_trial(stored, study.config) if is_single else None
    recommendation = None if best is None else service.recommend(study.name)
    front = None if is_single or not counts.succeeded else service.pareto_front(study.name)
    # It takes a while: it is asked for where it is shown.
    is_advised = ending in RAN_OUT and (best is not None or front is not None)
    advice = service.advise(study.name) if is_advised else None
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
        storage=tuning.location.shown,
        front=() if front is None else _front_lines(study, stored, front),
        resume_command=shlex.join(argv),
        first_failure=_first_failure(tuning, stored) if not counts.succeeded else None,
        why_no_best="" if best else why_no_best(stored, study.config),
        luck="" if recommendation is None else luck_text(recommendation),
        doubts=_doubts(study, stored, best, recommendation),
        n_stopped_early=sum(bool(t.stopping_reason) and t.state.is_final for t in stored),
        budgets=budget_use_text(study.config, stored),
        advice=advice,
        more_command=""
        if advice is None
        else _more_command(study, ending, argv, counts.total + advice.n_more),
    )
    return end_text(report)


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


def with_trials(argv: Sequence[str], n_trials: int, *, auto_stop_off: bool) -> list[str]:
    """Return the words of a `wazir tune` command with another number of trials.

    With `auto_stop_off` they turn the end by advice off, wherever the study has it from.
    """
    end = argv.index("--") if "--" in argv else len(argv)
    kept: list[str] = []
    words = iter(argv[:end])
    for word in words:
        if word == "--trials":
            next(words, None)
        elif word.startswith("--trials=") or (auto_stop_off and word in _AUTO_STOP_WORDS):
            continue
        else:
            kept.append(word)
    off = ["--no-auto-stop"] if auto_stop_off else []
    return [*kept, "--trials", str(n_trials), *off, *argv[end:]]


def _more_command(study: Study, ending: Ending, argv: Sequence[str], n_trials: int) -> str:
    """Return the command that makes the study so large at least, "" where it would not go on.

    Of what is planned it takes nothing away.
    """
    stopping = study.config.study_stopping
    is_auto = stopping is not None and stopping.auto_stop_below is not None
    goes_on = ending is Ending.DONE or (ending is Ending.OWN_RULE and is_auto)
    if not goes_on:
        return ""
    n_trials = max(study.config.planned_n_trials or 0, n_trials)
    return shlex.join(with_trials(argv, n_trials, auto_stop_off=is_auto))


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
