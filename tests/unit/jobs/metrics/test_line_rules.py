"""What counts as a value and as a step in a line of output."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.errors import InvalidInputError
from wazir.jobs.metrics.line_pattern import compile_metric_pattern, line_pattern
from wazir.jobs.metrics.line_rules import (
    Bar,
    clean_lines,
    find_bar,
    find_names,
    find_step,
    find_value,
)


def _value(line: str, metric: str = "rmse") -> float | None:
    found = find_value(line, metric)
    return None if found is None else found.value


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("rmse=0.31", 0.31),
        ("rmse: 0.31", 0.31),
        ('{"rmse": 0.31, "step": 3}', 0.31),
        ('{"rmse":0.31}', 0.31),
        ("{'rmse': 0.31}", 0.31),
        ('{"rmse": "0.31"}', 0.31),
        ("rmse = 0.31, other", 0.31),
        ("rmse 0.31", 0.31),
        ("| rmse | 0.31 |", 0.31),
        ("rmse -> 0.31", 0.31),
        ("rmse (val): 0.31", 0.31),
        ("rmse: 1e-3", 1e-3),
        ("rmse: -.5E+2", -50.0),
        ("rmse: 3", 3.0),
        ("rmse: 31%", 31.0),
        ("rmse: 1,234.5", 1234.5),
        ("rmse: 0.31.", 0.31),
        ("(rmse=0.31)", 0.31),
        ("INFO:trainer.task:rmse = 0.31", 0.31),
        ("rmse: tensor(0.31)", 0.31),
        ("rmse: np.float64(0.31)", 0.31),
        ("rmse: tensor([0.31], device='cuda:0')", 0.31),
        ("rmse: 98/100 (98%)", 0.98),
        ("rmse: 0.31±0.02", 0.31),
        ("rmse: -inf", -math.inf),
        ("metrics/rmse: 0.31", 0.31),
        ("val-rmse:0.31", 0.31),
        ("[3]\tvalidation_0-rmse:0.31", 0.31),
        ("old rmse=0.5 new rmse=0.31", 0.31),
        ("rmse 5 times, rmse=0.31", 0.31),
        ("train_rmse=0.31", None),
        ("train_rmse: 0.2", None),
        ("rmse_std: 0.2", None),
        ("log-rmse: 0.2", None),
        ("--rmse 0.2", None),
        ("myrmse=0.2", None),
        ("rmse2=0.2", None),
        ("rmse: 3s", None),
        ("rmse: 1.2.3", None),
        ("rmse: 0.31ms", None),
        ("rmse: information", None),
        ("rmse: None", None),
        ("rmse improved from 0.5", None),
        ("RMSE: 0.31", None),
    ],
)
def test_values(line: str, value: float | None) -> None:
    assert _value(line) == value


def test_not_a_number_is_a_value() -> None:
    assert math.isnan(_value("rmse: nan") or 0.0)
    assert math.isnan(_value('{"rmse": NaN}') or 0.0)


@pytest.mark.parametrize(
    ("line", "value", "is_training"),
    [
        ("train rmse: 0.2 val rmse: 0.3", 0.3, False),
        ("val rmse: 0.3 train rmse: 0.2", 0.3, False),
        ("train-rmse:0.2\tvalidation-rmse:0.3", 0.3, False),
        ("training's rmse: 0.2\tvalid_1's rmse: 0.3", 0.3, False),
        ('{"train": {"rmse": 0.2}, "test": {"rmse": 0.3}}', 0.3, False),
        ("rmse: 0.2 val rmse: 0.3", 0.3, False),
        ("Train | rmse 0.2", 0.2, True),
        ("train/rmse=0.2", 0.2, True),
        ("train loss: 0.1 rmse: 0.2", 0.2, True),
        ("train.py: rmse: 0.2", 0.2, False),
        ("training time 3.5, rmse: 0.2", 0.2, False),
        ("train_loss: 0.1 rmse: 0.2", 0.2, False),
        ("trainer rmse: 0.2", 0.2, False),
    ],
)
def test_values_behind_the_word_train(line: str, value: float, is_training: bool) -> None:
    found = find_value(line, "rmse")
    assert found is not None
    assert (found.value, found.is_training) == (value, is_training)


@pytest.mark.parametrize(
    "name", ["Taxi Model Accuracy", "acc@1", "a/b", "été", "x.y", "top-5", "1-f1"]
)
def test_names_of_all_kinds(name: str) -> None:
    assert _value(f"step 3 {name}: 0.5", name) == 0.5
    assert re.search(line_pattern([name]).encode(), f"{name}: 0.5".encode())


@given(
    st.floats(allow_nan=False), st.sampled_from(["rmse={}", "rmse: {}", '{{"rmse": {}, "b": 1}}'])
)
def test_every_float_that_python_prints_is_read(value: float, form: str) -> None:
    assert _value(form.format(value)) == value


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("epoch 3 rmse=1", 3),
        ("Epoch 3/10: rmse=1", 3),
        ("step=3 rmse=1", 3),
        ('{"rmse": 0.31, "step": 3}', 3),
        ('{"epoch": 2, "global_step": 300}', 300),
        ("global step: 7", 7),
        ("iter 5", 5),
        ("Iteration: 12", 12),
        ("Epoch [2/10], Step [100/600], rmse: 1", 1300),
        ("epoch 2 step 300 rmse 1", 300),
        ("[12]\tvalidation-rmse:0.5", 12),
        ("Epoch: 003", 3),
        ("epoch=3.0", 3),
        ("epoch=0.5", None),
        ("32/32 - 1s - 2ms/step - rmse: 0.5", None),
        ("rmse: 0.5", None),
        ("epochs: many", None),
        ("step 3s", None),
        (f"step={2**70}", None),
    ],
)
def test_steps(line: str, step: int | None) -> None:
    assert find_step(line) == step


@pytest.mark.parametrize(
    ("line", "bar"),
    [
        ("Epoch 3:  45%|####5     | 45/100 [00:01<00:01, 40.1it/s, rmse=0.5]", Bar.PARTIAL),
        ("Epoch 3: 100%|##########| 100/100 [00:02<00:00, rmse=0.5]", Bar.FULL),
        ("10/32 ━━━━━━━━━━━━━━━━━━━━ 0s 2ms/step - rmse: 0.5", Bar.PARTIAL),
        ("32/32 [==============================] - 1s - rmse: 0.5", Bar.FULL),
        ("rmse: 31%", Bar.NONE),
        ("epoch 3/10 rmse 0.5", Bar.NONE),
    ],
)
def test_progress_bars(line: str, bar: Bar) -> None:
    assert find_bar(line) is bar


def test_lines_as_a_terminal_shows_them() -> None:
    assert clean_lines("\x1b[1;32mrmse\x1b[0m: 0.3") == ["rmse: 0.3"]
    assert clean_lines("a\rb\x08\x08c\r") == ["a", "b", "c"]
    assert clean_lines("\x1b]0;title\x07rmse=1") == ["rmse=1"]


def test_names_of_values() -> None:
    assert list(find_names('loss: 0.5 - val_loss=0.3 "acc": 1 time 3')) == [
        "loss",
        "val_loss",
        "acc",
    ]


def test_a_pattern_of_the_users() -> None:
    pattern = compile_metric_pattern(r"score is ([\d.,%]+)")
    assert [m.value for m in pattern.find("score is 31% score is 1,000")] == [31.0, 1000.0]
    pattern = compile_metric_pattern(r"(?P<metric>\w+)@(?P<step>\d+) -> (?P<value>\S+)")
    assert [(m.metric, m.step, m.value) for m in pattern.find("f1@7 -> 0.5")] == [("f1", 7, 0.5)]
    assert pattern.find("f1@7 -> none") == []
    assert compile_metric_pattern(r"(?P<step>\d+): (.+)").find("3: 0.5")[0].value == 0.5


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("rmse is .*", "got no group"),
        ("(a)(b)", "got 2 groups"),
        ("(?P<step>a)", "got no group"),
        ("(?P<number>a)", "named value, step or metric, got 'number'"),
        ("rmse (", "no regular expression"),
        ("(?P<value>a)(?P<value>b)", "no regular expression"),
    ],
)
def test_patterns_that_cannot_be_used(text: str, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(rule)):
        compile_metric_pattern(text)
    with pytest.raises(InvalidInputError):
        line_pattern(["rmse"], text)


def test_the_line_pattern_finds_the_lines_worth_keeping() -> None:
    two = re.compile(line_pattern(["rmse", "f1 score"]).encode())
    assert two.search(b"step 3 rmse=0.3")
    assert two.search(b"f1 score: 1")
    assert not two.search(b"loss: 1")
    own = re.compile(line_pattern(["rmse"], r"(?i)score is ([\d.]+)$").encode())
    assert own.search(b"SCORE is 1.5")
    assert own.search(b"score is \x1b[1m1.5")
    assert not own.search(b"rmse=0.3")
    for odd in (r"\u00e9 (\d+)", r"[é] (\d+)"):
        assert re.compile(line_pattern(["rmse"], odd).encode()).search(b"anything")
