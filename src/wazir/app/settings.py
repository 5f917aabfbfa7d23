"""Where things are kept when the user does not say: ./wazir-runs."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from wazir.domain.errors import InvalidInputError
from wazir.domain.names import DEFAULT_PROJECT, StudyName, check_project_id, parse_study_name

RUNS_FOLDER = "wazir-runs"
DATABASE_FILE = "wazir.db"
STORAGE_VARIABLE = "WAZIR_STORAGE"
PROJECT_VARIABLE = "WAZIR_PROJECT"
TOKEN_VARIABLE = "WAZIR_TOKEN"  # noqa: S105 - a name
MEMORY = ":memory:"


_PASSWORD = re.compile(r"(?<=://)([^:/?]*):[^?]*@")
_PASSWORD_OPTION = re.compile(r"([?&])(?:ssl)?password=[^&]*&?")


@dataclass(frozen=True)
class StorageLocation:
    """Where studies are kept: in the SQLite file `path`, on a Wazir `server`, in the PostgreSQL
    `database` of a URL, or in memory. The URL of a database may hold a password, which is shown
    nowhere.
    """

    path: Path | None = None
    server: str = ""
    database: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.shown if self.path is None else f"sqlite:///{self.path}"

    @property
    def url(self) -> str:
        """What names this place to another process; it may hold a password."""
        return self.database or str(self)

    @property
    def shown(self) -> str:
        """What users see and may give again: the path of a file, or an address, without a password
        (which may come from PGPASSWORD or ~/.pgpass).
        """
        if self.database:
            without = _PASSWORD_OPTION.sub(r"\1", _PASSWORD.sub(r"\1@", self.database))
            return without.rstrip("?&")
        return self.server or (MEMORY if self.path is None else str(self.path))

    @property
    def is_memory(self) -> bool:
        """Whether nothing outlives this process."""
        return self.path is None and not self.server and not self.database

    @property
    def runs_folder(self) -> Path | None:
        """The folder for the files of jobs: beside the database, or here; None in memory."""
        if self.path is not None:
            return self.path.parent
        return None if self.is_memory else Path.cwd() / RUNS_FOLDER


def storage_location(url: str | os.PathLike[str] | None) -> StorageLocation:
    """Return the location that a URL names.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, a bare path, `:memory:`, the address of a
    server such as `http://host:8080` and `postgresql://user:password@host/database` are understood;
    None means the variable WAZIR_STORAGE, or else wazir-runs/wazir.db in the current folder.

    Raises:
        InvalidInputError: a kind of storage that is not there, or a URL that cannot be read.
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
    if scheme in ("postgresql", "postgres"):
        _check_at_signs(rest)
        return StorageLocation(database=text)
    if scheme != "sqlite":
        raise InvalidInputError(
            f"a storage is sqlite:///FILE, postgresql://USER@HOST/DATABASE, http://HOST:PORT, "
            f"a file name or {MEMORY}, got one that begins with {scheme + '://'!r}"
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


def _check_at_signs(rest: str) -> None:
    """Refuse a password that libpq would take for a host or a port, and show in its messages."""
    address, _, options = rest.partition("?")
    user_and_password = address.rpartition("@")[0]
    if "@" in options or set("@/") & set(user_and_password):
        raise InvalidInputError(
            "a PostgreSQL storage is postgresql://USER:PASSWORD@HOST:PORT/DATABASE, got one with "
            "signs that have a meaning of their own",
            hint="in a user or a password write '@' as %40, '/' as %2F, '?' as %3F, ':' as %3A "
            "and '%' as %25; or leave the password to PGPASSWORD or ~/.pgpass",
        )


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
