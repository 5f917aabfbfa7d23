"""Safety metrics: how their limits are written, and what is said where no trial keeps them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal, Metric

Limits: TypeAlias = str | Sequence[str] | Mapping[str, str]

_LIMIT = re.compile(
    r"(?P<name>[^<>=]*[^\s<>=])\s*(?P<sign><=|>=)\s*(?P<number>[^\s<>=%]+)"
    r"(?:\s+in\s+(?P<percent>[^\s%]+)\s*%)?"
)
_GOALS = {"<=": Goal.MINIMIZE, ">=": Goal.MAXIMIZE}


def parse_limit(text: str) -> Metric:
    """Return the safety metric in a text such as "latency<=100" or "recall >= 0.8 in 90%".

    The percentage is the share of trials that should be safe: Metric.min_safe_fraction.

    Raises:
        InvalidInputError: the text has another form; the message has an example.
    """
    match = _LIMIT.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError(text)
        share = match["percent"]
        fraction = None if share is None else float(share) / 100
        return Metric(match["name"], _GOALS[match["sign"]], float(match["number"]), fraction)
    except ValueError:
        raise InvalidInputError(
            f"a limit of a safety metric is METRIC<=NUMBER or METRIC>=NUMBER, got {text!r}",
            hint='write for example "latency<=100", or "latency<=100 in 90%" for the share of '
            "trials that should keep it",
        ) from None


def with_limits(metrics: Iterable[Metric], limits: Limits) -> tuple[Metric, ...]:
    """Return metrics with the safety metrics that `limits` name, in place of those of that name.

    Limits are one text, several, or a mapping such as {"latency": "<=100"}.

    Raises:
        InvalidInputError: a text is no limit, or names a metric twice or one that is optimized.
    """
    known = tuple(metrics)
    optimized = {metric.name for metric in known if metric.is_objective}
    given: dict[str, Metric] = {}
    for text in _texts(limits):
        metric = parse_limit(text)
        if metric.name in optimized:
            raise InvalidInputError(
                f"{metric.name!r} is optimized, so it cannot be a safety metric too",
                hint="report the number under a second name to limit it",
            )
        if metric.name in given:
            raise InvalidInputError(f"safety metric {metric.name!r} is given twice")
        given[metric.name] = metric
    kept = tuple(given.pop(metric.name, metric) for metric in known)
    return (*kept, *given.values())


def _texts(limits: Limits) -> list[str]:
    if isinstance(limits, str):
        return [limits]
    if isinstance(limits, Mapping):
        return [f"{name}{limit}" for name, limit in limits.items()]
    return [str(limit) for limit in limits]
