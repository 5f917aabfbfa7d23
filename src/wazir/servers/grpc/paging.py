"""Pages of what is listed: everything in one, unless a client asks for a size."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from wazir.domain.errors import InvalidInputError
from wazir.domain.trials import Trial

T = TypeVar("T")


def page_of(request: Any, items: Sequence[T]) -> tuple[list[T], str]:
    """Return the page that a request asks for, and the token of the next one ("" for the last).

    A token is the number of items that came before.

    Raises:
        InvalidInputError: a size below 0, or a token that no page gave.
    """
    start = _last(request)
    return _cut(request, items[start:], lambda page: start + len(page))


def page_of_trials(request: Any, trials: Sequence[Trial]) -> tuple[list[Trial], str]:
    """Return a page of trials, by id, and the token of the next one ("" for the last).

    A token is the id of the last trial, so one that is deleted between two pages moves no other.

    Raises:
        InvalidInputError: a size below 0, or a token that no page gave.
    """
    last = _last(request)
    by_id = sorted(trials, key=lambda trial: trial.id)
    rest = [trial for trial in by_id if trial.id > last]
    return _cut(request, rest, lambda page: page[-1].id)


def _last(request: Any) -> int:
    token: str = request.page_token
    if not re.fullmatch(r"([1-9]\d{0,15})?", token, re.ASCII):
        raise InvalidInputError(f"page_token: must be one that a page gave, got {token[:40]!r}")
    return int(token or 0)


def _cut(request: Any, rest: Sequence[T], token: Callable[[list[T]], int]) -> tuple[list[T], str]:
    size: int = request.page_size
    if size < 0:
        raise InvalidInputError(f"page_size: must be at least 0, got {size}")
    if not 0 < size < len(rest):
        return list(rest), ""
    page = list(rest[:size])
    return page, str(token(page))
