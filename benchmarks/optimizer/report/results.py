"""Recorded runs as regret: 0 at the best known value, 1 at what 50 random points reach."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from runner.records import CHECKPOINTS, Record, RunSpec, latest, read

REFERENCES = Path(__file__).resolve().parents[1] / "problems" / "references.json"
WORST = 3.0
ALL_ONE_BY_ONE = "all together"
# Trials around a count over which the CPU of a suggestion is averaged, so that rare refits count.
CPU_WINDOW = 4

Case = tuple[str, int]  # problem and seed


@dataclass(frozen=True)
class Reference:
    """The two values of a problem that regret is measured between."""

    best: float
    random50: float

    def regret(self, value: float) -> float:
        """Return normalised regret, clipped to [0, WORST]; NaN counts as the worst."""
        span = self.random50 - self.best
        if not math.isfinite(value) or span <= 0:
            return 0.0 if value <= self.best else WORST
        return min(max((value - self.best) / span, 0.0), WORST)


def references(path: Path = REFERENCES) -> dict[str, Reference]:
    """Return the references of all problems."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return {name: Reference(it["best"], it["random50"]) for name, it in stored.items()}


@dataclass(frozen=True)
class RunResult:
    """A run that has succeeded.

    `regrets` holds the regret of the recommended configuration by number of trials, `path` the
    regret of the best observed configuration after each trial, `cpu_s` the CPU seconds of each
    suggestion.
    """

    spec: RunSpec
    category: str
    regrets: Mapping[int, float]
    path: NDArray[np.float64]
    cpu_s: NDArray[np.float64]
    rss_mb: float
    import_cpu_s: float
    versions: Mapping[str, str]
    revision: str
    machine: str

    def regret_at(self, n_trials: int) -> float | None:
        """Return the regret after so many trials; an exhausted run stays where it ended."""
        if n_trials in self.regrets:
            return self.regrets[n_trials]
        is_over = len(self.path) < n_trials <= self.spec.n_trials
        return float(self.path[-1]) if is_over and len(self.path) else None

    def cpu_at(self, n_trials: int) -> float | None:
        """Return the mean CPU seconds of the suggestions around trial `n_trials`."""
        window = self.cpu_s[max(n_trials - CPU_WINDOW, 0) : n_trials + CPU_WINDOW]
        return float(window.mean()) if len(self.cpu_s) >= n_trials and len(window) else None

    def trials_to(self, regret: float) -> float:
        """Return after how many trials the best observed point has this regret; inf: never."""
        reached = np.flatnonzero(self.path <= regret + 1e-9)
        return float(reached[0] + 1) if len(reached) else math.inf


@dataclass(frozen=True)
class Results:
    """All runs of some files: those that succeeded, those that failed, those without reference."""

    runs: Sequence[RunResult]
    failures: Sequence[Record]
    n_without_reference: Mapping[str, int]

    def section(self, run: RunResult) -> str:
        """Return the category that a run counts in; several points at a time are their own."""
        return run.category if run.spec.pending == 1 else f"batch of {run.spec.pending}"

    def sections(self) -> dict[str, dict[str, dict[Case, RunResult]]]:
        """Return runs by section, peer and case; of several budgets the largest counts.

        All categories together are a section too, if there are several.
        """
        found: dict[str, dict[str, dict[Case, RunResult]]] = defaultdict(lambda: defaultdict(dict))
        for run in sorted(self.runs, key=lambda run: run.spec.n_trials):
            case = (run.spec.problem, run.spec.seed)
            found[self.section(run)][run.spec.peer][case] = run
            if run.spec.pending == 1:
                found[ALL_ONE_BY_ONE][run.spec.peer][case] = run
        if len({run.category for run in self.runs if run.spec.pending == 1}) < 2:
            found.pop(ALL_ONE_BY_ONE, None)
        return found

    def of_peer(self, peer: str) -> list[RunResult]:
        """Return the runs of one optimizer."""
        return [run for run in self.runs if run.spec.peer == peer]

    @property
    def peers(self) -> list[str]:
        """All optimizers, in the order in which they appear."""
        return list(dict.fromkeys(run.spec.peer for run in self.runs))


def load(
    files: Iterable[Path], known: Mapping[str, Reference], *, default_first: bool = True
) -> Results:
    """Return the runs of some files; of several records of a run the latest good one counts."""
    records = latest(record for file in files for record in read(file))
    kept = [it for it in records.values() if it["default_first"] is default_first]
    missing: dict[str, int] = defaultdict(int)
    runs = []
    for record in kept:
        if record["status"] == "failed":
            continue
        if record["problem"] not in known:
            missing[record["problem"]] += 1
            continue
        runs.append(_result(record, known[record["problem"]]))
    failures = [record for record in kept if record["status"] == "failed"]
    return Results(runs, failures, missing)


def _result(record: Mapping[str, Any], reference: Reference) -> RunResult:
    true = record["true"]
    observed = record.get("observed") or true
    best, path = 0, []
    for index, value in enumerate(observed):
        if value < observed[best] or not math.isfinite(observed[best]):
            best = index
        path.append(reference.regret(true[best]))
    regrets = {
        int(count): reference.regret(value) for count, value in record["recommended"].items()
    }
    return RunResult(
        RunSpec.of(record),
        record["category"],
        regrets,
        np.array(path),
        np.array(record["cpu_s"]),
        record["rss_mb"],
        record["import_cpu_s"],
        record["versions"],
        record.get("revision", ""),
        record.get("machine", ""),
    )


def checkpoints(results: Results) -> list[int]:
    """Return the numbers of trials at which any run has a recommendation."""
    longest = max((run.spec.n_trials for run in results.runs), default=0)
    return [count for count in CHECKPOINTS if count <= longest]
