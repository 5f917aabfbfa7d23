"""`run`: optimizers on problems, as JSON lines; a second call goes on where the first ended."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from environments import environment
from measure import machine_name, revision
from peers.registry import SOURCE, find_peer
from problems import get_problem
from problems.suites import SUITES

from runner.host_client import Host
from runner.plan import expand, names, numbers, plan
from runner.records import Record, RunSpec
from runner.session import run
from runner.workers import Work, pending_runs, work_off


@dataclass(frozen=True)
class Bench:
    """What a benchmark runs: problems by name, in suites, each run played in its way."""

    prog: str
    suites: Mapping[str, Sequence[str]]
    problem_named: Callable[..., Any]
    play: Callable[[RunSpec, Any, Host], Record] = run
    n_trials: int = 100


def main(argv: Sequence[str]) -> int:
    """Do the runs of the optimizer's benchmark that are asked for; 1 if some have failed."""
    return run_bench(argv, Bench("python benchmarks/optimizer run", SUITES, get_problem))


def run_bench(argv: Sequence[str], bench: Bench) -> int:
    """Do the runs of a benchmark that are asked for; 1 if some have failed."""
    args = _parser(bench).parse_args(argv)
    problems = expand(args.problems, lambda word: bench.suites.get(word.lower()))
    specs = plan(
        args.peers,
        problems,
        args.seeds,
        args.trials,
        pending=args.pending,
        default_first=not args.no_default,
    )
    todo = pending_runs(specs, args.out)
    print(f"{len(specs)} runs, {len(specs) - len(todo)} of them done", file=sys.stderr)
    work = Work(
        out=args.out,
        pythons={name: str(environment(find_peer(name).requirements_file)) for name in args.peers},
        load_problem=partial(bench.problem_named, data=args.data),
        facts={"machine": machine_name(), "revision": args.revision or revision(args.source)},
        source=args.source.resolve(),
        limit_s=args.limit,
        play=bench.play,
    )
    counts = work_off(work, todo, min(args.jobs, max(len(todo), 1)))
    print(", ".join(f"{count} {status}" for status, count in counts.items()), file=sys.stderr)
    return 1 if counts["failed"] or counts["lost"] else 0


def _parser(bench: Bench) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=bench.prog, description=__doc__)
    parser.add_argument("--peers", type=names, required=True, help="comma list; see README.md")
    parser.add_argument(
        "--problems",
        type=names,
        required=True,
        help=f"comma list of problems and suites ({', '.join(bench.suites)})",
    )
    parser.add_argument("--seeds", type=numbers, default=[0], help="such as 0-4")
    parser.add_argument("--trials", type=int, default=bench.n_trials)
    parser.add_argument("--pending", type=numbers, default=[1], help="points at a time, as 4,8,16")
    parser.add_argument("--data", type=Path, help="folder of benchmark data")
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, appended to")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds for one answer")
    parser.add_argument("--source", type=Path, default=SOURCE, help="where Wazir is imported from")
    parser.add_argument("--revision", help="what to call that source (default: its git revision)")
    parser.add_argument(
        "--no-default", action="store_true", help="give nobody the problem's default"
    )
    return parser
