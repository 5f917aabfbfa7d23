"""The argument list of a trial."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import Categorical, Discrete, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.jobs.command_line import CommandTemplate, argument_text
from wazir.jobs.passing import Passing

SPACE = SearchSpace(
    {
        "lr": Double(-1, 1),
        "max-depth": Integer(1, 9),
        "units": Categorical(["128 64 32", "8", "-x"]),
        "fast": Categorical(["true", "false"]),
    }
)
VALUES = {"lr": 0.25, "max-depth": 3, "units": "128 64 32", "fast": "true"}


def render(*command, values=VALUES, passing=None, **context):
    template = CommandTemplate(command, SPACE, passing or {})
    context = {"trial_label": "7", "trial_dir": "/runs/7/out", **context}
    return template.render(values, **context)


def test_parameters_are_appended_as_two_elements_each():
    assert render("prog", "--epochs", "3") == [
        "prog", "--epochs", "3", "--lr", "0.25", "--max-depth", "3",
        "--units", "128 64 32", "--fast", "true",
    ]  # fmt: skip


def test_the_job_directory_comes_last():
    assert render("prog", job_dir="gs://b/7")[-2:] == ["--job-dir", "gs://b/7"]
    assert "--job-dir" not in render("prog")


def test_split_and_flag():
    passing = {"units": Passing.SPLIT, "fast": Passing.FLAG}
    assert render("prog", passing=passing)[5:] == ["--units", "128", "64", "32", "--fast"]
    off = {**VALUES, "fast": "false"}
    assert "--fast" not in render("prog", values=off, passing=passing)


def test_placeholders_replace_and_nothing_is_appended():
    argv = render("prog", "model.lr={lr}", "{max-depth}", "u={units}", "{fast}", job_dir="j")
    assert argv == ["prog", "model.lr=0.25", "3", "u=128 64 32", "true"]


def test_a_split_placeholder_alone_becomes_several_elements():
    passing = {"units": Passing.SPLIT, "fast": Passing.FLAG}
    argv = render("prog", "{lr}{max-depth}", "{units}", "{fast}", passing=passing)
    assert argv == ["prog", "0.253", "128", "64", "32", "--fast"]


def test_trial_and_its_directory_do_not_count_as_placed_parameters():
    argv = render("prog", "--out={trial_dir}/m", "{trial}")
    assert argv[:3] == ["prog", "--out=/runs/7/out/m", "7"]
    assert "--lr" in argv


def test_other_braces_stay():
    argv = render("awk", '{"a": {"b": 1}}', "{print $1}", "{{lr}}", "{nobody}", "{{nobody}}")
    assert argv[1:6] == ['{"a": {"b": 1}}', "{print $1}", "{lr}", "{nobody}", "{{nobody}}"]


def test_missing_placeholders_are_named():
    with pytest.raises(InvalidInputError, match=r"\{max-depth\}, \{units\}, \{fast\}"):
        CommandTemplate(("prog", "{lr}"), SPACE)


def test_an_empty_command_says_what_to_write():
    with pytest.raises(InvalidInputError, match="-- python train"):
        CommandTemplate((), SPACE)


def test_a_misspelt_placeholder_is_noticed():
    lines = CommandTemplate(("prog", "{max_depth}", "{print}"), SPACE).stray_names()
    assert lines == ["{max_depth} is left as it is: did you mean 'max-depth'?"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-1e-05, "-0.00001"),
        (-1.5e20, "-150000000000000000000"),
        (1e-05, "1e-05"),
        (0.1, "0.1"),
        (3, "3"),
        (True, "true"),
        ("as it is", "as it is"),
    ],
)
def test_value_formats(value, text):
    assert argument_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_double_is_passed_exactly_and_negatives_have_no_exponent(value):
    text = argument_text(value)
    assert float(text) == value
    assert value >= 0 or "e" not in text.lower()


def test_a_discrete_whole_number_has_no_point():
    parameter = Discrete([16.5, 512.0])
    assert render("p", values={"n": 512})[-1] == "512"
    assert argument_text(parameter.check(512)) == "512"


def test_a_category_with_a_leading_dash_stays_one_option():
    argv = render("prog", values={**VALUES, "units": "-x"})
    assert "--units=-x" in argv


def test_negative_numbers_are_separate_elements():
    argv = render("prog", values={**VALUES, "lr": -0.5})
    assert argv[1:3] == ["--lr", "-0.5"]
