"""The rule of the guard: a one-sided test on the mean difference in regret, and its error rates.

Let D be the mean over the problems of the expected (Wazir's regret - the other's) over seeds.

    better       shown by rejecting  D >= 0       that is, if the upper bound of D is below 0
    not worse    shown by rejecting  D >= MARGIN  that is, if the upper bound of D is below MARGIN

The bound is one-sided, at 97.5% (ALPHA = 0.025): D-hat + t SE, where differences are paired by
problem and seed, SE^2 = sum_p s_p^2 / n_p / P^2 over P problems with n_p seeds each, and t is the
quantile of Student's distribution with the degrees of freedom of Satterthwaite (1946, Biometrics
Bulletin 2, 110-114). The problems are fixed, the seeds random: D is about these problems, not
about others.

**Misses.** Each claim is made falsely with a probability of at most ALPHA. The guard passes only
if all claims are made, so it too passes with a probability of at most ALPHA where one or more are
false (intersection-union test: Berger 1982, Technometrics 24, 295-300): no correction is needed.

**False alarms.** An optimizer that is as good as before fails by bad luck of its seeds. How often,
`error_rates` finds by simulation. Code that gives the same results as before cannot fail against
the baseline: all differences are 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from report.statistics import MARGIN
from scipy.special import stdtrit

Table = NDArray[np.float64]  # regret, shape (..., problems, seeds)
ALPHA = 0.025
N_SIMULATIONS = 4000


@dataclass(frozen=True)
class Claim:
    """What is to be shown of Wazir beside another optimizer."""

    other: str
    kind: Literal["better", "not worse"]

    @property
    def limit(self) -> float:
        """The upper bound of the mean difference must be below this."""
        return 0.0 if self.kind == "better" else MARGIN


@dataclass(frozen=True)
class Finding:
    """A claim with the numbers that decide it."""

    claim: Claim
    own: float
    other: float
    upper: float

    @property
    def difference(self) -> float:
        """Mean difference in regret; negative: Wazir is better."""
        return self.own - self.other

    @property
    def is_shown(self) -> bool:
        """Whether the claim is made."""
        return self.upper < self.claim.limit


def upper_bound(differences: Table) -> NDArray[np.float64]:
    """Return the one-sided 97.5% upper bound of the mean over problems of the mean over seeds.

    `differences` has shape (..., problems, seeds), with at least 2 seeds; the bound has shape
    (...). Where all seeds of each problem agree, it is the mean itself.
    """
    n_problems, n_seeds = differences.shape[-2:]
    if n_seeds < 2:
        raise ValueError(f"a bound needs at least 2 seeds per problem, got {n_seeds}")
    mean = differences.mean(axis=(-2, -1))
    parts = differences.var(axis=-1, ddof=1) / n_seeds
    total = parts.sum(axis=-1)
    squares = (parts**2).sum(axis=-1) / (n_seeds - 1)
    freedom = np.divide(total**2, squares, out=np.ones_like(total), where=squares > 0)
    bound: NDArray[np.float64] = mean + stdtrit(freedom, 1.0 - ALPHA) * np.sqrt(total) / n_problems
    return bound


def judge(claim: Claim, own: Table, other: Table) -> Finding:
    """Decide a claim on two tables of the same problems and seeds, shape (problems, seeds)."""
    if own.shape != other.shape:
        raise ValueError(f"tables must have one shape, got {own.shape} and {other.shape}")
    return Finding(claim, float(own.mean()), float(other.mean()), float(upper_bound(own - other)))


@dataclass(frozen=True)
class ErrorRates:
    """How often the guard fails (a false alarm) or passes by the luck of seeds; shares of 1.

    `alarm` by claim: code as good as the baseline, with other seeds. `any_alarm`: at least one.
    `missed`: code that is worse than the baseline by MARGIN passes against it; `missed_double`:
    by twice that.
    """

    alarm: Mapping[str, float]
    any_alarm: float
    missed: float
    missed_double: float


def error_rates(
    claims: Mapping[str, tuple[Claim, Table]], baseline: Table, rng: np.random.Generator
) -> ErrorRates:
    """Simulate the guard with new seeds for all that is compared.

    `claims` holds each claim and the other's regret by name; the claim about the baseline is the
    one whose table is `baseline` itself. New seeds of an optimizer are drawn from its recorded
    seeds, problem by problem.
    """
    own = redraw(baseline, rng)
    others = {name: redraw(table, rng) for name, (_, table) in claims.items()}
    shown = {
        name: upper_bound(own - others[name]) < claim.limit for name, (claim, _) in claims.items()
    }
    before = redraw(baseline, rng)
    missed = [
        float(np.mean(upper_bound(own + extra - before) < MARGIN))
        for extra in (MARGIN, 2 * MARGIN)
    ]
    return ErrorRates(
        {name: 1.0 - float(is_shown.mean()) for name, is_shown in shown.items()},
        1.0 - float(np.mean(np.all(list(shown.values()), axis=0))),
        *missed,
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
