"""Make a problem flat in places, as programs and metrics often are.

`NAME_steps12`: the program rounds each DOUBLE to the middle of one of 12 cells of equal width in
the parameter's scale. `NAME_levels20`: the metric has few values; it is rounded down to steps of a
20th of what random search lacks after 50 points (random50 less best of the references).
"""

import dataclasses
import math

from problems.protocol import Params, Problem
from problems.reference import load_references
from problems.spaces import from_unit, to_unit


def with_steps(problem: Problem, name: str, n_steps: int) -> Problem:
    """Return `problem` with its DOUBLEs rounded; its minimum is no longer known."""
    is_double = [parameter["type"] == "double" for parameter in problem.space]

    def function(params: Params) -> float:
        unit = to_unit(problem.space, params)
        for i, rounded in enumerate(is_double):
            if rounded:
                unit[i] = (min(math.floor(unit[i] * n_steps), n_steps - 1) + 0.5) / n_steps
        return problem.function(from_unit(problem.space, unit))

    return dataclasses.replace(problem, name=name, function=function, optimum=None)


def with_levels(problem: Problem, name: str, n_levels: int) -> Problem:
    """Return `problem` with its values rounded down; its best known value stays one."""
    reference = load_references()[problem.name]
    step = (reference.random50 - reference.best) / n_levels

    def function(params: Params) -> float:
        value = problem.function(params)
        return reference.best + step * math.floor((value - reference.best) / step)

    return dataclasses.replace(problem, name=name, function=function, optimum=None)
