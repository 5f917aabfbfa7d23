"""A server as a process tree: started, measured in CPU seconds and memory, ended."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Server:
    """A server that runs; `place` is where it serves, in its own words."""

    process: subprocess.Popen[str]
    place: str

    @classmethod
    def start(
        cls, argv: Sequence[str], cwd: Path, env: Mapping[str, str], until: str, n_lines: int = 1
    ) -> "Server":
        """Start a command; its place is the last word of the line that has `until`."""
        process = subprocess.Popen(
            argv, cwd=cwd, env=env, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        )
        assert process.stdout is not None
        for line in process.stdout:
            if until in line:
                return cls(process, line.split(until)[1].split()[0])
        raise RuntimeError(f"the server did not start: {argv}")

    def cpu_s(self) -> float:
        """Return the CPU of the process and its descendants, those that have ended included."""
        return sum(_cpu_of(pid) for pid in self._tree())

    def memory_mb(self) -> float:
        """Return the resident memory of the process and its descendants."""
        return sum(_memory_of(pid) for pid in self._tree())

    def end(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.process.communicate()

    def _tree(self) -> list[int]:
        children: dict[int, list[int]] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                fields = _stat(int(entry.name))
                if fields:
                    children.setdefault(int(fields[1]), []).append(int(entry.name))
        found, left = [], [self.process.pid]
        while left:
            pid = left.pop()
            found.append(pid)
            left += children.get(pid, [])
        return found


def _stat(pid: int) -> list[str]:
    """Return the fields of a process behind its name: state, parent, ..."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_of(pid: int) -> float:
    fields = _stat(pid)
    # utime, stime, cutime, cstime
    return sum(map(int, fields[11:15])) / _TICKS if fields else 0.0


def _memory_of(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    sizes = [line.split()[1] for line in text.splitlines() if line.startswith("VmRSS:")]
    return int(sizes[0]) / 1024 if sizes else 0.0
