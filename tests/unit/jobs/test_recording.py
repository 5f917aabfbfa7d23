"""Records are written whole, output with a cap, and matching lines are found."""

import errno
import itertools
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.jobs import recording
from wazir.jobs.attempt_files import last_lines, read_chunk, read_lines, read_log, read_record
from wazir.jobs.recording import CappedFile, LineFilter, claim, write_record


def test_only_one_gets_the_claim(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda i: claim(str(tmp_path), {"n": i}), range(40)))
    assert won.count(True) == 1
    assert read_record(tmp_path / "claim.json") == {"n": won.index(True)}


def test_a_claim_that_cannot_be_written_is_no_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(json, "dump", fail)
        with pytest.raises(OSError, match="full"):
            claim(str(tmp_path), {})
    assert claim(str(tmp_path), {})


@pytest.mark.parametrize("sync", [True, False])
def test_records_are_replaced_whole(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "exit.json"
    write_record(str(path), {"a": 1}, sync=sync)
    with pytest.raises(TypeError):
        write_record(str(path), {"a": object()}, sync=sync)
    assert read_record(path) == {"a": 1}
    write_record(str(path), {"a": "\udcff"}, sync=sync)
    assert read_record(path) == {"a": "\udcff"}


@pytest.mark.parametrize("content", [None, b"", b'{"a"', b"[1]", b"\xff"])
def test_an_unreadable_record_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    assert read_record(tmp_path / "x") is None


def capped(folder: Path, writes: list[bytes], head: int, tail: int) -> CappedFile:
    file = CappedFile(str(folder / "log"), head, tail)
    for data in writes:
        file.write(data)
    file.close(sync=True)
    return file


def test_a_short_file_is_kept_whole(tmp_path: Path) -> None:
    file = capped(tmp_path, [b"one\n", b"two\n"], 100, 10)
    assert read_log(tmp_path) == b"one\ntwo\n"
    assert os.listdir(tmp_path) == ["log"]
    assert file.error == ""


def test_head_and_tail_of_a_long_file_are_kept(tmp_path: Path) -> None:
    writes = [b"%06d\n" % i for i in range(10_000)]
    capped(tmp_path, writes, 700, 350)
    log = read_log(tmp_path)
    head, notice, tail = re.fullmatch(
        rb"(.*)\n\[\.\.\. (\d+) bytes left out \.\.\.\]\n(.*)", log, re.DOTALL
    ).groups()  # type: ignore[union-attr]
    everything = b"".join(writes)
    assert everything.startswith(head)
    assert everything.endswith(tail)
    assert len(head) == 700
    assert 350 <= len(tail) <= 700
    assert len(head) + int(notice) + len(tail) == len(everything)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1400
    assert last_lines(tmp_path, 2) == ["009998", "009999"]


@given(
    sizes=st.lists(st.integers(1, 40), max_size=60),
    head=st.integers(1, 60),
    tail=st.integers(1, 60),
    limit=st.integers(1, 50),
)
def test_a_follower_sees_each_kept_byte_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], head: int, tail: int, limit: int
) -> None:
    folder = tmp_path_factory.mktemp("follow")
    file = CappedFile(str(folder / "log"), head, tail)
    written = b""
    offset = 0
    for i, size in enumerate(sizes):
        data = bytes([i % 251]) * size
        file.write(data)
        written += data
        chunk = read_chunk(folder / "log", offset, limit)
        begin = offset + chunk.left_out_bytes
        assert chunk.data == written[begin : chunk.next_offset]
        offset = chunk.next_offset
    while (chunk := read_chunk(folder / "log", offset, limit)).data:
        assert chunk.data == written[offset + chunk.left_out_bytes : chunk.next_offset]
        offset = chunk.next_offset
    assert offset == len(written)
    file.close(sync=False)


def test_a_write_cut_short_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    file = CappedFile(str(tmp_path / "log"), 100, 100)
    file.write(b"whole\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda fd, data: write(fd, data[:2]))
        file.write(b"loss=0.1234\n")
    file.write(b"later\n")
    file.close(sync=False)
    assert read_log(tmp_path) == b"whole\nlater\n"
    assert file.error == "12 bytes could not be written: No space left on device"


def test_a_file_that_cannot_be_opened_raises_nothing(tmp_path: Path) -> None:
    file = CappedFile(str(tmp_path / "gone" / "log"), 10, 10)
    file.write(b"abc")
    file.write(b"de")
    file.close(sync=True)
    assert file.error == "5 bytes could not be written: No such file or directory"


def test_nothing_written_is_an_empty_log(tmp_path: Path) -> None:
    assert read_log(tmp_path) == read_log(tmp_path / "gone") == b""
    assert last_lines(tmp_path, 3) == []
    assert read_lines(tmp_path) == ([], 0)


def test_last_lines(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"a\n\n  \nb\rc\r\nd\xff")
    assert last_lines(tmp_path, 3) == ["b", "c", "d\ufffd"]
    assert last_lines(tmp_path, 0) == []


def test_lines_are_read_by_offset_and_only_when_complete(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"1.500000\tloss\t=1\n2.5")
    lines, offset = read_lines(tmp_path)
    assert [(line.time, line.text) for line in lines] == [(1.5, b"loss\t=1")]
    assert read_lines(tmp_path, offset) == ([], offset)
    with path.open("ab") as file:
        file.write(b"00000\tloss=2\n")
    lines, offset = read_lines(tmp_path, offset)
    assert [(line.time, line.text) for line in lines] == [(2.5, b"loss=2")]
    assert offset == path.stat().st_size


def found(pattern: str, chunks: list[bytes]) -> list[bytes]:
    line_filter = LineFilter(pattern)
    lines = [line for chunk in chunks for line in line_filter.feed(chunk)]
    return lines + line_filter.finish()


def expected(pattern: str, data: bytes) -> list[bytes]:
    lines = (line[: recording.LINE_BYTES] for line in re.split(rb"[\r\n]", data))
    return [line for line in lines if line and re.search(pattern.encode(), line)]


PATTERNS = [
    "a",
    "^a",
    "a$",
    r"^a\s*=\s*b$",
    r"a\s+b",
    r"\s+a",
    "a.*b",
    "(?s)a.*b",
    r"\Aa",
    r"b\Z",
    r"a(?!\s)",
    r"(?<!\s)a",
    "a[^x]*+$",
    "(?>a[^x]*)$",
    "a++$",
    "",
    "a?",
    "$",
    r"\b=",
    "(?i)A",
    "a|b",
    "ä",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
def test_lines_are_those_that_match_alone(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.lists(st.sampled_from("aab =\n\n\rxä"), max_size=40).map("".join)).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
    edges = [0, *cuts, len(text)]
    chunks = [text[i:j] for i, j in itertools.pairwise(edges)]
    assert found(pattern, chunks) == expected(pattern, text)


@pytest.mark.parametrize("n_chunks", [1, 7])
def test_long_lines_are_cut(n_chunks: int) -> None:
    limit = recording.LINE_BYTES
    text = b"x" + b"loss" + b"y" * limit + b"\n" + b"z" * limit + b"loss\nloss\n" + b"loss" * limit
    size = -(-len(text) // n_chunks)
    chunks = [text[i : i + size] for i in range(0, len(text), size)]
    lines = found("loss", chunks)
    assert lines == expected("loss", text)
    assert [len(line) for line in lines] == [limit, 4, limit]


def test_without_a_pattern_no_line_is_kept() -> None:
    line_filter = LineFilter(None)
    assert line_filter.feed(b"a\nb") == []
    assert line_filter.finish() == []
