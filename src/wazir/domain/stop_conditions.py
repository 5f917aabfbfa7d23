"""When a study ends by itself, as people write it: "no improvement in 20 trials", "after 2h"."""

import re
from collections.abc import Sequence
from dataclasses import replace

from wazir.domain.durations import format_duration, parse_duration
from wazir.domain.errors import InvalidInputError
from wazir.domain.studies import StudyStopping

_NO_IMPROVEMENT = re.compile(r"no improvement (?:in|for) (.+)")
_TRIALS = re.compile(r"(\d+) trials?")
_AFTER = re.compile(r"after (.+)")
# The usual probability of an improvement below which it is not worth going on.
AUTO_STOP_BELOW = 0.05
_EXAMPLES = '"no improvement in 20 trials", "no improvement in 2h", "after 8h" or "100 trials"'


def with_stop_conditions(stopping: StudyStopping | None, texts: Sequence[str]) -> StudyStopping:
    """Return `stopping` with the conditions of some texts in place of its own of that kind.

    Any one of them ends the study.

    Raises:
        InvalidInputError: a text is no condition; the message has examples.
    """
    found = stopping or StudyStopping()
    for text in texts:
        found = _with_condition(found, text)
    return found


def with_auto_stop(
    stopping: StudyStopping | None,
    auto_stop: bool | float | None,
    min_improvement: float | None = None,
) -> StudyStopping | None:
    """Return `stopping` with an end by advice, below a probability; True is the usual one.

    False takes it away, None leaves it as it is. None is returned where nothing ends the study.

    Raises:
        InvalidInputError: a number outside its range.
    """
    found = stopping or StudyStopping()
    if auto_stop is not None:
        below = AUTO_STOP_BELOW if auto_stop is True else auto_stop or None
        found = replace(found, auto_stop_below=below)
    if min_improvement is not None:
        found = replace(found, min_improvement=min_improvement)
    return None if found == StudyStopping() else found


def _with_condition(found: StudyStopping, text: str) -> StudyStopping:
    plain = " ".join(text.lower().split())
    idle, after = _NO_IMPROVEMENT.fullmatch(plain), _AFTER.fullmatch(plain)
    if idle and _TRIALS.fullmatch(idle[1]):
        return replace(found, max_n_trials_without_progress=_count(idle[1], text))
    if idle:
        return replace(found, max_duration_without_progress_s=_seconds(idle[1], text))
    if after:
        return replace(found, max_duration_s=_seconds(after[1], text))
    if _TRIALS.fullmatch(plain):
        return replace(found, max_n_trials=_count(plain, text))
    raise _not_understood(text)


def _count(words: str, text: str) -> int:
    count = int(words.split()[0])
    if count < 1:
        raise _not_understood(text)
    return count


def _seconds(words: str, text: str) -> float:
    try:
        return parse_duration(words)
    except InvalidInputError:
        raise _not_understood(text) from None


def _not_understood(text: str) -> InvalidInputError:
    return InvalidInputError(f"a study stops when {_EXAMPLES}; got {text!r}")


def describe_stop_conditions(stopping: StudyStopping) -> list[str]:
    """Return what a study ends by and what holds it up, one text for each condition."""
    trials, no_trials = stopping.max_n_trials, stopping.max_n_trials_without_progress
    age, idle = stopping.max_duration_s, stopping.max_duration_without_progress_s
    found = [
        f"no improvement in {no_trials} trials" if no_trials is not None else "",
        f"no improvement in {format_duration(idle)}" if idle is not None else "",
        f"{trials} trials" if trials is not None else "",
        f"after {format_duration(age)}" if age is not None else "",
        "at a set time" if stopping.max_end_at is not None else "",
    ]
    if stopping.auto_stop_below is not None:
        size = stopping.min_improvement
        by = "" if size is None else f" by more than {size:g}"
        below = stopping.auto_stop_below
        found.append(f"an improvement{by} has a probability below {below:g}")
    least = stopping.min_n_trials
    if least is not None:
        found.append(f"not before {least} trials")
    if stopping.min_duration_s is not None:
        found.append(f"not before {format_duration(stopping.min_duration_s)}")
    if stopping.min_end_at is not None:
        found.append("not before a set time")
    return [text for text in found if text]
