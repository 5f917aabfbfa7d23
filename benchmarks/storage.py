"""Suggest + complete on SQLite with random search, beside Optuna's SQLite storage.

Studies of 10, 10,000 and 100,000 completed trials of 10 parameters are made once for each side.
In every round each study is copied, and a fresh process measures the CPU of `--pairs` times
suggest and complete on the copy, through the public Python API (`study.suggest()` and
`trial.complete(value)`; Optuna: `study.ask()`, ten `suggest_float`, `study.tell()`). The rounds
alternate between the two. What a process pays once, to open the study, stands in a column of its
own. Goal: flat, and under 5 ms of CPU per pair.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import measure
from environments import environment
from measure import Report, alternating, progress, spread, table, verdict

GOAL_CPU_S = 0.005
FLAT_RATIO = 1.5
HERE = Path(__file__).resolve().parent


@dataclass
class Side:
    """One of the two systems, and what was measured of it by number of trials."""

    name: str
    argv: list[str]
    folder: Path
    cpu_s: dict[int, list[float]] = field(default_factory=dict)
    wall_s: dict[int, list[float]] = field(default_factory=dict)
    first_cpu_s: dict[int, list[float]] = field(default_factory=dict)

    def file(self, n_trials: int) -> Path:
        """Return the database with so many trials, which is only copied."""
        return self.folder / f"{self.name}-{n_trials}.db"

    def call(self, *words: str) -> dict[str, object]:
        """Run the worker and return what it printed."""
        done = subprocess.run(
            [*self.argv, *words],
            env=measure.wazir_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise measure.CommandFailedError(f"{self.name} {words}:\n{done.stderr[-3000:]}")
        result: dict[str, object] = json.loads(done.stdout)
        return result

    def fill(self, n_trials: int) -> None:
        """Make a database, and check that its trials can be read."""
        progress(f"{self.name}: making {n_trials} trials")
        found = self.call("fill", str(self.file(n_trials)), str(n_trials))
        if found["n_trials"] != n_trials:
            raise measure.CommandFailedError(f"{self.name} reads {found}, wanted {n_trials}")

    def measure(self, n_trials: int, n_pairs: int) -> None:
        """Measure pairs on a copy of a database, in a fresh process."""
        copy = self.folder / "copy.db"
        for path in self.folder.glob("copy.db*"):
            path.unlink()
        shutil.copy(self.file(n_trials), copy)
        found = json.loads(json.dumps(self.call("pairs", str(copy), str(n_pairs))))
        self.cpu_s.setdefault(n_trials, []).append(statistics.fmean(found["cpu_s"]))
        self.wall_s.setdefault(n_trials, []).append(statistics.fmean(found["wall_s"]))
        self.first_cpu_s.setdefault(n_trials, []).append(found["first_cpu_s"])

    def row(self, n_trials: int) -> list[str]:
        """Return one row of the table."""
        return [
            self.name,
            f"{n_trials:,}",
            spread([1e3 * value for value in self.cpu_s[n_trials]], "{:.2f}"),
            spread([1e3 * value for value in self.wall_s[n_trials]], "{:.2f}"),
            spread(self.first_cpu_s[n_trials], "{:.2f}"),
        ]

    def growth(self, small: int, large: int) -> float:
        """Return the median CPU at many trials as a multiple of that at few."""
        return statistics.median(self.cpu_s[large]) / statistics.median(self.cpu_s[small])


def main() -> None:
    """Measure and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--sizes", type=measure.numbers, default=[10, 10_000, 100_000])
    parser.add_argument("--pairs", type=int, default=100, help="pairs per process")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-peer", action="store_true", help="measure Wazir alone")
    args = parser.parse_args()
    report = Report("storage", "Suggest + complete on SQLite", sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="wazir-storage-") as folder:
        sides = [_wazir(Path(folder))]
        if not args.no_peer:
            sides.append(_optuna(Path(folder)))
        for size in args.sizes:
            for side in sides:
                side.fill(size)
        progress(f"measuring {args.rounds} rounds")
        runs = [partial(side.measure, n, args.pairs) for n in args.sizes for side in sides]
        alternating(args.rounds, runs)
    _describe(report, sides, args.sizes, args.pairs, args.rounds)
    report.publish(write=args.write)


def _wazir(folder: Path) -> Side:
    return Side("Wazir", [sys.executable, str(HERE / "storage_wazir.py")], folder)


def _optuna(folder: Path) -> Side:
    python = environment(HERE / "peers" / "optuna.txt")
    return Side("Optuna 5.0.0", [str(python), str(HERE / "storage_optuna.py")], folder)


def _describe(
    report: Report, sides: list[Side], sizes: list[int], n_pairs: int, n_rounds: int
) -> None:
    small, large = min(sizes), max(sizes)
    report.add(
        f"Mean over {n_pairs} pairs of suggest and complete in one process; median and spread "
        f"(min-max) over {n_rounds} processes. A study of {small:,} trials grows by the pairs "
        "that are measured on it."
    )
    header = ["", "trials", "CPU per pair, ms", "wall per pair, ms", "first pair, CPU s"]
    report.add(table(header, [side.row(size) for size in sizes for side in sides]))
    wazir = sides[0]
    worst = max(statistics.median(values) for values in wazir.cpu_s.values())
    growth = wazir.growth(small, large)
    report.add(
        f"- Goal: under 5 ms of CPU per pair. Wazir's highest median: {1e3 * worst:.2f} ms, "
        f"{verdict(worst, GOAL_CPU_S)}.\n"
        f"- Goal: flat. Wazir at {large:,} trials needs {growth:.2f} times the CPU of "
        f"{small:,}, {verdict(growth, FLAT_RATIO)} (a bound of {FLAT_RATIO} is counted as flat)."
    )
    if len(sides) > 1:
        report.add(_ratios(wazir, sides[1], sizes))
        report.add(PEER_NOTE)


def _ratios(wazir: Side, peer: Side, sizes: list[int]) -> str:
    rows = []
    for size in sizes:
        pairs = zip(peer.cpu_s[size], wazir.cpu_s[size], strict=True)
        rows.append([f"{size:,}", spread([theirs / ours for theirs, ours in pairs], "{:.1f}")])
    return table(["trials", f"CPU of {peer.name} / CPU of Wazir, by round"], rows)


PEER_NOTE = """
How Optuna was set up: `create_study(storage="sqlite:///...")` with `RandomSampler`, which is
RDBStorage behind Optuna's cache, every setting at its default, logging at WARNING, in an
environment of its own with the pins of `benchmarks/peers/optuna.txt`. Its studies were filled in
bulk through its own SQLAlchemy models, because `add_trials` writes one transaction per trial; the
number of trials that Optuna itself reads back was checked. Each suggested parameter is a
transaction of its own there, by design. Wall times are not comparable: Optuna leaves SQLite at
its default journal, which waits for the disk at every transaction; Wazir uses the write-ahead
log with `synchronous = normal`, which survives the death of any process but may lose the last
moment in a power cut. The first pair includes opening the file, and not the imports.
"""


if __name__ == "__main__":
    main()
