"""A Lasso with one penalty weight per feature: many parameters of which few matter.

The loss is the cross-validated squared error (`WeightedLasso` of the benchmark data's loaders,
after the idea of LassoBench); the parameters are log10 of the weights, in [-1, 1].
"""

from pathlib import Path
from typing import Any

import numpy as np

from problems.data import loader, require
from problems.protocol import Params, Problem, Value
from problems.spaces import double


def lasso(name: str, dimension: int, seed: int, data: Path | None) -> Problem:
    """Return a problem on generated data: 5 of `dimension` features have an effect."""
    module = loader(require(data, name) / "loaders.py")
    return _problem(name, module.WeightedLasso(d=dimension, seed=seed))


def lasso_builtin(name: str, data_set: str, data: Path | None) -> Problem:
    """Return a problem on a data set of scikit-learn (`diabetes`: 10 features)."""
    module = loader(require(data, name) / "loaders.py")
    return _problem(name, module.WeightedLasso(builtin=data_set))


def _problem(name: str, loss: Any) -> Problem:
    space = [double(f"w{i}", -1.0, 1.0) for i in range(loss.d)]
    names = [parameter["name"] for parameter in space]

    def function(params: Params) -> float:
        return float(loss([params[key] for key in names]))

    category = "low_dimensional" if loss.d <= 10 else "high_dimensional"
    return Problem(name, category, space, function, starts=_starts(names, loss))


def _starts(names: list[str], loss: Any) -> tuple[dict[str, Value], ...]:
    """Return guesses at the minimum: the k features with the largest correlation are free."""
    order = np.argsort(-np.abs(loss.X.T @ loss.y))
    guesses = []
    for count in range(1, min(13, loss.d)):
        weights = np.ones(loss.d)
        weights[order[:count]] = -1.0
        guesses.append(dict(zip(names, weights.tolist(), strict=True)))
    return tuple(guesses)
