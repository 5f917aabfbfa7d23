"""`report`: tables and figures from files of runs, to `benchmarks/results/` with `--write`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from measure import RESULTS, Report

from report import figures, tables
from report.results import ALL_ONE_BY_ONE, Results, checkpoints, load, references

SHOWN = (20, 50, 100, 200)
HOW_TO_READ = """
Regret is 0 at the best known value of a problem and 1 at the median of what 50 random points
reach, clipped to [0, 3]; it is that of the configuration that the optimizer would hand over, in
true (noise-free) value. Means are over problems, then seeds. Differences are {own}'s regret less the
other's on the runs that both have, with the 95% interval of a paired bootstrap over problems and
seeds: *won* and *lost* exclude 0, *equal* lies within 0.05 of it, all else is *undecided*, and so is
what only one problem says; with fewer than five problems an interval is too narrow. Stuck
means that a run ends with regret above 0.5. "Trials of {own} to its end": after how many trials
{own} has what the other has at its end (median over runs).
"""


def main(argv: Sequence[str]) -> int:
    """Print the report, and store it if asked to."""
    args = _parser().parse_args(argv)
    results = load(args.files, references(), default_first=not args.no_default)
    if not results.runs:
        print("there are no runs to report on in these files", file=sys.stderr)
        return 1
    made = Report(args.name, "The optimizer beside its peers", list(argv), is_timed=False)
    made.command = "benchmarks/optimizer report"
    compose(made, results, args.against, args.figures if args.write else None)
    made.publish(write=args.write)
    return 0


def compose(
    made: Report, results: Results, own: str, folder: Path | None, shown: Sequence[int] = ()
) -> None:
    """Add all sections to a report; figures are drawn where there is a folder for them.

    `shown` are the numbers of trials of the tables.
    """
    sections = dict(sorted(results.sections().items()))
    counts = checkpoints(results)
    shown = shown or [count for count in SHOWN if count in counts] or counts[-1:]
    made.add(HOW_TO_READ.format(own=own))
    made.add("## Verdicts")
    parts = {name: peers for name, peers in sections.items() if name != ALL_ONE_BY_ONE}
    made.add(tables.tally(parts, own, shown))
    made.add(tables.verdicts(sections, own, shown))
    for name, peers in sections.items():
        made.add(f"## {name.replace('_', ' ').capitalize()}")
        made.add(tables.section(peers, own, shown))
    made.add(
        "## Cost\n\nMedians over runs; the CPU of a suggestion is that of asking and telling."
    )
    made.add(tables.costs(results))
    made.add("## Runs")
    made.add(tables.made_of(results))
    if results.failures:
        made.add(tables.failures(results))
    if results.n_without_reference:
        missing = ", ".join(sorted(results.n_without_reference))
        made.add(f"Left out, for want of a reference value: runs on {missing}.")
    if folder is not None:
        files = figures.draw(results, sections, own, counts, folder)
        made.add("\n".join(["## Figures", "", *(f"![]({folder.name}/{it.name})" for it in files)]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/optimizer report", description=__doc__
    )
    parser.add_argument("files", type=Path, nargs="+", help="JSON lines, plain or .gz")
    parser.add_argument("--against", default="wazir", help="the optimizer that is compared")
    parser.add_argument("--name", default="optimizer", help="file name of the report")
    parser.add_argument("--figures", type=Path, default=RESULTS / "figures", help="their folder")
    parser.add_argument(
        "--no-default", action="store_true", help="runs in which nobody got the default"
    )
    parser.add_argument("--write", action="store_true", help="store report and figures")
    return parser
