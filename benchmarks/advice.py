"""Is the advice on going on right, and what does `--auto-stop` cost and save?

The default algorithm runs 100 trials on problems of `benchmarks/optimizer`. After 15, 30 and 50 it is
asked how probable it is that 10 and 20 more trials improve the best value by more than several sizes,
and what was said is compared with what happened: the reliability table, and the Brier score (mean
squared error of the probability, smaller is better) beside that of always saying the base rate, of the
model alone and of the record alone. What counts is the best true value; on noisy problems the true
value of the recommended trial.

Asked after each trial, the same advice tells where `--auto-stop` would have ended the study.

`measure` writes one line per study, `report` makes the tables of such files, `fit` prints the
coefficients that `wazir.analysis.advice` has, fitted to a file of the suite `development`. `fronts` reads
what `benchmarks/problem_kinds` recorded of several objectives, and prints what the record says of the
hypervolume beside what happened.
"""

import argparse
import gzip
import itertools
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import measure
import numpy as np
from measure import Report, progress, table

measure.make_importable()
sys.path.insert(0, str(Path(__file__).parent / "optimizer"))

from peers.wazir import parameters_of  # noqa: E402
from problems import suites  # noqa: E402
from problems.protocol import Problem  # noqa: E402
from problems.registry import get_problem  # noqa: E402

import wazir  # noqa: E402
from wazir.analysis import advice  # noqa: E402
from wazir.analysis.recommendation import recommend  # noqa: E402
from wazir.analysis.rollout import improvements  # noqa: E402
from wazir.app.blas import BlasThreads  # noqa: E402
from wazir.domain.metrics import Measurement  # noqa: E402
from wazir.domain.trials import Trial, TrialState  # noqa: E402

Line = Mapping[str, object]
N_TRIALS = 100
LOOKS = (15, 30, 50)
FRONT_LOOKS = (15, 20, 25, 30)
HORIZONS = (10, 20)
# Shares of the distance between the best and the median value.
SIZES = (0.001, 0.01, 0.05)
EDGES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 1.0)
FIRST_STOP = 20
LIMITS = (0.02, 0.05, 0.1, 0.2)


def run(problem: Problem, seed: int) -> dict[str, object]:
    """Return what one study showed: what the advice is made of, and what became of it."""
    study = wazir.create_study(
        problem.name,
        parameters=parameters_of(problem.space, problem.default or {}),
        minimize="value",
        seed=seed,
        storage=":memory:",
    )
    rng = np.random.default_rng([seed, 7])
    trials: list[Trial] = []
    true: list[float] = []
    for n in range(1, N_TRIALS + 1):
        asked = study.suggest()
        true.append(problem.true_value(asked.parameters))
        observed = float(problem.evaluate(asked.parameters, rng))
        asked.complete(observed)
        final = Measurement({"value": observed})
        succeeded = TrialState.SUCCEEDED
        metadata = asked.metadata
        trials.append(
            Trial(n, asked.parameters, succeeded, final_measurement=final, metadata=metadata)
        )
    reached = _reached(problem, study.config, trials, true)
    looks = [
        look
        for n in sorted({*LOOKS, *range(FIRST_STOP, N_TRIALS)})
        for look in _looks(study.config, trials[:n])
    ]
    return {
        "problem": problem.name,
        "seed": seed,
        "is_noisy": problem.is_noisy,
        "reached": reached,
        "looks": looks,
    }


def _reached(problem, config, trials, true) -> list[float]:
    """Return the true value that the user has after each number of trials."""
    if not problem.is_noisy:
        return np.minimum.accumulate(true).tolist()
    found = []
    for n in range(1, len(trials) + 1):
        chosen = recommend(config, trials[:n])
        found.append(true[0] if chosen is None else true[chosen.trial_id - 1])
    return found


def _looks(config, trials) -> Iterator[dict[str, float]]:
    """Yield what the advice after these trials is made of, for each horizon and size."""
    losses = [trial.final_measurement.metrics["value"] for trial in trials]
    if min(losses) == max(losses):
        return
    matters = advice.improvement_that_matters(losses)
    n, spread = len(trials), float(np.median(losses) - np.min(losses))
    for n_more in HORIZONS if n in LOOKS else HORIZONS[:1]:
        gains = improvements(config, trials, n_more)
        sizes = [matters, *(size * spread for size in SIZES if spread > 0 and n in LOOKS)]
        for place, size in enumerate(sizes):
            large = [gain for gain in gains if gain > size]
            yield {
                "n": n,
                "n_more": n_more,
                "is_default": place == 0,
                "size": size,
                "spread": spread,
                "n_large": len(large),
                "n_drawn": len(gains),
                "n_idle": advice.trials_since_improvement(losses, size),
                "mean": float(np.mean(large)) if large else size,
            }


def cases(lines: Sequence[Line], *, is_default: bool) -> Iterator[dict[str, float]]:
    """Yield the looks at LOOKS, each with what happened and its problem."""
    for line in lines:
        reached = line["reached"]
        for look in line["looks"]:
            if look["n"] in LOOKS and look["is_default"] == is_default:
                gained = reached[look["n"] - 1] - reached[look["n"] + look["n_more"] - 1]
                yield {**look, "problem": line["problem"], "gained": gained}


