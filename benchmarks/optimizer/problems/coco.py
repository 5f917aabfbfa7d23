"""COCO's bbob functions (coco-experiment, module cocoex): continuous, large-scale, mixed-integer.

Instances shift and rotate each function. bbob-noisy of cocoex is not used: it draws its noise
from a generator of its own and does not tell the noise-free value. `noise.py` adds the same noise
models to bbob functions instead.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from problems.protocol import Category, Params, Problem
from problems.spaces import double, integer

SUITES = {"bbob": "bbob", "bbobls": "bbob-largescale", "bbobmix": "bbob-mixint"}
_LOW_DIMENSIONS = 10


def bbob(name: str, suite: str, function: int, dimension: int, instance: int) -> Problem:
    """Return a function of one of `SUITES` (key), for instances 1 to 15.

    Raises:
        ValueError: the installed package does not have it.
    """
    import cocoex

    found = cocoex.Suite(
        SUITES[suite],
        f"instances: {instance}",
        f"function_indices: {function} dimensions: {dimension}",
    )
    if len(found) != 1:
        raise ValueError(f"{name}: cocoex has {len(found)} such functions, expected one")
    problem = found.get_problem(0)
    space = [
        integer(f"x{i}", int(low), int(high))
        if i < problem.number_of_integer_variables
        else double(f"x{i}", float(low), float(high))
        for i, (low, high) in enumerate(
            zip(problem.lower_bounds, problem.upper_bounds, strict=True)
        )
    ]
    optimum = known_optimum(problem)

    def value(params: Params) -> float:
        # `found` owns the memory of `problem`, so it has to live as long.
        return _evaluate(found, problem, [params[p["name"]] for p in space])

    return Problem(name, _category(suite, dimension), space, value, optimum=optimum)


def _evaluate(_owner: Any, problem: Any, x: list[Any]) -> float:
    return float(problem(np.array(x, dtype=float)))


def known_optimum(problem: Any) -> float:
    """Return the smallest value of a cocoex problem: that at the minimiser which it knows.

    cocoex tells its minimiser only by writing it to a file in the current folder.
    """
    with tempfile.TemporaryDirectory() as folder, inside_folder(folder):
        problem._best_parameter("print")
        written = next(Path(folder).iterdir()).read_text(encoding="utf-8")
    return float(problem(np.array(written.split(), dtype=float)))


@contextlib.contextmanager
def inside_folder(folder: str) -> Iterator[None]:
    """Make a folder the current one, into which cocoex writes, for a while."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _category(suite: str, dimension: int) -> Category:
    if suite == "bbobmix":
        return "mixed"
    return "low_dimensional" if dimension <= _LOW_DIMENSIONS else "high_dimensional"
