"""Early stopping on learning curves, on a simulated clock: epochs used, and regret at the end.

run      simulate studies: tasks x deciders x workers x seeds; what is in the file is not done again
report   tables from files of results, with paired bootstrap intervals against no stopping
"""

import argparse
import json
import sys
from itertools import product
from pathlib import Path

HERE = Path(__file__).resolve().parent
# As a package, so that its names do not meet those of other benchmarks.
sys.path[0] = str(HERE.parent)


def _run(options: argparse.Namespace) -> int:
    from stopping.budgets import PREFIX, play
    from stopping.simulation import Setup, Study
    from stopping.tasks import SUITES, make_task

    names = SUITES.get(options.tasks) or options.tasks.split(",")
    done = set()
    if options.out.exists():
        records = map(json.loads, options.out.read_text(encoding="utf-8").splitlines())
        done = {_key(record) for record in records}
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    for name in names:
        task = None
        for seed, workers, decider, order, label in product(
            seeds,
            map(int, options.workers.split(",")),
            options.rules.split("+"),
            options.orders.split(","),
            options.labels.split(","),
        ):
            setup = Setup(decider, order, workers, options.trials, seed, label)
            record = {"task": name, **vars(setup)}
            if _key(record) in done:
                continue
            task = task or make_task(name, options.data)
            if decider.startswith(PREFIX):
                record |= play(task, setup)
            else:
                record |= Study(task, setup).run()
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
    return 0


def _key(record: dict) -> tuple:
    names = ("task", "decider", "order", "n_workers", "n_trials", "seed", "label")
    return tuple(record[name] for name in names)


def _report(options: argparse.Namespace) -> int:
    from stopping.report import tables

    print(tables(options.files, options.against))
    return 0


def main() -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="benchmarks/stopping", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run")
    run.add_argument("--tasks", default="development", help="a suite, or names with commas")
    run.add_argument("--rules", default="none+default", help="deciders, with + between them")
    run.add_argument("--orders", default="wazir", help="random, wazir")
    run.add_argument("--workers", default="1,8")
    run.add_argument("--labels", default="expected")
    run.add_argument("--seeds", default="0-2")
    run.add_argument("--trials", type=int, default=100)
    run.add_argument("--data", type=Path, required=True)
    run.add_argument("--out", type=Path, required=True)
    run.set_defaults(call=_run)
    report = commands.add_parser("report")
    report.add_argument("files", type=Path, nargs="+")
    report.add_argument("--against", default="none")
    report.set_defaults(call=_report)
    options = parser.parse_args()
    return int(options.call(options))


if __name__ == "__main__":
    sys.exit(main())
