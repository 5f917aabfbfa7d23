"""What is maximised to find the next point: acquisition functions over the processes of a model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.gp.acquisition import Acquisition
from wazir.algorithms.gp.features import FeatureMap
from wazir.algorithms.gp.model import Model
from wazir.surrogates.process import Process


class Criterion(Protocol):
    """A function of encoded points X (m, d) that the search maximises; logarithms, so they add."""

    @property
    def features(self) -> FeatureMap:
        """The features of the space; its `ordered` columns are those that gradients are for."""
        ...

    def value(self, X: Array) -> Array:
        """Return the values at X, shape (m,)."""
        ...

    def value_with_gradient(self, X: Array) -> tuple[Array, Array]:
        """Return the values at X and their gradients by the ordered columns, (m, n_ordered)."""
        ...


@dataclass(frozen=True)
class SumCriterion:
    """The sum of criteria over the same features, at least one."""

    terms: tuple[Criterion, ...]

    @property
    def features(self) -> FeatureMap:
        """See Criterion."""
        return self.terms[0].features

    def value(self, X: Array) -> Array:
        """See Criterion."""
        total: Array = np.sum([term.value(X) for term in self.terms], axis=0)
        return total

    def value_with_gradient(self, X: Array) -> tuple[Array, Array]:
        """See Criterion."""
        pairs = [term.value_with_gradient(X) for term in self.terms]
        value: Array = np.sum([value for value, _ in pairs], axis=0)
        gradient: Array = np.sum([gradient for _, gradient in pairs], axis=0)
        return value, gradient


@dataclass(frozen=True)
class WeightedCriterion:
    """A criterion times a weight."""

    criterion: Criterion
    weight: float

    @property
    def features(self) -> FeatureMap:
        """See Criterion."""
        return self.criterion.features

    def value(self, X: Array) -> Array:
        """See Criterion."""
        return self.weight * self.criterion.value(X)

    def value_with_gradient(self, X: Array) -> tuple[Array, Array]:
        """See Criterion."""
        value, gradient = self.criterion.value_with_gradient(X)
        return self.weight * value, self.weight * gradient


@dataclass(frozen=True)
class ProcessCriterion:
    """The logarithm of the mean of exp(acquisition) over processes; X are encoded points (m, d).

    With log expected improvement it is that of the improvement expected under hyperparameters
    that are themselves uncertain.
    """

    features: FeatureMap
    members: tuple[tuple[Process, Acquisition], ...]

    @classmethod
    def of(cls, model: Model, acquisition: Callable[[int], Acquisition]) -> "ProcessCriterion":
        """Return the criterion with `acquisition(i)` for process i of a model."""
        members = tuple((p, acquisition(i)) for i, p in enumerate(model.processes))
        return cls(model.features, members)

    def value(self, X: Array) -> Array:
        """See Criterion."""
        F = self.features(X)
        values = [self._member_value(*member, F) for member in self.members]
        return self._mean(np.array(values))

    def value_with_gradient(self, X: Array) -> tuple[Array, Array]:
        """See Criterion."""
        F = self.features(X)
        pairs = [self._member_gradient(*member, F) for member in self.members]
        if len(pairs) == 1:
            return pairs[0]
        values = np.array([value for value, _ in pairs])
        mean = self._mean(values)
        shares = np.exp(values - mean) / len(pairs)
        gradient: Array = np.einsum("im,imd->md", shares, np.array([g for _, g in pairs]))
        return mean, gradient

    def _member_value(self, process: Process, acquisition: Acquisition, F: Array) -> Array:
        prediction = process.predict(F)
        return acquisition.value(prediction.mean, prediction.std)

    def _member_gradient(
        self, process: Process, acquisition: Acquisition, F: Array
    ) -> tuple[Array, Array]:
        n_ordered = len(self.features.ordered)
        prediction, d_mean, d_std = process.predict_with_gradient(F, n_ordered)
        value, by_mean, by_std = acquisition.with_slopes(prediction.mean, prediction.std)
        return value, by_mean[:, None] * d_mean + by_std[:, None] * d_std

    def _mean(self, values: Array) -> Array:
        if len(values) == 1:
            first: Array = values[0]
            return first
        result: Array = np.logaddexp.reduce(values, axis=0) - np.log(len(values))
        return result
