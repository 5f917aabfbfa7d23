"""HEBO: Gaussian process with warped input and output, three acquisition functions at once."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from hebo.design_space.design_space import DesignSpace
from hebo.optimizers.hebo import HEBO

from peers.axes import Axis, active, axes_of, complete
from peers.protocol import Params, Setup

warnings.filterwarnings("ignore")


class Hebo:
    """A flat space. HEBO does not know of waiting points: it gives as many at once as may wait."""

    def __init__(self, setup: Setup) -> None:
        np.random.seed(setup.seed)  # noqa: NPY002 - HEBO draws from numpy's global generator
        torch.manual_seed(setup.seed)
        self._axes = axes_of(setup.space)
        space = DesignSpace().parse([_parameter(axis) for axis in self._axes])
        self._hebo = HEBO(space, scramble_seed=setup.seed)
        self._batch = setup.n_pending
        self._queue: list[pd.DataFrame] = []
        self._default = setup.default

    def ask(self) -> tuple[pd.DataFrame, Params]:
        """Return a row of suggestions."""
        if self._default is not None:
            row, self._default = self._row(self._default), None
        else:
            if not self._queue:
                rows = self._hebo.suggest(n_suggestions=self._batch)
                self._queue = [rows.iloc[[place]] for place in range(len(rows))]
            row = self._queue.pop(0)
        native = row.iloc[0].to_dict()
        return row, active(self._axes, {a.name: a.decode(native[a.name]) for a in self._axes})

    def tell(self, token: pd.DataFrame, params: Params, value: float) -> None:
        """Give the value of a row."""
        self._hebo.observe(token, np.array([[value]]))

    def observe(self, params: Params, value: float) -> None:
        """Give the value of a point that was not asked for."""
        self.tell(self._row(params), params, value)

    def recommend(self) -> None:
        """HEBO recommends the best value observed."""

    def _row(self, params: Params) -> pd.DataFrame:
        filled = complete(self._axes, params)
        return pd.DataFrame([{axis.name: axis.encode(filled[axis.name]) for axis in self._axes}])


def make(setup: Setup, choice: str) -> Hebo:
    """Return the optimizer of a run."""
    return Hebo(setup)


def _parameter(axis: Axis) -> dict[str, Any]:
    if axis.kind == "category":
        return {"name": axis.name, "type": "cat", "categories": list(axis.values)}
    kinds = {
        ("float", False): "num",
        ("float", True): "pow",
        ("int", False): "int",
        ("int", True): "pow_int",
    }
    kind = kinds[axis.kind, axis.is_log]
    base = {"base": 10} if axis.is_log else {}
    return {"name": axis.name, "type": kind, "lb": axis.low, "ub": axis.high, **base}
