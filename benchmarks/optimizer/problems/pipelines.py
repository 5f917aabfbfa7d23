"""The choice of a classifier and its parameters, cross-validated on data sets of scikit-learn.

Each of four models has parameters of its own, two of them a parameter below a parameter. The default
is scikit-learn's logistic regression. An evaluation takes 5 to 100 ms on one core.
"""

from collections.abc import Callable
from typing import Any

from problems.protocol import Params, Problem, Space, Value
from problems.spaces import categorical, child_of, double, integer
from problems.training import Task, cancer, clusters, problem_of

_SPACE: Space = [
    categorical("scaler", ["none", "standard", "quantile"]),
    categorical("model", ["logistic", "svc", "knn", "tree"]),
    child_of(double("logistic_C", 1e-4, 1e4, "log"), "model", ["logistic"]),
    child_of(double("svc_C", 1e-3, 1e4, "log"), "model", ["svc"]),
    child_of(categorical("kernel", ["rbf", "poly"]), "model", ["svc"]),
    child_of(double("gamma", 1e-6, 1e1, "log"), "kernel", ["rbf"]),
    child_of(integer("degree", 2, 5), "kernel", ["poly"]),
    child_of(integer("k", 1, 100, "log"), "model", ["knn"]),
    child_of(categorical("weights", ["uniform", "distance"]), "model", ["knn"]),
    child_of(integer("depth", 1, 20), "model", ["tree"]),
    child_of(integer("leaf", 1, 50, "log"), "model", ["tree"]),
]
_DEFAULT: dict[str, Value] = {"scaler": "none", "model": "logistic", "logistic_C": 1.0}


def pipeline(name: str, data: str) -> Problem:
    """Return the problem of one of `DATA`: minus the mean balanced accuracy over two folds."""
    return problem_of(name, DATA[data], "conditional")


def _pipeline(params: Params) -> Any:
    from sklearn import preprocessing
    from sklearn.pipeline import make_pipeline

    scalers = {
        "none": "passthrough",
        "standard": preprocessing.StandardScaler(),
        "quantile": preprocessing.QuantileTransformer(n_quantiles=100, random_state=0),
    }
    return make_pipeline(scalers[str(params["scaler"])], _MODELS[str(params["model"])](params))


def _logistic(params: Params) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=float(params["logistic_C"]), max_iter=200)


def _svc(params: Params) -> Any:
    from sklearn.svm import SVC

    own = {key: params[key] for key in ("kernel", "gamma", "degree") if key in params}
    return SVC(C=float(params["svc_C"]), **own, cache_size=50, max_iter=20_000)


def _knn(params: Params) -> Any:
    from sklearn.neighbors import KNeighborsClassifier

    return KNeighborsClassifier(int(params["k"]), weights=str(params["weights"]))


def _tree(params: Params) -> Any:
    from sklearn.tree import DecisionTreeClassifier

    depth, leaf = int(params["depth"]), int(params["leaf"])
    return DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=0)


_MODELS: dict[str, Callable[[Params], Any]] = {
    "logistic": _logistic,
    "svc": _svc,
    "knn": _knn,
    "tree": _tree,
}
DATA: dict[str, Task] = {
    "clusters": Task(clusters, "balanced_accuracy", _SPACE, _DEFAULT, _pipeline),
    "cancer": Task(cancer, "balanced_accuracy", _SPACE, _DEFAULT, _pipeline),
}
