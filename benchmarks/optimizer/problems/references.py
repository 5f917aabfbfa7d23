"""Best known value and random search's value of each problem, which regret is measured between.

`python benchmarks/optimizer references --data DIR` adds what is missing to references.json.
`best`: the known minimum; otherwise the smallest value of a long search (`search.py`), and `how`
says which. `random50`: the median over 200 simulated runs of the best true value among 50 points
drawn uniformly in the parameters' scales.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from problems import suites
from problems.protocol import Problem
from problems.reference import FILE, Reference, load_references
from problems.registry import get_problem
from problems.search import Budget, long_search, random_points

RUNS = 200
POINTS = 50
_CHEAP = Budget(random=RUNS * POINTS, local=20_000)
# Evaluations that train models: about 7 ms (Lasso) and 15 to 120 ms.
_COSTLY = {"lasso_": Budget(random=3000, local=6000), "sklearn_": Budget(random=600, local=600)}


def make_reference(problem: Problem) -> Reference:
    """Return the reference of a problem, the same at each call."""
    budget = _budget(problem.name)
    points, values = random_points(problem, budget.random, np.random.default_rng(1))
    random50 = _median_best(values)
    if problem.optimum is not None:
        _check_optimum(problem, float(values.min()))
        return Reference(problem.optimum, random50, "known minimum")
    best = long_search(problem, points, values, budget.local, np.random.default_rng(2))
    how = f"smallest of a search of {budget.random + budget.local} evaluations"
    return Reference(best, random50, how)


def _check_optimum(problem: Problem, smallest: float) -> None:
    optimum = float(problem.optimum or 0.0)
    if smallest < optimum - 1e-9 * max(abs(optimum), 1.0):
        raise ValueError(f"{problem.name}: {smallest} was seen, below its minimum {optimum}")


def _budget(name: str) -> Budget:
    return next((budget for prefix, budget in _COSTLY.items() if name.startswith(prefix)), _CHEAP)


def _median_best(values: np.ndarray) -> float:
    """Return the median best of 50: of disjoint runs if there are enough values, else resampled."""
    if len(values) >= RUNS * POINTS:
        runs = values[: RUNS * POINTS].reshape(RUNS, POINTS)
    else:
        rng = np.random.default_rng(3)
        runs = np.array([rng.choice(values, POINTS, replace=False) for _ in range(RUNS)])
    return float(np.median(runs.min(axis=1)))


def write_references(references: Mapping[str, Reference], path: Path = FILE) -> None:
    """Write all references, sorted by name, numbers with 12 digits."""
    entries = {name: asdict(references[name]) for name in sorted(references)}
    for entry in entries.values():
        for key in ("best", "random50"):
            entry[key] = float(f"{entry[key]:.12g}")
    path.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """Make the references that are missing (or those of the named problems again)."""
    parser = argparse.ArgumentParser(prog="references", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of benchmark data")
    parser.add_argument("--all", action="store_true", help="make those again that are there")
    parser.add_argument("--problems", nargs="*", help="only these, made again")
    options = parser.parse_args(argv)
    known = load_references()
    names = options.problems or [*suites.DEVELOPMENT, *suites.EVALUATION, *suites.FLAT]
    for name in names:
        if name in known and not options.all and not options.problems:
            continue
        begin = time.perf_counter()
        known[name] = make_reference(get_problem(name, options.data))
        write_references(known)
        print(name, known[name], f"{time.perf_counter() - begin:.1f} s", file=sys.stderr)
    return 0
