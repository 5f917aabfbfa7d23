"""Expressions: values, names, errors with their place, round trip, agreement with Python."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wazir.domain.errors import InvalidExpressionError
from wazir.domain.expression_syntax import (
    FUNCTIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    OF_SEVERAL,
    Call,
    Chain,
    Literal,
    Membership,
    Name,
    Node,
    Unary,
    format_node,
    parse_node,
)
from wazir.domain.expressions import Expression, parse_expression

TRIAL: dict[str, object] = {
    "id": 7,
    "lr": 3e-4,
    "state": "SUCCEEDED",
    "optimizer": "adam",
    "batch": "16",
    "use_bn": "true",
    "nesterov": True,
    "max-depth": 5,
    "gradient.descent.rate": 0.5,
    "diverged": math.nan,
    "absent": None,
}


def value(text: str, **variables: object) -> object:
    return parse_expression(text).evaluate({**TRIAL, **variables})  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("2 * 6 / 3 % 3", 1),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("2 ** 3 ** 2", 512),
        ("--3 + +1", 4),
        (".5 + 1. + 1e-1", 1.6),
        ("min(3, id, 9) + max(1, 2)", 5),
        ("abs(-3) + sqrt(16) + floor(2.7) + ceil(2.1)", 12),
        ("log(exp(2)) + log2(8) + log10(100)", 7),
        ("gradient.descent.rate * 2", 1),
        ("`max-depth` - 1", 4),
        ("batch * 2", 32),
        ("nesterov + 1", 2),
        ('"a b"', "a b"),
        (r"'it\'s \\'", "it's \\"),
        ("true", True),
    ],
)
def test_arithmetic_and_literals(text: str, expected: object) -> None:
    got = value(text)
    if isinstance(expected, float):
        assert got == pytest.approx(expected)
    else:
        assert got == expected
        assert isinstance(got, bool) is isinstance(expected, bool)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lr < 1e-3", True),
        ("lr < 1e-3 and state == SUCCEEDED", True),
        ("lr < 1e-3 and state == INFEASIBLE", False),
        ("lr > 1 or id == 7", True),
        ("not lr > 1 and id == 7", True),
        ("1 < id <= 7", True),
        ("1 < id < 7", False),
        ("id == 7.0", True),
        ("SUCCEEDED == state", True),
        ("state != INFEASIBLE", True),
        ("state in (SUCCEEDED, ACTIVE)", True),
        ("state not in (SUCCEEDED, ACTIVE)", False),
        ("id in (1, 3 + 4)", True),
        ("optimizer == 'adam'", True),
        ("optimizer < 'b'", True),
        ("optimizer == Adam", False),
        ("batch == 16", True),
        ("batch < 32", True),
        ("optimizer < 32", False),
        ("optimizer >= 32", False),
        ("optimizer == 32", False),
        ("use_bn == true", True),
        ("use_bn", True),
        ("use_bn and nesterov", True),
        ("nesterov == 1", True),
        ("nesterov != true", False),
        ("`max-depth` == 5", True),
    ],
)
def test_conditions(text: str, expected: bool) -> None:
    assert parse_expression(text).holds(TRIAL) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "absent < 1",
        "absent >= 1",
        "absent == 1",
        "absent != 1",
        "absent in (1, 2)",
        "absent not in (1, 2)",
        "diverged < 1",
        "diverged != 1",
        "1 / 0 > 0",
        "5 % 0 == 0",
        "log(0) < 0",
        "sqrt(-1) > 0",
        "(-8) ** 0.5 > 0",
        "1e308 * 10 > 0",
        "9 ** 9 ** 9 > 0",
        "exp(9999) > 0",
        "optimizer + 1 > 0",
        "min(absent, 1) == 1",
        "-absent == 0",
        "missing_everywhere < 1",
        "absent",
    ],
)
def test_a_comparison_without_a_value_is_false(text: str) -> None:
    assert parse_expression(text).holds(TRIAL) is False  # type: ignore[arg-type]


def test_arithmetic_without_a_value_has_none() -> None:
    assert value("absent + 1") is None
    assert value("1 / 0") is None
    assert value("nowhere * 2") is None


def test_a_known_name_is_never_a_bare_word() -> None:
    expression = parse_expression("lr != momentum", known=["lr", "momentum"])
    assert expression.holds({"lr": 1.0}) is False
    assert expression.holds({"lr": 1.0, "momentum": 2.0}) is True
    assert expression.names == {"lr", "momentum"}
    assert parse_expression("state == ACTIVE", known=["state"]).names == {"state"}
    assert parse_expression("state == ACTIVE").names == {"state", "ACTIVE"}


def test_a_bare_word_stands_beside_equality_only() -> None:
    assert parse_expression("1 < high == high").evaluate({}) is False
    with pytest.raises(InvalidExpressionError, match="there is no 'high'"):
        parse_expression("1 < high == high", known=["x"])
    assert parse_expression("high == high", known=["x"]).holds({}) is True


@pytest.mark.parametrize(
    ("text", "message", "hint", "column"),
    [
        ("", "empty", "write for example", 0),
        ("   ", "empty", "write for example", 3),
        ("lr < )", "expected a value, got ')'", "", 5),
        ("lr <", "expected a value, got the end", "", 4),
        ("(lr < 1", "expected ')', got the end", "", 7),
        ("lr = 1", "no operator '='", "write ==", 3),
        ("lr < 1 && id > 2", "no operator '&&'", "write and", 7),
        ("lr < 1 || id > 2", "no operator '||'", "write or", 7),
        ("! use_bn", "no operator '!'", "write not", 0),
        ("lr ^ 2", "no operator '^'", "write **", 3),
        ("lr < 1 AND id > 2", "expected an operator, got 'AND'", "did you mean 'and'?", 7),
        ("lr 5", "expected an operator, got '5'", "", 3),
        ("lr ?", "cannot read '?'", "", 3),
        ("'abc", "cannot read", "has no end", 0),
        ("`abc", "cannot read", "has no end", 0),
        ("2abc < 1", "cannot read '2abc'", "backticks", 0),
        ("1.2.3", "cannot read '1.2.3'", "backticks", 0),
        ("1e999", "too large", "", 0),
        ("sin(1)", "no function 'sin'", "did you mean 'min'?", 0),
        ("log(1, 2)", "log takes one value, got 2", "", 0),
        ("min()", "expected a value, got ')'", "", 4),
        ("state in SUCCEEDED", "expected '('", "", 9),
        ("state not SUCCEEDED", "expected 'in'", "", 10),
        ("a < b in (1)", "in cannot follow", "parentheses", 6),
        ("a in (1) == b", "cannot follow in", "parentheses", 9),
        ("1 + not true", "expected a value, got 'not'", "", 4),
        ("and", "expected a value, got 'and'", "", 0),
        ("__import__('os')", "no function '__import__'", "known are min", 0),
        ("a.b().c", "no function 'a.b'", "did you mean 'abs'?", 0),
        ("[1]", "cannot read '[1]'", "", 0),
    ],
)
def test_errors_show_their_place(text: str, message: str, hint: str, column: int) -> None:
    with pytest.raises(InvalidExpressionError) as caught:
        parse_expression(text)
    first, shown, caret = caught.value.message.split("\n")
    assert message in first
    assert hint in caught.value.hint
    assert shown == f"  {text}"
    assert caret == "  " + " " * column + "^"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("learning_rat < 1", "did you mean 'learning_rate'?"),
        ("max-depth > 3", "write `max-depth` in backticks"),
        ("zzz + 1 > 3", "known are learning_rate, max-depth"),
    ],
)
def test_unknown_names_are_found_early(text: str, hint: str) -> None:
    with pytest.raises(InvalidExpressionError) as caught:
        parse_expression(text, known=["learning_rate", "max-depth"])
    assert caught.value.hint == hint


def test_a_long_line_is_shown_around_the_place() -> None:
    text = "x" * 300 + " < ?"
    with pytest.raises(InvalidExpressionError) as caught:
        parse_expression(text)
    _, shown, caret = caught.value.message.split("\n")
    assert shown[len(caret) - 1] == "?"
    assert len(shown) < 100


def test_a_number_is_no_condition() -> None:
    for text in ("lr", "lr and true", "not 1", "optimizer or true"):
        with pytest.raises(InvalidExpressionError, match="a condition is true or false"):
            parse_expression(text).holds(TRIAL)  # type: ignore[arg-type]


def test_size_is_bounded() -> None:
    with pytest.raises(InvalidExpressionError, match=f"at most {MAX_LENGTH}"):
        parse_expression("1" * (MAX_LENGTH + 1))
    for prefix in ("(", "-", "not ", "2**", "abs("):
        with pytest.raises(InvalidExpressionError, match=f"at most {MAX_DEPTH} deep"):
            parse_expression(prefix * (MAX_LENGTH // 5) + "1")
    assert value("+".join("1" for _ in range(1000))) == 1000


def test_equal_whatever_the_spaces() -> None:
    assert parse_expression("lr<1 and  id>2") == parse_expression(" lr < 1 and id > 2 ")
    assert str(parse_expression("(( lr ))<1 and not(id>2)")) == "lr < 1 and not id > 2"


names = st.one_of(
    st.sampled_from(["lr", "a.b", "max-depth", "and", "true", "9x", "min", "not"]),
    st.text(min_size=1, max_size=6).filter(lambda text: "`" not in text),
).map(Name)
literals = st.one_of(
    st.booleans(),
    st.integers(0, 10**20),
    st.floats(min_value=0, allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
).map(Literal)
LEVELS = (
    ("or",),
    ("and",),
    ("==", "!=", "<", "<=", ">", ">="),
    ("+", "-"),
    ("*", "/", "%"),
)


def grown(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)

    def chain(signs: tuple[str, ...]) -> st.SearchStrategy[Node]:
        links = st.tuples(st.sampled_from(signs), inner)
        return st.builds(Chain, inner, st.lists(links, min_size=1, max_size=3).map(tuple))

    calls = st.one_of(
        st.builds(Call, st.sampled_from(OF_SEVERAL), several),
        st.builds(Call, st.sampled_from(FUNCTIONS), st.tuples(inner)),
    )
    powers = st.builds(lambda a, b: Chain(a, (("**", b),)), inner, inner)
    return st.one_of(
        st.one_of([chain(signs) for signs in LEVELS]),
        st.builds(Unary, st.sampled_from(["not", "-", "+"]), inner),
        st.builds(Membership, inner, several, st.booleans()),
        calls,
        powers,
    )


trees = st.recursive(st.one_of(names, literals), grown, max_leaves=12)


@given(trees)
def test_text_and_tree_round_trip(tree: Node) -> None:
    again = parse_node(format_node(tree))
    assert again == tree
    assert format_node(again) == format_node(tree)


@given(trees, st.dictionaries(st.sampled_from(["lr", "a.b", "max-depth"]), st.floats()))
def test_evaluation_ends_with_a_value_or_a_clear_error(
    tree: Node, variables: dict[str, float]
) -> None:
    try:
        got = Expression(tree).evaluate(variables)
    except InvalidExpressionError:
        return
    assert got is None or isinstance(got, bool | int | float | str)
    assert not isinstance(got, float) or math.isfinite(got)


numbers = st.one_of(st.integers(0, 50), st.floats(0, 50, allow_subnormal=False)).map(repr)


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    signs = st.sampled_from(["+", "-", "*", "/", "%", "<", "<=", "==", "!=", ">"])
    flat = st.builds("{} {} {}".format, inner, signs.filter(lambda s: s in "+-*/%"), inner)
    nested = st.builds(
        "({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "%"]), inner
    )
    return st.one_of(
        flat,
        nested,
        inner.map("-{}".format),
        st.builds("({}) ** 2".format, inner),
        st.builds("max({}, {})".format, inner, inner),
        inner.map("abs({})".format),
    )


arithmetic = st.recursive(numbers, combined, max_leaves=10)


@given(arithmetic)
def test_arithmetic_agrees_with_python(text: str) -> None:
    try:
        expected = eval(text, {"max": max, "abs": abs})
    except ArithmeticError:
        assert parse_expression(text).evaluate({}) is None
        return
    assume(math.isfinite(expected))
    got = parse_expression(text).evaluate({})
    assume(got is not None)
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(arithmetic, arithmetic, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_comparisons_agree_with_python(left: str, right: str, sign: str) -> None:
    text = f"not {left} {sign} {right} or {right} {sign} {left}"
    assume("**" not in text)
    try:
        eval(left, {"max": max, "abs": abs})
        eval(right, {"max": max, "abs": abs})
        expected = eval(text, {"max": max, "abs": abs})
    except ArithmeticError:
        assume(False)
    assert parse_expression(text).evaluate({}) is expected
