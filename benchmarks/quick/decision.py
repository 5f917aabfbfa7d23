"""The rule of the guard: one-sided tests on the mean difference in regret, and their error rates.

Let D be the mean over the problems of the expected (Wazir's regret - the other's) over seeds. It
lies below an upper bound, and above a lower bound, with a probability of 97.5% each (ALPHA =
0.025). A claim is

    better          shown if the upper bound is below 0       (rejects D >= 0), else it fails
    not worse       shown if the upper bound is below MARGIN  (rejects D >= MARGIN), else it fails
    no regression   shown like `not worse`; else it fails if the lower bound is above 0 (rejects
                    D <= 0), and is undecided, which passes, if it is not

The bounds are D-hat -+ t SE: differences are paired by problem and seed, SE^2 = sum_p s_p^2 / n_p
/ P^2 over P problems with n_p seeds each, and t is the quantile of Student's distribution with the
degrees of freedom of Satterthwaite (1946, Biometrics Bulletin 2, 110-114). The problems are fixed,
the seeds random: D is about these problems, not about others.

`better` and `not worse` are each claimed falsely with a probability of at most ALPHA. The guard
passes only if both kinds are claimed throughout, so it too passes with a probability of at most
ALPHA where one of them is false (intersection-union test: Berger 1982, Technometrics 24,
295-300): no correction is needed. `no regression` is the other way round: code that is as good as
before fails with a probability of at most ALPHA, and code that gives the same results never. To
demand that it be shown would fail about half of all changes that are as good, with as many runs as
fit into 3 minutes. What code that is worse is caught with, `error_rates` finds by simulation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from report.statistics import MARGIN
from scipy.special import stdtrit

Table = NDArray[np.float64]  # regret, shape (..., problems, seeds)
Kind = Literal["better", "not worse", "no regression"]
Verdict = Literal["shown", "undecided", "FAILED"]
ALPHA = 0.025
N_SIMULATIONS = 4000


@dataclass(frozen=True)
class Claim:
    """What is asked of Wazir beside another optimizer."""

    other: str
    kind: Kind

    @property
    def limit(self) -> float:
        """The upper bound of the mean difference must be below this for the claim to be shown."""
        return 0.0 if self.kind == "better" else MARGIN

    def is_shown(self, upper: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the claim is shown, for bounds of any shape."""
        return np.asarray(upper < self.limit)

    def fails(self, lower: NDArray[np.float64], upper: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return whether the guard fails for this claim, for bounds of any shape."""
        must_fail = lower > 0.0 if self.kind == "no regression" else True
        return np.asarray(~self.is_shown(upper) & must_fail)


@dataclass(frozen=True)
class Finding:
    """A claim with the numbers that decide it; `lower` and `upper` bound the difference."""

    claim: Claim
    own: float
    other: float
    lower: float
    upper: float

    @property
    def difference(self) -> float:
        """Mean difference in regret; negative: Wazir is better."""
        return self.own - self.other

    @property
    def verdict(self) -> Verdict:
        """What the bounds say of the claim; the guard passes unless one fails."""
        lower, upper = np.float64(self.lower), np.float64(self.upper)
        if self.claim.fails(lower, upper):
            return "FAILED"
        return "shown" if self.claim.is_shown(upper) else "undecided"


def bounds(differences: Table) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper bound of the mean over problems of the mean over seeds.

    `differences` has shape (..., problems, seeds), with at least 2 seeds; bounds have shape (...),
    one-sided at 97.5% each. Where all seeds of each problem agree, both are the mean itself.
    """
    n_problems, n_seeds = differences.shape[-2:]
    if n_seeds < 2:
        raise ValueError(f"a bound needs at least 2 seeds per problem, got {n_seeds}")
    mean = differences.mean(axis=(-2, -1))
    parts = differences.var(axis=-1, ddof=1) / n_seeds
    total = parts.sum(axis=-1)
    squares = (parts**2).sum(axis=-1) / (n_seeds - 1)
    freedom = np.divide(total**2, squares, out=np.ones_like(total), where=squares > 0)
    reach = stdtrit(freedom, 1.0 - ALPHA) * np.sqrt(total) / n_problems
    return mean - reach, mean + reach


def judge(claim: Claim, own: Table, other: Table) -> Finding:
    """Decide a claim on two tables of the same problems and seeds, shape (problems, seeds)."""
    if own.shape != other.shape:
        raise ValueError(f"tables must have one shape, got {own.shape} and {other.shape}")
    lower, upper = bounds(own - other)
    return Finding(claim, float(own.mean()), float(other.mean()), float(lower), float(upper))


@dataclass(frozen=True)
class ErrorRates:
    """How often the guard fails, as shares of 1.

    `alarm` by claim: code as good as the baseline, with other seeds; `any_alarm`: at least one.
    `caught` by loss: the claim about the baseline fails for code whose regret is higher by so much.
    `shown`: it is shown, not left undecided, for code as good as the baseline.
    """

    alarm: Mapping[str, float]
    any_alarm: float
    caught: Mapping[float, float]
    shown: float


def error_rates(
    claims: Mapping[Claim, Table], regression: Claim, rng: np.random.Generator
) -> ErrorRates:
    """Simulate the guard with new seeds for all that is compared.

    `claims` holds the other's regret, shape (problems, seeds), by claim; `regression` is the one
    of them that is about the baseline, whose regret Wazir is given too. New seeds of an optimizer
    are drawn from its recorded seeds, problem by problem.
    """
    own = redraw(claims[regression], rng)
    others = {claim: redraw(table, rng) for claim, table in claims.items()}
    found = {claim: bounds(own - other) for claim, other in others.items()}
    fails = {claim: claim.fails(*limits) for claim, limits in found.items()}
    caught = {
        loss: float(regression.fails(*bounds(own + loss - others[regression])).mean())
        for loss in (MARGIN, 2 * MARGIN)
    }
    return ErrorRates(
        {claim.other: float(it.mean()) for claim, it in fails.items()},
        float(np.any(list(fails.values()), axis=0).mean()),
        caught,
        float(regression.is_shown(found[regression][1]).mean()),
    )


def redraw(table: Table, rng: np.random.Generator, count: int = N_SIMULATIONS) -> Table:
    """Return `count` tables whose seeds are drawn with replacement, problem by problem.

    Values drawn from n seeds vary by (n - 1) / n of what new seeds would; their distances from
    the mean of the problem are widened by that.
    """
    n_problems, n_seeds = table.shape
    places = rng.integers(n_seeds, size=(count, n_problems, n_seeds))
    drawn = np.take_along_axis(table[None], places, axis=-1)
    mean = table.mean(axis=-1, keepdims=True)
    wide: Table = mean + (drawn - mean) * np.sqrt(n_seeds / (n_seeds - 1))
    return wide
