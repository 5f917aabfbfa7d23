"""COCO's bbob-biobj: each function is a pair of bbob functions, with a best known hypervolume.

D. Brockhoff, A. Auger, N. Hansen, T. Tusar: "Using well-understood single-objective functions in
multiobjective black-box optimization test suites", Evol. Comput. 30 (2022). The volume is measured
as there, from the nadir point, with objectives scaled to 0 at the ideal and 1 at the nadir point.
The box is that of bbob, [-5, 5], in which the two optima lie; COCO's own is 20 times as wide, which
favours whoever begins in the middle.
"""

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from problems.coco import inside_folder
from problems.protocol import Params
from problems.spaces import double

from problem_kinds.objectives import Array, Objectives
from problem_kinds.protocol import Outcome

_SUITE, _BOX = "bbob-biobj", 5.0
_VOLUME = re.compile(r"reference value = (\S+)")


def biobj(name: str, function: int, dimension: int, instance: int) -> Objectives:
    """Return a function of bbob-biobj, for instances 1 to 10, of which COCO knows the volume.

    Raises:
        ValueError: the installed package does not have it.
    """
    import cocoex

    suite = cocoex.Suite(
        _SUITE,
        f"instances: {instance}",
        f"function_indices: {function} dimensions: {dimension}",
    )
    if len(suite) != 1:
        raise ValueError(f"{name}: cocoex has {len(suite)} such functions, expected one")
    problem = suite.get_problem(0)
    space = [double(f"x{i}", -_BOX, _BOX) for i in range(dimension)]

    def values(params: Params) -> Outcome:
        # `suite` owns the memory of `problem`, so it has to live as long.
        return _evaluate(suite, problem, [params[p["name"]] for p in space])

    return Objectives(
        name,
        space,
        ("f1", "f2"),
        values,
        lambda: _ends(problem),
        margin=0.0,
        volume=lambda: _best_volume(suite),
    )


def _evaluate(_owner: Any, problem: Any, x: list[Any]) -> Outcome:
    return [float(value) for value in problem(np.array(x, dtype=float))]


def _ends(problem: Any) -> Array:
    """Return the losses at the optima of the two functions, shape (2, 2)."""
    with tempfile.TemporaryDirectory() as folder, inside_folder(folder):
        problem._best_parameter("print")
        lines = next(Path(folder).iterdir()).read_text(encoding="utf-8").splitlines()
    return np.array([problem(np.array(line.split(), dtype=float)) for line in lines])


def _best_volume(suite: Any) -> float:
    """Return the best known volume of a suite of one, which COCO tells only in what it logs."""
    import cocoex

    with tempfile.TemporaryDirectory() as folder, inside_folder(folder):
        before = cocoex.log_level("warning")
        logged = suite.get_problem(0, cocoex.Observer(_SUITE, "result_folder: it"))
        logged(np.zeros(logged.dimension))
        logged.free()
        cocoex.log_level(before)
        text = next(Path(folder).rglob("*.tdat")).read_text(encoding="utf-8")
    found = _VOLUME.search(text)
    if found is None:
        raise ValueError(f"COCO knows no best volume of {suite.ids()[0]}")
    return float(found[1])
