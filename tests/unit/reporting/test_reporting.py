"""The reporting API: what is written, what is refused, and what an import costs."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wazir import reporting


@pytest.fixture
def report_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "reports.jsonl"
    monkeypatch.setenv("WAZIR_REPORT_FILE", str(path))
    monkeypatch.setenv("WAZIR_METRIC", "rmse")
    return path


def _records(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_bare_value_is_the_objective_metric(report_file: Path) -> None:
    reporting.report(0.5, step=3)
    reporting.report({"rmse": 0.25, "latency": 2})
    first, second = _records(report_file)
    assert first["metrics"] == {"rmse": 0.5}
    assert first["step"] == 3
    assert isinstance(first["t"], float)
    assert second["metrics"] == {"rmse": 0.25, "latency": 2.0}
    assert second["step"] is None


class _Tensor:
    def __repr__(self) -> str:
        return "tensor"

    ndim = 0

    def __float__(self) -> float:
        return 0.75


@pytest.mark.parametrize(
    "value", [np.float32(0.75), np.array(0.75), _Tensor(), np.float64(0.75)], ids=str
)
def test_numbers_of_other_libraries_are_numbers(report_file: Path, value: object) -> None:
    reporting.report(value, step=np.int64(4))  # type: ignore[arg-type]
    assert _records(report_file)[0]["metrics"] == {"rmse": 0.75}
    assert _records(report_file)[0]["step"] == 4


def test_values_that_json_cannot_say_are_texts(report_file: Path) -> None:
    for value in (float("nan"), float("inf"), float("-inf")):
        reporting.report(value)
    values = [record["metrics"] for record in _records(report_file)]
    assert values == [{"rmse": "nan"}, {"rmse": "inf"}, {"rmse": "-inf"}]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (True, "is a number, got True"),
        (np.bool_(True), "is a number"),
        ("0.3", "is a number, got '0.3'"),
        (None, "is a number, got None"),
        (1j, "is a number, got 1j"),
        ({}, "at least one metric"),
        ({"rmse": "a"}, "the value of metric 'rmse' is a number"),
        ({3: 0.1}, "the name of a metric"),
        ({" ": 0.1}, "the name of a metric"),
        (np.array([0.1]), "array of 1 dimensions"),
        ([0.1], "is a number"),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_wrong_values_are_refused_inside_and_outside_a_trial(
    report_file: Path, monkeypatch: pytest.MonkeyPatch, value: object, rule: str, inside: bool
) -> None:
    if not inside:
        monkeypatch.delenv("WAZIR_REPORT_FILE")
    with pytest.raises(ValueError, match=rule):
        reporting.report(value)  # type: ignore[arg-type]
    assert not report_file.exists()


@pytest.mark.parametrize(
    ("step", "rule"), [(-1, "at least 0"), (1.5, "integer"), (True, "integer"), ("1", "integer")]
)
def test_wrong_steps_are_refused(report_file: Path, step: object, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        reporting.report(0.5, step=step)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [None, "", "a\nb"])
def test_a_bare_value_is_ambiguous_with_several_objectives(
    report_file: Path, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    if name is None:
        monkeypatch.delenv("WAZIR_METRIC")
    else:
        monkeypatch.setenv("WAZIR_METRIC", name)
    with pytest.raises(ValueError, match="several objectives"):
        reporting.report(0.5)
    reporting.report({"a": 1.0, "b": 2.0})
    assert len(_records(report_file)) == 1


def test_outside_a_trial_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("WAZIR_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    reporting.report(0.5, step=1)
    assert list(tmp_path.iterdir()) == []
    assert reporting.trial_id() is None
    assert reporting.trial_dir() is None
    assert not reporting.resuming()
    assert reporting.parameters() == {}


def test_a_trial_knows_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAZIR_TRIAL_ID", "7")
    monkeypatch.setenv("WAZIR_TRIAL_DIR", "/runs/7/out")
    monkeypatch.setenv("WAZIR_RESUME", "1")
    monkeypatch.setenv("WAZIR_PARAMETERS", '{"lr": 0.1, "units": 3}')
    assert reporting.trial_id() == 7
    assert reporting.trial_dir() == "/runs/7/out"
    assert reporting.resuming()
    assert reporting.parameters() == {"lr": 0.1, "units": 3}
    monkeypatch.setenv("WAZIR_TRIAL_ID", "7-rerun-2")
    assert reporting.trial_id() == 7


def test_processes_may_report_at_the_same_time(report_file: Path) -> None:
    code = "from wazir import reporting\nfor i in range(200): reporting.report(i / 8, step=i)"
    workers = [subprocess.Popen([sys.executable, "-c", code], env=_env()) for _ in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    steps = [record["step"] for record in _records(report_file)]
    assert sorted(steps) == sorted(3 * list(range(200)))  # type: ignore[type-var]


def test_a_full_disk_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch, needs: Callable[[str], None]
) -> None:
    if not os.path.exists("/dev/full"):
        needs("/dev/full")
    monkeypatch.setenv("WAZIR_REPORT_FILE", "/dev/full")
    with pytest.raises(OSError, match="No space left"):
        reporting.report({"rmse": 0.5})


def test_the_import_loads_nothing_else() -> None:
    code = (
        f"import sys; sys.path[:0] = {_source()!r}; import wazir; known = set(sys.modules); "
        "import wazir.reporting; print(*(set(sys.modules) - known))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["wazir.reporting"]


def _source() -> list[str]:
    return [str(Path(reporting.__file__).parents[2])]


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": _source()[0]}
