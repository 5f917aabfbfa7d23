"""Measure one thing of one optimizer, and give it as a record."""

import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from measure import run_measured
from peers.registry import Peer
from runner.host_client import HOST, Host

from latency.workload import SPACE, points, value

Record = dict[str, Any]
BASE_IMPORTS = "import numpy, scipy.linalg, scipy.optimize, scipy.special"
N_KNOWN_AT_FIRST = 20


def suggestion(
    peer: Peer, python: str, n_trials: int, n_cycles: int, seed: int, source: Path, limit_s: float
) -> Record:
    """Return the CPU of suggestions in a study of `n_trials` results, one process.

    The results are told; two cycles of ask and tell warm up, because two models of Wazir take turns
    and begin with a long fit. Then cycles are measured, at least
    two, until there are `n_cycles` or they have cost `limit_s` CPU seconds.
    """
    argv = [python, str(HOST), peer.name]
    with Host(argv, peer.environment(source), max(10 * limit_s, 120.0)) as host:
        host.request(
            op="start", space=SPACE, seed=seed, n_trials=n_trials + n_cycles + 2, n_pending=1
        )
        for point in points(n_trials - 1, seed):
            host.request(op="observe", params=point, value=value(point))
        first_s, rss_mb = _cycle(host)
        second_s, rss_mb = _cycle(host)
        costs: list[float] = []
        while len(costs) < n_cycles and (len(costs) < 2 or sum(costs) < limit_s):
            cpu_s, rss_mb = _cycle(host)
            costs.append(cpu_s)
        host.request(op="end")
        versions = host.hello["versions"]
    return {
        "part": "suggestion",
        "n": n_trials,
        "first_ms": 1e3 * first_s,
        "second_ms": 1e3 * second_s,
        "mean_ms": 1e3 * statistics.fmean(costs),
        "median_ms": 1e3 * statistics.median(costs),
        "max_ms": 1e3 * max(costs),
        "n_cycles": len(costs),
        "rss_mb": rss_mb,
        "versions": versions,
    }


def _cycle(host: Host) -> tuple[float, float]:
    asked = host.request(op="ask", count=1)
    point = asked["points"][0]
    told = host.request(op="tell", id=point["id"], value=value(point["params"]))
    return asked["cpu_s"] + told["cpu_s"], told["rss_mb"]


def first(peer: Peer, python: str, base_python: str, source: Path) -> Record:
    """Return the CPU of a fresh process up to its first suggestion, and that of bare imports."""
    env = peer.environment(source)
    words = [python, str(HOST), peer.name, "first", str(N_KNOWN_AT_FIRST)]
    usage = run_measured(words, env=env)
    base = run_measured([base_python, "-c", BASE_IMPORTS], env=env)
    return {"part": "first", "n": N_KNOWN_AT_FIRST, "cpu_s": usage.cpu_s, "base_cpu_s": base.cpu_s}


def size(peer: Peer, python: str, source: Path) -> Record:
    """Return the installed size of a peer's environment in MB, with Wazir's own files for Wazir."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = Path(python).parents[1] / "lib" / version / "site-packages"
    folders = [it for it in packages.iterdir() if not it.name.lower().startswith("pip")]
    total = sum(_bytes(folder) for folder in folders)
    if peer.requirements == "wazir":
        total += _bytes(source)
    return {"part": "size", "n": 0, "mb": total / 1e6}


def _bytes(path: Path) -> int:
    """Return the size of a folder's files as they were delivered: without byte code."""
    if path.is_file():
        return path.stat().st_size
    return sum(
        file.stat().st_size
        for file in path.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    )


def stamped(record: Record, peer: Peer, facts: Mapping[str, str]) -> Record:
    """Return a record with what it is about and when it was measured."""
    day = time.strftime("%Y-%m-%d")
    return {"peer": peer.name, **record, **facts, "day": day}
