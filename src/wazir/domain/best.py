"""Which trials of a study are the best: of those that may be used as the study is now.

They have succeeded, keep the limits of the safety metrics, and are points of the search space that
fulfil the constraints. Trials from before an edit may be none: whoever narrows a range or adds a
constraint does not want a point beyond it.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from wazir.domain.metrics import Metric, limit_text
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState, is_safe, violation


def best_trial(trials: Iterable[Trial], config: StudyConfig) -> Trial | None:
    """Return the usable trial with the best final value of the first objective.

    The first of equals; None where no trial can be used.
    """
    front = _front(trials, config.objectives[:1], config.metrics, config.contains)
    return front[0] if front else None


def optimal_trials(trials: Iterable[Trial], config: StudyConfig) -> list[Trial]:
    """Return the usable trials that no other one beats: the Pareto front.

    A trial is beaten by one that is nowhere worse, of equals by the first one. With one objective
    the best trial is left. They stand in the order of the first objective, the best first.
    """
    return _front(trials, config.objectives, config.metrics, config.contains)


def improvements(trials: Iterable[Trial], config: StudyConfig) -> list[Trial]:
    """Return the usable trials that none before them beats, in the order given.

    With one objective these are the best so far. With several each of them made the front grow,
    whatever the point is from which its hypervolume is measured, if it lies beyond all of them.
    """
    front = _Front(config.objectives, config.metrics, config.contains)
    return [trial for trial in trials if front.take(trial)]


def better_outside(trials: Iterable[Trial], config: StudyConfig) -> list[Trial]:
    """Return the trials that would be optimal if they were not outside, since an edit."""
    front = _front(trials, config.objectives, config.metrics, lambda trial: True)
    return [trial for trial in front if not config.contains(trial)]


def outside_text(trials: Iterable[Trial], config: StudyConfig) -> str:
    """Return that trials outside of the space or the constraints were better, "" if none was."""
    found = better_outside(trials, config)
    if not found:
        return ""
    where = "outside of what the study allows since an edit"
    if len(config.objectives) > 1:
        ids = ", ".join(str(trial.id) for trial in found)
        return f"{where}, and so not counted: trial {ids}, which nothing beats"
    return f"{where}, and so not the best: {_with_values(found[0], config.objectives)}"


def why_no_best(trials: Sequence[Trial], config: StudyConfig) -> str:
    """Return why no trial is the best: none has succeeded, lies in the space, or is safe."""
    succeeded = [trial for trial in trials if trial.state is TrialState.SUCCEEDED]
    if not succeeded:
        return "no trial has succeeded yet"
    usable = [trial for trial in succeeded if config.contains(trial)]
    if not usable:
        text = f"of {_counted(succeeded)} none lies in what the study allows since an edit"
        best = better_outside(trials, config)
        return text + (f"; the best is {_with_values(best[0], config.objectives)}" if best else "")
    limits = " and ".join(limit_text(metric) for metric in config.safety_metrics)
    text = f"of {_counted(usable)} none is safe ({limits})"
    nearest = nearest_to_safe(usable, config.metrics)
    if nearest is None:
        return text
    broken = [m for m in config.safety_metrics if m.violation(nearest.final_value(m)) > 0]
    return f"{text}; the nearest is {_with_values(nearest, broken)}"


def nearest_to_safe(trials: Iterable[Trial], metrics: Sequence[Metric]) -> Trial | None:
    """Return the SUCCEEDED trial of the smallest violation, the first of equals; None without."""
    found = [trial for trial in trials if math.isfinite(violation(trial, metrics))]
    return min(found, key=lambda trial: violation(trial, metrics), default=None)


def _front(
    trials: Iterable[Trial],
    objectives: Sequence[Metric],
    metrics: Sequence[Metric],
    admits: Callable[[Trial], bool],
) -> list[Trial]:
    front = _Front(objectives, metrics, admits)
    for trial in trials:
        front.take(trial)
    return [trial for _, trial in sorted(front.members, key=lambda pair: pair[0])]


@dataclass
class _Front:
    """The safe trials, with their losses, that no other one beats so far; `admits` says which count."""

    objectives: Sequence[Metric]
    metrics: Sequence[Metric]
    admits: Callable[[Trial], bool]
    members: list[tuple[tuple[float, ...], Trial]] = field(default_factory=list)

    def take(self, trial: Trial) -> bool:
        """Return whether a trial joins the front; those that it beats leave it."""
        losses = _losses(trial, self.objectives)
        if losses is None or not is_safe(trial, self.metrics):
            return False
        # Whether it is admitted is asked last: that takes longest.
        is_beaten = any(_is_nowhere_worse(kept, losses) for kept, _ in self.members)
        if is_beaten or not self.admits(trial):
            return False
        self.members = [pair for pair in self.members if not _is_nowhere_worse(losses, pair[0])]
        self.members.append((losses, trial))
        return True


def _losses(trial: Trial, objectives: Sequence[Metric]) -> tuple[float, ...] | None:
    """Return the values of all objectives, smaller is better; None if one is not finite."""
    values = [trial.final_value(metric) for metric in objectives]
    losses = [m.loss(v) for m, v in zip(objectives, values, strict=True) if v is not None]
    return tuple(losses) if len(losses) == len(objectives) else None


def _is_nowhere_worse(left: tuple[float, ...], right: tuple[float, ...]) -> bool:
    return all(a <= b for a, b in zip(left, right, strict=True))


def _with_values(trial: Trial, metrics: Sequence[Metric]) -> str:
    """Return "trial 7 with latency 130"."""
    pairs = [(metric.name, trial.final_value(metric)) for metric in metrics]
    shown = [f"{name} {value:.6g}" for name, value in pairs if value is not None]
    return f"trial {trial.id} with {' and '.join(shown)}"


def _counted(succeeded: Sequence[Trial]) -> str:
    n = len(succeeded)
    return f"{n} trials that succeeded" if n > 1 else "1 trial that succeeded"
