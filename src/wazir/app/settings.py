"""Where things are kept when the user does not say: ./wazir-runs."""

import os
from dataclasses import dataclass
from pathlib import Path

from wazir.domain.errors import InvalidInputError

RUNS_FOLDER = "wazir-runs"
DATABASE_FILE = "wazir.db"
STORAGE_VARIABLE = "WAZIR_STORAGE"
MEMORY = ":memory:"


@dataclass(frozen=True)
class StorageLocation:
    """A database: `path` None means in memory."""

    path: Path | None

    def __str__(self) -> str:
        return MEMORY if self.path is None else f"sqlite:///{self.path}"


def storage_location(url: str | os.PathLike[str] | None) -> StorageLocation:
    """Return the location that a URL names.

    `sqlite:///relative.db`, `sqlite:////absolute.db`, a bare path and `:memory:` are understood;
    None means the variable WAZIR_STORAGE, or else wazir-runs/wazir.db in the current folder.

    Raises:
        InvalidInputError: a kind of storage that is not there.
    """
    text = os.fspath(url) if url is not None else os.environ.get(STORAGE_VARIABLE, "")
    if not text:
        return StorageLocation(Path.cwd() / RUNS_FOLDER / DATABASE_FILE)
    if text in (MEMORY, "sqlite://", "sqlite:///:memory:"):
        return StorageLocation(None)
    scheme, separator, rest = text.partition("://")
    if separator and scheme != "sqlite":
        raise InvalidInputError(
            f"a storage is sqlite:///FILE, a file name or {MEMORY}, got {text!r}",
            hint="PostgreSQL and servers are not supported yet",
        )
    if not separator:
        return StorageLocation(Path(text).expanduser().absolute())
    if not rest.startswith("/") or rest == "/":
        raise InvalidInputError(
            f"a SQLite storage is sqlite:///FILE, got {text!r}", hint=f"write sqlite:///{rest}"
        )
    return StorageLocation(Path(rest[1:]).expanduser().absolute())


def ensure_runs_folder(location: StorageLocation) -> None:
    """Make the default folder with a .gitignore of its own, so that no run is committed.

    Raises:
        InvalidInputError: the folder cannot be made.
    """
    if location.path is None or location.path.parent.name != RUNS_FOLDER:
        return
    folder = location.path.parent
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
