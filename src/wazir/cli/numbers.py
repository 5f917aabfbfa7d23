"""Kinds of numbers that options take: durations and probabilities."""

import click

from wazir.domain.durations import parse_duration
from wazir.domain.errors import WazirError
from wazir.domain.numbers import parse_probability


class Duration(click.ParamType[float]):
    """A duration such as 90s, 30m or 2h, in seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return seconds, or fail with the rule."""
        try:
            return value if isinstance(value, float) else parse_duration(str(value))
        except WazirError as error:
            self.fail(str(error), param, ctx)


class Probability(click.ParamType[float]):
    """A probability such as 5% or 0.05."""

    name = "probability"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return a number between 0 and 1, or fail with the rule."""
        try:
            return value if isinstance(value, float) else parse_probability(str(value))
        except WazirError as error:
            self.fail(str(error), param, ctx)
