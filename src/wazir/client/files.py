"""Write a file whole or not at all."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from wazir.domain.errors import ConflictError, InvalidInputError


def write_whole_file(path: Path, data: bytes, *, replace: bool = False) -> None:
    """Write a file under a temporary name and give it its own when it is complete.

    Raises:
        ConflictError: it is there already, and `replace` is false.
        InvalidInputError: it cannot be written.
    """
    if path.is_dir():
        raise InvalidInputError(f"{path} is a folder", hint="name a file in it")
    if path.exists() and not replace:
        raise ConflictError(f"{path} is there already", hint="give another name, or --force")
    temporary = ""
    try:
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
        with open(fd, "wb") as file:
            file.write(data)
            os.fchmod(fd, 0o666 & ~_umask())
        # A link to a file stays a link.
        Path(temporary).replace(path.resolve())
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise InvalidInputError(f"{path} cannot be written: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
