"""What a belief about the optimum gains where it is right, and costs where it is wrong.

The default algorithm runs without a belief, with the optimum itself as belief about all parameters
(`right`), with a point a tenth of the range away from it along each parameter (`near`), and with a
point half of the range away (`wrong`). Regret is that of the best trial, in the unit of the distance
from the optimum to the median of random points.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import measure
import numpy as np
from failures import unit_of
from measure import Report, progress, table

measure.make_importable()
sys.path.insert(0, str(Path(__file__).parent / "optimizer"))

from problems.classic import classic  # noqa: E402
from problems.protocol import Problem  # noqa: E402

import wazir  # noqa: E402

BASES = (("branin", 2), ("levy", 4), ("rosenbrock", 4), ("ackley", 5), ("hartmann6", 6))
# By so much of the range, along each parameter, a belief is away from the optimum.
SHIFTS: Mapping[str, float | None] = {"none": None, "right": 0.0, "near": 0.1, "wrong": 0.5}
LOOKS = (10, 20, 50)


@dataclass(frozen=True)
class Run:
    """Regrets after `LOOKS` trials."""

    problem: str
    belief: str
    regrets: tuple[float, ...]


def believed(problem: Problem, shift: float | None, seed: int) -> dict[str, float]:
    """Return the believed values, away from the optimum towards the farther end or at random."""
    if shift is None:
        return {}
    rng = np.random.default_rng([seed, 11])
    found = {}
    for p in problem.space:
        low, high = float(p["min"]), float(p["max"])
        best = float(problem.starts[0][p["name"]])
        step = shift * (high - low) * rng.choice([-1, 1])
        inside = low <= best + step <= high
        found[p["name"]] = float(np.clip(best + (step if inside else -step), low, high))
    return found


def run(problem: Problem, belief: str, seed: int, algorithm: str) -> Run:
    """Let the algorithm make its trials."""
    study = wazir.create_study(
        problem.name,
        parameters={p["name"]: wazir.Double(p["min"], p["max"]) for p in problem.space},
        minimize="value",
        algorithm=algorithm,
        seed=seed,
        storage=":memory:",
        beliefs=believed(problem, SHIFTS[belief], seed),
    )
    best, regrets = np.inf, []
    for n in range(1, LOOKS[-1] + 1):
        trial = study.suggest()
        value = float(problem.function(trial.parameters))
        trial.complete(value)
        best = min(best, value)
        if n in LOOKS:
            regrets.append((best - float(problem.optimum or 0.0)) / unit_of(problem))
    return Run(problem.name, belief, tuple(regrets))


def rows(runs: Sequence[Run]) -> Iterator[list[str]]:
    """Yield the rows of the table: by belief, then by problem."""
    for belief in SHIFTS:
        chosen = np.array([r.regrets for r in runs if r.belief == belief])
        logs = np.log10(chosen + 1e-6).mean(axis=0)
        means = chosen.mean(axis=0)
        yield [belief, *(f"{m:.4f} ({g:+.2f})" for m, g in zip(means, logs, strict=True))]


def main() -> None:
    """Measure and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--seeds", type=measure.numbers, default=[0, 1, 2, 3, 4], help="0,1,2")
    parser.add_argument("--algorithm", default="GP_BANDIT", help="GP_BANDIT or TPE")
    args = parser.parse_args()
    report = Report("beliefs", "Beliefs about the optimum", sys.argv[1:], is_timed=False)
    runs: list[Run] = []
    for base, d in BASES:
        problem = classic(f"{base}{d}", base, d, seed=1)
        progress(problem.name)
        runs += [
            run(problem, belief, seed, args.algorithm) for belief in SHIFTS for seed in args.seeds
        ]
    report.add(
        f"{args.algorithm}, {len(BASES)} functions, seeds {', '.join(map(str, args.seeds))}. Mean "
        "regret after so many trials, in brackets the mean of its logarithm to base 10."
    )
    report.add(table(["belief", *(f"{n} trials" for n in LOOKS)], rows(runs)))
    report.publish(write=args.write)


if __name__ == "__main__":
    main()
