"""Read the lines that were appended to a file since the last look."""

import os
from pathlib import Path

_CHUNK_BYTES = 256 << 10
_MAX_LAST_BYTES = 4 << 20
_KEPT_LAST_BYTES = 1 << 20


class LineTail:
    """Follows one text file by offset; an unchanged file costs one stat.

    Lines end with a newline; an unfinished last line waits until it is complete or the reading is
    final. A file that was replaced or cut short is read again from its beginning. One read takes
    a limited part of a large file, the next one goes on from there; the final read takes the
    rest, of a very long rest only the end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._inode = 0
        self._partial = b""

    def read(self, *, final: bool) -> list[bytes]:
        """Return new complete lines without their line ends."""
        try:
            stat = os.stat(self.path)
            if stat.st_ino != self._inode or stat.st_size < self._offset:
                self._offset, self._inode, self._partial = 0, stat.st_ino, b""
            data = self._new_data(stat.st_size, final=final)
        except OSError:
            data = b""
        *lines, self._partial = (self._partial + data).split(b"\n")
        if final and self._partial:
            lines.append(self._partial)
            self._partial = b""
        return lines

    def _new_data(self, size: int, *, final: bool) -> bytes:
        n_new = size - self._offset
        if n_new == 0:
            return b""
        with open(self.path, "rb") as file:
            if final and n_new > _MAX_LAST_BYTES:
                self._offset = size - _KEPT_LAST_BYTES
                file.seek(self._offset)
                self._offset += len(file.readline())
                self._partial = b""
            file.seek(self._offset)
            data = file.read(n_new if final else _CHUNK_BYTES)
        self._offset += len(data)
        return data
