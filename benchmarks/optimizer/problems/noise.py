"""Add noise to a noise-free problem: the models of bbob-noisy, and Gaussian noise of a set size.

Models (Hansen, Finck, Ros & Auger 2009, "Real-parameter black-box optimization benchmarking 2009:
noisy functions definitions", section 1), with g = f - f_opt and N a standard normal number:

    gauss    g exp(beta N)                        multiplicative, beta 0.2
    add      f + sigma N                          sigma 0.1 of the reference scale
    strong   f + sigma N                          sigma 0.3 of the reference scale

The reference scale is the 2 percent quantile of 500 uniform points minus the optimum: about what
the best of 50 random points lacks, so sigma is near noise of 0.1 or 0.3 in normalised regret.
"""

import dataclasses
import math

import numpy as np

from problems.protocol import Noise, Params, Problem
from problems.spaces import sample

MODELS = ("gauss", "add", "strong")
_BETA = 0.2
_SIZES = {"add": 0.1, "strong": 0.3}


def noisy(problem: Problem, name: str, model: str) -> Problem:
    """Return `problem` (with a known optimum) with the noise of one of `MODELS`."""
    if problem.optimum is None:
        raise ValueError(f"{problem.name}: noise needs a known optimum")
    if model == "gauss":
        noise = _multiplicative(problem.optimum)
    else:
        noise = _additive(_SIZES[model] * reference_scale(problem))
    return dataclasses.replace(problem, name=name, category="noisy", noise=noise)


def reference_scale(problem: Problem) -> float:
    """Return the 2 percent quantile of 500 seeded uniform points minus the optimum."""
    rng = np.random.default_rng(20250101)
    values = [problem.true_value(sample(problem.space, rng)) for _ in range(500)]
    return float(np.quantile(values, 0.02)) - float(problem.optimum or 0.0)


def _multiplicative(optimum: float) -> Noise:
    def observe(_params: Params, value: float, rng: np.random.Generator) -> float:
        return optimum + (value - optimum) * math.exp(_BETA * rng.standard_normal())

    return observe


def _additive(sigma: float) -> Noise:
    def observe(_params: Params, value: float, rng: np.random.Generator) -> float:
        return value + sigma * rng.standard_normal()

    return observe
