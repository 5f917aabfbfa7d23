"""Several metrics of one program: on one axis, or without steps of their own."""

from typing import Any

from wazir.jobs.metrics.points import MetricPoint, Sample, series

BOTH = ("latency", "accuracy")


def samples(*values: float, steps: tuple[int | None, ...] | None = None) -> list[Sample]:
    steps = steps or (None,) * len(values)
    return [Sample(v, s, float(i)) for i, (v, s) in enumerate(zip(values, steps, strict=True))]


def test_an_objective_measured_once_belongs_to_the_last_step_of_the_others() -> None:
    found = series(
        {"latency": samples(7.0), "accuracy": samples(0.1, 0.2, steps=(1, 2))}, "latency"
    )
    assert found == [
        MetricPoint({"accuracy": 0.1}, 1, 0.0),
        MetricPoint({"latency": 7.0, "accuracy": 0.2}, 2, 1.0),
    ]


def test_an_objective_measured_often_keeps_its_own_count() -> None:
    found = series({"latency": samples(7.0, 6.0), "accuracy": samples(0.1, steps=(2,))}, "latency")
    assert [point.step for point in found] == [1, 2]


def test_the_metric_that_is_missing_is_named(bench: Any) -> None:
    bench.print("epoch 1 accuracy=0.5", "Latency=7")
    collector = bench.collector(metric_names=("accuracy", "latency"))
    collector.poll(final=True)
    message = collector.missing_message("latency")
    assert "without a value of metric 'latency'" in message
    assert "'accuracy'" in message
    assert "did you mean 'Latency'?" in message
    assert "report({'latency': value})" in message
