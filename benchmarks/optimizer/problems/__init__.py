"""Problems of the optimizer benchmark: `get_problem(name, data)`, `problem_names(category)`."""

from problems.protocol import CATEGORIES, Category, Parameter, Params, Problem, Space, Value
from problems.registry import get_problem, problem_names

__all__ = [
    "CATEGORIES",
    "Category",
    "Parameter",
    "Params",
    "Problem",
    "Space",
    "Value",
    "get_problem",
    "problem_names",
]
