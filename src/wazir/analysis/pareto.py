"""The Pareto front of a study with several objectives, and how much it reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.hypervolume import given_or, hypervolume, reference_point
from wazir.domain.best import optimal_trials
from wazir.domain.metrics import Metric
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState


@dataclass(frozen=True)
class ParetoFront:
    """The optimal trials of a study, the best in the first objective first.

    Attributes:
        trials: SUCCEEDED trials that no other one beats in all objectives.
        reference: the point from which hypervolume is measured, by objective, in their units;
            empty without trials.
        hypervolume: the volume between the front and the reference point; 0 without trials. Values
            are comparable for the same reference point only.
    """

    trials: tuple[Trial, ...]
    reference: Mapping[str, float]
    hypervolume: float

    @property
    def trial_ids(self) -> tuple[int, ...]:
        """The ids of the trials, in the same order."""
        return tuple(trial.id for trial in self.trials)


def pareto_front(config: StudyConfig, trials: Sequence[Trial]) -> ParetoFront:
    """Return the front of some trials of a study, with one objective the best trial.

    A reference value that a metric was given counts; others are chosen from the values of all
    SUCCEEDED trials: see `wazir.algorithms.hypervolume.reference_point`.
    """
    objectives = config.objectives
    succeeded = [trial for trial in trials if trial.state is TrialState.SUCCEEDED]
    Y = np.array([losses_of(trial, objectives) for trial in succeeded]).reshape(
        -1, len(objectives)
    )
    Y = Y[np.isfinite(Y).all(axis=1)]
    if len(Y) == 0:
        return ParetoFront((), {}, 0.0)
    optimal = tuple(optimal_trials(succeeded, config))
    front = np.array([losses_of(trial, objectives) for trial in optimal]).reshape(-1, Y.shape[1])
    reference = reference_of(objectives, Y)
    shown = {m.name: m.loss(r) for m, r in zip(objectives, reference.tolist(), strict=True)}
    return ParetoFront(optimal, shown, hypervolume(front, reference))


def reference_of(objectives: Sequence[Metric], Y: Array) -> Array:
    """Return the reference point (m,) for losses Y (n, m), n >= 1, in losses: given or chosen."""
    return given_or(reference_point(Y), objectives)


def losses_of(trial: Trial, objectives: Sequence[Metric]) -> list[float]:
    """Return the values of all objectives, smaller is better; NaN where there is none."""
    final = trial.final_measurement
    values = [None if final is None else final.value(metric.name) for metric in objectives]
    return [
        np.nan if value is None else metric.loss(value)
        for metric, value in zip(objectives, values, strict=True)
    ]
