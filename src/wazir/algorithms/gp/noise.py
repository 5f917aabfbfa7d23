"""Signs of noise: whether a configuration that is tried again would get another value."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import row_keys
from wazir.domain.studies import ObservationNoise

# Shares of the variance of the outputs. The first was chosen on 13 functions of 2 to 20
# parameters, with and without noise: benchmarks/recommendation.py.
_MODEL_SHARE = 0.1
_REPEAT_SHARE = 1e-6
# One or two equal repeats may be chance where a metric has few values.
_N_EQUAL_REPEATS = 3


@dataclass(frozen=True)
class Repeats:
    """The different configurations among n values.

    `first` (k,) are the rows of the first values of each, `groups` (n,) the configuration of each
    value, in 0..k-1.
    """

    first: NDArray[np.intp]
    groups: NDArray[np.intp]

    @classmethod
    def of(cls, X: Array) -> "Repeats":
        """Return the repeats in encoded points X (n, d)."""
        numbers: dict[bytes, int] = {}
        groups = [numbers.setdefault(key, len(numbers)) for key in row_keys(X)]
        as_array = np.array(groups, dtype=np.intp)
        return cls(np.unique(as_array, return_index=True)[1], as_array)

    @property
    def n_repeats(self) -> int:
        """Number of values beyond the first ones of their configurations."""
        return len(self.groups) - len(self.first)

    def variance(self, y: Array) -> float:
        """Return the pooled variance of values y (n,) within configurations, 0 without repeats."""
        if self.n_repeats == 0:
            return 0.0
        # Seen from the first value of a group, so that equal values differ by exactly 0.
        distance = y - y[self.first][self.groups]
        means = np.bincount(self.groups, distance) / np.bincount(self.groups)
        return float(np.sum((distance - means[self.groups]) ** 2)) / self.n_repeats


def sign_of_noise(
    said: ObservationNoise, n_repeats: int, repeat_share: float, model_share: float
) -> str:
    """Return in a few words why noise is to be expected, "" if it is not.

    What the study says counts first, then repeats, then the model. `repeat_share` is the variance
    of values within configurations, `model_share` the variance of the noise that a model has
    learnt, both as shares of the variance of all values.
    """
    if said is ObservationNoise.HIGH:
        return "the observation noise is HIGH"
    if said is ObservationNoise.LOW:
        return ""
    if repeat_share > _REPEAT_SHARE:
        return "repeats of a configuration differ"
    if model_share > _MODEL_SHARE and n_repeats < _N_EQUAL_REPEATS:
        return "the model finds noise in the values"
    return ""
