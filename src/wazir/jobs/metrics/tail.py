"""Read the lines that were appended to a file since the last look."""

import os
from pathlib import Path


class LineTail:
    """Follows one text file by offset; an unchanged file costs one stat.

    Lines end with a newline; an unfinished last line waits until it is complete or the reading is
    final. A file that was replaced or cut short is read again from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._inode = 0
        self._partial = b""

    def read(self, *, final: bool) -> list[bytes]:
        """Return the new complete lines without their line ends."""
        try:
            stat = os.stat(self.path)
        except OSError:
            return self._rest(final)
        if stat.st_ino != self._inode or stat.st_size < self._offset:
            self._offset, self._inode, self._partial = 0, stat.st_ino, b""
        if stat.st_size == self._offset:
            return self._rest(final)
        try:
            with open(self.path, "rb") as file:
                file.seek(self._offset)
                data = file.read()
        except OSError:
            return self._rest(final)
        self._offset += len(data)
        *lines, self._partial = (self._partial + data).split(b"\n")
        return lines + self._rest(final)

    def _rest(self, final: bool) -> list[bytes]:
        if not final or not self._partial:
            return []
        rest, self._partial = self._partial, b""
        return [rest]
