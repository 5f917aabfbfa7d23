"""Tables of what earlier studies are worth."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from transfer.simulation import KINDS, NONE
from transfer.tasks import family_of

_AT = (2, 5, 10, 20, 30)
# The regret that a study without an earlier one has here is what the others are timed by.
_LEVEL = 20

Paths = dict[tuple[str, int], NDArray[np.float64]]


def tables(files: Iterable[Path]) -> str:
    """Return the tables of files of results."""
    runs: dict[str, Paths] = defaultdict(dict)
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            runs[record["kind"]][record["task"], record["seed"]] = np.array(record["regrets"])
    shared = sorted(set.intersection(*(set(paths) for paths in runs.values())))
    groups = {"all": shared}
    for key in shared:
        groups.setdefault(family_of(key[0]), []).append(key)
    lines = []
    for name, keys in groups.items():
        n_tasks = len({task for task, _ in keys})
        lines += [
            f"\n### {name}: {n_tasks} tasks, {len(keys)} runs of each kind\n",
            *_table(runs, keys),
        ]
    return "\n".join(lines)


def _table(runs: dict[str, Paths], keys: Sequence[tuple[str, int]]) -> list[str]:
    head = " | ".join(f"at {n}" for n in _AT)
    lines = [f"| earlier study | {head} | trials lost | 90 % of runs |"]
    lines.append("|---|" + "---|" * (len(_AT) + 2))
    for kind in KINDS:
        if kind not in runs:
            continue
        means = np.mean([runs[kind][key] for key in keys], axis=0)
        cells = " | ".join(f"{means[n - 1]:.3f}" for n in _AT)
        lost = _trials_lost(runs, kind, keys)
        lines.append(f"| {kind} | {cells} | {lost[0]} | {lost[1]} |")
    return lines


def _trials_lost(
    runs: dict[str, Paths], kind: str, keys: Sequence[tuple[str, int]]
) -> tuple[str, str]:
    """Return how many more trials the mean path and most runs need for the same regret.

    Of the mean over runs: trials to the level that a study without an earlier one has after 20,
    less 20. Of single runs: to the mean level of the task, less what those without need on
    average; so runs without have a spread too.
    """
    level = np.mean([runs[NONE][key] for key in keys], axis=0)[_LEVEL - 1]
    reached = _first_at(np.mean([runs[kind][key] for key in keys], axis=0), level)
    mean = f"{reached - _LEVEL:+d}" if reached else f"> {_n_trials(runs, kind) - _LEVEL}"
    more = []
    for task in sorted({task for task, _ in keys}):
        own = [key for key in keys if key[0] == task]
        goal = np.mean([runs[NONE][key] for key in own], axis=0)[_LEVEL - 1]
        n_most = _n_trials(runs, kind) + 1
        without = [_first_at(runs[NONE][key], goal) or n_most for key in own]
        with_it = [_first_at(runs[kind][key], goal) or n_most for key in own]
        more += (np.array(with_it) - np.mean(without)).tolist()
    return mean, f"<= {np.quantile(more, 0.9):+.0f}"


def _first_at(path: NDArray[np.float64], level: float) -> int:
    """Return the first trial with a regret of `level` or less, 0 without one."""
    found = np.flatnonzero(path <= level + 1e-9)
    return int(found[0]) + 1 if len(found) else 0


def _n_trials(runs: dict[str, Paths], kind: str) -> int:
    return len(next(iter(runs[kind].values())))
