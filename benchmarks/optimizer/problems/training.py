"""Training of scikit-learn models on its own data sets, cross-validated on fixed splits.

Deterministic: splits and models have fixed seeds. The default is scikit-learn's own, moved to the
nearest value of the space where it lies outside (no regularisation, unlimited depth). An
evaluation takes 10 to 200 ms on one core.
"""

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.protocol import Category, Params, Problem, Space, Value
from problems.spaces import categorical, double, integer

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Task:
    """A model family on a data set; `build` makes the estimator of a configuration.

    Losses are cut off at `worst`, which a fit that diverges also has.
    """

    data: Callable[[], tuple[Array, Array]]
    scoring: str
    space: Space
    default: Mapping[str, Value]
    build: Callable[[Params], Any]
    worst: float = math.inf
    folds: int = 2


def training(name: str, task_name: str) -> Problem:
    """Return the problem of one of `TASKS`."""
    return problem_of(name, TASKS[task_name])


def problem_of(name: str, task: Task, category: Category = "mixed") -> Problem:
    """Return the problem of a task: the mean loss over the folds."""
    from sklearn.metrics import get_scorer
    from sklearn.model_selection import KFold, StratifiedKFold

    x, y = task.data()
    is_regression = task.scoring == "neg_root_mean_squared_error"
    kind = KFold if is_regression else StratifiedKFold
    folds = list(kind(task.folds, shuffle=True, random_state=0).split(x, y))
    score = get_scorer(task.scoring)

    def loss(params: Params, train: Array, test: Array) -> float:
        model = task.build(params)
        try:
            model.fit(x[train], y[train])
        except ValueError as error:
            if "non-finite" in str(error):
                return task.worst
            raise
        return min(-float(score(model, x[test], y[test])), task.worst)

    def function(params: Params) -> float:
        with warnings.catch_warnings():
            # 15 epochs and a bound on the solver of SVC are part of the task.
            warnings.simplefilter("ignore")
            return float(np.mean([loss(params, train, test) for train, test in folds]))

    return Problem(name, category, task.space, function, default=dict(task.default))


@cache
def _digits() -> tuple[Array, Array]:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    kept = np.random.default_rng(0).permutation(len(y))[:400]
    return x[kept] / 16.0, y[kept]


@cache
def cancer() -> tuple[Array, Array]:
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(return_X_y=True)


@cache
def _diabetes() -> tuple[Array, Array]:
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    return x, (y - y.mean()) / y.std()


@cache
def _friedman() -> tuple[Array, Array]:
    from sklearn.datasets import make_friedman1

    return make_friedman1(200, n_features=12, noise=1.0, random_state=0)


@cache
def clusters() -> tuple[Array, Array]:
    from sklearn.datasets import make_classification

    return make_classification(
        400, 20, n_informative=6, n_redundant=4, n_classes=4, flip_y=0.05, random_state=1
    )


def _svc(params: Params) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    return make_pipeline(StandardScaler(), SVC(**params, cache_size=50, max_iter=20_000))


_SVC_SPACE: Space = [
    double("C", 1e-3, 1e4, "log"),
    double("gamma", 1e-6, 1e1, "log"),
    categorical("kernel", ["rbf", "poly", "sigmoid"]),
    integer("degree", 2, 5),
    double("coef0", 0.0, 2.0),
]


def _svc_default(features: int) -> dict[str, Value]:
    # gamma="scale" is 1 / (features * variance), and the features are standardised.
    return {"C": 1.0, "gamma": 1.0 / features, "kernel": "rbf", "degree": 3, "coef0": 0.0}


def _hist_boosting(params: Params) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(**params, early_stopping=False, random_state=0)


def _boosting(params: Params) -> Any:
    from sklearn.ensemble import GradientBoostingRegressor

    return GradientBoostingRegressor(**params, random_state=0)


def _forest(params: Params) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    chosen = {**params, "bootstrap": params["bootstrap"] == "yes"}
    return RandomForestClassifier(**chosen, random_state=0, n_jobs=1)


def _network(params: Params) -> Any:
    from sklearn.neural_network import MLPClassifier

    units = (int(params["units"]),) * int(params["layers"])
    rest = {key: value for key, value in params.items() if key not in ("units", "layers")}
    return MLPClassifier(units, **rest, max_iter=15, n_iter_no_change=15, random_state=0)


def _neighbours(params: Params) -> Any:
    from sklearn import preprocessing
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline

    scalers = {
        "none": "passthrough",
        "standard": preprocessing.StandardScaler(),
        "minmax": preprocessing.MinMaxScaler(),
        "robust": preprocessing.RobustScaler(),
        "quantile": preprocessing.QuantileTransformer(n_quantiles=100, random_state=0),
    }
    model = KNeighborsClassifier(
        int(params["k"]), weights=str(params["weights"]), metric=str(params["metric"])
    )
    reduction = PCA(int(params["components"]), whiten=params["whiten"] == "yes", random_state=0)
    return make_pipeline(scalers[str(params["scaler"])], reduction, model)


