"""What earlier studies are worth: regret with a right, an inverted, a shuffled one, and without.

run      tune: tasks x kinds x seeds; what is in the file is not done again
report   tables from files of results
"""

import argparse
import json
import sys
import time
from itertools import product
from pathlib import Path

HERE = Path(__file__).resolve().parent
# As a package; the problems are those of the optimizer's benchmark.
sys.path[0] = str(HERE.parent)
sys.path.append(str(HERE.parent / "optimizer"))


def _run(options: argparse.Namespace) -> int:
    from threadpoolctl import threadpool_limits

    from transfer.simulation import regrets
    from transfer.tasks import family_of, make_task, names

    wanted = options.tasks.split(",")
    chosen = [n for n in names() if {"all", n, family_of(n)} & set(wanted)]
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    done = set()
    if options.out.exists():
        records = map(json.loads, options.out.read_text(encoding="utf-8").splitlines())
        done = {(r["task"], r["kind"], r["seed"]) for r in records}
    threadpool_limits(1)
    for name in chosen:
        task = make_task(name, options.data)
        for seed, kind in product(seeds, options.kinds.split(",")):
            if (name, kind, seed) in done:
                continue
            began = time.process_time()
            path, weights = regrets(task, kind, seed, options.trials)
            record = {"task": name, "kind": kind, "seed": seed, "regrets": path}
            record |= {"weights": weights, "cpu_s": round(time.process_time() - began, 2)}
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
    return 0


def _report(options: argparse.Namespace) -> int:
    from transfer.report import tables

    print(tables(options.files))
    return 0


def main() -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="benchmarks/transfer", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run")
    run.add_argument("--tasks", default="all", help="all, families or names, with commas")
    run.add_argument("--kinds", default="none,right,inverted,shuffled")
    run.add_argument("--seeds", default="0-4")
    run.add_argument("--trials", type=int, default=30)
    run.add_argument("--data", type=Path, required=True)
    run.add_argument("--out", type=Path, required=True)
    run.set_defaults(call=_run)
    report = commands.add_parser("report")
    report.add_argument("files", type=Path, nargs="+")
    report.set_defaults(call=_report)
    options = parser.parse_args()
    return options.call(options)


if __name__ == "__main__":
    sys.exit(main())
