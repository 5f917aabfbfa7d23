"""The command line as a process, and environments with packages of others."""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))
from command_line import CommandLine

_READY = "ready"
_NO_INDEX = (
    "No matching distribution",
    "Could not find a version",
    "Temporary failure in name resolution",
    "Connection",
    "ProxyError",
)


@pytest.fixture
def wazir_in(tmp_path: Path) -> CommandLine:
    """Run `wazir` in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    return CommandLine(folder)


@pytest.fixture
def foreign_environment(
    needs: Callable[[str], None],
) -> Callable[[tuple[str, ...]], Path]:
    """Give the Python of an environment with pinned packages, made at the first call.

    It lies outside the clone, in `${WAZIR_CACHE:-~/.cache/wazir}/envs`, and stays there.
    """

    def environment(requirements: tuple[str, ...]) -> Path:
        assert all("==" in requirement for requirement in requirements), requirements
        folder = _cache() / "envs" / _key(requirements)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / _READY).exists():
                problem = _make(folder, requirements)
                if problem:
                    _give_up(problem, requirements, needs)
        return folder / "bin" / "python"

    return environment


def _cache() -> Path:
    return Path(os.environ.get("WAZIR_CACHE") or "~/.cache/wazir").expanduser()


def _key(requirements: tuple[str, ...]) -> str:
    facts = (platform.python_implementation(), platform.python_version(), platform.machine())
    text = "\n".join(("acceptance", *facts, *sorted(requirements)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _make(folder: Path, requirements: tuple[str, ...]) -> str:
    """Make an environment under another name, then put it in place; return what pip complained.

    Its Python finds its packages by its own place, so that it may be moved; its scripts may not.
    """
    shutil.rmtree(folder, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}."))
    try:
        subprocess.run([sys.executable, "-m", "venv", draft], check=True)
        install = [draft / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements]
        ended = subprocess.run(install, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            return ended.stderr
        (draft / _READY).write_text("\n".join(requirements))
        draft.rename(folder)
        return ""
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _give_up(problem: str, requirements: tuple[str, ...], needs: Callable[[str], None]) -> None:
    if any(sign in problem for sign in _NO_INDEX):
        needs(f"a package index with {', '.join(requirements)}")
    pytest.fail(f"pip cannot install {', '.join(requirements)}:\n{problem}")