def said(look: Mapping[str, float]) -> float:
    """Return the probability that is said."""
    numbers = (look["n_large"], look["n_drawn"], look["n_more"], look["n_idle"])
    return advice.probability_of(*numbers)


def model_alone(look: Mapping[str, float]) -> float:
    """Return the share of functions in which there was an improvement."""
    return (look["n_large"] + 0.5) / (look["n_drawn"] + 1)


def record_alone(look: Mapping[str, float]) -> float:
    """Return the probability by the number of trials without improvement alone."""
    odds = (look["n_more"] + 1) / (look["n_idle"] + 1)
    return odds / (1 + odds)


def reliability(looks: Sequence[Mapping[str, float]]) -> str:
    """Return the table of what was said and what happened."""
    p = np.array([said(look) for look in looks])
    happened = np.array([look["gained"] > look["size"] for look in looks])
    rows = []
    for low, high in itertools.pairwise(EDGES):
        chosen = (p >= low) & (p < high)
        if chosen.any():
            rows.append(
                [f"{low:.0%} to {high:.0%}", str(chosen.sum()), f"{p[chosen].mean():.1%}",
                 f"{happened[chosen].mean():.1%}"]
            )  # fmt: skip
    return table(["said", "times", "said on average", "happened"], rows)


def brier(looks: Sequence[Mapping[str, float]]) -> list[str]:
    """Return base rate and Brier scores: base rate, model, record, both."""
    happened = np.array([look["gained"] > look["size"] for look in looks], dtype=float)
    base = happened.mean()
    ways: Sequence[Callable[[Mapping[str, float]], float]] = (model_alone, record_alone, said)
    scores = [base * (1 - base)]
    scores += [float(np.mean((np.array([way(x) for x in looks]) - happened) ** 2)) for way in ways]
    return [str(len(looks)), f"{base:.0%}", *(f"{score:.3f}" for score in scores)]


def amounts(looks: Sequence[Mapping[str, float]]) -> str:
    """Return the table of expected and real improvements, in five parts by what was expected."""
    looks = [look for look in looks if look["spread"] > 0]
    expected = np.array([said(look) * look["mean"] / look["spread"] for look in looks])
    real = np.array([max(0.0, look["gained"]) / look["spread"] for look in looks])
    parts = np.array_split(np.argsort(expected), 5)
    rows = [
        [f"{value:.3f}" for value in (expected[p].mean(), real[p].mean(), np.median(real[p]))]
        for p in parts
    ]
    return table(["expected", "real, mean", "real, median"], rows)


def stopped_at(line: Line, limit: float) -> int:
    """Return after how many trials `--auto-stop` would have ended a study, N_TRIALS if never."""
    low = {
        look["n"]: said(look) < limit
        for look in line["looks"]
        if look["is_default"] and look["n_more"] == HORIZONS[0]
    }
    for n in range(FIRST_STOP, N_TRIALS):
        # What it asks first has two results less than the study that it has ended.
        if low.get(n) and low.get(n - 1):
            return n
    return N_TRIALS


def stop_rows(lines: Sequence[Line]) -> Iterator[list[str]]:
    """Yield what `--auto-stop` saves and costs for each limit, and ending at a fixed number."""

    def row(name: str, ends: Sequence[int]) -> list[str]:
        lost = np.array([_lost(line, n) for line, n in zip(lines, ends, strict=True)])
        early = np.array([n < N_TRIALS for n in ends])
        return [name, f"{np.mean(ends):.0f}", f"{early.mean():.0%}",
                f"{lost.mean():.4f}", f"{np.quantile(lost, 0.95):.4f}", f"{(lost > 0.01).mean():.0%}"]  # fmt: skip

    for limit in LIMITS:
        ends = [stopped_at(line, limit) for line in lines]
        yield row(f"below {limit:.0%}", ends)
        yield row(f"always {round(np.mean(ends))}", [round(np.mean(ends))] * len(lines))


def _lost(line: Line, n: int) -> float:
    """Return what n trials lack of all, as a share of what all trials gained on the first ten."""
    reached = line["reached"]
    whole = reached[9] - reached[-1]
    return (reached[n - 1] - reached[-1]) / whole if whole > 0 else 0.0


def fit(lines: Sequence[Line]) -> list[float]:
    """Return constant and weights of the logistic regression, by Newton's method."""
    looks = list(cases(lines, is_default=False))
    X = np.array(
        [
            [1.0, math.log((x["n_large"] + 0.5) / (x["n_drawn"] - x["n_large"] + 0.5)),
             math.log((x["n_more"] + 1) / (x["n_idle"] + 1))]
            for x in looks
        ]
    )  # fmt: skip
    y = np.array([x["gained"] > x["size"] for x in looks], dtype=float)
    w = np.zeros(3)
    for _ in range(30):
        p = 1 / (1 + np.exp(-X @ w))
        w -= np.linalg.solve((X.T * (p * (1 - p))) @ X, X.T @ (p - y))
    return w.tolist()


