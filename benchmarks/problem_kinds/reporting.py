"""`report`: mean ranks and paired differences by kind of problem, as benchmarks/optimizer makes them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from measure import Report
from report.command import compose
from report.results import load, references

from problem_kinds.references import FILE

EXPLANATION = """
Regret is 0 at the best known and 1 at what 50 random points leave (median), in true (noise-free)
values of all trials so far. With several objectives it counts the share of the best known hypervolume
that is missing. With limits on other metrics, trials that fail, or known constraints on the parameters
it is that of the best trial within them, and 3 as long as there is none.
"""


def main(argv: Sequence[str]) -> int:
    """Print the report, and store it if asked to."""
    parser = argparse.ArgumentParser(prog="python benchmarks/problem_kinds report")
    parser.add_argument("files", type=Path, nargs="+", help="JSON lines, plain or .gz")
    parser.add_argument("--against", default="wazir", help="the optimizer that is compared")
    parser.add_argument("--name", default="problem_kinds", help="file name of the report")
    parser.add_argument("--write", action="store_true", help="store the report")
    args = parser.parse_args(argv)
    results = load(args.files, references(FILE))
    if not results.runs:
        print("there are no runs to report on in these files", file=sys.stderr)
        return 1
    made = Report(args.name, "Other kinds of problems", list(argv), is_timed=False)
    made.command = "benchmarks/problem_kinds report"
    made.add(EXPLANATION)
    budgets = {run.spec.n_trials for run in results.runs}
    compose(made, results, args.against, None, sorted({20, *budgets}))
    made.publish(write=args.write)
    return 0
