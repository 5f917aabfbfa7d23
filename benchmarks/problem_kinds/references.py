"""`references`: the loss that 50 random points leave, which regret 1 stands for."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from problems.protocol import Value
from problems.spaces import sample

from problem_kinds.protocol import Problem
from problem_kinds.registry import SUITES, get_problem

FILE = Path(__file__).with_name("references.json")
RUNS, POINTS = 20, 50


def random50(problem: Problem) -> float:
    """Return the median loss of 50 points drawn uniformly in the parameters' scales."""
    rng = np.random.default_rng(1)
    losses = [
        problem.loss([problem.true_outcome(_valid(problem, rng)) for _ in range(POINTS)])
        for _ in range(RUNS)
    ]
    median = float(np.median(losses))
    if not median < np.inf:
        raise ValueError(f"{problem.name}: {POINTS} random points are mostly without a valid one")
    return float(f"{median:.6g}")


def _valid(problem: Problem, rng: np.random.Generator) -> dict[str, Value]:
    """Return a random point that fulfils what is known of the parameters."""
    while True:
        params = sample(problem.space, rng)
        if all(excess(params) <= 0 for excess in problem.constraints.values()):
            return params


def main(argv: Sequence[str]) -> int:
    """Make the references that are missing."""
    parser = argparse.ArgumentParser(prog="references", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of benchmark data")
    parser.add_argument("--all", action="store_true", help="make those again that are there")
    options = parser.parse_args(argv)
    known = {} if options.all else json.loads(FILE.read_text(encoding="utf-8"))
    names = sorted({name for suite in SUITES.values() for name in suite})
    found = {name: known[name] for name in names if name in known}
    for name in names:
        if name in found:
            continue
        found[name] = {"best": 0.0, "random50": random50(get_problem(name, options.data))}
        print(name, found[name], file=sys.stderr)
    text = json.dumps(found, indent=1, sort_keys=True)
    FILE.write_text(text + "\n", encoding="utf-8")
    return 0
