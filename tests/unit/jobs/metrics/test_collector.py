"""Which source counts, which points are given, and what is said when there are none."""

import math
from typing import Any

import pytest

from wazir.domain.errors import InvalidInputError
from wazir.jobs.metrics.points import MetricPoint, last_finite

START = 1_700_000_000.0


def _pairs(points: list[MetricPoint], metric: str = "rmse") -> list[tuple[int, float]]:
    return [(point.step, point.metrics[metric]) for point in points if metric in point.metrics]


def _report(step: int, **metrics: float) -> bytes:
    inner = ", ".join(f'"{name}": {value}' for name, value in metrics.items())
    return f'{{"t": {START + step}, "step": {step}, "metrics": {{{inner}}}}}\n'.encode()


def _hypertune(step: int, value: float) -> bytes:
    return (
        f'{{"checkpoint_path": "", "global_step": "{step}", "rmse": "{value}", '
        f'"timestamp": {START + step}, "trial": "3"}}\n'
    ).encode()


def test_printed_values_arrive_one_by_one_and_once(bench: Any) -> None:
    collector = bench.collector()
    assert collector.poll() == []
    bench.print("Epoch 1 rmse=0.5")
    (point,) = collector.poll()
    assert point == MetricPoint({"rmse": 0.5}, 1, START + 1.0)
    assert collector.poll() == []
    bench.print("Epoch 2 rmse=0.25", "Epoch 3 train_rmse=0.1", "Epoch 4 rmse=nan")
    assert _pairs(collector.poll())[0] == (2, 0.25)
    assert collector.poll(final=True) == []
    assert collector.source == "standard output"
    assert collector.warnings == []
    assert math.isnan(collector.series()[-1].metrics["rmse"])
    assert last_finite(collector.series(), "rmse") == collector.series()[1]


def test_a_new_collector_gives_the_same_points_again(bench: Any) -> None:
    bench.print("rmse=0.5", "rmse: 0.25", '{"rmse": 0.125}')
    first, second = bench.collector(), bench.collector()
    points = first.poll()
    assert _pairs(points) == [(1, 0.5), (2, 0.25), (3, 0.125)]
    assert second.poll() == points


def test_the_tails_of_long_output_are_read(bench: Any) -> None:
    bench.print("step 1 rmse=0.5")
    bench.print("step 8 rmse=0.25", name="lines.000000000000900")
    bench.print("step 9 rmse=0.125", name="lines.000000000001800")
    assert _pairs(bench.collector().poll()) == [(1, 0.5), (8, 0.25), (9, 0.125)]


def test_a_better_source_takes_over_and_stays(bench: Any, encoder: Any) -> None:
    collector = bench.collector()
    bench.print("step 1 rmse=0.5")
    assert _pairs(collector.poll()) == [(1, 0.5)]
    bench.write("eval/x.tfevents.1", encoder.event_file("rmse", [(10, 0.375)], start=START))
    assert _pairs(collector.poll()) == [(10, 0.375)]
    assert collector.source == "TensorBoard event files in out/eval"
    bench.write(bench.attempt_dir / "output.metrics", _hypertune(11, 0.3))
    assert _pairs(collector.poll()) == [(11, 0.3)]
    assert collector.source == "the cloudml-hypertune file"
    bench.write(bench.attempt_dir / "reports.jsonl", _report(12, rmse=0.2))
    assert _pairs(collector.poll()) == [(12, 0.2)]
    bench.print("step 13 rmse=0.1")
    assert collector.poll(final=True) == []
    assert collector.source == "wazir.reporting.report()"
    assert _pairs(collector.series()) == [(12, 0.2)]


def test_a_corrected_step_is_given_again(bench: Any) -> None:
    collector = bench.collector()
    bench.print("step 1 rmse=0.5", "step 2 rmse=0.4")
    collector.poll()
    bench.print("step 1 rmse=0.3")
    assert _pairs(collector.poll()) == [(1, 0.3)]


def test_values_of_training_count_only_when_there_are_no_others(bench: Any) -> None:
    collector = bench.collector()
    bench.print("step 1 Train | rmse 0.2")
    assert collector.poll() == []
    assert _pairs(collector.poll(final=True)) == [(1, 0.2)]
    assert "training data" in collector.warnings[0]
    bench.print("step 1 Val | rmse 0.3")
    assert _pairs(collector.poll(final=True)) == [(1, 0.3)]
    assert collector.warnings == []


def test_carriage_returns_end_lines(bench: Any) -> None:
    bench.print("step 1 rmse=0.5\rstep 2 rmse=0.25\r")
    assert _pairs(bench.collector().poll()) == [(1, 0.5), (2, 0.25)]


def _bar(epoch: int, percent: int, value: float) -> str:
    return f"Epoch {epoch}: {percent:3}%|###   | {percent}/100 [00:01<00:01, rmse={value}]"


def test_of_a_progress_bar_the_last_drawing_counts(bench: Any) -> None:
    collector = bench.collector()
    bench.print(_bar(1, 10, 0.9), _bar(1, 50, 0.8))
    assert collector.poll() == []
    bench.print(_bar(1, 100, 0.7), _bar(1, 100, 0.7))
    assert _pairs(collector.poll()) == [(1, 0.7)]
    bench.print(_bar(2, 40, 0.6), _bar(3, 10, 0.5))
    assert _pairs(collector.poll()) == [(2, 0.6)]
    assert _pairs(collector.poll(final=True)) == [(3, 0.5)]


