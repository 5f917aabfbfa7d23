"""What the benchmarks share: CPU of process trees, medians with their spread, and tables."""

import argparse
import ctypes
import importlib.util
import os
import platform
import resource
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
RESULTS = ROOT / "benchmarks" / "results"

BUSY_SHARE = 0.5
BUSY_NOTE = """
**The machine was busy with other work before this began.** CPU times are too high by an unknown
share, and wall times, with their ratios, say little: measure again on a quiet machine.
""".strip()

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Usage:
    """What a command cost, with all of its descendants: CPU (user + system) and wall seconds."""

    cpu_s: float
    wall_s: float
    stdout: str


class CommandFailedError(Exception):
    """A measured command ended with a code that was not expected."""


@cache
def is_installed() -> bool:
    """Return whether `wazir` can be imported without help from PYTHONPATH."""
    script = "import wazir"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=env, cwd="/", check=False, capture_output=True
    )
    return done.returncode == 0


def wazir_command() -> list[str]:
    """Return how `wazir` is started: the installed script, else `python -m wazir`."""
    script = Path(sys.executable).parent / "wazir"
    if is_installed() and script.exists():
        return [str(script)]
    return [sys.executable, "-m", "wazir"]


def wazir_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which `wazir` can be imported, without settings of its own.

    Settings of the interpreter are left out too: without byte code files every start compiles.
    """
    left_out = ("WAZIR_", "PYTHON")
    env = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    if not is_installed():
        env["PYTHONPATH"] = str(SOURCE)
    return {**env, **(extra or {})}


def make_importable() -> None:
    """Let this process import `wazir` from the source tree if it is not installed."""
    if importlib.util.find_spec("wazir") is None:
        sys.path.insert(0, str(SOURCE))


def adopt_orphans() -> bool:
    """Make orphaned descendants children of this process, so that their CPU is counted.

    Returns:
        False where the system has no such thing (anything but Linux): then the CPU of processes
        that were left behind by their parent is missing.
    """
    if sys.platform != "linux":
        return False
    done: int = ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return done == 0


def run_measured(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    codes: Iterable[int] = (0,),
) -> Usage:
    """Run a command and return what it and its descendants cost.

    The calling process must have no other children. Call `adopt_orphans` first where a command
    leaves helpers behind.

    Raises:
        CommandFailedError: the exit code is not one of `codes`.
    """
    before = _children_cpu_s()
    begin = time.perf_counter()
    done = subprocess.run(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    wall_s = time.perf_counter() - begin
    _reap_all()
    cpu_s = _children_cpu_s() - before
    if done.returncode not in tuple(codes):
        text = (done.stdout + done.stderr).decode(errors="replace")[-2000:]
        raise CommandFailedError(f"{shlex.join(argv)} ended with {done.returncode}:\n{text}")
    return Usage(cpu_s, wall_s, done.stdout.decode(errors="replace"))


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _reap_all() -> None:
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def spread(values: Sequence[float], form: str = "{:.3f}") -> str:
    """Return `median (min-max)` in the form given."""
    shown = [form.format(value) for value in (min(values), max(values))]
    return f"{form.format(statistics.median(values))} ({shown[0]}-{shown[1]})"


def verdict(value: float, goal: float) -> str:
    """Return whether a goal, an upper bound, is met."""
    return "met" if value < goal else "**missed**"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a markdown table; the first column is text, the others are aligned right."""
    lines = [
        "| " + " | ".join(header) + " |",
        "|" + "|".join(["---", *["---:"] * (len(header) - 1)]) + "|",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _load_average() -> float:
    return os.getloadavg()[0]


def revision(source: Path = SOURCE) -> str:
    """Return which code a source folder holds: the git revision, and whether it differs from it."""
    try:
        git = ["git", "-C", str(source)]
        number = _output([*git, "rev-parse", "--short", "HEAD"])
        is_changed = bool(_output([*git, "status", "--porcelain", "--", "."]))
    except (OSError, subprocess.CalledProcessError):
        return "no git revision"
    return f"revision {number}" + (" with uncommitted changes" if is_changed else "")


def _output(argv: Sequence[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Report:
    """A result as markdown: a title, the command, the machine, then sections in order.

    `command` is what stands behind `python` to make it again, by default the script of that name.
    """

    name: str
    title: str
    arguments: Sequence[str]
    is_timed: bool = True
    command: str = ""
    _sections: list[str] = field(default_factory=list, init=False)
    _load: float = field(default_factory=_load_average, init=False)
    _revision: str = field(default_factory=revision, init=False)

    def add(self, text: str) -> None:
        """Add a paragraph or a table."""
        self._sections.append(text.strip())

    def text(self) -> str:
        """Return the whole report."""
        script = self.command or f"benchmarks/{self.name}.py"
        command = shlex.join(["python", *script.split(), *self.arguments])
        head = [f"# {self.title}", f"`{command}`", machine_facts(self._load, self._revision)]
        if self.is_timed and self._load > BUSY_SHARE * (os.cpu_count() or 1):
            head.append(BUSY_NOTE)
        return "\n\n".join([*head, *self._sections]) + "\n"

    def publish(self, *, write: bool) -> None:
        """Print the report, and store it in `results/` if asked to."""
        print(self.text())
        if write:
            RESULTS.mkdir(exist_ok=True)
            path = RESULTS / f"{self.name}.md"
            path.write_text(self.text(), encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}", file=sys.stderr)


def machine_facts(load_before: float, revision: str) -> str:
    """Return what has to be known of the machine to read a result."""
    how = "installed" if is_installed() else "from the source tree (`PYTHONPATH=src`)"
    facts = [
        f"measured {datetime.now(UTC):%Y-%m-%d}",
        f"{platform.python_implementation()} {platform.python_version()}",
        f"{platform.system()} {platform.machine()}",
        machine_name(),
        f"load average before {load_before:.1f}, after {_load_average():.1f}",
        f"Wazir {how}, {revision}",
    ]
    return "\n".join(f"- {fact}" for fact in facts)


def machine_name() -> str:
    """Return how many processors of which model this machine has."""
    return f"{os.cpu_count()} CPUs ({_cpu_model()})"


def _cpu_model() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown model"


def parser(doc: str | None) -> argparse.ArgumentParser:
    """Return an argument parser with the options that all benchmarks have."""
    made = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument(
        "--write", action="store_true", help="store the table in benchmarks/results/"
    )
    return made


def numbers(text: str) -> list[int]:
    """Return the integers of a comma list; for `type=` of an option."""
    return [int(word.replace("_", "")) for word in text.split(",")]


def progress(text: str) -> None:
    """Say on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)


def alternating(n_rounds: int, runs: Sequence[Callable[[], None]]) -> None:
    """Call all `runs` in each round, in turn forwards and backwards."""
    for number in range(n_rounds):
        for run in runs if number % 2 == 0 else reversed(runs):
            run()
