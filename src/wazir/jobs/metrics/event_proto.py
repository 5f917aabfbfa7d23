"""Read the scalars of a TensorBoard Event message without a protobuf library.

Only the fields that carry scalars are read (numbers as in TensorBoard's event.proto,
summary.proto and tensor.proto):

    Event        1 wall_time (double), 2 step (int64), 5 summary
    Summary      1 value (repeated)
    Value        1 tag, 2 simple_value (float), 8 tensor, 9 metadata
    Metadata     1 plugin_data { 1 plugin_name }
    TensorProto  1 dtype, 2 shape { 2 dim { 1 size } }, 4 tensor_content, 5 float_val,
                 6 double_val, 7 int_val, 10 int64_val, 11 bool_val, 13 half_val
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SCALARS_PLUGIN = b"scalars"


@dataclass(frozen=True, slots=True)
class Event:
    """The scalars of one event: (tag, value) pairs; `step` is 0 where the event has none."""

    time: float
    step: int
    scalars: tuple[tuple[str, float], ...]


def parse_event(data: bytes) -> Event:
    """Return the scalars of an encoded Event message; values of other kinds are passed over.

    Raises:
        ValueError: the bytes are no protobuf message.
    """
    time, step = 0.0, 0
    scalars: list[tuple[str, float]] = []
    for number, content in _fields(data):
        if number == 1 and len(content) == 8:
            (time,) = struct.unpack("<d", content)
        elif number == 2:
            step = _signed(_varint(content, 0)[0])
        elif number == 5:
            for inner, value in _fields(content):
                scalar = _scalar(value) if inner == 1 else None
                if scalar is not None:
                    scalars.append(scalar)
    return Event(time, step, tuple(scalars))


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (field number, content); varints are given as their encoded bytes."""
    position, end = 0, len(data)
    while position < end:
        key, position = _varint(data, position)
        kind = key & 7
        start = position
        if kind == _VARINT:
            _, position = _varint(data, position)
        elif kind == _BYTES:
            length, start = _varint(data, position)
            position = start + length
        elif kind in (_FIXED32, _FIXED64):
            position += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"wire type {kind} is not used by event files")
        if position > end:
            raise ValueError("a field reaches beyond the end of the message")
        yield key >> 3, data[start:position]


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("a variable-length integer does not end")


def _signed(value: int) -> int:
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _scalar(data: bytes) -> tuple[str, float] | None:
    tag = b""
    value: float | None = None
    for number, content in _fields(data):
        if number == 1:
            tag = content
        elif number == 2 and len(content) == 4:
            (value,) = struct.unpack("<f", content)
        elif number == 8:
            value = _tensor(content)
        elif number == 9 and _plugin(content) not in (b"", _SCALARS_PLUGIN):
            return None
    return None if value is None else (tag.decode(errors="replace"), value)


def _plugin(metadata: bytes) -> bytes:
    for number, content in _fields(metadata):
        if number == 1:
            return next((name for inner, name in _fields(content) if inner == 1), b"")
    return b""


def _half(data: bytes) -> float:
    value: float = struct.unpack("<e", data[:2])[0]
    return value


def _bfloat16(data: bytes) -> float:
    value: float = struct.unpack("<f", b"\0\0" + data[:2])[0]
    return value


def _fixed(code: str) -> Callable[[bytes], float]:
    layout = struct.Struct("<" + code)
    return lambda data: float(layout.unpack(data[: layout.size])[0])


# DataType of tensor.proto -> (bytes of one element, how to read it).
_CONTENT: dict[int, tuple[int, Callable[[bytes], float]]] = {
    1: (4, _fixed("f")),
    2: (8, _fixed("d")),
    3: (4, _fixed("i")),
    4: (1, _fixed("B")),
    5: (2, _fixed("h")),
    6: (1, _fixed("b")),
    9: (8, _fixed("q")),
    10: (1, _fixed("?")),
    14: (2, _bfloat16),
    17: (2, _fixed("H")),
    19: (2, _half),
    22: (4, _fixed("I")),
    23: (8, _fixed("Q")),
}
_INTEGER_FIELDS = (7, 10, 11, 16, 17)
_BFLOAT16 = 14


def _tensor(data: bytes) -> float | None:
    """Return the element of a tensor of exactly one, None for any other tensor."""
    dtype, n_elements = 0, 1
    parts: dict[int, bytes] = {}
    for number, content in _fields(data):
        if number == 1:
            dtype = _varint(content, 0)[0]
        elif number == 2:
            n_elements = _n_elements(content)
        else:
            parts[number] = content
    if n_elements != 1 or dtype not in _CONTENT:
        return None
    size, read = _CONTENT[dtype]
    if len(parts.get(4, b"")) == size:
        return read(parts[4])
    return _typed_value(parts, dtype)


def _typed_value(parts: dict[int, bytes], dtype: int) -> float:
    if len(parts.get(5, b"")) == 4:
        return float(struct.unpack("<f", parts[5])[0])
    if len(parts.get(6, b"")) == 8:
        return float(struct.unpack("<d", parts[6])[0])
    if 13 in parts:
        bits = _varint(parts[13], 0)[0].to_bytes(8, "little")
        return _bfloat16(bits) if dtype == _BFLOAT16 else _half(bits)
    found = next((parts[number] for number in _INTEGER_FIELDS if number in parts), None)
    # TensorFlow leaves out values that are zero.
    return 0.0 if found is None else float(_signed(_varint(found, 0)[0]))


def _n_elements(shape: bytes) -> int:
    n = 1
    for number, dimension in _fields(shape):
        if number == 2:
            sizes = [_varint(value, 0)[0] for inner, value in _fields(dimension) if inner == 1]
            n *= sizes[0] if sizes else 0
    return n
