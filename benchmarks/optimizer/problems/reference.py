"""What the values of a problem are compared with, read from references.json."""

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("references.json")
_WORST_REGRET = 3.0


@dataclass(frozen=True)
class Reference:
    """What a problem's values are compared with."""

    best: float
    random50: float
    how: str

    def __post_init__(self) -> None:
        if not self.best < self.random50:
            raise ValueError(f"best must be below random50, got {self.best}, {self.random50}")

    def regret(self, value: float) -> float:
        """Return the normalised regret: 0 at the best, 1 at random50, clipped to [0, 3]."""
        share = (value - self.best) / (self.random50 - self.best)
        return float(min(max(share, 0.0), _WORST_REGRET)) if share == share else _WORST_REGRET


def load_references(path: Path = FILE) -> dict[str, Reference]:
    """Return the reference of each problem in the file; empty if there is none."""
    if not path.exists():
        return {}
    entries = json.loads(path.read_text(encoding="utf-8"))
    return {name: Reference(**entry) for name, entry in entries.items()}
