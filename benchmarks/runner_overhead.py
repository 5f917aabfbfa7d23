"""What `wazir tune` costs beyond the programs that it runs.

A: `wazir tune` with random search and one parameter. B: a pool of `subprocess.run` with the same
program, the same number of runs and the same parallelism. They alternate; each A is compared with
the B beside it. The CPU of A is that of the runner with all of its helpers and programs (helpers
that outlive their parent are adopted, so nothing is missed); the programs' own CPU is taken from
B. Goals: under 20 ms of CPU per trial beyond the program's own, and a wall time within twice that
of the pool.

Two programs: `python -c pass` has no metric, so its trials all end INFEASIBLE; the other one
prints the metric, so its trials succeed. `--profile` shows where the runner's own CPU goes.
"""

import contextlib
import cProfile
import io
import json
import os
import pstats
import runpy
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import measure
from measure import Report, Usage, alternating, progress, run_measured, spread, table, verdict

GOAL_CPU_S = 0.020
GOAL_RATIO = 2.0
POOL = Path(__file__).resolve().parent / "pool.py"
# Without -S or -I on purpose: this is what a user's program costs.
PROGRAMS = {
    "`python -c pass`": [sys.executable, "-c", "pass"],
    "`python -c 'print(\"m=1\")'`": [sys.executable, "-c", 'print("m=1")'],
}


@dataclass
class Contest:
    """One program under Wazir and in the pool."""

    label: str
    program: list[str]
    n_trials: int
    n_parallel: int
    folder: Path
    jobs: list[Usage] = field(default_factory=list)
    pools: list[Usage] = field(default_factory=list)
    programs_cpu_s: list[float] = field(default_factory=list)

    def tune_words(self, n_trials: int) -> list[str]:
        """Return the arguments of `wazir`."""
        # More failures than trials are allowed: `pass` has no metric.
        return [
            *("tune", "--minimize", "m", "-p", "x=0.0..1.0", "--algorithm", "random"),
            *("--trials", str(n_trials), "--parallel", str(self.n_parallel)),
            *("--max-failed-trials", str(n_trials + 1), "--seed", "1"),
            *("--", *self.program),
        ]

    def run_job(self) -> None:
        """Measure `wazir tune` in a fresh folder."""
        with tempfile.TemporaryDirectory(dir=self.folder) as cwd:
            usage = run_measured(
                [*measure.wazir_command(), *self.tune_words(self.n_trials)],
                cwd=Path(cwd),
                env=measure.wazir_environment(),
                codes=(0, 1),
            )
            self._check(Path(cwd))
        self.jobs.append(usage)

    def _check(self, cwd: Path) -> None:
        ended = list((cwd / "wazir-runs").glob("*/trials/*/**/exit.json"))
        if len(ended) != self.n_trials:
            raise measure.CommandFailedError(f"{len(ended)} of {self.n_trials} programs ended")

    def run_pool(self) -> None:
        """Measure the pool."""
        words = [
            str(POOL),
            str(self.n_trials),
            str(self.n_parallel),
            *self.program,
            "--x",
            "0.{i}",
        ]
        usage = run_measured(
            [sys.executable, *words], cwd=self.folder, env=measure.wazir_environment()
        )
        self.pools.append(usage)
        self.programs_cpu_s.append(json.loads(usage.stdout)["programs_cpu_s"])

    def overheads_s(self) -> list[float]:
        """Return the CPU per trial beyond the program's own, by pair."""
        pairs = zip(self.jobs, self.programs_cpu_s, strict=True)
        return [(job.cpu_s - programs) / self.n_trials for job, programs in pairs]

    def wall_ratios(self) -> list[float]:
        """Return the wall time of the job as a multiple of the pool's, by pair."""
        return [job.wall_s / pool.wall_s for job, pool in zip(self.jobs, self.pools, strict=True)]

    def row(self) -> list[str]:
        """Return one row of the table."""
        programs = [1e3 * cpu_s / self.n_trials for cpu_s in self.programs_cpu_s]
        pool = [
            1e3 * (usage.cpu_s - cpu_s) / self.n_trials
            for usage, cpu_s in zip(self.pools, self.programs_cpu_s, strict=True)
        ]
        return [
            self.label,
            spread(programs, "{:.1f}"),
            spread([1e3 * value for value in self.overheads_s()], "{:.1f}"),
            spread(pool, "{:.1f}"),
            spread([usage.wall_s for usage in self.jobs], "{:.2f}"),
            spread([usage.wall_s for usage in self.pools], "{:.2f}"),
            spread(self.wall_ratios(), "{:.2f}"),
        ]

    def verdicts(self) -> str:
        """Return whether the goals are met, as list items."""
        cpu_s = statistics.median(self.overheads_s())
        ratio = statistics.median(self.wall_ratios())
        return (
            f"- {self.label}: CPU {1e3 * cpu_s:.1f} ms per trial (goal: under 20), "
            f"{verdict(cpu_s, GOAL_CPU_S)}; wall time {ratio:.2f} times the pool's "
            f"(goal: within 2), {verdict(ratio, GOAL_RATIO)}."
        )


