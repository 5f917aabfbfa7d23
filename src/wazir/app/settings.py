"""Where things are kept when the user does not say: ./wazir-runs."""

import os
from dataclasses import dataclass
from pathlib import Path

from wazir.domain.errors import InvalidInputError
from wazir.domain.names import DEFAULT_PROJECT, StudyName, check_project_id, parse_study_name

RUNS_FOLDER = "wazir-runs"
DATABASE_FILE = "wazir.db"
STORAGE_VARIABLE = "WAZIR_STORAGE"
PROJECT_VARIABLE = "WAZIR_PROJECT"
TOKEN_VARIABLE = "WAZIR_TOKEN"  # noqa: S105 - a name
MEMORY = ":memory:"


@dataclass(frozen=True)
class StorageLocation:
    """Where studies are kept: in the SQLite file `path`, on a Wazir `server`, or in memory."""

    path: Path | None = None
    server: str = ""

    def __str__(self) -> str:
        if self.server:
            return self.server
        return MEMORY if self.path is None else f"sqlite:///{self.path}"

    @property
    def shown(self) -> str:
        """What users see and may give again: the path of a file, or the address of a server."""
        return self.server or (MEMORY if self.path is None else str(self.path))

    @property
    def is_memory(self) -> bool:
        """Whether nothing outlives this process."""
        return self.path is None and not self.server

    @property
    def runs_folder(self) -> Path | None:
        """The folder for the files of jobs: beside the database, or here; None in memory."""
        if self.path is not None:
            return self.path.parent
        return None if self.is_memory else Path.cwd() / RUNS_FOLDER


def storage_location(url: str | os.PathLike[str] | None) -> StorageLocation:
    """Return the location that a URL names.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, a bare path, `:memory:` and the address of a
    server such as `http://host:8080` are understood; None means the variable WAZIR_STORAGE, or else
    wazir-runs/wazir.db in the current folder.

    Raises:
        InvalidInputError: a kind of storage that is not there.
    """
    text = os.fspath(url) if url is not None else os.environ.get(STORAGE_VARIABLE, "")
    if not text:
        return StorageLocation(Path.cwd() / RUNS_FOLDER / DATABASE_FILE)
    if text in (MEMORY, "sqlite://", "sqlite:///:memory:"):
        return StorageLocation()
    scheme, separator, rest = text.partition("://")
    if not separator:
        return StorageLocation(Path(text).expanduser().absolute())
    if scheme in ("http", "https"):
        return StorageLocation(server=text.rstrip("/"))
    if scheme != "sqlite":
        raise InvalidInputError(
            f"a storage is sqlite:///FILE, http://HOST:PORT, a file name or {MEMORY}, got {text!r}",
            hint="PostgreSQL is not supported yet",
        )
    if not rest.startswith("/") or rest == "/":
        raise InvalidInputError(
            f"a SQLite storage is sqlite:///FILE, got {text!r}", hint=f"write sqlite:///{rest}"
        )
    return StorageLocation(Path(rest[1:]).expanduser().absolute())


def own_project() -> str:
    """Return the project of studies that are named by their ids alone.

    It is that of the variable WAZIR_PROJECT, or `default`. Raises InvalidInputError for no valid name.
    """
    project_id = os.environ.get(PROJECT_VARIABLE) or DEFAULT_PROJECT
    check_project_id(project_id)
    return project_id


def named_study(text: str) -> StudyName:
    """Return the study of a full name, or of an id in one's own project."""
    return parse_study_name(text, own_project())


def ensure_runs_folder(location: StorageLocation) -> None:
    """Make the default folder with a .gitignore of its own, so that no run is committed.

    Raises:
        InvalidInputError: the folder cannot be made.
    """
    folder = location.runs_folder
    if folder is None or folder.name != RUNS_FOLDER:
        return
    ignore = folder / ".gitignore"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(
            f"the folder {folder} cannot be made: {error.strerror}",
            hint="go to a folder where you may write, or name one with --storage",
        ) from None
