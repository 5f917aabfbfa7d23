"""SPACE: every form of the grammar, its refusals, and the round trip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import (
    Branch,
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    Scale,
)
from wazir.jobs.passing import Passing
from wazir.jobs.space_text import format_space, parse_parameter, parse_parameters, parse_space


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("2..8", Integer(2, 8)),
        ("-3..3", Integer(-3, 3)),
        ("+1..3", Integer(1, 3)),
        ("0.0..0.5", Double(0.0, 0.5)),
        ("1e-5..1e-1", Double(1e-5, 0.1)),
        (".5..1", Double(0.5, 1)),
        ("1..1.5", Double(1, 1.5)),
        (" 2 .. 8 : log ", Integer(2, 8, scale="log")),
        ("1e-4..1e-1:log", Double(1e-4, 0.1, scale="log")),
        ("0.9..0.99:reverse_log", Double(0.9, 0.99, scale="reverse_log")),
        ("2.0..8.0:int", Integer(2, 8)),
        ("0..10:double", Double(0, 10)),
        ("1..8:log:double", Double(1, 8, scale="log")),
        ("1..8:double:log", Double(1, 8, scale="log")),
        ("16,32.5,64", Discrete([16, 32.5, 64])),
        ("1,10,100:log", Discrete([1, 10, 100], scale="log")),
        ("1,10:discrete", Discrete([1, 10])),
        ("1,10:categorical", Categorical(["1", "10"])),
        ("adam,sgd", Categorical(["adam", "sgd"])),
        ("16,auto", Categorical(["16", "auto"])),
        ("true,false", Categorical(["true", "false"])),
        ("nan,1", Categorical(["nan", "1"])),
        ("5", Discrete([5])),
        ("adam", Categorical(["adam"])),
        ("5:int", Integer(5, 5)),
        ("5:double", Double(5, 5)),
        ("gs://a,gs://b", Categorical(["gs://a", "gs://b"])),
        ("gs://a:log\\:int,b", Categorical(["gs://a:log:int", "b"])),
        ("../a,../b", Categorical(["../a", "../b"])),
        ("../2..3/x", Categorical(["../2..3/x"])),
        ("1\\.\\.2", Categorical(["1..2"])),
        ("a\\,b,c", Categorical(["a,b", "c"])),
        ("64,32|128,64", Categorical(["64,32", "128,64"])),
        ("a\\|b,c", Categorical(["a|b", "c"])),
        ("C:\\temp,D:\\x\\\\", Categorical(["C:\\temp", "D:\\x\\"])),
        ("a, b ,\\ c\\ ", Categorical(["a", "b", " c "])),
    ],
)
def test_each_form_gives_its_parameter(text: str, parameter: Parameter) -> None:
    assert parse_space(text).parameter == parameter


@pytest.mark.parametrize(
    ("text", "passing", "values"),
    [
        ("128 64 32,256 128 16:split", Passing.SPLIT, ("128 64 32", "256 128 16")),
        ("128,64:split", Passing.SPLIT, ("128", "64")),
        ("true,false:flag", Passing.FLAG, ("true", "false")),
        ("0,1:flag", Passing.FLAG, ("0", "1")),
        ("128 64,1:categorical:split", Passing.SPLIT, ("128 64", "1")),
        ("128 64,1", Passing.ONE, ("128 64", "1")),
    ],
)
def test_split_and_flag_are_categorical(
    text: str, passing: Passing, values: tuple[str, ...]
) -> None:
    parsed = parse_space(text)
    assert parsed.passing is passing
    assert parsed.parameter == Categorical(values)


@pytest.mark.parametrize(
    ("text", "rule", "cure"),
    [
        ("", "got ''", "write for example"),
        (":log", "got ':log'", "write for example"),
        ("8..2", "lower bound comes first", "write 2..8"),
        ("1..x", "got 'x' in '1..x'", "write for example 2..8"),
        ("x..1", "got 'x'", "write for example 2..8"),
        ("1_000..2_000", "got '1_000'", "write for example 2..8"),
        ("0..inf", "got 'inf'", "write for example 2..8"),
        ("1..1e999", "too large: 1e999", ""),
        ("1.." + "9" * 5000, "too large", ""),
        ("2..8:lgo", "got '8:lgo'", "did you mean 'log'?"),
        ("2..8:LOG", "got '8:LOG'", "did you mean 'log'?"),
        ("1...5", "written A..B", "write 1..0.5"),
        ("2.5..8:int", "whole number, got 2.5", ""),
        ("0..10:log", "greater than 0, got '0..10'", "write 1..10:log"),
        ("0.0..1:log", "greater than 0", "write 0.001..1:log"),
        ("0..1:double:reverse_log", "greater than 0", "write 0.001..1:reverse_log"),
        ("-5..-1:log", "greater than 0", "leave :log out"),
        ("0,1,2:log", "greater than 0, got '0,1,2'", "the values that are not greater than 0"),
        ("2..8:log:reverse_log", "only one of :log and :reverse_log", "keep one"),
        ("2..8:int:int", "only one of :int and :int", "keep one"),
        ("a,b:split:flag", "only one of :split and :flag", "keep one"),
        ("2..8:categorical", "needs a list", "with commas"),
        ("2..8:split", ":split needs a list", "with commas"),
        ("16,auto:discrete", "only numbers, got 'auto'", ""),
        ("16,32:discrete:split", "CATEGORICAL", "leave :discrete out"),
        ("16,32:int", "needs a range or one number", "2..8:int"),
        ("adam:double", "needs a range or one number", "2..8:double"),
        ("a,b:log", "only numbers have a LOG scale", "leave the scale out"),
        ("a,,b", "value is missing", "write a comma"),
        ("1,2,", "value is missing", "write a comma"),
        ("1,1.0", "stands twice", "leave out repeats"),
        ("a,a", "stands twice: a", "leave out repeats"),
        ("1,2..3", "no ranges, got '2..3'", "write either"),
        ("a,b:flag", "true and false, got 'a'", "write true,false:flag"),
    ],
)
def test_refusals_name_the_rule_and_the_cure(text: str, rule: str, cure: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_space(text)
    assert rule in caught.value.message
    assert cure in caught.value.hint


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("0..1", "did you mean 0.0..1.0?"),
        ("8,4,2", "sorted: 2, 4, 8"),
        ("adam,sgd:splt", "did you mean 'split'?"),
        ("1_000,2_000", "read as a text"),
        ("0x10,0x20", "read as a text"),
    ],
)
def test_doubts_are_said(text: str, note: str) -> None:
    (said,) = parse_space(text).notes
    assert note in said


@pytest.mark.parametrize("text", ["0..1:int", "0..2", "0.0..1.0", "gs://a,gs://b", "2,4,8"])
def test_no_doubt_no_note(text: str) -> None:
    assert parse_space(text).notes == ()


def test_a_parameter_is_a_name_and_a_space() -> None:
    parsed = parse_parameter("max-depth=0..1")
    assert (parsed.name, parsed.parameter) == ("max-depth", Integer(0, 1))
    assert parsed.notes[0].startswith("parameter 'max-depth': ")
    assert parse_parameter("a=b=c,d").parameter == Categorical(["b=c", "d"])


@pytest.mark.parametrize(
    ("text", "rule", "cure"),
    [
        ("lr", "NAME=SPACE, got 'lr'", "learning_rate="),
        ("=1..2", "NAME=SPACE", "learning_rate="),
        ("--lr=1..2", "got '--lr'", "write lr=1..2"),
        ("a b=1..2", "got 'a b'", "write a_b=1..2"),
        ("lr=2..1", "parameter 'lr': ", "write 1..2"),
    ],
)
def test_names_are_checked(text: str, rule: str, cure: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_parameter(text)
    assert rule in caught.value.message
    assert cure in caught.value.hint


def test_what_a_space_cannot_hold_is_refused() -> None:
    child = Branch((1,), {"x": Integer(1, 2)})
    with pytest.raises(InvalidInputError, match="conditional children"):
        format_space(Integer(1, 2, branches=[child]))
    with pytest.raises(InvalidInputError, match="empty text"):
        format_space(Categorical(["", "a"]))


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (Categorical(["64,32", "8"]), "64,32|8"),
        (Categorical(["64,32"]), "64\\,32"),
        (Categorical(["1", "2"]), "1,2:categorical"),
        (Categorical([True, False]), "true,false"),
        (Categorical(["../a", "gs://b"]), "../a,gs://b"),
        (Double(1e-4, 0.1, scale="log"), "0.0001..0.1:log"),
        (Double(1, 2), "1.0..2.0"),
    ],
)
def test_the_text_stays_readable(parameter: Parameter, text: str) -> None:
    assert format_space(parameter) == text


finite = st.floats(allow_nan=False, allow_infinity=False)
positive = st.floats(min_value=1e-300, max_value=1e300)
log_scales = st.sampled_from([Scale.LOG, Scale.REVERSE_LOG])
tricky = st.text(alphabet="ab1.,|:\\ \n-_/", min_size=1, max_size=12)
words = st.one_of(
    st.text(min_size=1, max_size=8),
    tricky,
    st.sampled_from(["a:log", "x:int ", "1..2", "1", "0x1", "-1e5", "log", ":log", "a:splt"]),
)
plain_parameters = st.one_of(
    st.lists(finite, min_size=2, max_size=2).map(lambda b: Double(min(b), max(b))),
    st.lists(st.integers(), min_size=2, max_size=2)
    .filter(lambda b: max(map(abs, b)) < 10**300)
    .map(lambda b: Integer(min(b), max(b))),
    st.builds(
        lambda bounds, scale: Double(min(bounds), max(bounds), scale=scale),
        st.lists(positive, min_size=2, max_size=2),
        log_scales,
    ),
    st.sets(st.one_of(st.integers(-(2**60), 2**60), finite), min_size=1, max_size=6).map(
        lambda values: Discrete(sorted(values))
    ),
    st.builds(
        lambda values, scale: Discrete(sorted(values), scale=scale),
        st.sets(positive, min_size=1, max_size=6),
        log_scales,
    ),
)
categoricals = st.lists(words, min_size=1, max_size=5, unique=True).map(Categorical)


@given(plain_parameters)
def test_numbers_round_trip(parameter: Parameter) -> None:
    assert parse_space(format_space(parameter)).parameter == parameter


@given(categoricals, st.sampled_from([Passing.ONE, Passing.SPLIT]))
def test_texts_round_trip(parameter: Categorical, passing: Passing) -> None:
    parsed = parse_space(format_space(parameter, passing))
    assert (parsed.parameter, parsed.passing) == (parameter, passing)


@given(st.lists(st.sampled_from(["true", "False", "0", "on"]), min_size=1, unique=True))
def test_flags_round_trip(values: list[str]) -> None:
    parsed = parse_space(format_space(Categorical(values), Passing.FLAG))
    assert (parsed.parameter, parsed.passing) == (Categorical(values), Passing.FLAG)


@given(st.one_of(st.text(max_size=20), tricky))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed = parse_space(text)
    except InvalidInputError:
        return
    again = parse_space(format_space(parsed.parameter, parsed.passing))
    assert (again.parameter, again.passing) == (parsed.parameter, parsed.passing)


def test_a_parameter_is_given_once():
    assert [one.name for one in parse_parameters(["b=0..1", "a=0..1"])] == ["b", "a"]
    with pytest.raises(InvalidInputError, match="'z' is given twice"):
        parse_parameters(["z=0..1", "z=0..2"])
