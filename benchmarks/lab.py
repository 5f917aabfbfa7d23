"""Lab 3: how good are 16 trials on `examples/house`, over many seeds?

Compares the rmse of the program's default values, the best of a 4 x 4 grid (equal steps in the
scales of `hyperparam.yaml`, both ends included), and the best of 16 trials of random search and of
the default algorithm; those two as `wazir tune` runs them, with the program's defaults as the
first trial, and once more without. The seed varies the optimizer: the trainer has a fixed one of
its own, so the defaults and the grid are constants.

The trainer is called in this process instead of as a program of its own, which gives the same
numbers in a hundredth of the time: the metric is read from the lines that it prints. With
`--check` the first seed is also run through `wazir tune`, and every trial is compared.
"""

import contextlib
import csv
import io
import math
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import measure
from measure import ROOT, Report, progress, table

measure.make_importable()

from wazir.app.compose import make_service  # noqa: E402 - may need the line above
from wazir.app.registry import canonical_name  # noqa: E402
from wazir.domain.metrics import Measurement  # noqa: E402
from wazir.domain.names import parse_study_name  # noqa: E402
from wazir.domain.parameters import ParameterValue  # noqa: E402
from wazir.domain.studies import StudyConfig  # noqa: E402
from wazir.jobs.config.reading import read_job_file  # noqa: E402
from wazir.jobs.resolution import TuneFlags, resolve  # noqa: E402
from wazir.storage.memory import MemoryStore  # noqa: E402

EXAMPLE = ROOT / "examples" / "house"
METRIC = "rmse"
# What the trainer's own argparse lines say; `check_defaults` compares.
DEFAULTS: Mapping[str, ParameterValue] = {"learning_rate": 0.01, "batch_size": 30}
GRID_SIDE = 4
COMMAND = (sys.executable, "-m", "trainer.task", "--output_dir", "{trial_dir}")

Evaluate = Callable[[float, int], float]


@dataclass(frozen=True)
class Arm:
    """One way to choose 16 points; `label` is its name in the tables."""

    label: str
    algorithm: str
    default_first: bool


ARMS = (
    Arm("random search", "random", True),
    Arm("random search, defaults not tried", "random", False),
    Arm("default algorithm", "DEFAULT", True),
    Arm("default algorithm, defaults not tried", "DEFAULT", False),
)


def evaluator(output: Path) -> Evaluate:
    """Return the trainer as a function: rmse as it is printed; values seen are kept."""
    sys.path.insert(0, str(EXAMPLE))
    from trainer.task import train_and_evaluate

    @cache
    def evaluate(learning_rate: float, batch_size: int) -> float:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            train_and_evaluate(learning_rate, batch_size, str(output))
        return last_value(printed.getvalue())

    return evaluate


def last_value(printed: str) -> float:
    """Return the metric of the last line that has it."""
    return float(re.findall(rf"{METRIC}: (\S+)", printed)[-1])


def check_defaults(evaluate: Evaluate, output: Path) -> float:
    """Return the rmse of the program without arguments; it must be that of DEFAULTS."""
    argv = [sys.executable, "-m", "trainer.task", "--output_dir", str(output)]
    done = subprocess.run(argv, cwd=EXAMPLE, capture_output=True, text=True, check=True)
    value = last_value(done.stdout)
    if value != evaluate(*_point(DEFAULTS)):
        raise measure.CommandFailedError("the trainer's defaults are not DEFAULTS")
    return value


def job_config(n_trials: int, seed: int, algorithm: str) -> StudyConfig:
    """Return the study that `wazir tune hyperparam.yaml --trials N` would make."""
    flags = TuneFlags(
        command=COMMAND, cwd=EXAMPLE, n_trials=n_trials, seed=seed, algorithm=algorithm
    )
    config = resolve(flags, read_job_file(EXAMPLE / "hyperparam.yaml"), seed=seed).config
    return StudyConfig(**{**vars(config), "algorithm": canonical_name(config.algorithm)})


def search(arm: Arm, n_trials: int, seed: int, evaluate: Evaluate) -> list[float]:
    """Return the values of the trials of one study, in order."""
    service = make_service(MemoryStore())
    name = parse_study_name("lab")
    service.create_study(name, job_config(n_trials, seed, arm.algorithm))
    if arm.default_first:
        service.add_trial(name, DEFAULTS)
    values = []
    for _ in range(n_trials):
        [trial] = service.suggest_trials(name, 1, "lab", max_n_trials=n_trials)
        value = evaluate(*_point(trial.parameters))
        service.complete_trial(name, trial.id, measurement=Measurement({METRIC: value}))
        values.append(value)
    return values


def _point(parameters: Mapping[str, ParameterValue]) -> tuple[float, int]:
    return float(parameters["learning_rate"]), int(parameters["batch_size"])


def grid(evaluate: Evaluate) -> list[float]:
    """Return the values of the 4 x 4 grid."""
    rates = [10 ** (-2 + step / (GRID_SIDE - 1)) for step in range(GRID_SIDE)]
    sizes = [round(8 + 56 * step / (GRID_SIDE - 1)) for step in range(GRID_SIDE)]
    return [evaluate(rate, size) for rate in rates for size in sizes]


def dense(evaluate: Evaluate, side: int) -> float:
    """Return the lowest value of a fine grid: about what can be reached at all."""
    rates = [10 ** (-2 + step / (side - 1)) for step in range(side)]
    sizes = sorted({round(8 + 56 * step / (side - 1)) for step in range(side)})
    return min(evaluate(rate, size) for rate in rates for size in sizes)


