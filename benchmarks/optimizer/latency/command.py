"""`latency`: CPU and memory of a suggestion, first suggestion of a process, installed size.

Records go to a file of JSON lines and the table is made from all of them, so optimizers that are
slow are measured once. What the file has already is not measured again; `--again` removes what it
has of the optimizers named, and measures them anew.
"""

import argparse
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from environments import environment
from measure import CommandFailedError, Report, machine_name, progress, revision
from peers.registry import SOURCE, Peer, find_peer
from runner.host_client import PeerError
from runner.plan import names, numbers
from runner.records import append, read, remove

from latency import measuring, table
from latency.measuring import Record

BUDGET_S = 120.0


def main(argv: Sequence[str]) -> int:
    """Measure what is missing, print the tables, and store them if asked to."""
    args = _parser().parse_args(argv)
    report = Report(
        "suggestion_cost",
        "What a suggestion costs",
        list(argv),
        command="benchmarks/optimizer latency",
    )
    if args.again:
        remove(args.out, args.peers)
    known = list(read(args.out)) if args.out.exists() else []
    facts = {"machine": machine_name(), "revision": args.revision or revision(args.source)}
    for name in args.peers:
        peer = find_peer(name)
        python = str(environment(peer.requirements_file))
        for record in _measured(peer, python, args, known):
            append(args.out, measuring.stamped(record, peer, facts))
    table.compose(report, list(read(args.out)))
    report.publish(write=args.write)
    return 0


def _measured(
    peer: Peer, python: str, args: argparse.Namespace, known: Sequence[Record]
) -> Iterator[Record]:
    parts = {record["part"] for record in known if record["peer"] == peer.name}
    sizes = {
        record["n"] for record in known if record["peer"] == peer.name and "mean_ms" in record
    }
    if "size" not in parts and peer.requirements != "problems":
        yield measuring.size(peer, python, args.source)
    if "first" not in parts:
        base_python = str(environment(find_peer("wazir").requirements_file))
        for _ in range(args.rounds):
            progress(f"{peer.name}: first suggestion")
            try:
                yield measuring.first(peer, python, base_python, args.source)
            except CommandFailedError as error:
                progress(str(error))
    yield from _suggestions(peer, python, args, [n for n in args.sizes if n not in sizes])


def _suggestions(
    peer: Peer, python: str, args: argparse.Namespace, sizes: Sequence[int]
) -> Iterator[Record]:
    """Measure growing studies, until one suggestion would cost more than the budget allows."""
    last = (0, 0.0)
    for count in sizes:
        expected_s = last[1] * (count / last[0]) ** 2 if last[0] else 0.0
        if expected_s > BUDGET_S:
            progress(f"{peer.name} at {count}: left out, about {expected_s:.0f} s per suggestion")
            return
        found = []
        for round_number in range(1 if last[1] > 1.0 else args.rounds):
            progress(f"{peer.name} at {count}")
            try:
                record = measuring.suggestion(
                    peer, python, count, args.cycles, round_number, args.source, args.limit
                )
            except PeerError as error:
                progress(f"{peer.name} at {count}: {error}")
                yield {"part": "failure", "n": count, "error": str(error).partition("\n")[0][:200]}
                return
            found.append(record)
            yield record
        last = (count, statistics.median(record["mean_ms"] for record in found) / 1e3)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/optimizer latency",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--peers", type=names, required=True)
    parser.add_argument("--sizes", type=numbers, default=[10, 50, 200, 1000, 10_000])
    parser.add_argument("--cycles", type=int, default=16, help="suggestions per process")
    parser.add_argument("--rounds", type=int, default=3, help="processes per size")
    parser.add_argument("--limit", type=float, default=60.0, help="CPU seconds per process")
    parser.add_argument("--out", type=Path, required=True, help="JSON lines, appended to")
    parser.add_argument("--again", action="store_true", help="forget what is there of them")
    parser.add_argument("--source", type=Path, default=SOURCE, help="where Wazir is imported from")
    parser.add_argument("--revision", help="what to call that source (default: its git revision)")
    parser.add_argument("--write", action="store_true", help="store the table")
    return parser
