"""What the guard runs and reads: problems, seeds, recorded runs, regret as a table.

The problems need no data and no package but numpy and scipy. They are of the development side
(see `problems/suites.py`): whoever works on the optimizer sees their results often. Of two dozen
candidates those were left out, Levy's function among them, whose results at 50 trials differ most
between seeds (Wazir's runs with seeds 20 to 23): with them the test needs several times the runs.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from measure import RESULTS
from numpy.typing import NDArray
from problems import get_problem as find_problem
from problems.protocol import Problem
from problems.references import make_reference, write_references
from report.results import Case, RunResult, load, references
from runner.plan import plan
from runner.records import RunSpec, append, pack, read

PROBLEMS = (
    "ackley_d5_s1",
    "hartmann6_d6_s1",
    "tang_d10_s1",
    "tang_d15_s1",
    "loweff_hartmann6_e6_d20_s1",
    "mixed_net_s4",
    "mixed_cats_s1",
    "mixed_lists_s2",
    "mixed_rugged_s1",
    "mixed_gates_s1",
    "tang_d6_s2_noise_add",
    "mixed_net_s2_noise_add",
)
SEEDS = tuple(range(10))
TRIALS = 50
OWN = "wazir"
LIVE = (OWN, "random", "sobol")
PEER = "optuna_tpe"
BASELINE = "baseline"

RECORDED = RESULTS / "quick"
REFERENCES = Path(__file__).with_name("references.json")


class MissingRunsError(Exception):
    """Runs that a comparison needs are not there."""


def get_problem(name: str) -> Problem:
    """Return a problem; a function of its own, so that worker processes find it by name."""
    return find_problem(name)


def specs() -> list[RunSpec]:
    """Return the runs to do now."""
    return plan(LIVE, PROBLEMS, SEEDS, TRIALS)


def make_references() -> None:
    """Write what regret is measured between, for the problems here alone.

    The guard has a file of its own, so that other changes to the benchmark leave its scale alone.
    """
    write_references({name: make_reference(find_problem(name)) for name in PROBLEMS}, REFERENCES)


def record_baseline(runs: Path, folder: Path = RECORDED) -> None:
    """Store Wazir's runs of a file as the baseline."""
    own = folder / f"{BASELINE}.new"
    own.unlink(missing_ok=True)
    for record in read(runs):
        if record["peer"] == OWN:
            append(own, record)
    pack([own], folder / f"{BASELINE}.jsonl.gz")
    own.unlink()


def load_runs(runs: Path, folder: Path = RECORDED) -> dict[str, dict[Case, RunResult]]:
    """Return the runs of each optimizer, recorded ones included; `BASELINE` is Wazir before.

    Raises:
        MissingRunsError: a run of the guard is not there.
    """
    found = _by_peer(runs)
    found[PEER] = _by_peer(folder / f"{PEER}.jsonl.gz").get(PEER, {})
    found[BASELINE] = _by_peer(folder / f"{BASELINE}.jsonl.gz").get(OWN, {})
    for peer in (*LIVE, PEER, BASELINE):
        _check(peer, found.get(peer, {}))
    return found


def _by_peer(file: Path) -> dict[str, dict[Case, RunResult]]:
    found: dict[str, dict[Case, RunResult]] = {}
    results = load([file] if file.exists() else [], references(REFERENCES))
    for run in results.runs:
        if run.spec.n_trials == TRIALS and run.spec.pending == 1:
            found.setdefault(run.spec.peer, {})[run.spec.problem, run.spec.seed] = run
    return found


def _check(peer: str, runs: Iterable[Case]) -> None:
    missing = {(problem, seed) for problem in PROBLEMS for seed in SEEDS} - set(runs)
    if missing:
        how = "--record makes them" if peer == BASELINE else "benchmarks/README.md says how"
        raise MissingRunsError(
            f"{peer} needs {len(PROBLEMS) * len(SEEDS)} runs, {len(missing)} are missing, "
            f"such as {min(missing)}: {how}"
        )


def regret_table(runs: Mapping[Case, RunResult]) -> NDArray[np.float64]:
    """Return the regret after the last trial, shape (problems, seeds), within [0, 3]."""
    rows = [[runs[problem, seed].regret_at(TRIALS) for seed in SEEDS] for problem in PROBLEMS]
    return np.array(rows, dtype=float)
