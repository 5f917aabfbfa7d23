"""Recommendation by the model against the best value, with and without noise.

The default algorithm runs on 16 functions of 2 to 20 parameters, with normal noise of several sizes
that it is not told of. At some numbers of trials the trial with the best value and the one that
the model expects most of are compared by their true values. Two numbers decide: the share of the
learnt noise that is taken for fine structure of the function (`FINE_SHARE`; 0 is the plain posterior
mean, 1 the best value), and the limit of the learnt noise variance above which the model decides
(in `wazir.algorithms.gp.noise`; 0 is what a study of HIGH noise does).

The unit of noise and of differences is the distance from the best to the median of 2,000 random
points.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import measure
import numpy as np
from measure import Report, progress, table

measure.make_importable()
sys.path.insert(0, str(Path(__file__).parent / "optimizer"))

from problems.classic import (  # noqa: E402
    classic,
    michalewicz_warped,
    off_centre,
    random_rotation,
)
from problems.protocol import Params, Problem  # noqa: E402
from problems.spaces import double  # noqa: E402

import wazir  # noqa: E402
from wazir.analysis.posterior import posterior_of  # noqa: E402
from wazir.app.blas import BlasThreads  # noqa: E402
from wazir.domain.metrics import Measurement  # noqa: E402
from wazir.domain.studies import StudyConfig  # noqa: E402
from wazir.domain.trials import Trial, TrialState  # noqa: E402

BASES = (
    ("branin", 2), ("rastrigin", 3), ("tang", 3), ("levy", 4), ("rosenbrock", 4), ("ackley", 5),
    ("griewank", 5), ("hartmann6", 6), ("rastrigin", 8), ("rosenbrock", 10), ("ackley", 20),
)  # fmt: skip
NOISES = (0.0, 0.03, 0.1, 0.3)
# Share of fine structure and limit of noise; the last is what is done.
RULES = ((0.0, 0.0), (0.0, 0.1), (0.1, 0.1), (0.5, 0.1), (0.25, 0.0), (0.25, 0.3), (0.25, 0.1))
BANDS = ((8, 12), (20, 30), (40, 50))
N_TRIALS = 50
N_RANDOM = 2000


@dataclass(frozen=True)
class Look:
    """True values after `n` trials, in the unit of the module.

    `by_share`: that of the trial which the model expects most of, by the share of fine structure.
    """

    noise: float
    n: int
    learnt_share: float
    luckiest: float
    best: float
    by_share: Mapping[float, float]


def problems() -> list[Problem]:
    """Return smooth, rugged and curved functions, and one with plateaus."""
    made = [classic(f"{base}{d}", base, d, seed=1) for base, d in BASES]
    made.append(michalewicz_warped("michalewicz5", 5, seed=1))
    made += [ellipsoid(d) for d in (2, 5, 10)]
    sphere = classic("plateaus4", "rosenbrock", 4, seed=2)
    return [*made, Problem("plateaus4", sphere.category, sphere.space, _rounded(sphere))]


def ellipsoid(d: int) -> Problem:
    """Return a rotated quadratic function whose curvatures differ by a factor of 100."""
    rng = np.random.default_rng(d)
    rotation, centre = random_rotation(d, rng), off_centre(d, rng)
    curvatures = np.logspace(0, 2, d)

    def function(params: Params) -> float:
        x = np.array([params[f"x{i}"] for i in range(d)])
        return float(curvatures @ (rotation @ (x - centre)) ** 2)

    space = [double(f"x{i}", -1.0, 1.0) for i in range(d)]
    return Problem(f"ellipsoid{d}", "low_dimensional", space, function)


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
            luckiest = true[study.best_trial.id - 1]
            share, chosen = _by_share(study.config, stored)
            by_share = {share: true[trial_id - 1] for share, trial_id in chosen.items()}
            yield Look(noise, n, share, luckiest, min(true), by_share)


def _by_share(config: StudyConfig, trials: Sequence[Trial]) -> tuple[float, dict[float, int]]:
    """Return the learnt noise, and the trial of the best mean for each share of fine structure."""
    chosen, noise_share = {}, 0.0
    for share in {share for share, _ in RULES}:
        posterior = posterior_of(config, trials, share)
        expected, noise_share = posterior.expected, posterior.noise_share
        chosen[share] = min(expected, key=lambda i: expected[i].mean)
    return noise_share, chosen


def rows(looks: Sequence[Look]) -> Iterator[list[str]]:
    """Yield the rows of the table."""
    for noise in NOISES:
        for band in BANDS:
            chosen = [look for look in looks if look.noise == noise and look.n in band]
            excess = np.mean([look.luckiest - look.best for look in chosen])
            cells = [_cell(chosen, *rule) for rule in RULES]
            yield [f"{noise:g}", f"{band[0]} and {band[1]}", f"{excess:.4f}", *cells]


def _cell(looks: Sequence[Look], share: float, limit: float) -> str:
    changes = [
        look.by_share[share] - look.luckiest if look.learnt_share > limit else 0 for look in looks
    ]
    return f"{np.mean(changes):+.4f} ({np.mean(np.array(changes) != 0):.0%})"


def main() -> None:
    """Measure and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--seeds", type=measure.numbers, default=[0, 1, 2], help="such as 0,1,2")
    args = parser.parse_args()
    report = Report("recommendation", "Recommendation under noise", sys.argv[1:], is_timed=False)
    looks: list[Look] = []
    for problem in problems():
        unit = unit_of(problem)
        progress(f"{problem.name}: unit {unit:.4g}")
        with BlasThreads().one():
            looks += [
                look
                for noise in NOISES
                for seed in args.seeds
                for look in run(problem, unit, noise, seed)
            ]
    report.add(
        f"{len(problems())} functions, seeds {', '.join(map(str, args.seeds))}, {N_TRIALS} trials. "
        "The third column is by how much the true value of the trial with the best observed value is "
        "worse than the best true value so far. The others: its change where the model decides if the "
        "learnt noise is above the limit, negative is better, and how often another value results. "
        "The last column is what is done where a study says nothing of its noise."
    )
    rules = (f"fine {share:g}, limit {limit:g}" for share, limit in RULES)
    report.add(table(["noise", "trials", "luckiest", *rules], rows(looks)))
    report.publish(write=args.write)


if __name__ == "__main__":
    main()
