"""Recommendation by the model against the best value, with and without noise.

The default algorithm runs on 13 functions of 2 to 20 parameters, with normal noise of several sizes
that it is not told of. At some numbers of trials the trial with the best value and the one with
the best posterior mean are compared by their true values. The noise variance that the model has
learnt decides which of them is recommended; the table shows what each limit would have done.

The unit of noise and of differences is the distance from the best to the median of 2,000 random
points. It is what `NOISE_SHARE` in `wazir.analysis.recommendation` was chosen by.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import measure
import numpy as np
from measure import Report, progress, table

measure.make_importable()
sys.path.insert(0, str(Path(__file__).parent / "optimizer"))

from problems.classic import classic, michalewicz_warped  # noqa: E402
from problems.protocol import Params, Problem  # noqa: E402

import wazir  # noqa: E402
from wazir.app.blas import OneThreadPosterior  # noqa: E402
from wazir.domain.metrics import Measurement  # noqa: E402
from wazir.domain.trials import Trial, TrialState  # noqa: E402

BASES = (
    ("branin", 2), ("rastrigin", 3), ("tang", 3), ("levy", 4), ("rosenbrock", 4), ("ackley", 5),
    ("griewank", 5), ("hartmann6", 6), ("rastrigin", 8), ("rosenbrock", 10), ("ackley", 20),
)  # fmt: skip
NOISES = (0.0, 0.03, 0.1, 0.3)
LIMITS = (0.0, 0.01, 0.03, 0.1, 0.3)
BANDS = ((8, 12), (20, 30), (40, 50))
N_TRIALS = 50
N_RANDOM = 2000


@dataclass(frozen=True)
class Look:
    """What the two rules would take after `n` trials: true values, in the unit of the module."""

    noise: float
    n: int
    learnt_share: float
    luckiest: float
    by_model: float
    best: float


def problems() -> list[Problem]:
    """Return smooth, rugged and curved functions, and one with plateaus."""
    made = [classic(f"{base}{d}", base, d, seed=1) for base, d in BASES]
    made.append(michalewicz_warped("michalewicz5", 5, seed=1))
    sphere = classic("plateaus4", "rosenbrock", 4, seed=2)
    return [*made, Problem("plateaus4", sphere.category, sphere.space, _rounded(sphere))]


def _rounded(problem: Problem) -> Callable[[Params], float]:
    """Return the logarithm of a function, rounded: many points have equal values."""
    return lambda params: round(2 * float(np.log1p(problem.function(params)))) / 2


def unit_of(problem: Problem) -> float:
    """Return the distance from the best to the median of random points."""
    rng = np.random.default_rng(9)
    low = [p["min"] for p in problem.space]
    high = [p["max"] for p in problem.space]
    names = [p["name"] for p in problem.space]
    points = rng.uniform(low, high, (N_RANDOM, len(names)))
    values = [problem.function(dict(zip(names, x, strict=True))) for x in points]
    return float(np.median(values) - np.min(values))


def run(problem: Problem, unit: float, noise: float, seed: int) -> Iterator[Look]:
    """Let the default algorithm run, and look at what would be recommended."""
    rng = np.random.default_rng([seed, 7])
    study = wazir.create_study(
        problem.name,
        parameters={p["name"]: wazir.Double(p["min"], p["max"]) for p in problem.space},
        minimize="value",
        seed=seed,
        storage=":memory:",
    )
    posterior_of = OneThreadPosterior()
    true: list[float] = []
    stored: list[Trial] = []
    for n in range(1, N_TRIALS + 1):
        trial = study.suggest()
        true.append(float(problem.function(trial.parameters)) / unit)
        observed = true[-1] + noise * float(rng.normal())
        trial.complete(observed)
        final = Measurement({"value": observed})
        stored.append(Trial(n, trial.parameters, TrialState.SUCCEEDED, final_measurement=final))
        if any(n in band for band in BANDS):
            posterior = posterior_of(study.config, stored)
            chosen = min(posterior.expected, key=lambda i: posterior.expected[i].mean)
            luckiest = study.best_trial.id
            values = true[luckiest - 1], true[chosen - 1], min(true)
            yield Look(noise, n, posterior.noise_share, *values)


def rows(looks: Sequence[Look]) -> Iterator[list[str]]:
    """Yield the rows of the table."""
    for noise in NOISES:
        for band in BANDS:
            chosen = [look for look in looks if look.noise == noise and look.n in band]
            excess = np.mean([look.luckiest - look.best for look in chosen])
            cells = [_cell(chosen, limit) for limit in LIMITS]
            yield [f"{noise:g}", f"{band[0]} and {band[1]}", f"{excess:.4f}", *cells]


def _cell(looks: Sequence[Look], limit: float) -> str:
    changes = [look.by_model - look.luckiest if look.learnt_share > limit else 0 for look in looks]
    return f"{np.mean(changes):+.4f} ({np.mean(np.array(changes) != 0):.0%})"


def main() -> None:
    """Measure and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    args = parser.parse_args()
    report = Report("recommendation", "Recommendation under noise", sys.argv[1:], is_timed=False)
    looks: list[Look] = []
    for problem in problems():
        unit = unit_of(problem)
        progress(f"{problem.name}: unit {unit:.4g}")
        looks += [
            look
            for noise in NOISES
            for seed in range(args.seeds)
            for look in run(problem, unit, noise, seed)
        ]
    report.add(
        f"{len(problems())} functions, {args.seeds} seeds, {N_TRIALS} trials. The third column is by "
        "how much the true value of the trial with the best observed value is worse than the best "
        "true value so far. The others: the change of it where the trial of the best posterior mean "
        "is taken if the learnt noise variance is above a limit (a share of the outputs' variance; "
        "0 is what a study of HIGH noise does), negative is better, and how often another value "
        "results."
    )
    header = ["noise", "trials", "luckiest", *(f"limit {limit:g}" for limit in LIMITS)]
    report.add(table(header, rows(looks)))
    report.publish(write=args.write)


if __name__ == "__main__":
    main()
