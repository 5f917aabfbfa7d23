"""Make and find the virtual environments of peers, cached outside the clone.

Each environment belongs to one file of pinned requirements and one Python version. It lies in
`${WAZIR_CACHE:-~/.cache/wazir}/envs/<hash>`, so nothing is installed into the environment of
Wazir itself. `python benchmarks/environments.py benchmarks/peers/optuna.txt` makes one and prints
its interpreter.
"""

import argparse
import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import venv
from pathlib import Path


def cache_folder() -> Path:
    """Return where things that can be made again are kept."""
    return Path(os.environ.get("WAZIR_CACHE") or "~/.cache/wazir").expanduser()


def environment(requirements: Path) -> Path:
    """Return the interpreter of the environment of a requirements file; makes it if needed.

    Several processes may ask at once: one makes it, the others wait.

    Raises:
        subprocess.CalledProcessError: pip has failed.
    """
    folder = cache_folder() / "envs" / _key(requirements)
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if complete.exists():
        return python
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            _make(folder, python, requirements)
            complete.write_text(requirements.read_text(encoding="utf-8"), encoding="utf-8")
    return python


def enter(requirements: Path, script: Path) -> None:
    """Start `script` again in the environment of a requirements file, unless it runs there already.

    The arguments stay; variables that change how Python runs are left behind.
    """
    python = environment(requirements)
    if Path(sys.prefix).resolve() != python.parent.parent.resolve():
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        os.execve(python, [str(python), str(script), *sys.argv[1:]], env)


def _make(folder: Path, python: Path, requirements: Path) -> None:
    print(f"making the environment of {requirements.name} in {folder}", file=sys.stderr)
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "-r", str(requirements)], check=True)
    subprocess.run([str(python), "-m", "pip", "check"], check=True, stdout=subprocess.DEVNULL)


def _key(requirements: Path) -> str:
    lines = requirements.read_text(encoding="utf-8").splitlines()
    pins = sorted(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    facts = [platform.python_implementation(), platform.python_version(), platform.machine()]
    return hashlib.sha256("\n".join([*facts, *pins]).encode()).hexdigest()[:16]


def main() -> None:
    """Make an environment and print its interpreter."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("requirements", type=Path, help="file with pinned requirements")
    print(environment(parser.parse_args().requirements))


if __name__ == "__main__":
    main()
