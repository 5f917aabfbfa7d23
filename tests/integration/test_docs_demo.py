"""`scripts/demo` shows three results and leaves the clone as it was."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())


@pytest.mark.parametrize("script", SCRIPTS, ids=[path.name for path in SCRIPTS])
def test_a_script_is_for_any_posix_shell(script):
    assert os.access(script, os.X_OK)
    assert script.read_text().startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", script], check=True)


def is_installed():
    """Return whether `scripts/setup` would have nothing to do."""
    stamp = ROOT / ".venv/.wazir-installed"
    with open(ROOT / "pyproject.toml") as file:
        wanted = subprocess.run(["cksum"], stdin=file, capture_output=True, text=True, check=True)
    return stamp.is_file() and stamp.read_text().strip() == wanted.stdout.strip()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_the_demo_shows_three_results(tmp_path, needs):
    if not is_installed():
        needs("an up to date .venv: run scripts/setup")
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("scripts", "examples"):
        shutil.copytree(ROOT / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", clone)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    before = sorted(clone.rglob("*"))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = subprocess.run(
        ["scripts/demo"],
        cwd=clone,
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    words = ("the default values", "the best of a 4 x 4 grid", "the default algorithm")
    found = (re.search(rf"^  {word} +(\S+)$", done.stdout, re.MULTILINE) for word in words)
    values = [float(match[1]) for match in found]
    assert values[0] == pytest.approx(56.18, abs=0.05)
    assert all(50 < value <= values[0] for value in values)
    [folder] = temporary.iterdir()
    assert f"cd {folder}/house" in done.stdout
    assert sorted(clone.rglob("*")) == before
