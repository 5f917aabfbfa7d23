"""Encoded points as features of the Gaussian process."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.surrogates.kernels import Trend


@dataclass(frozen=True)
class FeatureMap:
    """Ordered columns first, as they are; then each categorical column as one-hot features.

    Columns in which no trials differ are left out. `ordered` and `categorical` are columns of the encoding.
    """

    ordered: tuple[int, ...]
    categorical: tuple[int, ...]
    n_categories: tuple[int, ...]

    @classmethod
    def of(cls, encoding: Encoding) -> "FeatureMap":
        """Return the features of a space."""
        kept = [(j, c.axis) for j, c in enumerate(encoding.columns) if c.tells_apart]
        named = [(j, axis.n_places or 0) for j, axis in kept if not axis.is_ordered]
        return cls(
            ordered=tuple(j for j, axis in kept if axis.is_ordered),
            categorical=tuple(j for j, _ in named),
            n_categories=tuple(n for _, n in named),
        )

    @property
    def n_parameters(self) -> int:
        """Number of parameters in which trials differ."""
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

    def trend(self) -> Trend:
        """Return a trend over all features, of variance about 1 in the middle of the space.

        Features are shifted to mean 0 over the space and scaled so that the expected square of
        the shifted point's length is 1, with an equal part for every parameter.
        """
        n_ordered, d = len(self.ordered), self.n_parameters
        sizes = np.array([1] * n_ordered + list(self.n_categories), dtype=np.float64)
        # The variances of a number uniform in [0, 1] and of a category's features together.
        variances = np.where(self.is_categorical, 0.5 * (1.0 - 1.0 / sizes), 1.0 / 12.0)
        parts = 1.0 / np.sqrt(d * variances)
        middles = np.where(self.is_categorical, math.sqrt(0.5) / sizes, 0.5)
        return Trend(middles[self.groups], parts[self.groups])

    def __call__(self, X: Array) -> Array:
        """Return the features, shape (n, p), of encoded points X (n, d); not to be changed."""
        if not self.categorical and len(self.ordered) == X.shape[1]:
            # By columns, as a choice of columns comes too: sums have the same last bits.
            return np.asfortranarray(X)
        blocks = [X[:, list(self.ordered)]]
        for column, n_categories in zip(self.categorical, self.n_categories, strict=True):
            one_hot = X[:, column, None] == np.arange(n_categories)
            blocks.append(one_hot * math.sqrt(0.5))
        return np.hstack(blocks)
