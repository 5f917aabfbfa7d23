"""Where a run came from: Python version, git commit, names of variables; values only on request."""

import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_GIT_TIMEOUT_S = 5


@dataclass(frozen=True)
class Provenance:
    """What is recorded once per job."""

    python_version: str
    host: str
    git_commit: str | None
    git_dirty: bool | None
    variable_names: tuple[str, ...]
    recorded_variables: Mapping[str, str]

    def as_record(self) -> dict[str, object]:
        """Return the values as JSON-ready fields."""
        return {
            "python_version": self.python_version,
            "host": self.host,
            "git_commit": self.git_commit,
            "git_dirty": self.git_dirty,
            "variable_names": list(self.variable_names),
            "recorded_variables": dict(self.recorded_variables),
        }


def collect_provenance(cwd: Path, recorded: tuple[str, ...]) -> Provenance:
    """Return what is known about runs in `cwd`; only the values of `recorded` variables."""
    commit = _git(cwd, "rev-parse", "HEAD")
    changes = _git(cwd, "status", "--porcelain", "--untracked-files=no") if commit else None
    return Provenance(
        python_version=platform.python_version(),
        host=platform.node(),
        git_commit=commit,
        git_dirty=None if changes is None else bool(changes),
        variable_names=tuple(sorted(os.environ)),
        recorded_variables={name: os.environ[name] for name in recorded if name in os.environ},
    )


def _git(cwd: Path, *arguments: str) -> str | None:
    """Return the output of a git command, None without git or outside a repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(cwd), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
