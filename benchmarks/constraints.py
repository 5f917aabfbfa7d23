"""What constraints cost: CPU per suggestion with and without them, 50 trials, one process.

.venv/bin/python benchmarks/constraints.py
"""

import time
from collections.abc import Mapping

from wazir.app.registry import AlgorithmRegistry
from wazir.domain.constraints import Constraint
from wazir.domain.metrics import Goal, Metric
from wazir.domain.parameters import Categorical, Discrete, Double, Integer, Parameter
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.testing.algorithms import Loop

N_TRIALS = 50
MIXED: Mapping[str, Parameter] = {
    "lr": Double(1e-4, 1.0, scale="log"),
    "decay": Double(1e-4, 1.0, scale="log"),
    "n_layers": Integer(1, 8),
    "width": Integer(16, 4096, scale="log"),
    "dropout": Double(0.0, 0.5),
    "batch": Discrete([16, 32, 64, 128]),
    "optimizer": Categorical(["adam", "sgd"]),
    "momentum": Double(0.8, 0.999, scale="reverse_log"),
}
CASES: Mapping[str, tuple[Mapping[str, Parameter], tuple[str, ...]]] = {
    "8 mixed, .38 left": (MIXED, ("n_layers * width <= 4096", "decay < lr")),
    "8 mixed, .24 left": (
        MIXED,
        ("n_layers * width <= 4096", "decay < lr", "optimizer == sgd or momentum > 0.95"),
    ),
    "6 in order, .0013 left": (
        {f"x{i}": Double(0.0, 1.0) for i in range(6)},
        ("x0 < x1 < x2 < x3 < x4 < x5",),
    ),
    "3 of a sum, .0005 left": (
        {name: Integer(0, 1000) for name in "abc"},
        ("a + b + c == 1000",),
    ),
}


def cpu_ms(algorithm: str, space: Mapping[str, Parameter], texts: tuple[str, ...]) -> float:
    """Return milliseconds of CPU per suggestion."""
    config = StudyConfig(
        SearchSpace(dict(space)),
        (Metric("loss", Goal.MINIMIZE),),
        planned_n_trials=N_TRIALS,
        constraints=tuple(map(Constraint, texts)),
    )
    loop = Loop(AlgorithmRegistry()(algorithm), config)
    loop.run(3)
    began = time.process_time()
    made = loop.run(N_TRIALS - 3)
    return (time.process_time() - began) / len(made) * 1e3


def main() -> None:
    for name, (space, texts) in CASES.items():
        for algorithm in ("GP_BANDIT", "TPE", "CMA_ES", "RANDOM_SEARCH"):
            without, limited = cpu_ms(algorithm, space, ()), cpu_ms(algorithm, space, texts)
            print(f"{name:24} {algorithm:14} {without:6.2f} ms, {limited:6.2f} ms with")


main()
