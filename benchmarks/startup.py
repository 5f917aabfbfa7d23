"""CPU of starting: `wazir --help`, `import wazir.reporting`, `import wazir`.

Each command runs as a fresh process, the commands in turn; user + system CPU of the process is
counted. Which modules were loaded is read from `python -X importtime`. Goals: `wazir --help` and
`import wazir.reporting` under 0.15 s and without numpy, `import wazir` under 0.4 s.
"""

import re
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

import measure
from measure import Report, alternating, progress, run_measured, spread, table, verdict

HEAVY = ("numpy", "scipy", "fastapi", "yaml", "rich", "sqlite3", "asyncio", "importlib.metadata")


@dataclass
class Command:
    """A command to start; `goal_s` None means: shown without a goal."""

    label: str
    argv: list[str]
    goal_s: float | None = None
    may_load_numpy: bool = True
    cpu_s: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Measure one start."""
        usage = run_measured(self.argv, env=measure.wazir_environment())
        self.cpu_s.append(usage.cpu_s)

    def import_times(self) -> dict[str, int]:
        """Return the modules that are loaded, with their own time in microseconds."""
        argv = self.argv
        if argv[0] != sys.executable:
            argv = [sys.executable, *argv]
        argv = [argv[0], "-X", "importtime", *argv[1:]]
        done = subprocess.run(
            argv, env=measure.wazir_environment(), capture_output=True, text=True, check=True
        )
        pattern = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)
        return {name: int(own) for own, name in pattern.findall(done.stderr)}


def commands() -> list[Command]:
    """Return what is measured."""
    python = [sys.executable, "-c"]
    wazir = measure.wazir_command()
    return [
        Command("`python -c pass`", [*python, "pass"]),
        Command("`import wazir.reporting`", [*python, "import wazir.reporting"], 0.15, False),
        Command("`wazir --help`", [*wazir, "--help"], 0.15, False),
        Command("`import wazir`", [*python, "import wazir"], 0.4),
        Command(
            "`wazir.create_study` is looked up", [*python, "import wazir; wazir.create_study"]
        ),
        Command("`wazir tune --help`", [*wazir, "tune", "--help"]),
    ]


def main() -> None:
    """Measure and report."""
    parser = measure.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--slowest", type=int, default=5, help="modules to show per command")
    args = parser.parse_args()
    report = Report("startup", "CPU of starting", sys.argv[1:])
    measured = commands()
    progress("one start of each, so that the byte code is there")
    for command in measured:
        command.run()
        command.cpu_s.clear()
    progress(f"measuring {args.rounds} rounds")
    alternating(args.rounds, [command.run for command in measured])
    report.add(
        f"CPU seconds (user + system) of {args.rounds} starts: median and spread (min-max)."
    )
    header = ["", "CPU, s", "goal, s", "", "modules", "of them heavy"]
    report.add(table(header, [_row(command) for command in measured]))
    report.add("The modules that take longest to load, by their own time under `-X importtime`:")
    report.add(_slowest(measured, args.slowest))
    report.publish(write=args.write)


def _row(command: Command) -> list[str]:
    loaded = command.import_times()
    heavy = [name for name in HEAVY if name in loaded]
    if command.goal_s is None:
        goal, result = "", ""
    else:
        has_numpy = "numpy" in heavy and not command.may_load_numpy
        goal = f"{command.goal_s:g}" + ("" if command.may_load_numpy else ", no numpy")
        result = verdict(statistics.median(command.cpu_s), command.goal_s)
        result = "**missed**: numpy is loaded" if has_numpy else result
    return [
        command.label,
        spread(command.cpu_s),
        goal,
        result,
        str(len(loaded)),
        ", ".join(heavy) or "none",
    ]


def _slowest(measured: list[Command], n_shown: int) -> str:
    rows = []
    for command in measured[1:]:
        times = sorted(command.import_times().items(), key=lambda item: -item[1])[:n_shown]
        shown = ", ".join(f"{name} {own / 1000:.1f} ms" for name, own in times)
        rows.append(f"- {command.label}: {shown}")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
