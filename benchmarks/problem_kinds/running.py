"""`run`: optimizers on problems of other kinds, as JSON lines; a second call goes on."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from environments import environment
from measure import machine_name, revision
from peers.registry import SOURCE, find_peer
from runner.plan import expand, names, numbers, plan
from runner.workers import Work, pending_runs, work_off

from problem_kinds.registry import SUITES, get_problem
from problem_kinds.session import play


def main(argv: Sequence[str]) -> int:
    """Do the runs that are asked for; 1 if some have failed."""
    args = _parser().parse_args(argv)
    problems = expand(args.problems, lambda word: SUITES.get(word.lower()))
    specs = plan(args.peers, problems, args.seeds, args.trials, pending=args.pending)
    todo = pending_runs(specs, args.out)
    print(f"{len(specs)} runs, {len(specs) - len(todo)} of them done", file=sys.stderr)
    work = Work(
        out=args.out,
        pythons={name: str(environment(find_peer(name).requirements_file)) for name in args.peers},
        load_problem=partial(get_problem, data=args.data),
        facts={"machine": machine_name(), "revision": args.revision or revision(args.source)},
        source=args.source.resolve(),
        play=play,
    )
    counts = work_off(work, todo, min(args.jobs, max(len(todo), 1)))
    print(", ".join(f"{count} {status}" for status, count in counts.items()), file=sys.stderr)
    return 1 if counts["failed"] or counts["lost"] else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/problem_kinds run", description=__doc__
    )
    parser.add_argument("--peers", type=names, required=True, help="as in benchmarks/optimizer")
    parser.add_argument("--problems", type=names, required=True, help="problems and suites")
    parser.add_argument("--seeds", type=numbers, default=[0], help="such as 0-4")
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--pending", type=numbers, default=[1], help="points at a time")
    parser.add_argument("--data", type=Path, help="folder of benchmark data")
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, appended to")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time")
    parser.add_argument("--source", type=Path, default=SOURCE, help="where Wazir is imported from")
    parser.add_argument("--revision", help="what to call that source (default: its git revision)")
    return parser
