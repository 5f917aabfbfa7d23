"""Tasks with learning curves: real runs of TaskSet, and surrogate curves of lcbench.

`taskset:NAME` has 1,000 real runs of an RNN with Adam, 8 hyperparameters, 50 reports of the
validation loss (the report before training is left out; NaN means diverged). A suggestion gets the
curve of the nearest run, in logarithms, that was not used yet. `lcbench:INSTANCE` is a surrogate of
52 epochs' validation accuracy (as a loss: 100 less it) with 7 hyperparameters.
"""

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.encoding import Encoding
from wazir.domain.parameters import Double, Integer, Parameter, ParameterValue
from wazir.domain.space import SearchSpace

Vector = NDArray[np.float64]
_N_POOL = 1000
TASKSET = (
    "patch128_LSTM128_bs64",
    "patch128_LSTM128_embed128_bs64",
    "patch32_GRU128_bs128",
    "patch32_IRNN64_relu_last_bs128",
    "patch32_LSTM128_E128_bs128",
    "patch32_VRNN128_tanh_bs128",
    "patch32_VRNN64_relu_avg_bs128",
)
LCBENCH = (
    *("3945", "34539", "126025", "126029", "167149", "167161", "167168", "167181", "167184"),
    *("167201", "168331", "168908", "189862", "189866", "189873", "189905", "189906"),
)
# Every second one of each: rules and labels are chosen on these.
DEVELOPMENT = (*(f"taskset:{n}" for n in TASKSET[::2]), *(f"lcbench:{n}" for n in LCBENCH[::2]))
CHECK = (*(f"taskset:{n}" for n in TASKSET[1::2]), *(f"lcbench:{n}" for n in LCBENCH[1::2]))
SUITES = {"development": DEVELOPMENT, "check": CHECK, "all": DEVELOPMENT + CHECK}


@dataclass(frozen=True)
class Task:
    """A space, and the losses (n_steps,) of a configuration; `used` are runs that are taken.

    `pool` are the points (m, d) of the encoded space that a random order draws from, `finals` (m,)
    their last losses, which regret is measured by: 0 at the best of them, 1 at the median.
    """

    name: str
    n_steps: int
    space: SearchSpace
    pool: Vector
    finals: Vector
    curve_of: Callable[[Mapping[str, ParameterValue], set[int]], Vector]

    @property
    def encoding(self) -> Encoding:
        """The encoding of the space."""
        return Encoding.of(self.space)

    def regret(self, loss: float) -> float:
        """Return the normalised regret of a final loss."""
        finite = self.finals[np.isfinite(self.finals)]
        best = float(finite.min())
        return (loss - best) / (float(np.median(finite)) - best)


def make_task(name: str, data: Path) -> Task:
    """Return a task by name; see the module's text."""
    family, _, instance = name.partition(":")
    return (
        _taskset(name, instance, data) if family == "taskset" else _lcbench(name, instance, data)
    )


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _taskset(name: str, instance: str, data: Path) -> Task:
    table: Any = _load(data / "loaders.py").TaskSet(instance)
    curves: Vector = np.asarray(table.valid[:, 1:], dtype=np.float64)
    points: Vector = np.asarray(table.hp, dtype=np.float64)
    parameters: dict[str, Parameter] = {}
    columns = []
    for label, column in zip(table.names, points.T, strict=True):
        low, high = float(column.min()), float(column.max())
        is_log = low > 0
        parameters[label] = Double(low, high, scale="log" if is_log else "linear")
        shown = np.log(column) if is_log else column
        columns.append((shown - shown.min()) / (shown.max() - shown.min()))
    pool = np.column_stack(columns)
    encoding = Encoding.of(SearchSpace(parameters))

    def curve_of(values: Mapping[str, ParameterValue], used: set[int]) -> Vector:
        far = ((pool - encoding.encode([values])[0]) ** 2).sum(axis=1)
        far[list(used)] = np.inf
        nearest = int(np.argmin(far))
        used.add(nearest)
        return curves[nearest]

    return Task(name, curves.shape[1], SearchSpace(parameters), pool, curves[:, -1], curve_of)


def _lcbench(name: str, instance: str, data: Path) -> Task:
    surrogate: Any = _load(data / "yahpo" / "yahpo_loader.py").Yahpo("lcbench", instance)
    column = surrogate.targets.index("val_accuracy")
    parameters: dict[str, Parameter] = {}
    for entry in surrogate.space:
        make = Integer if entry["type"] == "uniform_int" else Double
        scale = "log" if entry["log"] else "linear"
        parameters[entry["name"]] = make(entry["lower"], entry["upper"], scale=scale)
    encoding = Encoding.of(SearchSpace(parameters))

    def curve_of(values: Mapping[str, ParameterValue], used: set[int]) -> Vector:
        return 100.0 - np.asarray(surrogate.curve(dict(values))[:, column], dtype=np.float64)

    rng = np.random.default_rng(7)
    pool = encoding.spread(rng.random((_N_POOL, encoding.n_columns)))
    finals = np.array([curve_of(encoding.decode(x), set())[-1] for x in pool])
    return Task(name, 52, SearchSpace(parameters), pool, finals, curve_of)
