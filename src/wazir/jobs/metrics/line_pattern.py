"""Regular expressions for output lines: the user's own, and the one that selects lines to keep."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wazir.domain.errors import InvalidInputError
from wazir.jobs.metrics.line_rules import to_number
from wazir.jobs.metrics.points import valid_step

_NAMES = ("value", "step", "metric")
_EXAMPLE = r"for example --metric-pattern 'rmse on held-out data is ([\d.]+)'"


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """What a user's pattern found; `metric` and `step` are None where it has no such group."""

    value: float
    step: int | None
    metric: str | None


@dataclass(frozen=True, slots=True)
class MetricPattern:
    """A user's pattern for output lines, checked.

    Attributes:
        regex: searched in each line after colour codes are removed.
        group: the group that holds the value, by name or number.
    """

    regex: re.Pattern[str]
    group: str | int

    def find(self, line: str) -> list[PatternMatch]:
        """Return all matches in a line whose value is a number."""
        found = []
        for match in self.regex.finditer(line):
            named = match.groupdict()
            value = to_number(match[self.group] or "")
            if value is None:
                continue
            step = (named.get("step") or "").strip()
            found.append(
                PatternMatch(
                    value, valid_step(int(step)) if step.isdecimal() else None, named.get("metric")
                )
            )
        return found


def compile_metric_pattern(text: str) -> MetricPattern:
    """Return the checked form of a `--metric-pattern`.

    The value is the group named `value`, else the only group without a name. Groups named `step`
    and `metric` are optional.

    Raises:
        InvalidInputError: the text is no regular expression, or it is unclear which group holds
            the value.
    """
    try:
        regex = re.compile(text)
    except (re.error, OverflowError) as error:
        raise InvalidInputError(
            f"the metric pattern is no regular expression: {error}; got {text!r}", hint=_EXAMPLE
        ) from error
    unknown = [name for name in regex.groupindex if name not in _NAMES]
    if unknown:
        raise InvalidInputError(
            f"groups of a metric pattern are named value, step or metric, got {unknown[0]!r} "
            f"in {text!r}",
            hint="write (?:...) for a group that is not taken",
        )
    if "value" in regex.groupindex:
        return MetricPattern(regex, "value")
    named = set(regex.groupindex.values())
    unnamed = [number for number in range(1, regex.groups + 1) if number not in named]
    if len(unnamed) != 1:
        what = "no group" if not unnamed else f"{len(unnamed)} groups"
        raise InvalidInputError(
            f"a metric pattern has one group, which holds the value; got {what} in {text!r}",
            hint=_EXAMPLE if not unnamed else "name the one with the value: (?P<value>...)",
        )
    return MetricPattern(regex, unnamed[0])


def line_pattern(metric_names: Sequence[str], metric_pattern: str | None = None) -> str:
    """Return a cheap regular expression that finds all output lines worth keeping.

    It is meant for the raw bytes of the output, encoded as UTF-8. It finds every line in which
    the collector could find a metric, and some more.

    Raises:
        InvalidInputError: `metric_pattern` cannot be used, see `compile_metric_pattern`.
    """
    if metric_pattern is None:
        return "|".join(re.escape(name) for name in metric_names)
    compile_metric_pattern(metric_pattern)
    # The user's pattern is meant for text without colour codes: lines with some are kept.
    candidate = f"{metric_pattern}|\\x1b"
    try:
        re.compile(candidate.encode())
    except (re.error, ValueError):
        return ""
    # In bytes a character class or a count takes apart what is not ASCII: keep every line.
    return candidate if metric_pattern.isascii() else ""
