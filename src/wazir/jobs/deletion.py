"""Remove the files of a study's runs, and nothing else that may lie in its folder."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wazir.jobs.directories import StudyDirectory

_OURS = re.compile(r"[1-9]\d*(-rerun-[1-9]\d*)?")


@dataclass(frozen=True)
class RunFiles:
    """The folders of trials and reruns below a study's folder, and what they hold."""

    folders: tuple[Path, ...]
    n_files: int = 0
    size_bytes: int = 0


def run_files(study: StudyDirectory) -> RunFiles:
    """Return what `delete_runs` would remove. Symbolic links are counted and not followed."""
    folders = tuple(_folders(study))
    sizes = [size for folder in folders for size in _file_sizes(folder)]
    return RunFiles(folders, len(sizes), sum(sizes))


def delete_runs(study: StudyDirectory) -> list[str]:
    """Remove the folders of trials and reruns, then the study's folder if nothing is left in it.

    A study's folder may have the name of a folder of the user: only what `wazir` makes itself is
    removed, and nothing behind a symbolic link.

    Returns:
        one line for each folder that could not be removed.
    """
    failures: list[str] = []
    for folder in _folders(study):
        try:
            shutil.rmtree(folder)
        except OSError as error:
            failures.append(f"{error.filename or folder}: {error.strerror}")
    for parent in (_trials(study), study.path):
        if not parent.is_symlink():
            with suppress(OSError):
                parent.rmdir()
    return failures


def _trials(study: StudyDirectory) -> Path:
    return study.trial(1).path.parent


def _folders(study: StudyDirectory) -> Iterator[Path]:
    if study.path.is_symlink() or _trials(study).is_symlink():
        return
    try:
        entries = sorted(os.scandir(_trials(study)), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if _OURS.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            yield Path(entry.path)


def _file_sizes(folder: Path) -> Iterator[int]:
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield os.lstat(os.path.join(parent, name)).st_size