def _kernel_ridge(params: Params) -> Any:
    from sklearn.kernel_ridge import KernelRidge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), KernelRidge(**params))


TASKS: dict[str, Task] = {
    "svc_cancer": Task(cancer, "balanced_accuracy", _SVC_SPACE, _svc_default(30), _svc),
    "svc_digits": Task(_digits, "accuracy", _SVC_SPACE, _svc_default(64), _svc),
    "ridge_friedman": Task(
        _friedman,
        "neg_root_mean_squared_error",
        [
            double("alpha", 1e-6, 1e2, "log"),
            double("gamma", 1e-4, 1e1, "log"),
            categorical("kernel", ["linear", "rbf", "laplacian", "poly", "sigmoid"]),
            integer("degree", 2, 5),
            double("coef0", 0.0, 2.0),
        ],
        {"alpha": 1.0, "gamma": 1 / 12, "kernel": "linear", "degree": 3, "coef0": 1.0},
        _kernel_ridge,
    ),
    "gbr_friedman": Task(
        _friedman,
        "neg_root_mean_squared_error",
        [
            double("learning_rate", 1e-3, 1.0, "log"),
            integer("n_estimators", 10, 120, "log"),
            integer("max_depth", 1, 8),
            integer("min_samples_leaf", 1, 50, "log"),
            double("subsample", 0.2, 1.0),
            double("max_features", 0.1, 1.0),
            categorical("loss", ["squared_error", "huber"]),
        ],
        {
            "learning_rate": 0.1,
            "n_estimators": 100,
            "max_depth": 3,
            "min_samples_leaf": 1,
            "subsample": 1.0,
            "max_features": 1.0,
            "loss": "squared_error",
        },
        _boosting,
    ),
    "hgb_diabetes": Task(
        _diabetes,
        "neg_root_mean_squared_error",
        [
            double("learning_rate", 1e-3, 1.0, "log"),
            integer("max_iter", 10, 120, "log"),
            integer("max_leaf_nodes", 2, 64, "log"),
            integer("min_samples_leaf", 1, 60, "log"),
            double("l2_regularization", 1e-6, 1e3, "log"),
            double("max_features", 0.1, 1.0),
        ],
        {
            "learning_rate": 0.1,
            "max_iter": 100,
            "max_leaf_nodes": 31,
            "min_samples_leaf": 20,
            "l2_regularization": 1e-6,
            "max_features": 1.0,
        },
        _hist_boosting,
    ),
    "forest_clusters": Task(
        clusters,
        "neg_log_loss",
        [
            integer("n_estimators", 5, 40, "log"),
            integer("max_depth", 2, 20),
            integer("min_samples_leaf", 1, 30, "log"),
            double("max_features", 0.05, 1.0),
            double("ccp_alpha", 1e-6, 1e-1, "log"),
            categorical("criterion", ["gini", "entropy", "log_loss"]),
            categorical("bootstrap", ["no", "yes"]),
        ],
        {
            "n_estimators": 40,
            "max_depth": 20,
            "min_samples_leaf": 1,
            "max_features": 20**-0.5,
            "ccp_alpha": 1e-6,
            "criterion": "gini",
            "bootstrap": "yes",
        },
        _forest,
    ),
    "mlp_digits": Task(
        _digits,
        "neg_log_loss",
        [
            double("learning_rate_init", 1e-5, 1.0, "log"),
            double("alpha", 1e-7, 1e1, "log"),
            integer("units", 4, 128, "log"),
            integer("layers", 1, 3),
            integer("batch_size", 16, 256, "log"),
            categorical("activation", ["relu", "tanh", "logistic", "identity"]),
            categorical("solver", ["adam", "sgd"]),
            double("momentum", 0.1, 0.999, "reverse_log"),
        ],
        {
            "learning_rate_init": 1e-3,
            "alpha": 1e-4,
            "units": 100,
            "layers": 1,
            "batch_size": 200,
            "activation": "relu",
            "solver": "adam",
            "momentum": 0.9,
        },
        _network,
        worst=10.0,
    ),
    "knn_clusters": Task(
        clusters,
        "neg_log_loss",
        [
            categorical("scaler", ["none", "standard", "minmax", "robust", "quantile"]),
            integer("components", 1, 20),
            categorical("whiten", ["no", "yes"]),
            integer("k", 1, 200, "log"),
            categorical("weights", ["uniform", "distance"]),
            categorical("metric", ["euclidean", "manhattan", "chebyshev", "cosine"]),
        ],
        {
            "scaler": "none",
            "components": 20,
            "whiten": "no",
            "k": 5,
            "weights": "uniform",
            "metric": "euclidean",
        },
        _neighbours,
    ),
}
