"""The models of several objectives, one for each, and the front that they believe in."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.gp.boxes import Boxes, non_dominated_boxes
from wazir.algorithms.gp.expected_hypervolume import (
    HypervolumeCriterion,
    LogExpectedHypervolume,
)
from wazir.algorithms.gp.features import FeatureMap
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.model import Model
from wazir.algorithms.hypervolume import front_range, given_or, non_dominated, reference_point
from wazir.domain.metrics import Metric


@dataclass(frozen=True)
class FrontModel:
    """Models of m objectives, pending points believed, with the reference point (m,) of them.

    Only trials in the space count for the front (`is_inside` (n,); others are from before an edit),
    and only safe ones, if there are any; of the pending points those in `is_safe` (q,).

    Volumes are measured in the models' warped losses, where a prediction is Gaussian. Up to the
    reference point the warping is linear, so that volumes are in proportion to those in the
    objectives' units, and the best compromise is the same.
    """

    models: tuple[Model, ...]
    history: History
    reference: Array
    is_safe: NDArray[np.bool_]
    is_inside: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        models: Sequence[Model],
        history: History,
        reference: Sequence[float],
        is_safe: NDArray[np.bool_],
        is_inside: NDArray[np.bool_],
    ) -> "FrontModel":
        """Return the models of a history; the reference point is in the objectives' losses."""
        warped = [model.outputs.warped(r) for model, r in zip(models, reference, strict=True)]
        return cls(tuple(models), history, np.array(warped), is_safe, is_inside)

    @property
    def features(self) -> FeatureMap:
        """The features of the space."""
        return self.models[0].features

    @property
    def is_any_safe(self) -> bool:
        """Whether a trial with all values is safe."""
        return bool((self.history.is_observed & (self.history.V == 0.0)).any())

    @cached_property
    def _observed(self) -> NDArray[np.intp]:
        """Rows of the history with a value of every objective; inside, then safe, if any is."""
        counts = self.history.is_observed
        for wanted in (self.is_inside, self.history.V == 0.0):
            if (counts & wanted).any():
                counts = counts & wanted
        return np.flatnonzero(counts)

    @cached_property
    def _means(self) -> Array:
        """Means at the observed points, (n, m): noise has its part taken out of them."""
        F = self.features(self.history.X[self._observed])
        return np.column_stack([model.process.mean(F) for model in self.models])

    @cached_property
    def boxes(self) -> Boxes:
        """What the means at observed and pending points do not dominate below the reference.

        Without the pending ones there would be improvement to be expected where one of them is.
        """
        q = len(self.history.pending)
        believed = [m.process.data.y[len(m.process.data.y) - q :] for m in self.models]
        front = np.vstack([self._means, np.column_stack(believed)[self.is_safe]])
        return non_dominated_boxes(front, self.reference)

    def best_points(self, n: int, rng: np.random.Generator) -> Array:
        """Return up to n observed points of the front in random order, shape (<= n, d)."""
        front = np.flatnonzero(non_dominated(self._means))
        chosen = rng.permutation(front)[:n]
        points: Array = self.history.X[self._observed[chosen]]
        return points

    def criterion(self, *, widening: float) -> HypervolumeCriterion:
        """Return expected hypervolume improvement; see HypervolumeCriterion."""
        processes = tuple(model.process for model in self.models)
        acquisition = LogExpectedHypervolume(self.boxes)
        return HypervolumeCriterion(self.features, processes, acquisition, widening)

    def explain(self, point: Array, objectives: Sequence[Metric]) -> dict[str, str]:
        """Return what is expected at a point (d,), in the objectives' units."""
        predictions = [model.predict(point[None]) for model in self.models]
        mean = np.array([prediction.mean[0] for prediction in predictions])
        std = np.array([prediction.std[0] for prediction in predictions])
        expected = LogExpectedHypervolume(self.boxes).value(mean[None], std[None])
        units = np.array([model.outputs.unit for model in self.models])
        texts = {
            # Exploiting: the point would extend the front even if it is as expected.
            "aim": "exploit" if self.boxes.improvement(mean) > 0 else "explore",
            "expected_hypervolume_improvement": f"{float(np.exp(expected[0])) * units.prod():.6g}",
        }
        for metric, model, mu, sd in zip(objectives, self.models, mean, std, strict=True):
            origin, unit = model.outputs.origin, model.outputs.unit
            texts[f"mean.{metric.name}"] = f"{metric.loss(origin + unit * float(mu)):.6g}"
            texts[f"std.{metric.name}"] = f"{unit * float(sd):.6g}"
        for place, model in enumerate(self.models):
            texts |= model.fitted.texts(prefix_of(place))
        return texts


def prefix_of(place: int) -> str:
    """Return what stands before the stored hyperparameters of an objective's model."""
    return f"objective_{place + 1}." if place else ""


def reference_losses(
    history: History, objectives: Sequence[Metric], *, is_near: bool = False
) -> tuple[Array, Array]:
    """Return the reference point in losses, (m,), and up to where losses matter, (m,).

    The point is the given one where there is one, else it is chosen as for the user; where it
    `is_near`, no farther than just beyond the front that is known. Losses matter up to the given
    or chosen one, and up to the chosen one where nothing comes near the given one yet.
    """
    seen = history.Y[history.is_observed]
    chosen = reference_point(seen)
    reference = given_or(chosen, objectives)
    limits = np.maximum(reference, chosen)
    if is_near:
        ideal, end = front_range(seen)
        is_given = np.array([metric.reference_value is not None for metric in objectives])
        is_nearer = ~is_given & (ideal < end) & (end < reference)
        reference = np.where(is_nearer, end, reference)
    return reference, limits
