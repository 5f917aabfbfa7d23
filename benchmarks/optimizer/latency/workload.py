"""The study whose suggestions are measured: 10 real parameters and results that converge.

Standard library only: a fresh process measures its first suggestion with it.
"""

import random
from typing import Any

DIMENSION = 10
SPACE: list[dict[str, Any]] = [
    {"name": f"x{index}", "type": "double", "min": 0.0, "max": 1.0, "scale": "linear"}
    for index in range(DIMENSION)
]
_TARGET = [0.2 + 0.06 * index for index in range(DIMENSION)]


def value(params: dict[str, Any]) -> float:
    """Return a smooth function of a point, with unequal curvatures and a coupling."""
    gaps = [params[f"x{index}"] - target for index, target in enumerate(_TARGET)]
    bowl = sum((1.0 + index) * gap * gap for index, gap in enumerate(gaps))
    return bowl + gaps[0] * gaps[-1] + 0.3 * abs(gaps[1]) ** 1.5


def points(count: int, seed: int) -> list[dict[str, float]]:
    """Return points as a search leaves them: half anywhere, half near the best, ever nearer."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        if number % 2 == 0:
            unit = [rng.random() for _ in range(DIMENSION)]
        else:
            width = 0.3 / (1.0 + 10.0 * number / count)
            unit = [min(max(rng.gauss(it, width), 0.0), 1.0) for it in _TARGET]
        made.append({f"x{index}": coordinate for index, coordinate in enumerate(unit)})
    return made
