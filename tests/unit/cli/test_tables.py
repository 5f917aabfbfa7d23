"""Tables fit the width, and never cut numbers."""

from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from wazir.cli.tables import (
    Column,
    cut,
    label_lines,
    make_table,
    number_column,
    printable,
    shown_path,
    shown_size,
    shown_time,
    shown_value,
    text_column,
    text_width,
)

ID = number_column("ID", ["1", "12"])
NAME = text_column("NAME", ["a rather long name of something", "short"])


def test_aligns_numbers_at_the_right_and_texts_at_the_left():
    table = make_table(
        [ID, Column("STATE", ["ACTIVE", "x"]), number_column("v", ["1", "10"])], None
    )
    assert table.lines == ("ID  STATE    v", " 1  ACTIVE   1", "12  x       10")


def test_cuts_long_texts_and_not_numbers():
    table = make_table([ID, NAME], 20)
    assert table.lines[1] == " 1  a rather long n…"
    assert table.lines[2] == "12  short"


def test_leaves_out_the_last_optional_columns_where_there_is_no_room():
    optional = [number_column(f"p{i}", ["0.123456", "1"], optional=True) for i in range(5)]
    table = make_table([ID, *optional, NAME], 40)
    assert table.left_out == ("p2", "p3", "p4")
    assert "0.123456" in table.lines[1]


def test_shows_everything_without_a_width():
    optional = [number_column(f"p{i}", ["0.123456", "1"], optional=True) for i in range(50)]
    table = make_table([*optional, NAME], None)
    assert table.left_out == ()
    assert table.lines[1].endswith("a rather long name of something")


def test_the_title_of_a_number_gives_way_before_the_number():
    table = make_table([number_column("a_very_long_metric_name", ["0.5", "1"]), NAME], 20)
    assert table.lines[0].split()[0] == "a_very_…"
    assert table.lines[1].split()[0] == "0.5"


@given(
    st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), min_size=1, max_size=5),
    st.integers(20, 120),
)
def test_lines_never_exceed_a_width_that_is_enough_for_the_least(rows, width):
    columns = [
        Column(f"T{i}", list(cells), min_width=4, optional=i > 1) for i, cells in enumerate(rows)
    ]
    table = make_table(columns, width)
    assert all(text_width(line) <= width for line in table.lines)
    assert len(table.lines) == 3


@given(st.text(max_size=30), st.integers(1, 30))
def test_cut_texts_fit(text, width):
    text = printable(text)
    assert text_width(cut(text, width)) <= width
    if text_width(text) <= width:
        assert cut(text, width) == text


def test_wide_characters_take_two_places():
    table = make_table([Column("N", ["学习率", "x"]), Column("V", ["1", "2"])], None)
    assert table.lines[1:] == ("学习率  1", "x       2")


def test_characters_that_steer_the_terminal_are_taken_out():
    assert printable("a\x1b[31mred\nb\tc") == "a [31mred b c"


def test_labels_stand_under_each_other_and_empty_ones_are_left_out():
    assert label_lines([("a", "1"), ("gone", ""), ("bc", "2")], indent=2) == ["  a   1", "  bc  2"]


def test_values_are_rounded_for_people():
    values = (0.1 + 0.2, 512.0, 1e-5, 3, True, "128 64", None, float("nan"), float("inf"))
    shown = ["0.3", "512", "1e-05", "3", "True", "128 64", "", "nan", "inf"]
    assert [shown_value(value) for value in values] == shown


def test_times_are_local():
    moment = datetime(2024, 5, 3, 8, 22).astimezone()
    assert shown_time(moment.timestamp()) == "2024-05-03 08:22"


def test_paths_are_relative_below_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown_path(tmp_path / "wazir-runs" / "lab") == "wazir-runs/lab"
    assert shown_path(Path("/elsewhere/x")) == "/elsewhere/x"


def test_sizes():
    sizes = (0, 999, 1500, 3_400_000, 10**15)
    assert [shown_size(s) for s in sizes] == [
        "0 bytes", "999 bytes", "1.5 kB", "3.4 MB", "1000.0 TB",
    ]  # fmt: skip
