"""Tables of simulated studies: each decider against no stopping, paired by task and seed."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
_N_RESAMPLES = 2000
_FAMILIES = {"taskset": "TaskSet", "lcbench": "lcbench"}


def tables(files: Iterable[Path], against: str) -> str:
    """Return one table per family, order, label and number of workers."""
    groups: dict[tuple, dict[str, dict[tuple, dict]]] = defaultdict(lambda: defaultdict(dict))
    for path in files:
        for record in _records(path):
            family = record["task"].partition(":")[0]
            group = (family, record["order"], record["n_workers"])
            name = record["decider"]
            if name != against and record["label"] != "expected":
                name += f" ({record['label']})"
            groups[group][name][(record["task"], record["seed"])] = record
    parts = []
    for (family, order, workers), found in sorted(groups.items()):
        title = f"## {_FAMILIES[family]}, order: {order}, workers: {workers}"
        parts.append("\n".join([title, "", *_rows(found, against)]))
    return "\n\n".join(parts)


def _records(path: Path) -> list[dict]:
    is_packed = path.suffix == ".gz"
    with gzip.open(path, "rt") if is_packed else path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _rows(found: Mapping[str, Mapping[tuple, dict]], against: str) -> list[str]:
    rows = [
        (
            "| rule | studies | epochs | regret | difference [95%] | best one stopped | "
            "regret at equal epochs: own, none | time |"
        ),
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    base = found[against]
    for name, records in found.items():
        keys = sorted(set(records) & set(base))
        if not keys:
            continue
        own = [records[key] for key in keys]
        other = [base[key] for key in keys]
        regret = _column(own, "regret")
        low, mean, high = interval(keys, regret - _column(other, "regret"))
        equal = [_at(b, r["epochs"]) for r, b in zip(own, other, strict=True)]
        speed = float(np.mean(_column(own, "time") / _column(other, "time")))
        rows.append(
            f"| {name} | {len(keys)} | {np.mean(_column(own, 'epochs')):.2f} "
            f"| {regret.mean():.3f} | {mean:+.3f} [{low:+.3f}, {high:+.3f}] "
            f"| {np.mean([r['wrong'] for r in own]):.0%} "
            f"| {regret.mean():.3f}, {np.mean(equal):.3f} | {speed:.2f} |"
        )
    return rows


def _column(records: Sequence[Mapping], name: str) -> Vector:
    # A study without a finished trial is as bad as a median configuration.
    return np.array([1.0 if r[name] is None else r[name] for r in records], dtype=np.float64)


def _at(record: Mapping, share: float) -> float:
    """Return the regret of a study once it has used `share` of its epochs."""
    steps = share * record["all_steps"]
    seen = [regret for n, regret in record["path"] if n <= steps]
    return seen[-1] if seen else 1.0


def interval(keys: Sequence[tuple], differences: Vector) -> tuple[float, float, float]:
    """Return low, mean, high of a bootstrap over tasks, and over seeds within each drawn task."""
    by_task: dict[str, list[float]] = defaultdict(list)
    for (task, _), difference in zip(keys, differences, strict=True):
        by_task[task].append(float(difference))
    groups = [np.array(values) for values in by_task.values()]
    rng = np.random.default_rng(0)
    means = np.empty(_N_RESAMPLES)
    for i in range(_N_RESAMPLES):
        drawn = [groups[j] for j in rng.integers(len(groups), size=len(groups))]
        means[i] = np.mean([g[rng.integers(len(g), size=len(g))].mean() for g in drawn])
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(np.mean([g.mean() for g in groups])), float(high)
