"""Trials that fail: a learnt model of where they do against counting them as bad results.

The default algorithm runs on functions of 2 to 6 parameters of which a part fails: a half of the
space with the optimum far inside of the rest (`half`), one whose border goes through the optimum
(`border`), all but a ball around a point near the optimum (`ball`), or each trial with one chance in
ten, wherever it is (`chance`). Regret is that of the best trial that did not fail, in the unit of the
distance from the optimum to the median of random points.
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

from problems.classic import classic  # noqa: E402
from problems.protocol import Problem  # noqa: E402

from wazir.algorithms.gp.bandit import GpBandit  # noqa: E402
from wazir.algorithms.gp.settings import GpSettings  # noqa: E402
from wazir.algorithms.protocol import Snapshot  # noqa: E402
from wazir.app.blas import BlasThreads  # noqa: E402
from wazir.domain.metrics import Goal, Measurement, Metric  # noqa: E402
from wazir.domain.parameters import Double  # noqa: E402
from wazir.domain.space import SearchSpace  # noqa: E402
from wazir.domain.studies import StudyConfig  # noqa: E402
from wazir.domain.trials import Trial, TrialState  # noqa: E402

BASES = (("branin", 2), ("levy", 3), ("rosenbrock", 4), ("ackley", 5), ("hartmann6", 6))
REGIONS = ("half", "border", "ball", "chance")
WAYS = {"bad result": False, "learnt": True}
LOOKS = (20, 50)
CHANCE = 0.1

Fails = Callable[[np.ndarray, np.random.Generator], bool]


@dataclass(frozen=True)
class Run:
    """Regrets after `LOOKS` trials and the share of trials that failed."""

    region: str
    way: str
    regrets: tuple[float, ...]
    failed: float


def failing(problem: Problem, region: str, seed: int) -> Fails:
    """Return which points in units of the space's half width, [-1, 1]^d, fail."""
    rng = np.random.default_rng([seed, 5])
    best = _scaled(problem, problem.starts[0])
    normal = rng.standard_normal(len(best))
    normal /= np.linalg.norm(normal)
    if region == "chance":
        return lambda x, chance: bool(chance.random() < CHANCE)
    if region == "ball":
        # Around a point beside the optimum, so wide that half of random points are inside.
        centre = best * 0.8 + 0.05 * normal
        points = np.random.default_rng(1).uniform(-1, 1, (2000, len(best)))
        distances = np.linalg.norm(points - centre, axis=1)
        radius = max(np.quantile(distances, 0.5), 1.01 * np.linalg.norm(best - centre))
        return lambda x, chance: bool(np.linalg.norm(x - centre) > radius)
    margin = 1e-9 if region == "border" else 0.3
    normal = normal if normal @ best <= 0 else -normal
    return lambda x, chance: bool(normal @ (x - best) > margin)


def _scaled(problem: Problem, params: dict) -> np.ndarray:
    high = np.array([p["max"] for p in problem.space])
    return np.array([params[p["name"]] for p in problem.space]) / high


def unit_of(problem: Problem) -> float:
    """Return the distance from the optimum to the median of random points."""
    rng = np.random.default_rng(9)
    high = np.array([p["max"] for p in problem.space])
    points = rng.uniform(-high, high, (1000, len(high)))
    names = [p["name"] for p in problem.space]
    values = [problem.function(dict(zip(names, x, strict=True))) for x in points.tolist()]
    return float(np.median(values)) - float(problem.optimum or 0.0)


def run(problem: Problem, region: str, way: str, seed: int) -> Run:
    """Let the algorithm make its trials."""
    space = SearchSpace({p["name"]: Double(p["min"], p["max"]) for p in problem.space})
    config = StudyConfig(space, (Metric("value", Goal.MINIMIZE),), seed=seed)
    algorithm = GpBandit(GpSettings(learns_failures=WAYS[way]))
    fails, chance = failing(problem, region, seed), np.random.default_rng([seed, 3])
    trials: list[Trial] = []
    best, regrets, n_failed = np.inf, [], 0
    for n in range(1, LOOKS[-1] + 1):
        (made,) = algorithm.suggest(config, Snapshot(0, trials), [n])
        if fails(_scaled(problem, dict(made.parameters)), chance):
            n_failed += 1
            trial = Trial(
                n, made.parameters, TrialState.INFEASIBLE, infeasible_reason="exit code 1"
            )
        else:
            value = float(problem.function(made.parameters))
            best = min(best, value)
            final = Measurement({"value": value})
            trial = Trial(n, made.parameters, TrialState.SUCCEEDED, final_measurement=final)
        trials.append(trial)
        if n in LOOKS:
            regrets.append(best - float(problem.optimum or 0.0))
    unit = unit_of(problem)
    return Run(region, way, tuple(r / unit for r in regrets), n_failed / LOOKS[-1])


def rows(runs: Sequence[Run]) -> Iterator[list[str]]:
    """Yield the rows of the table: medians and means over functions and seeds."""
    for region in REGIONS:
        for way in WAYS:
            chosen = [r for r in runs if r.region == region and r.way == way]
            regrets = np.minimum(np.array([r.regrets for r in chosen]), 3.0)
            logs = np.mean(np.log10(regrets + 1e-6), axis=0)
            cells = [f"{regrets[:, i].mean():.4f} ({logs[i]:+.2f})" for i in range(len(LOOKS))]
            failed = f"{np.mean([r.failed for r in chosen]):.0%}"
            yield [region, way, *cells, failed]


def main() -> None:
    """Measure and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--seeds", type=measure.numbers, default=[0, 1, 2, 3, 4], help="0,1,2")
    args = parser.parse_args()
    report = Report("failures", "Trials that fail", sys.argv[1:], is_timed=False)
    runs: list[Run] = []
    with BlasThreads().one():
        for base, d in BASES:
            problem = classic(f"{base}{d}", base, d, seed=1)
            progress(problem.name)
            runs += [
                run(problem, region, way, seed)
                for region in REGIONS
                for way in WAYS
                for seed in args.seeds
            ]
    report.add(
        f"{len(BASES)} functions, seeds {', '.join(map(str, args.seeds))}. Mean regret after so "
        "many trials, in brackets the mean of its logarithm to base 10; and the share of trials "
        "that failed."
    )
    looks = (f"{n} trials" for n in LOOKS)
    report.add(table(["fails", "failed trials count as", *looks, "failed"], rows(runs)))
    report.publish(write=args.write)


if __name__ == "__main__":
    main()
