"""`references`: the loss that 50 random points leave, which regret 1 stands for."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from problems.spaces import sample

from problem_kinds.protocol import Problem
from problem_kinds.registry import SUITES, get_problem

FILE = Path(__file__).with_name("references.json")
RUNS, POINTS = 20, 50


def random50(problem: Problem) -> float:
    """Return the median loss of 50 points drawn uniformly in the parameters' scales."""
    rng = np.random.default_rng(1)
    losses = [
        problem.loss([problem.true_outcome(sample(problem.space, rng)) for _ in range(POINTS)])
        for _ in range(RUNS)
    ]
    return float(f"{np.median(losses):.6g}")


def main(argv: Sequence[str]) -> int:
    """Make the references of all suites again."""
    parser = argparse.ArgumentParser(prog="references", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of benchmark data")
    options = parser.parse_args(argv)
    names = sorted({name for suite in SUITES.values() for name in suite})
    found = {}
    for name in names:
        found[name] = {"best": 0.0, "random50": random50(get_problem(name, options.data))}
        print(name, found[name], file=sys.stderr)
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0
