"""Is the default optimizer still good? `python benchmarks/quick` says so in under 3 minutes.

It runs Wazir's default, random search and Sobol points (12 problems, 10 seeds, 50 trials), and
fails unless Wazir's mean regret is

    shown to be better than random search's and than that of Sobol points,
    shown to be not worse than that of Optuna's default, recorded (margin 0.05),
    not shown to be worse than Wazir's own, recorded before.

`decision.py` says how, and at which error rates. Exit code: 0 passed, 1 failed (or runs did), 2
recorded runs are missing.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    # The folder of this file is a package, which is found beside the modules that it uses.
    _BENCHMARKS = Path(__file__).resolve().parents[1]
    sys.path[0:1] = [str(_BENCHMARKS / "optimizer"), str(_BENCHMARKS)]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from measure import machine_name, revision
from peers.registry import SOURCE
from runner.records import read
from runner.workers import Work, pending_runs, work_off

from quick import cases, page


def main(argv: list[str] | None = None) -> int:
    """Run, compare, print."""
    args = _parser().parse_args(argv)
    if args.references:
        cases.make_references()
        return 0
    with tempfile.TemporaryDirectory() as folder:
        out = args.out or Path(folder) / "runs.jsonl"
        if not _run(out, args):
            return 1
        if args.record:
            cases.record_baseline(out)
        try:
            report = page.compose(cases.load_runs(out))
        except cases.MissingRunsError as error:
            print(error, file=sys.stderr)
            return 2
    print(report.text)
    return 0 if report.is_passed else 1


def _run(out: Path, args: argparse.Namespace) -> bool:
    """Do the runs that `out` lacks; False if any failed."""
    work = Work(
        out=out,
        # The environment of this very process: nothing is installed for the guard.
        pythons=dict.fromkeys(cases.LIVE, sys.executable),
        load_problem=cases.get_problem,
        facts={"machine": machine_name(), "revision": args.revision or revision(args.source)},
        source=args.source.resolve(),
        limit_s=300.0,
    )
    counts = work_off(work, pending_runs(cases.specs(), out), args.jobs)
    if not (counts["failed"] or counts["lost"]):
        return True
    errors = {f"{it['peer']}: {it['error']}" for it in read(out) if it["status"] == "failed"}
    print(f"runs failed or were lost: {dict(counts)}", *sorted(errors), sep="\n", file=sys.stderr)
    return False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python benchmarks/quick",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time (default: 2)")
    parser.add_argument(
        "--out", type=Path, help="keep the runs here, and go on with them; one file per code"
    )
    parser.add_argument(
        "--record", action="store_true", help="make Wazir's runs the baseline of later ones"
    )
    parser.add_argument("--source", type=Path, default=SOURCE, help="where Wazir is imported from")
    parser.add_argument("--revision", help="what to call that source (default: its git revision)")
    parser.add_argument(
        "--references", action="store_true", help="make references.json again, and end"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
