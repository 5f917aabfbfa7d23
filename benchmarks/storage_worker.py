"""The process that both sides of the storage benchmark run in: standard library only."""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

N_PARAMETERS = 10

Pair: TypeAlias = Callable[[], None]


def run_worker(
    fill: Callable[[Path, int], None],
    opened: Callable[[Path], Pair],
    count: Callable[[Path], int],
    compare: Callable[[Path], None] | None = None,
) -> None:
    """Do what the arguments say: fill, measure pairs, count trials, compare rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("action", choices=["fill", "pairs", "count", "compare"])
    parser.add_argument("file", type=Path)
    parser.add_argument("number", type=int, nargs="?", default=0)
    args = parser.parse_args()
    if args.action == "fill":
        fill(args.file, args.number)
        print(json.dumps({"n_trials": count(args.file)}))
    elif args.action == "pairs":
        print(json.dumps(measured(opened, args.file, args.number)))
    elif args.action == "count":
        print(json.dumps({"n_trials": count(args.file)}))
    elif compare is not None:
        compare(args.file)
    else:
        sys.exit("nothing to compare")


def measured(
    opened: Callable[[Path], Pair], file: Path, n_pairs: int
) -> dict[str, float | list[float]]:
    """Return what pairs cost in seconds; the first one opens the study, and stands apart."""
    begin = time.process_time()
    pair = opened(file)
    pair()
    first_cpu_s = time.process_time() - begin
    cpu_s, wall_s = [], []
    for _ in range(n_pairs):
        cpu, wall = time.process_time(), time.perf_counter()
        pair()
        cpu_s.append(time.process_time() - cpu)
        wall_s.append(time.perf_counter() - wall)
    return {"first_cpu_s": first_cpu_s, "cpu_s": cpu_s, "wall_s": wall_s}
