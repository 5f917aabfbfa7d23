"""TFRecord framing and the Event message, against our own encoder and bytes of the real writer."""

import base64
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wazir.jobs.metrics.event_files import EventFile
from wazir.jobs.metrics.event_proto import parse_event
from wazir.jobs.metrics.event_search import FoundFile
from wazir.jobs.metrics.tfrecord import RecordTail, crc32c

# Written by tensorboard 2.21: EventFileWriter with a simple_value, float tensor content, a
# double_val beside a second tag, a NaN float_val and a histogram.
GOLDEN = base64.b64decode(
    "SAAAAAAAAAD+kkidCa5roiIrwdpBGg1icmFpbi5FdmVudDoyUi4KLHRlbnNvcmJvYXJkLnN1bW1hcnkud3JpdGVyLm"
    "V2ZW50X2ZpbGVfd3JpdGVyL7/dcxoAAAAAAAAAEpvYLQkAAGBA/FTZQRABKg0KCwoEcm1zZRVSuJ4+3jL4tiwAAAAA"
    "AAAA9K7MRQkAAKBA/FTZQRACKh8KHQoEcm1zZUIICAEiBAAAgD5KCwoJCgdzY2FsYXJzxoVSXTwAAAAAAAAAyLejUg"
    "kAAOBA/FTZQRADKi8KIQoEcm1zZUIMCAIyCAAAAAAAAMA/SgsKCQoHc2NhbGFycwoKCgNhY2MVAAAAAGTUU3ssAAAA"
    "AAAAAPSuzEUJAAAgQfxU2UEQBCofCh0KBHJtc2VCCAgBKgQAAMB/SgsKCQoHc2NhbGFyc3U/Zk1DAAAAAAAAALGFJa"
    "AJZmYmQfxU2UEQBCo2CjQKBGhpc3RCHAgCIhgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABKDgoMCgpoaXN0b2dyYW1z"
    "0eChgg=="
)
# Written by tensorboard 2.21: tensorboard.summary.Writer.add_scalar("rmse", 0.5, step=7).
GOLDEN_SCALAR = base64.b64decode(
    "SAAAAAAAAAD+kkidCajroiIrwdpBGg1icmFpbi5FdmVudDoyUi4KLHRlbnNvcmJvYXJkLnN1bW1hcnkud3JpdGVyLm"
    "V2ZW50X2ZpbGVfd3JpdGVyLbIbJDAAAAAAAAAAlfXQXwkyM6MiK8HaQRAHKiMKIQoEcm1zZUIKCAESACoEAAAAP0oN"
    "CgkKB3NjYWxhcnMgAS6z478="
)


def _event_file(path: Path, *tags: str) -> EventFile:
    return EventFile(FoundFile(str(path), str(path.parent), 0, False), frozenset(tags))


def _pairs(file: EventFile, tag: str) -> list[tuple[int | None, float]]:
    return [(sample.step, sample.value) for run in file.runs for sample in run.get(tag, [])]


def test_crc32c_of_the_standards_example() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720, appendix B.4, check value
    assert crc32c(bytes(32)) == 0x8A9136AA