def check_command(n_trials: int, seed: int, expected: Sequence[float]) -> str:
    """Run `wazir tune` as a user would; return how its trials compare with those expected."""
    with tempfile.TemporaryDirectory(prefix="wazir-lab-") as folder:
        storage = Path(folder) / "lab.db"
        wazir = measure.wazir_command()
        env = measure.wazir_environment()
        words = ["tune", "hyperparam.yaml", "--trials", str(n_trials), "--seed", str(seed)]
        words += ["--storage", str(storage), "--", *COMMAND]
        subprocess.run([*wazir, *words], cwd=EXAMPLE, env=env, capture_output=True, check=True)
        listed = [*wazir, "trials", "--storage", str(storage), "--csv"]
        done = subprocess.run(
            listed, cwd=EXAMPLE, env=env, capture_output=True, text=True, check=True
        )
    rows = sorted(csv.DictReader(io.StringIO(done.stdout)), key=lambda row: int(row["id"]))
    found = [float(row[METRIC]) for row in rows]
    n_same = sum(a == b for a, b in zip(found, expected, strict=True))
    return f"`wazir tune` with seed {seed}: {n_same} of {n_trials} trials have the same value."


def main() -> None:
    """Run all seeds and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--dense", type=int, default=0, metavar="SIDE", help="also SIDE x SIDE")
    parser.add_argument("--check", action="store_true", help="compare with wazir tune")
    args = parser.parse_args()
    report = Report("lab", "Lab 3: 16 trials, many seeds", sys.argv[1:], is_timed=False)
    with tempfile.TemporaryDirectory(prefix="wazir-lab-") as folder:
        output = Path(folder)
        evaluate = evaluator(output)
        fixed = {"default values": check_defaults(evaluate, output)}
        fixed[f"{GRID_SIDE} x {GRID_SIDE} grid"] = min(grid(evaluate))
        runs: dict[str, list[list[float]]] = {arm.label: [] for arm in ARMS}
        for seed in range(1, args.seeds + 1):
            progress(f"seed {seed}")
            for arm in ARMS:
                runs[arm.label].append(search(arm, args.trials, seed, evaluate))
        lowest = dense(evaluate, args.dense) if args.dense else math.nan
    check = check_command(args.trials, 1, runs[ARMS[2].label][0]) if args.check else ""
    _describe(report, fixed, runs, lowest, args.dense)
    if check:
        report.add(check)
    report.publish(write=args.write)


def _describe(
    report: Report,
    fixed: Mapping[str, float],
    runs: Mapping[str, list[list[float]]],
    lowest: float,
    side: int,
) -> None:
    n_seeds = len(next(iter(runs.values())))
    n_trials = len(next(iter(runs.values()))[0])
    bests = {name: [value] * n_seeds for name, value in fixed.items()}
    bests |= {name: [min(values) for values in of_seed] for name, of_seed in runs.items()}
    report.add(
        f"Lowest rmse of {n_trials} trials over {n_seeds} seeds, one trial at a time. The default "
        f"values are learning rate {DEFAULTS['learning_rate']} and batch size "
        f"{DEFAULTS['batch_size']}."
    )
    header = ["", "mean", "median", "standard deviation", "min", "max"]
    report.add(table(header, [_row(name, values) for name, values in bests.items()]))
    if not math.isnan(lowest):
        report.add(f"The lowest value of a {side} x {side} grid: {lowest:.4f}.")
    report.add("How many of the seeds end lower than, equal to, and higher than the column:")
    report.add(_wins(bests, n_seeds))
    report.add("Median number of trials until the 4 x 4 grid's best is reached or beaten:")
    report.add(_speed(runs, min(fixed.values())))
    report.add("Each seed:")
    seeds = [[str(seed + 1), *_of_seed(bests, seed)] for seed in range(n_seeds)]
    report.add(table(["seed", *bests], seeds))


def _row(name: str, values: Sequence[float]) -> list[str]:
    facts = (statistics.fmean, statistics.median, statistics.pstdev, min, max)
    return [name, *(f"{fact(values):.4f}" for fact in facts)]


def _of_seed(bests: Mapping[str, Sequence[float]], seed: int) -> list[str]:
    lowest = min(values[seed] for values in bests.values())
    shown = [f"{values[seed]:.4f}" for values in bests.values()]
    return [f"**{text}**" if float(text) <= lowest else text for text in shown]


def _wins(bests: Mapping[str, Sequence[float]], n_seeds: int) -> str:
    def cell(row: Sequence[float], column: Sequence[float]) -> str:
        lower = sum(a < b for a, b in zip(row, column, strict=True))
        equal = sum(a == b for a, b in zip(row, column, strict=True))
        return f"{lower} / {equal} / {n_seeds - lower - equal}"

    names = list(bests)
    rows = [
        [row, *("" if row == column else cell(bests[row], bests[column]) for column in names)]
        for row in names[2:]
    ]
    return table(["", *names], rows)


def _speed(runs: Mapping[str, list[list[float]]], target: float) -> str:
    rows = []
    for name, of_seed in runs.items():
        firsts = [_first_at(values, target) for values in of_seed]
        n_never = sum(math.isinf(first) for first in firsts)
        rows.append([name, f"{statistics.median(firsts):g}", str(n_never)])
    return table(["", "trials", "seeds that never do"], rows)


def _first_at(values: Sequence[float], target: float) -> float:
    return next((i for i, value in enumerate(values, 1) if value <= target), math.inf)


if __name__ == "__main__":
    main()
