"""Which runs to do: optimizers, problems and seeds, crossed."""

import itertools
from collections.abc import Callable, Iterator, Sequence

from runner.records import RunSpec


def numbers(text: str) -> list[int]:
    """Return the numbers of `0-4` or `1,3,5-7`; for `type=` of an option."""
    found: list[int] = []
    for word in text.split(","):
        first, _, last = word.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def names(text: str) -> list[str]:
    """Return the words of a comma list; for `type=` of an option."""
    return [word for word in text.split(",") if word]


def plan(
    peers: Sequence[str],
    problems: Sequence[str],
    seeds: Sequence[int],
    n_trials: int,
    *,
    pending: Sequence[int] = (1,),
    default_first: bool = True,
) -> list[RunSpec]:
    """Return the runs in the order in which they are useful: all optimizers on the first seed."""
    crossed = itertools.product(pending, seeds, problems, peers)
    return [
        RunSpec(peer, problem, seed, n_trials, n_pending, default_first)
        for n_pending, seed, problem, peer in crossed
    ]


def expand(words: Sequence[str], suite_named: Callable[[str], Sequence[str] | None]) -> list[str]:
    """Return problem names: suites among `words` are replaced by their problems, each once."""
    return list(dict.fromkeys(_expanded(words, suite_named)))


def _expanded(
    words: Sequence[str], suite_named: Callable[[str], Sequence[str] | None]
) -> Iterator[str]:
    for word in words:
        suite = suite_named(word)
        yield from [word] if suite is None else suite