def test_files_of_the_real_writer(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(GOLDEN)
    file = _event_file(path, "rmse", "acc")
    assert file.refresh()
    *finite, (last_step, last) = _pairs(file, "rmse")
    assert finite == [(1, 0.3100000023841858), (2, 0.25), (3, 0.125)]
    assert last_step == 4
    assert math.isnan(last)
    assert _pairs(file, "acc") == [(3, 0.0)]
    assert file.runs[0]["rmse"][0].time == 1700000001.5
    assert file.tags == {"rmse", "acc"}
    assert not file.has_damage
    path.write_bytes(GOLDEN_SCALAR)
    assert file.refresh()
    assert _pairs(file, "rmse")[-1] == (7, 0.5)


SCALARS = st.lists(
    st.tuples(
        st.integers(0, 2**63 - 1),
        st.floats(width=32, allow_nan=False),
        st.text(min_size=1, max_size=20),
        st.booleans(),
    ),
    max_size=12,
)


@given(rows=SCALARS, n_cut=st.integers(0, 200), data=st.data())
@settings(max_examples=50)
def test_round_trip_whatever_the_pieces(
    encoder: Any, tmp_path_factory: pytest.TempPathFactory, rows: Any, n_cut: int, data: Any
) -> None:
    content = encoder.header(1.0)
    for step, value, tag, as_tensor in rows:
        encode = encoder.tensor if as_tensor else encoder.simple
        content += encoder.record(encoder.event(2.0, step, encode(tag, value)))
    path = tmp_path_factory.mktemp("events") / "x.tfevents.1"
    tail = RecordTail(str(path))
    cut = data.draw(st.integers(0, len(content)))
    got = []
    for end in (cut, min(cut + n_cut, len(content)), len(content)):
        path.write_bytes(content[:end])
        got += [parse_event(record.data) for record in tail.read()]
    scalars = [(e.step, tag, value) for e in got for tag, value in e.scalars]
    assert scalars == [(step, tag, value) for step, value, tag, _ in rows]
    assert tail.n_damaged == 0


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        event = parse_event(data)
    except ValueError:
        return
    assert all(isinstance(value, float) for _, value in event.scalars)


@given(noise=st.binary(max_size=300), position=st.integers(0, 400))
@settings(max_examples=50)
def test_any_file_is_read_without_an_error(
    encoder: Any, tmp_path_factory: pytest.TempPathFactory, noise: bytes, position: int
) -> None:
    content = encoder.event_file("rmse", [(i, i / 4) for i in range(8)], start=1.0)
    path = tmp_path_factory.mktemp("noise") / "x.tfevents.1"
    path.write_bytes(content[:position] + noise + content[position:])
    file = _event_file(path, "rmse")
    file.refresh()
    assert set(_pairs(file, "rmse")) <= {(i, i / 4) for i in range(8)}


def test_a_truncated_last_record_waits(encoder: Any, tmp_path: Path) -> None:
    content = encoder.event_file("rmse", [(1, 0.5), (2, 0.25)], start=1.0)
    path = tmp_path / "x.tfevents.1"
    path.write_bytes(content[:-5])
    file = _event_file(path, "rmse")
    file.refresh()
    assert _pairs(file, "rmse") == [(1, 0.5)]
    assert not file.refresh()
    path.write_bytes(content)
    assert file.refresh()
    assert _pairs(file, "rmse") == [(1, 0.5), (2, 0.25)]
    assert not file.has_damage


def test_a_damaged_value_is_not_used(encoder: Any, tmp_path: Path) -> None:
    content = bytearray(encoder.event_file("rmse", [(1, 0.5), (2, 0.25), (3, 1.0)], start=1.0))
    spot = content.index(b"\x15" + b"\x00\x00\x80\x3e")  # 0.25
    content[spot + 2] ^= 0xFF
    path = tmp_path / "x.tfevents.1"
    path.write_bytes(content)
    file = _event_file(path, "rmse")
    file.refresh()
    assert _pairs(file, "rmse") == [(1, 0.5), (3, 1.0)]
    assert file.has_damage


def test_reading_goes_on_behind_a_damaged_length(encoder: Any, tmp_path: Path) -> None:
    rows = [encoder.record(encoder.event(1.0, i, encoder.simple("rmse", i))) for i in range(1, 5)]
    rows[1] = b"\xff" * 12 + rows[1][12:]
    path = tmp_path / "x.tfevents.1"
    path.write_bytes(b"".join(rows))
    file = _event_file(path, "rmse")
    file.refresh()
    assert _pairs(file, "rmse") == [(1, 1.0), (3, 3.0), (4, 4.0)]
    assert file.has_damage


def test_large_records_do_not_hide_what_follows(encoder: Any, tmp_path: Path) -> None:
    # The checksum of a large record would take the slow encoder long; it is not looked at.
    large = encoder.field(4, b"x" * 3_000_000)
    length = len(large).to_bytes(8, "little")
    content = length + encoder.masked(length) + large + b"\0\0\0\0"
    path = tmp_path / "x.tfevents.1"
    path.write_bytes(content + encoder.event_file("rmse", [(1, 0.5)], start=1.0))
    file = _event_file(path, "rmse")
    file.refresh()
    assert _pairs(file, "rmse") == [(1, 0.5)]


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"\x08\x01\x2a\x04\x00\x00\x00\x3f", 0.5),  # float_val
        (b"\x08\x02\x32\x08" + bytes(6) + b"\xe0\x3f", 0.5),  # double_val
        (b"\x08\x02\x22\x08" + bytes(6) + b"\xe0\x3f", 0.5),  # double content
        (b"\x08\x03\x3a\x01\x07", 7.0),  # int_val
        (b"\x08\x09\x52\x0a" + b"\xff" * 9 + b"\x01", -1.0),  # int64_val
        (b"\x08\x13\x6a\x02\x80\x70", 0.5),  # half_val: 0x3800
        (b"\x08\x0e\x6a\x02\x80\x7e", 0.5),  # half_val as bfloat16: 0x3f00
        (b"\x08\x01", 0.0),  # zeros are left out
        (b"\x08\x01\x12\x04\x12\x02\x08\x01\x2a\x04\x00\x00\x00\x3f", 0.5),  # shape (1,)
        (b"\x08\x01\x12\x04\x12\x02\x08\x02\x22\x08" + bytes(8), None),  # shape (2,)
        (b"\x08\x07\x42\x01a", None),  # a text
    ],
)
def test_kinds_of_tensors(encoder: Any, content: bytes, value: float | None) -> None:
    message = encoder.event(1.0, 1, encoder.field(1, b"x") + encoder.field(8, content))
    expected = () if value is None else (("x", value),)
    assert parse_event(message).scalars == expected