def test_bars_without_a_step_are_counted_once_each(bench: Any) -> None:
    for value in (0.9, 0.8):
        for percent in (10, 60, 100, 100):
            bench.print(f"{percent}%|## | {percent}/100 [00:01<00:01, rmse={value}]")
    collector = bench.collector()
    assert _pairs(collector.poll(final=True)) == [(1, 0.9), (2, 0.8)]


def test_a_lone_step_zero_waits_for_the_next_one(bench: Any) -> None:
    path = bench.attempt_dir / "output.metrics"
    collector = bench.collector()
    bench.write(path, _hypertune(0, 0.5))
    assert collector.poll() == []
    bench.write(path, _hypertune(0, 0.5) + _hypertune(1, 0.25))
    assert _pairs(collector.poll()) == [(0, 0.5), (1, 0.25)]
    bench.write(path, _hypertune(0, 0.5))
    assert _pairs(bench.collector().poll(final=True)) == [(1, 0.5)]


def test_several_metrics_come_together(bench: Any) -> None:
    path = bench.attempt_dir / "reports.jsonl"
    collector = bench.collector("rmse", "latency")
    bench.write(path, _report(1, rmse=0.5))
    assert collector.poll() == []
    bench.write(path, _report(1, rmse=0.5) + _report(1, latency=8.0, other=1.0))
    (point,) = collector.poll()
    assert point.metrics == {"rmse": 0.5, "latency": 8.0}
    bench.write(path, path.read_bytes() + _report(2, rmse=0.25))
    assert collector.poll() == []
    assert _pairs(collector.poll(final=True)) == [(2, 0.25)]


def test_metrics_may_come_from_different_sources(bench: Any) -> None:
    bench.write(bench.attempt_dir / "reports.jsonl", _report(1, rmse=0.5) + _report(2, rmse=0.4))
    bench.print("latency: 8 ms")
    collector = bench.collector("rmse", "latency")
    points = collector.poll(final=True)
    assert [dict(point.metrics) for point in points] == [
        {"rmse": 0.5},
        {"rmse": 0.4, "latency": 8.0},
    ]
    assert collector.source == "wazir.reporting.report(); latency from standard output"


def test_a_metric_pattern_replaces_the_rules(bench: Any, encoder: Any) -> None:
    bench.write("x.tfevents.1", encoder.event_file("rmse", [(1, 9.0)], start=START))
    bench.print("rmse=0.5", "step 4: the result is 31%", "\x1b[1mthe result is\x1b[0m 0.2 ")
    collector = bench.collector(metric_pattern=r"the result is\s+(\S+)")
    assert _pairs(collector.poll()) == [(4, 31.0), (5, 0.2)]
    assert collector.source == "standard output, by --metric-pattern"
    with pytest.raises(InvalidInputError, match="one group"):
        bench.collector(metric_pattern="rmse")


def test_a_missing_metric_is_loud(bench: Any, encoder: Any) -> None:
    bench.write("eval/x.tfevents.1", encoder.event_file("epoch_loss", [(1, 0.4)], start=START))
    bench.write(bench.attempt_dir / "reports.jsonl", _report(1, accuracy=0.5))
    (bench.attempt_dir / "log").write_text("hello\nRMSE = 0.5\nmae: 3\nusage: train.py\n")
    collector = bench.collector()
    assert collector.poll(final=True) == []
    assert collector.source is None
    message = collector.missing_message("rmse")
    assert "without a value of metric 'rmse'" in message
    assert "'accuracy' in wazir.reporting.report()" in message
    assert "'epoch_loss' in TensorBoard event files in out/eval" in message
    assert "'RMSE', 'mae' in standard output" in message
    assert "did you mean 'RMSE'?" in message
    assert "rmse=0.31" in message
    assert "--metric-pattern" in message


def test_a_silent_program_is_told_what_to_do(bench: Any) -> None:
    collector = bench.collector()
    collector.poll(final=True)
    assert "no other values were seen" in collector.missing_message("rmse")
    assert "searched in out" in collector.missing_message("rmse")


@pytest.mark.parametrize(
    ("metric", "line", "warns"),
    [
        ("loss", "loss: 0.5 val_loss: 0.4", True),
        ("loss", "loss: 0.5 eval_accuracy: 0.4", True),
        ("loss", "loss: 0.5 accuracy: 0.4", False),
        ("rmse", "loss: 0.5 rmse: 0.4 val_rmse: 0.4", True),
        ("rmse", "rmse: 0.4 val_loss: 0.4", False),
        ("val_loss", "loss: 0.5 val_loss: 0.4", False),
        ("train_rmse", "train_rmse: 0.5", True),
        ("Training/acc", "Training/acc: 0.5", True),
        ("trained_rmse", "trained_rmse: 0.5", False),
        ("training/hptuning/metric", "training/hptuning/metric: 0.5", False),
    ],
)
def test_the_training_loss_is_no_tuning_metric(
    bench: Any, metric: str, line: str, warns: bool
) -> None:
    bench.print(line)
    collector = bench.collector(metric)
    assert collector.poll(final=True)
    assert any("training data" in warning for warning in collector.warnings) == warns


def test_a_spec_needs_metrics(bench: Any) -> None:
    with pytest.raises(InvalidInputError, match="needs named metrics"):
        bench.spec(metric_names=())
    with pytest.raises(InvalidInputError, match="named once"):
        bench.spec("a", "a")


def test_unchanged_files_are_not_read_again(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.print("rmse=0.5")
    bench.write(bench.attempt_dir / "reports.jsonl", _report(1, other=0.5))
    collector = bench.collector()
    assert collector.poll()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("builtins.open", refuse)
    assert collector.poll() == []
