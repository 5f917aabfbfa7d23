"""Read the records of a growing TFRecord file, the framing of TensorBoard event files.

A record is: length (u64, little endian), masked CRC32C of the length (u32), data, masked CRC32C
of the data (u32). Checksums in Python are slow, so the caller checks those of the records it
uses, and lengths are checked only where they are hard to believe.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_HEADER = struct.Struct("<QI")
_FOOTER = struct.Struct("<I")
FRAME_BYTES = _HEADER.size + _FOOTER.size
_BLOCK_BYTES = 1 << 20
_MAX_RECORD_BYTES = 64 << 20  # larger ones hold images or graphs and are passed over
_CASTAGNOLI = 0x82F63B78  # the CRC32C polynomial, bits reversed (RFC 3720, appendix B.4)
_MASK_DELTA = 0xA282EAD8


def _make_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (_CASTAGNOLI if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


_TABLE = _make_table()


def crc32c(data: bytes) -> int:
    """Return the CRC32C checksum of `data`."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """Return the checksum as TFRecord files store it: rotated right by 15 bits, plus a constant."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Record:
    """The data of one record and the masked checksum that was stored with it."""

    data: bytes
    stored_crc: int

    @property
    def is_intact(self) -> bool:
        """Whether the data fits the checksum."""
        return masked_crc32c(self.data) == self.stored_crc


class RecordTail:
    """Follows one record file by offset.

    A last record that is not complete yet waits. Where a length is damaged, reading goes on at
    the next place that looks like a record; `n_damaged` counts such places.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.n_damaged = 0
        self._offset = 0

    def read(self) -> Iterator[Record]:
        """Yield the complete records that were appended since the last call.

        Raises:
            OSError: the file cannot be read.
        """
        with open(self.path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            n_wanted = _BLOCK_BYTES
            while size - self._offset > FRAME_BYTES:
                file.seek(self._offset)
                block = file.read(n_wanted)
                start = self._offset
                yield from self._split(block)
                n_wanted = _BLOCK_BYTES
                if self._offset == start:
                    n_wanted = self._advance(block, size)
                    if not n_wanted:
                        return

    def _split(self, block: bytes) -> Iterator[Record]:
        start = 0
        while start + FRAME_BYTES <= len(block):
            length, _ = _HEADER.unpack_from(block, start)
            end = start + FRAME_BYTES + length
            if end > len(block):
                return
            data = block[start + _HEADER.size : end - _FOOTER.size]
            self._offset += end - start
            start = end
            yield Record(data, _FOOTER.unpack_from(block, end - _FOOTER.size)[0])

    def _advance(self, block: bytes, size: int) -> int:
        """Get past a first record that is not complete in the block.

        Returns the number of bytes to read next, 0 to wait until the file grows.
        """
        length, crc = _HEADER.unpack_from(block)
        n_bytes = FRAME_BYTES + length
        if masked_crc32c(block[:8]) != crc:
            return _BLOCK_BYTES if self._resynchronise(block) else 0
        if self._offset + n_bytes > size:
            return 0
        if n_bytes <= _MAX_RECORD_BYTES:
            return int(n_bytes)
        self._offset += n_bytes
        return _BLOCK_BYTES

    def _resynchronise(self, block: bytes) -> bool:
        position = 1
        while True:
            # The upper half of any believable length is zero: a cheap filter before the checksum.
            position = block.find(b"\0\0\0\0", position + 4) - 4
            if position < 1 or position + _HEADER.size > len(block):
                return self._skip_block(block)
            _, crc = _HEADER.unpack_from(block, position)
            if masked_crc32c(block[position : position + 8]) == crc:
                self._offset += position
                self.n_damaged += 1
                return True
            position += 1

    def _skip_block(self, block: bytes) -> bool:
        if len(block) < _BLOCK_BYTES:
            return False
        self._offset += len(block) - _HEADER.size
        self.n_damaged += 1
        return True
