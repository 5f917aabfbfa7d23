"""Paired comparisons of two optimizers: bootstrap intervals, verdicts, ranks, shares."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from report.results import Case, RunResult

MARGIN = 0.05
STUCK = 0.5
N_RESAMPLES = 10_000
Verdict = Literal["won", "lost", "equal", "undecided"]


@dataclass(frozen=True)
class Interval:
    """A mean with the 95% interval of its bootstrap."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """What the interval of (own regret - the other's) says.

        Won or lost: it excludes 0. Equal: it lies within MARGIN of 0. Else undecided.
        """
        if self.high < 0:
            return "won"
        if self.low > 0:
            return "lost"
        return "equal" if self.low >= -MARGIN and self.high <= MARGIN else "undecided"


@dataclass(frozen=True)
class Comparison:
    """An optimizer beside another on the cases that both have, after `n_trials` trials."""

    n_trials: int
    n_problems: int
    n_cases: int
    own: float
    other: float
    difference: Interval
    share_won: float

    @property
    def verdict(self) -> Verdict:
        """That of the interval; undecided with one problem, which says nothing of others."""
        return self.difference.verdict if self.n_problems > 1 else "undecided"


def bootstrap(
    differences: Sequence[Sequence[float]], seed: int = 0, n_resamples: int = N_RESAMPLES
) -> Interval:
    """Return the mean over problems of the mean over seeds, with a 95% percentile interval.

    `differences` holds one list per problem, one number per seed. Problems are drawn with
    replacement, and for each drawn problem its seeds (two-stage cluster bootstrap; Davison &
    Hinkley 1997, "Bootstrap Methods and their Application", section 3.8).
    """
    rng = np.random.default_rng(seed)
    lengths = np.array([len(row) for row in differences])
    table = np.zeros((len(differences), lengths.max()))
    for index, row in enumerate(differences):
        table[index, : len(row)] = row
    total = np.zeros(n_resamples)
    for _ in differences:
        drawn = rng.integers(len(differences), size=n_resamples)
        total += _means_of_seeds(table, lengths, drawn, rng)
    low, high = np.quantile(total / len(differences), [0.025, 0.975])
    mean = float(np.mean([np.mean(row) for row in differences]))
    return Interval(mean, float(low), float(high))


def _means_of_seeds(
    table: NDArray[np.float64],
    lengths: NDArray[np.int64],
    drawn: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return, for each drawn problem, the mean of as many seeds as it has, with replacement."""
    counts = lengths[drawn]
    places = (rng.random((len(drawn), table.shape[1])) * counts[:, None]).astype(int)
    values = table[drawn[:, None], places]
    is_used = np.arange(table.shape[1]) < counts[:, None]
    means: NDArray[np.float64] = (values * is_used).sum(axis=1) / counts
    return means


def compare(
    own: Mapping[Case, RunResult], other: Mapping[Case, RunResult], n_trials: int
) -> Comparison | None:
    """Compare two optimizers on the cases that both have; None if there are none."""
    pairs: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for case in own.keys() & other.keys():
        left, right = own[case].regret_at(n_trials), other[case].regret_at(n_trials)
        if left is not None and right is not None:
            pairs[case[0]].append((left, right))
    if not pairs:
        return None
    rows = [np.array(pairs[problem]) for problem in sorted(pairs)]
    means = np.array([row.mean(axis=0) for row in rows])
    won = np.where(np.isclose(means[:, 0], means[:, 1], atol=1e-9), 0.5, means[:, 0] < means[:, 1])
    return Comparison(
        n_trials,
        len(rows),
        sum(len(row) for row in rows),
        float(means[:, 0].mean()),
        float(means[:, 1].mean()),
        bootstrap([row[:, 0] - row[:, 1] for row in rows]),
        float(won.mean()),
    )


def ranks(
    by_peer: Mapping[str, Mapping[Case, RunResult]], n_trials: int
) -> tuple[dict[str, float], int]:
    """Return the mean rank of each optimizer (1 is best, equals share), and on how many cases.

    Optimizers without a run on most cases are left out, and then cases that not all others have.
    """
    values = {peer: _values(runs, n_trials) for peer, runs in by_peer.items()}
    most = max((len(cases) for cases in values.values()), default=0)
    full = {peer: cases for peer, cases in values.items() if len(cases) >= 0.8 * most > 0}
    common = sorted(set.intersection(*(set(cases) for cases in full.values()))) if full else []
    if not common:
        return {}, 0
    table = np.array([[full[peer][case] for case in common] for peer in full])
    means = np.mean([_rank(column) for column in table.T], axis=0)
    return dict(zip(full, means.tolist(), strict=True)), len(common)


def _values(runs: Mapping[Case, RunResult], n_trials: int) -> dict[Case, float]:
    found = {case: run.regret_at(n_trials) for case, run in runs.items()}
    return {case: value for case, value in found.items() if value is not None}


def _rank(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1; values equal to 1e-9 share the mean of their ranks."""
    lower = (values[None, :] < values[:, None] - 1e-9).sum(axis=1)
    equal = (np.abs(values[None, :] - values[:, None]) <= 1e-9).sum(axis=1)
    result: NDArray[np.float64] = lower + (equal + 1) / 2
    return result


def mean_regret(runs: Mapping[Case, RunResult], n_trials: int) -> float | None:
    """Return the mean over problems of the mean over seeds."""
    by_problem: dict[str, list[float]] = defaultdict(list)
    for (problem, _), value in _values(runs, n_trials).items():
        by_problem[problem].append(value)
    return float(np.mean([np.mean(row) for row in by_problem.values()])) if by_problem else None


def share_stuck(runs: Mapping[Case, RunResult], n_trials: int) -> float | None:
    """Return the share of runs that are still far from the best known value."""
    values = list(_values(runs, n_trials).values())
    return float(np.mean(np.array(values) > STUCK)) if values else None


def trials_to_reach(
    own: Mapping[Case, RunResult], other: Mapping[Case, RunResult], n_trials: int
) -> float | None:
    """Return the median number of own trials to the other's regret after `n_trials`; inf: never."""
    needed = []
    for case in own.keys() & other.keys():
        target = other[case].regret_at(n_trials)
        if target is not None:
            needed.append(own[case].trials_to(target))
    if not needed:
        return None
    middle = sorted(needed)
    low, high = middle[(len(middle) - 1) // 2], middle[len(middle) // 2]
    return math.inf if math.isinf(high) else (low + high) / 2
