"""YAHPO Gym surrogates of real runs: neural networks fitted to OpenML experiments (ONNX).

They are smooth and have no noise, and their minimum may be an artefact of the fit: look at the
real tables beside them. The loss is the validation cross entropy (lcbench) or log loss (others).
Fidelities are at their maximum.
"""

from pathlib import Path
from typing import Any

from problems.data import loader, require
from problems.protocol import Category, Parameter, Params, Problem, Space, Value
from problems.spaces import categorical, child_of, double, integer

# kind of name -> (scenario, target, category)
SCENARIOS: dict[str, tuple[str, str, Category]] = {
    "lcbench": ("lcbench", "val_cross_entropy", "tables"),
    "glmnet": ("iaml_glmnet", "logloss", "tables"),
    "rpart": ("rbv2_rpart", "logloss", "mixed"),
    "xgboost": ("rbv2_xgboost", "logloss", "conditional"),
}
# Defaults of the libraries: rpart.control, glmnet (with mlr's s), xgboost (100 rounds as in its
# Python interface; 0 and 1 moved to the smallest value of the space where they lie below it).
# Auto-PyTorch, which made lcbench, has none.
DEFAULTS: dict[str, dict[str, Value] | None] = {
    "lcbench": None,
    "glmnet": {"alpha": 1.0, "s": 0.01},
    "rpart": {
        "cp": 0.01,
        "maxdepth": 30,
        "minbucket": 7,
        "minsplit": 20,
        "num.impute.selected.cpo": "impute.mean",
    },
    "xgboost": {
        "alpha": 0.0009118819655545162,
        "booster": "gbtree",
        "lambda": 1.0,
        "nrounds": 100,
        "num.impute.selected.cpo": "impute.mean",
        "subsample": 1.0,
        "colsample_bylevel": 1.0,
        "colsample_bytree": 1.0,
        "eta": 0.3,
        "gamma": 4.5399929762484854e-05,
        "max_depth": 6,
        "min_child_weight": 2.718281828459045,
    },
}


def yahpo(name: str, kind: str, instance: str, data: Path | None) -> Problem:
    """Return the surrogate of a scenario (key of `SCENARIOS`) for one OpenML task."""
    scenario, target, category = SCENARIOS[kind]
    module = loader(require(data, name) / "yahpo" / "yahpo_loader.py")
    surrogate = module.Yahpo(scenario, instance)
    column = surrogate.targets.index(target)

    def function(params: Params) -> float:
        return float(surrogate(dict(params))[column])

    return Problem(name, category, _space(surrogate), function, default=DEFAULTS[kind])


def _space(surrogate: Any) -> Space:
    space = [_parameter(entry) for entry in surrogate.space]
    return [
        child_of(p, *surrogate.cond[p["name"]]) if p["name"] in surrogate.cond else p
        for p in space
    ]


def _parameter(entry: dict[str, Any]) -> Parameter:
    if entry["type"] == "categorical":
        return categorical(entry["name"], entry["choices"])
    scale = "log" if entry["log"] else "linear"
    make = integer if entry["type"] == "uniform_int" else double
    return make(entry["name"], entry["lower"], entry["upper"], scale)
