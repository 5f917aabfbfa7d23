"""A proposal written as a `hyperparam.yaml` of Cloud ML Engine."""

import re
from collections.abc import Iterator, Sequence

from wazir.domain.metrics import Goal
from wazir.domain.parameters import Categorical, Discrete, Double, Integer, Scale, type_name
from wazir.jobs.discovery.help_text import WHERE as HELP_WHERE
from wazir.jobs.discovery.options import Default, ProgramOption
from wazir.jobs.discovery.ranges import Candidate, LeftOut

N_TRIALS = 30
DEFAULT_METRIC = "training/hptuning/metric"
_SCALES = {
    Scale.LINEAR: "UNIT_LINEAR_SCALE",
    Scale.LOG: "UNIT_LOG_SCALE",
    Scale.REVERSE_LOG: "UNIT_REVERSE_LOG_SCALE",
}
_PLAIN = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
_NOT_TEXTS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_COMMENT_WIDTH = 100


def yaml_text(
    candidates: Sequence[Candidate],
    left_out: Sequence[LeftOut],
    *,
    metric: str,
    goal: Goal,
    remarks: Sequence[str] = (),
) -> str:
    """Return the file's text: candidates as parameters, the others as comments.

    Args:
        candidates: the proposed parameters, in order.
        left_out: options that are named with their reasons at the end.
        metric: the tag of the metric.
        goal: its goal.
        remarks: sentences for comments above the metric.
    """
    lines = ["trainingInput:", "  hyperparameters:"]
    lines += [f"    # {_one_line(remark)}" for remark in remarks]
    lines += [
        f"    goal: {goal.value}",
        f"    hyperparameterMetricTag: {quoted(metric)}",
        f"    maxTrials: {N_TRIALS}",
        "    maxParallelTrials: 1",
        "    params:" if candidates else "    params: []",
    ]
    for candidate in candidates:
        lines += [f"    {line}" for line in _parameter(candidate)]
    if left_out:
        lines.append("# Not proposed:")
    lines += [_comment(f"  --{one.option.name}: {one.reason}") for one in left_out]
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Return a text as a YAML scalar that every reader takes for that text."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXTS:
        return text
    return in_quotes(text)


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if character.isprintable() and character != "\ufeff":
        return character
    if code > 0xFFFF:
        return f"\\U{code:08X}"
    return f"\\u{code:04X}"


def _parameter(candidate: Candidate) -> Iterator[str]:
    option, parameter = candidate.option, candidate.parameter
    yield _comment(f" {_origin(option)}")
    if candidate.comment:
        yield _comment(f" {candidate.comment}")
    yield f"- parameterName: {quoted(option.name)}"
    yield f"  type: {type_name(parameter)}"
    match parameter:
        case Double() | Integer():
            yield f"  minValue: {_number(parameter.min_value)}"
            yield f"  maxValue: {_number(parameter.max_value)}"
            yield f"  scaleType: {_SCALES[parameter.scale]}"
        case Discrete():
            yield "  discreteValues:"
            yield from (f"  - {_number(value)}" for value in parameter.values)
            yield f"  scaleType: {_SCALES[parameter.scale]}"
        case Categorical():
            yield "  categoricalValues:"
            yield from (f"  - {in_quotes(str(value))}" for value in parameter.values)
    if candidate.split:
        yield "  splitCategorical: true"
    if candidate.flag:
        yield "  flag: true"
    # A default that only the help text tells would be lost; the others are read again.
    if parameter.default is not None and option.where == HELP_WHERE:
        default = parameter.default
        shown = (
            _number(default) if not isinstance(default, str | bool) else in_quotes(str(default))
        )
        yield f"  default: {shown}"


def in_quotes(text: str) -> str:
    """Return a text in double quotes, also where YAML would not need them."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _origin(option: ProgramOption) -> str:
    default = "" if option.default is None else f", default {default_text(option.default)}"
    about = f": {option.help}" if option.help else ""
    return f"{option.where}{default}{about}"


def default_text(default: Default) -> str:
    """Return a default as a user would write it behind the option."""
    if isinstance(default, tuple):
        return " ".join(map(str, default))
    return str(default).lower() if isinstance(default, bool) else str(default)


def _number(number: int | float) -> str:
    """Return a number that YAML 1.1 and 1.2 both read as one: 1.0e-05, not 1e-05."""
    text = repr(number)
    if "e" not in text or not isinstance(number, float):
        return text
    mantissa, _, exponent = text.partition("e")
    sign = "" if exponent[0] in "+-" else "+"
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{sign}{exponent}"


def _comment(text: str) -> str:
    line = _one_line(text)
    indent = " " * (len(text) - len(text.lstrip(" ")))
    return f"#{indent}{line}"


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    clean = "".join(c if c.isprintable() and c != "\ufeff" else "?" for c in words)
    return clean if len(clean) <= _COMMENT_WIDTH else f"{clean[: _COMMENT_WIDTH - 3].rstrip()}..."
