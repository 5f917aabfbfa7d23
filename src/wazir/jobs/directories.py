"""Where a job keeps what: the folders of a study, its trials and their attempts.

wazir-runs/STUDY/trials/7/              ours: never given to a program
wazir-runs/STUDY/trials/7/out/          the program's: {trial_dir}, WAZIR_TRIAL_DIR
wazir-runs/STUDY/trials/7/attempts/1/   log, metric files, start and exit of one run
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wazir.domain.names import DEFAULT_PROJECT, StudyName

RUN_FILE = "run.json"


@dataclass(frozen=True)
class TrialDirectory:
    """The folder of one trial, or of a rerun of it."""

    path: Path

    @property
    def output(self) -> Path:
        """The program's own folder; it may delete it."""
        return self.path / "out"

    def attempt(self, number: int) -> Path:
        """Return the folder of one attempt; numbers count from 1."""
        return self.path / "attempts" / str(number)

    def make(self, attempt: int) -> None:
        """Make the folders of an attempt and of the program's output, where they are missing.

        From the top down, one call each: making a folder is the dearest thing that a run does.

        Raises:
            OSError: a folder cannot be made.
        """
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(parents=True, exist_ok=True)
        folders = (self.path, self.output, self.path / "attempts", self.attempt(attempt))
        for folder in folders:
            with suppress(FileExistsError):
                folder.mkdir()

    def last_attempt(self) -> Path | None:
        """Return the folder of the last attempt that has one."""
        attempts = self.path / "attempts"
        if not attempts.is_dir():
            return None
        numbers = sorted(int(child.name) for child in attempts.iterdir() if child.name.isdigit())
        return attempts / str(numbers[-1]) if numbers else None


@dataclass(frozen=True)
class StudyDirectory:
    """The folder of one study."""

    path: Path

    def trial(self, trial_id: int) -> TrialDirectory:
        """Return the folder of a trial."""
        return TrialDirectory(self.path / "trials" / str(trial_id))

    def new_rerun(self, trial_id: int) -> tuple[str, TrialDirectory]:
        """Return the label and folder of the next rerun of a trial, such as "7-rerun-1"."""
        number = 1
        while (self.path / "trials" / f"{trial_id}-rerun-{number}").exists():
            number += 1
        label = f"{trial_id}-rerun-{number}"
        return label, TrialDirectory(self.path / "trials" / label)


def study_directory(runs_folder: Path, name: StudyName) -> StudyDirectory:
    """Return the folder of a study, below that of all runs.

    Other projects than `default` have a folder each, with a name that no study has.
    """
    if name.project_id != DEFAULT_PROJECT:
        runs_folder /= f"@{name.project_id}"
    return StudyDirectory(runs_folder / name.study_id)
