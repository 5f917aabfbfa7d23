"""Small drawings made of characters, with a fallback in ASCII."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from wazir.cli.tables import text_width

_NOT_FINITE: Final = "x"


@dataclass(frozen=True)
class Glyphs:
    """The characters that a terminal can show.

    Attributes:
        levels: the steps of a sparkline from low to high.
        arrow: points at the best trial.
        ellipsis: stands for what was cut.
        is_ascii: whether nothing but ASCII may be shown.
    """

    levels: str
    arrow: str
    ellipsis: str
    is_ascii: bool

    def sparkline(self, values: Sequence[float], width: int) -> str:
        """Return a curve of the last `width` values, scaled to their range; x is not finite."""
        shown = values[-width:] if width > 0 else ()
        finite = [value for value in shown if math.isfinite(value)]
        if not finite:
            return _NOT_FINITE * len(shown)
        low, high = min(finite), max(finite)
        return "".join(self._level(value, low, high) for value in shown)

    def _level(self, value: float, low: float, high: float) -> str:
        if not math.isfinite(value):
            return _NOT_FINITE
        n_levels = len(self.levels)
        # Halved, because the difference of two floats may be infinite.
        span = high / 2 - low / 2
        share = (value / 2 - low / 2) / span if span > 0 else 0.5
        return self.levels[min(n_levels - 1, int(share * n_levels))]

    def fit(self, text: str, width: int) -> str:
        """Return a text that takes at most `width` places, in characters that can be shown."""
        if self.is_ascii and not text.isascii():
            text = text.encode("ascii", "replace").decode("ascii")
        if text_width(text) <= width:
            return text
        room = width - len(self.ellipsis)
        if room <= 0:
            return self.ellipsis[: max(0, width)]
        kept, taken = [], 0
        for char in text:
            taken += text_width(char)
            if taken > room:
                break
            kept.append(char)
        return "".join(kept) + self.ellipsis


UNICODE: Final = Glyphs("▁▂▃▄▅▆▇█", "◂", "…", is_ascii=False)
ASCII: Final = Glyphs("_.-~=+*#", "<", "...", is_ascii=True)


def glyphs_for(encoding: str) -> Glyphs:
    """Return the glyphs that an encoding can hold."""
    try:
        (UNICODE.levels + UNICODE.arrow + UNICODE.ellipsis).encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return ASCII
    return UNICODE
