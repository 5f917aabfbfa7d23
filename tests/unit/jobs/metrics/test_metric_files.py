"""The files of wazir.reporting and of cloudml-hypertune, with everything that goes wrong there."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from wazir import reporting
from wazir.jobs.metrics.hypertune_file import HypertuneSource
from wazir.jobs.metrics.points import Sample
from wazir.jobs.metrics.report_file import ReportFileSource
from wazir.jobs.metrics.source import MetricSource
from wazir.jobs.metrics.tail import LineTail

# Written by cloudml-hypertune 0.1.0.dev6.
GOLDEN = (
    '{"checkpoint_path": "", "global_step": "10", "rmse": "0.12345678901234568", '
    '"timestamp": 1795426328.1799042, "trial": "7"}\n'
    '{"checkpoint_path": "", "global_step": "0", "training/hptuning/metric": "nan", '
    '"timestamp": 1795426329.5, "trial": "7"}\n'
)


def _line(tag: str, value: object, step: object, time: float, **more: object) -> str:
    record = {"checkpoint_path": "", "global_step": step, "timestamp": time, "trial": "3"}
    return json.dumps({**record, tag: value, **more}, sort_keys=True) + "\n"


def _steps(samples: Any) -> list[tuple[int | None, float]]:
    return [(sample.step, sample.value) for sample in samples]


def test_the_golden_file(tmp_path: Path) -> None:
    path = tmp_path / "output.metrics"
    path.write_text(GOLDEN)
    source: MetricSource = HypertuneSource(path)
    assert source.refresh(final=False)
    assert source.samples("rmse", final=False) == [
        Sample(0.12345678901234568, 10, 1795426328.1799042)
    ]
    (default,) = source.samples("training/hptuning/metric", final=False)
    assert math.isnan(default.value)
    assert {tag.tag for tag in source.seen_tags()} == {"rmse", "training/hptuning/metric"}


def test_history_survives_the_limit_of_100_lines_and_a_second_instance(tmp_path: Path) -> None:
    path = tmp_path / "output.metrics"
    source = HypertuneSource(path)
    lines = [_line("rmse", str(1 / i), str(i), 100.0 + i) for i in range(1, 151)]
    for end in (60, 150):
        path.write_text("".join(lines[max(0, end - 100) : end]))
        source.refresh(final=False)
    path.write_text(_line("rmse", "5.0", "151", 900.0))
    assert source.refresh(final=False)
    assert [step for step, _ in _steps(source.samples("rmse", final=False))] == [*range(1, 152)]


def test_races_with_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "output.metrics"
    source = HypertuneSource(path)
    assert not source.refresh(final=False)
    path.write_text("")
    assert not source.refresh(final=False)
    first, second = _line("rmse", "0.5", "1", 1.0), _line("rmse", "0.25", "2", 2.0)
    path.write_text(first + second[:30])
    assert source.refresh(final=False)
    assert _steps(source.samples("rmse", final=False)) == [(1, 0.5)]
    path.write_text("")
    assert not source.refresh(final=False)
    path.write_text(first + second)
    assert source.refresh(final=False)
    assert not source.refresh(final=False)
    assert _steps(source.samples("rmse", final=False)) == [(1, 0.5), (2, 0.25)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (_line("rmse", 0.5, 3, 1.0), {"rmse": (3, 0.5)}),
        (_line("rmse", "inf", "3", 1.0), {"rmse": (3, math.inf)}),
        (_line("rmse", "0.5", "x", 1.0), {"rmse": (None, 0.5)}),
        (_line("rmse", "0.5", "-1", 1.0), {"rmse": (None, 0.5)}),
        (_line("value_loss", "0.5", "1", 1.0), {"value_loss": (1, 0.5)}),
        (
            _line("rmse", "0.5", "1", 1.0, key_1="size", value_1="7", key_2="flops", value_2=9),
            {"rmse": (1, 0.5), "size": (1, 7.0), "flops": (1, 9.0)},
        ),
        (_line("trial", "5.0", "1", 1.0), {"trial": (1, 5.0)}),
        (_line("rmse", "text", "1", 1.0), {}),
        (_line("rmse", True, "1", 1.0), {}),
        ('["rmse"]\n', {}),
        ('{"rmse": "0.5"}\n', {}),
        ("\xff\n", {}),
    ],
)
def test_lines_of_all_kinds(
    tmp_path: Path, line: str, expected: dict[str, tuple[int | None, float]]
) -> None:
    path = tmp_path / "output.metrics"
    path.write_text(line, encoding="latin-1")
    source = HypertuneSource(path)
    source.refresh(final=True)
    for tag, pair in expected.items():
        assert _steps(source.samples(tag, final=True)) == [pair]
    assert {tag.tag for tag in source.seen_tags()} == set(expected)


def test_reports_are_read_as_they_were_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reports.jsonl"
    monkeypatch.setenv("WAZIR_REPORT_FILE", str(path))
    monkeypatch.setenv("WAZIR_METRIC", "rmse")
    source: MetricSource = ReportFileSource(path)
    assert not source.refresh(final=False)
    reporting.report(0.5, step=1)
    reporting.report({"rmse": float("nan"), "acc": 0.1})
    assert source.refresh(final=False)
    first, second = source.samples("rmse", final=False)
    assert (first.value, first.step) == (0.5, 1)
    assert math.isnan(second.value)
    assert second.step is None
    assert _steps(source.samples("acc", final=False)) == [(None, 0.1)]
    assert not source.refresh(final=False)


def test_a_report_behind_a_torn_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    whole = '{"t": 1.0, "step": 2, "metrics": {"rmse": 0.5}}\n'
    path.write_text(whole[:20] + whole + "garbage\n" + '{"t": 1.0, "step": 1, "metrics": []}\n')
    source = ReportFileSource(path)
    source.refresh(final=True)
    assert _steps(source.samples("rmse", final=True)) == [(2, 0.5)]


def test_an_unfinished_line_waits(tmp_path: Path) -> None:
    path = tmp_path / "text"
    tail = LineTail(path)
    assert tail.read(final=False) == []
    path.write_bytes(b"one\ntw")
    assert tail.read(final=False) == [b"one"]
    path.write_bytes(b"one\ntwo\nthree")
    assert tail.read(final=False) == [b"two"]
    assert tail.read(final=True) == [b"three"]
    assert tail.read(final=True) == []
    path.write_bytes(b"new\n")
    assert tail.read(final=False) == [b"new"]


def test_a_long_file_is_read_in_parts_and_of_a_very_long_rest_only_the_end(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"".join(b"%09d\n" % i for i in range(1_000_000)))
    tail = LineTail(path)
    first = tail.read(final=False)
    assert first[0] == b"000000000"
    assert len(first) < 30_000
    assert tail.read(final=False)[0] == b"%09d" % len(first)
    last = tail.read(final=True)
    assert last[-1] == b"000999999"
    assert all(len(line) == 9 for line in last)
    assert 50_000 < len(last) < 200_000