def main() -> None:
    """Measure and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5, help="pairs per program")
    parser.add_argument("--folder", type=Path, help="where the jobs run; default: a temporary one")
    parser.add_argument("--profile", action="store_true", help="profile the runner, and end")
    args = parser.parse_args()
    report = Report("runner_overhead", "Overhead of the runner", sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="wazir-runner-", dir=args.folder) as name:
        contests = [
            Contest(label, program, args.trials, args.parallel, Path(name))
            for label, program in PROGRAMS.items()
        ]
        if args.profile:
            print(profile_of(contests[-1]))
            return
        are_all_counted = measure.adopt_orphans()
        runs = [run for one in contests for run in (one.run_job, one.run_pool)]
        progress(f"measuring {args.rounds} rounds")
        alternating(args.rounds, runs)
    _describe(report, contests, args.trials, args.parallel, args.rounds)
    if not are_all_counted:
        report.add("Not on Linux: helpers that outlive the runner are not counted.")
    report.publish(write=args.write)


def _describe(
    report: Report, contests: list[Contest], n_trials: int, n_parallel: int, n_rounds: int
) -> None:
    report.add(
        f"{n_trials} trials, {n_parallel} at a time, random search, output to a pipe, a fresh "
        f"folder and database each. Median and spread (min-max) of {n_rounds} pairs. CPU is user "
        "+ system, and the start of `wazir` itself (imports, opening the database) is spread "
        "over the trials."
    )
    header = [
        "program",
        "its own CPU, ms",
        "Wazir beyond it, CPU ms per trial",
        "pool beyond it, CPU ms per run",
        "`wazir tune`, wall s",
        "pool, wall s",
        "wall ratio",
    ]
    report.add(table(header, [one.row() for one in contests]))
    report.add("\n".join(one.verdicts() for one in contests))


def profile_of(contest: Contest, n_shown: int = 40) -> str:
    """Return where the CPU of the runner's own process goes, imports included.

    Helpers and programs are not in it. Times are CPU seconds.
    """
    measure.make_importable()
    before = (sys.argv, Path.cwd())
    profiler = cProfile.Profile(time.process_time)
    with tempfile.TemporaryDirectory(dir=contest.folder) as cwd:
        os.chdir(cwd)
        sys.argv = ["wazir", *contest.tune_words(contest.n_trials)]
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
                profiler.runcall(runpy.run_module, "wazir", run_name="__main__")
        finally:
            sys.argv = before[0]
            os.chdir(before[1])
    text = io.StringIO()
    stats = pstats.Stats(profiler, stream=text).strip_dirs()
    stats.sort_stats("cumulative").print_stats(n_shown)
    stats.sort_stats("tottime").print_stats(n_shown)
    return text.getvalue()


if __name__ == "__main__":
    main()
