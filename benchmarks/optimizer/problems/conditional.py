"""Tuning of a convolutional network with conditional parameters: surrogate of real runs (Ax).

The loss is minus the validation accuracy on Fashion-MNIST, predicted by one XGBoost model per
branch, so it is piecewise constant. The YAHPO problems `xgboost_*` are conditional too.
"""

from pathlib import Path

from problems.data import loader, require
from problems.protocol import Params, Problem, Space
from problems.spaces import categorical, child_of, double

_SPACE: Space = [
    double("lr", 1e-5, 1e-1, "log"),
    categorical("two_more_blocks", ["no", "yes"]),
    categorical("use_softplus", ["no", "yes"]),
    categorical("use_wd", ["no", "yes"]),
    child_of(double("softplus_beta", 0.5, 2.0), "use_softplus", ["yes"]),
    child_of(double("weight_decay", 1e-8, 1e-2, "log"), "use_wd", ["yes"]),
]


def axhss(name: str, data: Path | None) -> Problem:
    """Return the problem `axhss_fashion_mnist`."""
    module = loader(require(data, name) / "axhss" / "axhss_loader.py")
    accuracy = module.AxHSS("fashion_mnist")

    def function(params: Params) -> float:
        answers = {
            key: value == "yes" if value in ("no", "yes") else value
            for key, value in params.items()
        }
        return -float(accuracy(answers))

    return Problem(name, "conditional", _SPACE, function)