def front_cases(lines: Sequence[Line]) -> Iterator[tuple[float, bool]]:
    """Yield what is said of the growth of the hypervolume by a hundredth, and whether it came.

    Lines hold after each trial which part of the hypervolume is lacking.
    """
    for line in lines:
        reached = 1.0 - np.minimum.accumulate(np.array(line["true"]))
        for n, n_more in itertools.product(FRONT_LOOKS, HORIZONS):
            if n + n_more > len(reached) or reached[n - 1] <= 0:
                continue
            n_idle = n - 1 - int(np.argmax(reached[:n] >= 0.99 * reached[n - 1]))
            grew = reached[n + n_more - 1] > 1.01 * reached[n - 1]
            yield record_alone({"n_more": n_more, "n_idle": n_idle}), bool(grew)


def front_report(lines: Sequence[Line]) -> str:
    """Return the table of what was said and what happened, and the Brier scores."""
    p, happened = (np.array(column) for column in zip(*front_cases(lines), strict=True))
    rows = [
        [f"{low:.0%} to {high:.0%}", str(chosen.sum()), f"{p[chosen].mean():.0%}",
         f"{happened[chosen].mean():.0%}"]
        for low, high in itertools.pairwise(EDGES)
        if (chosen := (p >= low) & (p < high)).any()
    ]  # fmt: skip
    base = happened.mean()
    scores = (
        f"Brier score {np.mean((p - happened) ** 2):.3f}, of the base rate {base - base**2:.3f}"
    )
    return f"{table(['said', 'times', 'said on average', 'happened'], rows)}\n\n{scores}"


def report(files: Sequence[Path], *, write: bool) -> None:
    """Print the tables, one set for each file."""
    made = Report("advice", "Advice on going on, and auto-stop", sys.argv[1:], is_timed=False)
    for file in files:
        lines = read(file)
        problems = {line["problem"] for line in lines}
        default = list(cases(lines, is_default=True))
        made.add(f"## {file.name.split('.')[0]}: {len(problems)} problems, {len(lines)} studies")
        made.add("### Probability that 10 or 20 more trials improve by the default size")
        made.add(reliability(default))
        made.add("### Brier scores")
        rows = [["default size", *brier(default)]]
        others = list(cases(lines, is_default=False))
        for size in SIZES:
            chosen = [x for x in others if math.isclose(x["size"], size * x["spread"])]
            rows.append([f"{size:.1%} of the distance best to median", *brier(chosen)])
        rows += [
            [f"default size, after {n}", *brier([x for x in default if x["n"] == n])]
            for n in LOOKS
        ]
        made.add(
            table(["improvement", "cases", "base rate", "base", "model", "record", "both"], rows)
        )
        made.add("### Expected improvement, as a share of the distance from best to median")
        made.add(amounts(default))
        made.add(f"### Auto-stop, against {N_TRIALS} trials")
        made.add(
            "Loss: what is lacking of the gain between the 10th and the last trial. Beside each "
            "limit, ending all studies at the same number of trials on average."
        )
        head = ["rule", "trials", "ended early", "mean loss", "95 % of losses below", "loss > 1 %"]
        made.add(table(head, stop_rows(lines)))
    made.publish(write=write)


def read(file: Path) -> list[Line]:
    """Return the lines of a file, which may be compressed."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def main() -> None:
    """Carry out one of the commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["measure", "report", "fit", "fronts"])
    parser.add_argument(
        "files", type=Path, nargs="+", help="written by measure, read by the others"
    )
    parser.add_argument("--suite", choices=sorted(suites.SUITES), default="development")
    parser.add_argument("--problems", default="", help="instead of the suite's, comma list")
    parser.add_argument("--seeds", type=measure.numbers, default=[0, 1, 2])
    parser.add_argument("--data", type=Path, default=os.environ.get("WAZIR_BENCHDATA"))
    parser.add_argument("--write", action="store_true", help="store the tables")
    args = parser.parse_args()
    if args.command == "fit":
        print([round(x, 3) for x in fit([line for file in args.files for line in read(file)])])
    elif args.command == "fronts":
        print(front_report([line for file in args.files for line in read(file)]))
    elif args.command == "report":
        report(args.files, write=args.write)
    else:
        names = [name for name in args.problems.split(",") if name]
        _measure(args.files[0], names or suites.SUITES[args.suite], args.seeds, args.data)


def _measure(file: Path, names: Sequence[str], seeds: Sequence[int], data: Path | None) -> None:
    done = {(line["problem"], line["seed"]) for line in read(file)} if file.exists() else set()
    with file.open("a", encoding="utf-8") as out, BlasThreads().one():
        for seed in seeds:
            for name in names:
                if (name, seed) not in done:
                    progress(f"{name}, seed {seed}")
                    out.write(json.dumps(run(get_problem(name, data), seed)) + "\n")
                    out.flush()


if __name__ == "__main__":
    main()
