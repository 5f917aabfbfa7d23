"""Phrases that tell a user what would have been right."""

import difflib
from collections.abc import Iterable


def did_you_mean(got: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" for the known word nearest to `got`, or "" if none is near."""
    words = {word.lower().replace("-", "_"): word for word in known}
    near = difflib.get_close_matches(got.lower().replace("-", "_"), list(words), n=1, cutoff=0.6)
    return f"did you mean {words[near[0]]!r}?" if near else ""


def one_of(known: Iterable[str]) -> str:
    """Return "one of A, B, C" for a list of allowed words."""
    return "one of " + ", ".join(known)
