"""Encoded points as features of the Gaussian process."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding


@dataclass(frozen=True)
class FeatureMap:
    """Ordered columns first, as they are; then each categorical column as one-hot features.

    Constant columns are left out. `ordered` and `categorical` are columns of the encoding.
    """

    ordered: tuple[int, ...]
    categorical: tuple[int, ...]
    n_categories: tuple[int, ...]

    @classmethod
    def of(cls, encoding: Encoding) -> "FeatureMap":
        """Return the features of a space."""
        kept = [(j, c.axis) for j, c in enumerate(encoding.columns) if not c.is_constant]
        named = [(j, axis.n_levels or 0) for j, axis in kept if not axis.is_ordered]
        return cls(
            ordered=tuple(j for j, axis in kept if axis.is_ordered),
            categorical=tuple(j for j, _ in named),
            n_categories=tuple(n for _, n in named),
        )

    @property
    def n_parameters(self) -> int:
        """Number of parameters that are not constant."""
        return len(self.ordered) + len(self.categorical)

    @property
    def is_categorical(self) -> NDArray[np.bool_]:
        """For each parameter, in the order of `groups`, whether it is categorical."""
        return np.arange(self.n_parameters) >= len(self.ordered)

    @property
    def groups(self) -> NDArray[np.intp]:
        """For each feature the parameter to which it belongs, shape (p,)."""
        sizes = [1] * len(self.ordered) + list(self.n_categories)
        return np.repeat(np.arange(self.n_parameters), sizes)

    def __call__(self, X: Array) -> Array:
        """Return the features, shape (n, p), of encoded points X (n, d)."""
        blocks = [X[:, list(self.ordered)]]
        for column, n_categories in zip(self.categorical, self.n_categories, strict=True):
            one_hot = X[:, column, None] == np.arange(n_categories)
            blocks.append(one_hot * math.sqrt(0.5))
        return np.hstack(blocks)
