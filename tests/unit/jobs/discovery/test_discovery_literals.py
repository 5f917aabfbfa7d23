"""Literal expressions are evaluated without running anything."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.jobs.discovery.literals import Scope, UnresolvedError, evaluate, scope_of


def value_of(text: str, scope: Scope | None = None) -> object:
    return evaluate(ast.parse(text, mode="eval").body, scope or Scope())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-0.5", -0.5),
        ("2**5", 32),
        ("1e-3", 1e-3),
        ("64 * 4 // 2", 128),
        ("1 << 10", 1024),
        ("[128, 32, 4]", (128, 32, 4)),
        ("(1, *[2, 3])", (1, 2, 3)),
        ("'a' 'b' + 'c'", "abc"),
        ("not True", False),
        ("int(1e3)", 1000),
        ("list(range(1, 4))", (1, 2, 3)),
        ("{'lr': 0.1}['lr']", 0.1),
        ("dict(lr=0.2)['lr']", 0.2),
        ("(5, 6)[-1]", 6),
        ("None", None),
    ],
)
def test_literal_expressions_have_their_value(text, expected):
    assert value_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "unknown", "f()", "__import__('os').getcwd()", "9**9**9", "1 << 10**9", "'a' * 10**9",
        "1 / 0", "range(10**12)", "float('x')", "(1, 2)[7]", "lambda: 1", "f'{1}'", "(-8) ** 0.5",
        "[1, f()]", "open('x', 'w')", "range(1, 2, 0)", "1e308 * 10 ** 400", "{**{}}", "b'x'",
    ],
)  # fmt: skip
def test_everything_else_is_unresolved_and_takes_no_memory(text):
    with pytest.raises(UnresolvedError):
        value_of(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4).map(tuple),
        max_leaves=8,
    )
)
def test_what_python_writes_is_read_back(value):
    text = repr(value).replace("inf", "1e999")
    assert value_of(text) == value


def test_names_assigned_once_are_constants():
    scope = scope_of(
        ast.parse("A = 3\nB = A * 2\nC = 1\nC = 2\nclass D:\n    lr = 0.1\nE = E + 1")
    )
    assert value_of("B", scope) == 6
    assert value_of("D.lr", scope) == 0.1
    for text in ("C", "E"):
        with pytest.raises(UnresolvedError):
            value_of(text, scope)


def test_a_name_that_is_also_an_argument_is_no_constant():
    scope = scope_of(ast.parse("def f(lr):\n    pass\ndef g():\n    lr = 1\n    units = 7"))
    assert value_of("units", scope) == 7
    with pytest.raises(UnresolvedError):
        value_of("lr", scope)


def test_constants_of_other_files_are_followed():
    other = scope_of(ast.parse("LR = 0.3"))
    scope = scope_of(ast.parse(""), {"LR": ("conf", "LR"), "conf": ("conf", "")}, {"conf": other})
    assert value_of("LR", scope) == 0.3
    assert value_of("conf.LR", scope) == 0.3
    with pytest.raises(UnresolvedError):
        value_of("conf.other", scope)
