"""The numbers of the Gaussian-process bandit that an ablation may change."""

import enum
from dataclasses import dataclass

from wazir.domain.errors import InvalidInputError


class OutputWarping(enum.Enum):
    """How objective values become outputs of the process.

    HALF_RANK replaces the worse half by normal quantiles of the ranks; LOG_TAIL takes the logarithm
    of very bad values; STANDARD only shifts and scales. BY_MODEL is LOG_TAIL for the model without
    a trend and HALF_RANK for the one with it.
    """

    BY_MODEL = "BY_MODEL"
    HALF_RANK = "HALF_RANK"
    LOG_TAIL = "LOG_TAIL"
    STANDARD = "STANDARD"


@dataclass(frozen=True)
class GpSettings:
    """Settings with which all published results were measured, unless a table says otherwise.

    `n_averaged`: below so many results the acquisition is averaged over three sets of
    hyperparameters. `warps_inputs`: whether ordered inputs are bent. `penalises_replicates`:
    whether the expected improvement counts the noise of the observation to be made.
    `expects_noise`: whether some noise is likely where the study says nothing.
    `avoids_plateaus`: whether points are left out that lie between trials of equal value.
    `opens_branches`: whether each value of a conditional parent gets a share of the trials.
    `trend_every`: one trial in so many is found with a model that has a trend; 0 for none.
    `exploration`: share of suggestions made by an optimistic bound in a space with categories.
    `n_uniform` and `n_near` candidates are scattered over the space and around the best points,
    from `n_climbs` of each kind the acquisition is climbed with `n_climb_evaluations`.
    Up to `max_front_objectives` objectives, 3 at most, have a model each; more are weighted.
    `near_every`: with 20 results, one trial in so many measures hypervolume from just beyond the
    front, the others from where the first trials were; 0 for none.
    `max_fit_points` and `max_model_points` bound the cost as trials accumulate.
    `learns_failures`: whether failed trials teach a model of where trials fail, instead of counting
    as bad results.

    Raises:
        InvalidInputError: a number outside its range.
    """

    output_warping: OutputWarping = OutputWarping.BY_MODEL
    n_averaged: int = 0
    warps_inputs: bool = False
    penalises_replicates: bool = True
    expects_noise: bool = True
    avoids_plateaus: bool = True
    opens_branches: bool = True
    trend_every: int = 2
    exploration: float = 0.1
    n_uniform: int = 150
    n_near: int = 200
    n_climbs: int = 3
    n_climb_evaluations: int = 6
    max_fit_points: int = 300
    max_model_points: int = 600
    learns_failures: bool = True
    max_front_objectives: int = 3
    near_every: int = 2

    def __post_init__(self) -> None:
        if not 0.0 <= self.exploration <= 1.0:
            raise InvalidInputError(f"exploration lies in [0, 1], got {self.exploration!r}")
        for name in ("trend_every", "near_every"):
            if getattr(self, name) < 0:
                raise InvalidInputError(
                    f"{name} must not be negative, got {getattr(self, name)!r}"
                )
        for name in ("n_uniform", "n_near", "n_climbs", "n_climb_evaluations"):
            if getattr(self, name) < 1:
                raise InvalidInputError(f"{name} must be at least 1, got {getattr(self, name)!r}")
        if not 1 <= self.max_front_objectives <= 3:
            raise InvalidInputError(
                f"max_front_objectives lies in [1, 3], got {self.max_front_objectives!r}"
            )
        if not 2 <= self.max_fit_points <= self.max_model_points:
            raise InvalidInputError(
                "max_fit_points lies in [2, max_model_points], got "
                f"{self.max_fit_points!r} and {self.max_model_points!r}"
            )
