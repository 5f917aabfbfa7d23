"""`run`: optimizers on problems of other kinds, as JSON lines; a second call goes on."""

from collections.abc import Sequence

from runner.command import Bench, run_bench

from problem_kinds.registry import SUITES, get_problem
from problem_kinds.session import play

_BENCH = Bench("python benchmarks/problem_kinds run", SUITES, get_problem, play, n_trials=50)


def main(argv: Sequence[str]) -> int:
    """Do the runs that are asked for; 1 if some have failed."""
    return run_bench(argv, _BENCH)
