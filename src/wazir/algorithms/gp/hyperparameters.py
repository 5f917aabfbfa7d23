"""Hyperparameters as they are stored with trials, so that any process goes on from the same ones.

They are logarithms rounded to two decimals, in texts of up to 24 numbers. What is used is what is
stored: a suggestion can be computed again from the trials alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE
from wazir.domain.trials import Trial

_KEY, _FITTED_AT, _SPACE = "log_hyperparameters", "fitted_at", "fitted_in"
_N_PER_TEXT = 24
_N_DECIMALS = 2
_MAX_DIGITS = 12
# They are fitted anew when there is so much more of the results as 1 / _REFIT_SHARE.
_REFIT_SHARE = 10


@dataclass(frozen=True)
class Fitted:
    """Hyperparameters `theta` (k,) that were fitted when `n_observed` trials had ended.

    `space` is the fingerprint of the space in whose units they are.
    """

    theta: Array
    n_observed: int
    space: str = ""

    @classmethod
    def rounded(cls, theta: Array, n_observed: int, space: str = "") -> "Fitted":
        """Return hyperparameters as they will be read back."""
        return cls(np.round(theta, _N_DECIMALS) + 0.0, n_observed, space)

    def serves(self, n: int) -> bool:
        """Return whether these are still good for n trials: fewer than a tenth are new."""
        return n < self.n_observed + max(1, n // _REFIT_SHARE)

    def texts(self, prefix: str = "") -> dict[str, str]:
        """Return what is stored with a trial; `prefix` tells several models apart."""
        words = [f"{number:.{_N_DECIMALS}f}" for number in self.theta.tolist()]
        chunks = [words[i : i + _N_PER_TEXT] for i in range(0, len(words), _N_PER_TEXT)]
        stored = {_key(place): " ".join(chunk) for place, chunk in enumerate(chunks)}
        texts = {_FITTED_AT: str(self.n_observed), _SPACE: self.space, **stored}
        return {prefix + key: text for key, text in texts.items()}


def fingerprint(encoding: Encoding) -> str:
    """Return a text that differs for spaces in which hyperparameters mean something else."""
    return f"{crc32(repr(encoding).encode()):08x}"


def latest(trials: Iterable[Trial], size: int, space: str, prefix: str = "") -> Fitted | None:
    """Return the hyperparameters that were fitted to the most trials, the newest of equals.

    Those of another number than `size` or another `space` (`fingerprint`), from before an edit,
    and texts that nobody here wrote are passed over.
    """
    texts = [_of_model(trial.metadata.get(SUGGESTION_NAMESPACE, {}), prefix) for trial in trials]
    stored = [text for text in texts if text.get(_SPACE, "") == space]
    dated = [(_fitted_at(texts), place) for place, texts in enumerate(stored)]
    for n_observed, place in sorted(dated, reverse=True):
        if n_observed < 0:
            break
        theta = _theta(stored[place], size)
        if theta is not None:
            return Fitted(theta, n_observed, space)
    return None


def _of_model(stored: Mapping[str, str], prefix: str) -> Mapping[str, str]:
    """Return what belongs to one of several models."""
    if not prefix:
        return stored
    return {k.removeprefix(prefix): text for k, text in stored.items() if k.startswith(prefix)}


def _fitted_at(stored: Mapping[str, str]) -> int:
    """Return the number stored, -1 without one."""
    text = stored.get(_FITTED_AT, "")
    return int(text) if text.isdecimal() and len(text) < _MAX_DIGITS else -1


def _theta(stored: Mapping[str, str], size: int) -> Array | None:
    words: list[str] = []
    while len(words) < size and (text := stored.get(_key(len(words) // _N_PER_TEXT))):
        words += text.split()
    try:
        theta = np.array([float(word) for word in words])
    except ValueError:
        return None
    return theta if len(theta) == size and np.isfinite(theta).all() else None


def _key(place: int) -> str:
    return f"{_KEY}.{place}" if place else _KEY
