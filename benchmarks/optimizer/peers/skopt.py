"""scikit-optimize's `Optimizer`: Gaussian process, `gp_hedge`, 10 initial points."""

import warnings
from typing import Any

import numpy as np
from skopt import Optimizer
from skopt.space import Categorical, Integer, Real

from peers.axes import Axis, active, axes_of, complete
from peers.protocol import Params, Setup

warnings.filterwarnings("ignore", category=UserWarning, module="skopt")
Point = list[Any]


class Skopt:
    """A flat space: parameters of inactive branches are suggested, and then ignored."""

    def __init__(self, setup: Setup) -> None:
        self._axes = axes_of(setup.space)
        self._optimizer = Optimizer(
            [_dimension(axis) for axis in self._axes], random_state=setup.seed
        )
        self._waiting: list[Point] = []
        self._unfitted: list[tuple[Point, float]] = []
        self._default = setup.default

    def ask(self) -> tuple[Point, Params]:
        """Return a point; those that wait for their value are known to it by a lie."""
        if self._unfitted:
            points, values = zip(*self._unfitted, strict=True)
            self._optimizer.tell(list(points), list(values))
            self._unfitted.clear()
        if self._default is not None:
            point, self._default = self._encoded(self._default), None
        elif self._waiting:
            point = self._liar().ask()
        else:
            point = self._optimizer.ask()
        self._waiting.append(point)
        pairs = zip(self._axes, point, strict=True)
        return point, active(self._axes, {axis.name: axis.decode(value) for axis, value in pairs})

    def tell(self, token: Point, params: Params, value: float) -> None:
        """Tell the value, which fits the model."""
        self._waiting.remove(token)
        self._optimizer.tell(token, value)

    def observe(self, params: Params, value: float) -> None:
        """Keep the value of a point that was not asked for; the next `ask` fits all at once."""
        self._unfitted.append((self._encoded(params), value))

    def recommend(self) -> None:
        """scikit-optimize recommends the best value observed."""

    def _liar(self) -> Optimizer:
        """Return a copy that takes the waiting points to be as good as the best (`cl_min`)."""
        known = self._optimizer
        copy = known.copy(random_state=known.rng.randint(0, np.iinfo(np.int32).max))
        lie = min(known.yi, default=0.0)
        copy.tell(list(self._waiting), [lie] * len(self._waiting))
        return copy

    def _encoded(self, params: Params) -> Point:
        filled = complete(self._axes, params)
        return [axis.encode(filled[axis.name]) for axis in self._axes]


def make(setup: Setup, choice: str) -> Skopt:
    """Return the optimizer of a run."""
    return Skopt(setup)


def _dimension(axis: Axis) -> Any:
    if axis.kind == "category":
        return Categorical(list(axis.values), name=axis.name)
    prior = "log-uniform" if axis.is_log else "uniform"
    if axis.kind == "int":
        return Integer(int(axis.low), int(axis.high), prior=prior, name=axis.name)
    return Real(axis.low, axis.high, prior=prior, name=axis.name)
