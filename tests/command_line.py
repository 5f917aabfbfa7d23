"""The command line as a process, for the tests of integration and acceptance."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wazir

SOURCE = Path(wazir.__file__).parents[1]
# A runner that is itself a trial, or has a storage of its own, would not be a fresh one.
_OWN_VARIABLES = ("WAZIR_", "CLOUD_ML_", "AIP_", "TF_CONFIG", "CLUSTER_SPEC")


@dataclass(frozen=True)
class Finished:
    """How a command ended and what it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """All that it printed, on one long line, so that line breaks do not hide a text."""
        return " ".join(f"{self.stdout}\n{self.stderr}".split())

    @property
    def events(self) -> list[dict[str, Any]]:
        """The objects that `--json` printed; each line must be one."""
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """Runs `wazir` in a folder, as a user does."""

    folder: Path

    def __call__(
        self,
        *arguments: str | Path,
        code: int | None = 0,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        timeout_s: float = 50,
    ) -> Finished:
        """Run a command to its end and check its exit code; None allows any.

        No traceback of Wazir's own may be seen. Those of programs go to standard output.
        """
        ended = subprocess.run(
            self.argv(*arguments),
            cwd=cwd or self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
        said = f"{ended.stdout}\n--- stderr\n{ended.stderr}"
        assert "Traceback" not in ended.stderr, said
        assert code in (None, ended.returncode), f"exit code {ended.returncode}\n{said}"
        return Finished(ended.returncode, ended.stdout, ended.stderr)

    def argv(self, *arguments: str | Path) -> list[str]:
        """Return the argument list that runs a command."""
        return [sys.executable, "-m", "wazir", *map(str, arguments)]

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a command: ours, without what a trial or a user set."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_OWN_VARIABLES)}
        return {**kept, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1", **(changes or {})}

    @property
    def runs(self) -> Path:
        """The folder in which jobs leave everything."""
        return self.folder / "wazir-runs"

    def study(self, name: str) -> wazir.Study:
        """Return a study that a job made here."""
        return wazir.load_study(name, storage=self.runs / "wazir.db")

    def trials(self, name: str) -> list[wazir.Trial]:
        """Return the trials of a study that a job made here."""
        return self.study(name).trials

    def log(self, study: str, trial_id: int, attempt: int = 1) -> str:
        """Return the output of a trial's program."""
        folder = self.runs / study / "trials" / str(trial_id) / "attempts" / str(attempt)
        return (folder / "log").read_text()

    def write(self, name: str, text: str, *, executable: bool = False) -> Path:
        """Write a file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if executable:
            path.chmod(0o755)
        return path
