"""When a study makes no more trials by itself: Vertex AI's studyStoppingConfig."""

from collections.abc import Sequence
from dataclasses import dataclass

from wazir.domain.best import improvements
from wazir.domain.durations import format_duration
from wazir.domain.studies import Study, StudyConfig, StudyStopping, TrialCounts
from wazir.domain.trials import Trial


@dataclass(frozen=True)
class Progress:
    """How a study stands.

    `n_trials` counts all trials, `n_completed` those that have ended. Progress is a better value
    that can be used, with several objectives a trial that joins the Pareto front: `n_idle` trials
    have ended since the last one, `idle_s` seconds have passed; since the study was made, if there
    was none. `now` and `age_s` are Unix seconds and seconds.
    """

    n_trials: int
    n_completed: int
    n_idle: int
    idle_s: float
    age_s: float
    now: float


def progress_of(study: Study, trials: Sequence[Trial], now: float) -> Progress:
    """Return the progress of a study with these trials (all of them) at a time."""
    ended = [trial for trial in trials if trial.state.is_final]
    ended.sort(key=lambda trial: (trial.completed_revision or 0, trial.id))
    last, since = _last_progress(ended, study.config)
    return Progress(
        n_trials=len(trials),
        n_completed=len(ended),
        n_idle=len(ended) - last,
        idle_s=max(0.0, now - (study.created_at if since is None else since)),
        age_s=max(0.0, now - study.created_at),
        now=now,
    )


def progress_by_counts(study: Study, counts: TrialCounts, now: float) -> Progress:
    """Return the progress of a study as far as the numbers of its trials tell it."""
    age_s = max(0.0, now - study.created_at)
    return Progress(counts.total, counts.completed, n_idle=0, idle_s=0.0, age_s=age_s, now=now)


def _last_progress(ended: Sequence[Trial], config: StudyConfig) -> tuple[int, float | None]:
    """Return how many trials had ended with the last one that made progress, and when that was."""
    made = improvements(ended, config)
    if not made:
        return 0, None
    return ended.index(made[-1]) + 1, made[-1].completed_at


def why_study_ends(stopping: StudyStopping, progress: Progress) -> str:
    """Return why a study makes no new trials, "" if it goes on.

    Checked in Vertex's order: the least number of trials and the least time first, which hold all
    others up.
    """
    if is_held_up(stopping, progress):
        return ""
    if _reached(progress.age_s, stopping.max_duration_s):
        return f"{format_duration(progress.age_s)} have passed since the study was made"
    if _reached(progress.now, stopping.max_end_at):
        return "the time at which the study was to end has come"
    if _reached(progress.n_trials, stopping.max_n_trials):
        return f"it has {progress.n_trials} trials"
    if _reached(progress.n_idle, stopping.max_n_trials_without_progress):
        return f"no improvement in the last {progress.n_idle} trials"
    if _reached(progress.idle_s, stopping.max_duration_without_progress_s):
        return f"no improvement in the last {format_duration(progress.idle_s)}"
    return ""


def is_held_up(stopping: StudyStopping, progress: Progress) -> bool:
    """Return whether the study goes on whatever else is the case."""
    return (
        progress.n_completed < (stopping.min_n_trials or 0)
        or progress.age_s < (stopping.min_duration_s or 0.0)
        or progress.now < (stopping.min_end_at or 0.0)
    )


def _reached(value: float, limit: float | None) -> bool:
    return limit is not None and value >= limit
