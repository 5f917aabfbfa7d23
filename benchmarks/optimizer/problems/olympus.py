"""Measured laboratory tables (Olympus): the value is that of the nearest measured row.

`buchwald_a` and `redoxmers` are full tables over categorical parameters. In `hplc` a third of the
rows were measured twice: its noisy form draws one of the measurements, its noise-free value is
their mean. The others are without replicates (the few of `photo_pce10` are averaged); numbers are
scaled to their range, and the nearest row is by Euclidean distance. The fractions of `photo_pce10`,
`colors_bob` and `oer_plate_3496` are normalised to a sum of 1 first.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from problems.data import loader, require
from problems.protocol import Params, Problem, Space
from problems.spaces import categorical, double

Vector = NDArray[np.float64]
# name -> sign that makes it a loss
TABLES = {
    "buchwald": ("buchwald_a", -1.0),
    "redoxmers": ("redoxmers", 1.0),
    "barrel": ("crossed_barrel", -1.0),
    "hplc": ("hplc", -1.0),
    "photo": ("photo_pce10", 1.0),
    "agnp": ("agnp", -1.0),
    "colors": ("colors_bob", 1.0),
    "oer": ("oer_plate_3496", 1.0),
    "p3ht": ("p3ht", -1.0),
}


@dataclass(frozen=True)
class _Rows:
    """Distinct rows: numbers scaled to [0, 1], shape (n, d), and what was measured at each."""

    points: Vector
    losses: tuple[Vector, ...]
    means: Vector


def olympus(name: str, table: str, noisy: bool, data: Path | None) -> Problem:
    """Return a table of `TABLES` as a problem; `noisy` draws one of the replicates."""
    source, sign = TABLES[table]
    module = loader(require(data, name) / "loaders.py")
    measured = module.Olympus(source)
    entries = measured.config["parameters"]
    if all(entry["type"] == "categorical" for entry in entries):
        if noisy:
            raise ValueError(f"{name}: {table} has no replicates")
        return _lookup(name, entries, measured, sign)
    return _nearest(name, entries, measured, sign, noisy)


def _lookup(name: str, entries: list[dict[str, Any]], measured: Any, sign: float) -> Problem:
    """Return a full table over choices, which are numbered: `ligand0`, `ligand1`, ..."""
    space = [
        categorical(e["name"], [f"{e['name']}{i}" for i in range(len(e["options"]))])
        for e in entries
    ]
    codes = [
        dict(zip(e["options"], p["values"], strict=True))
        for e, p in zip(entries, space, strict=True)
    ]
    losses = {
        tuple(code[value] for code, value in zip(codes, row, strict=True)): float(sign * y)
        for row, y in zip(measured.params, measured.y[:, 0], strict=True)
    }
    names = [entry["name"] for entry in entries]

    def function(params: Params) -> float:
        return losses[tuple(params[key] for key in names)]

    return Problem(name, "tables", space, function, optimum=min(losses.values()))


def _nearest(
    name: str, entries: list[dict[str, Any]], measured: Any, sign: float, noisy: bool
) -> Problem:
    low = np.array([e["low"] for e in entries], dtype=float)
    width = np.array([e["high"] for e in entries], dtype=float) - low
    simplex = measured.config["constraints"]["parameters"] == "simplex"
    rows = _rows((np.array(measured.params, dtype=float) - low) / width, sign * measured.y[:, 0])
    space: Space = [double(e["name"], float(e["low"]), float(e["high"])) for e in entries]
    names = [entry["name"] for entry in entries]

    def row(params: Params) -> int:
        x = (np.array([params[key] for key in names], dtype=float) - low) / width
        x = x / max(float(x.sum()), 1e-12) if simplex else x
        return int(np.argmin(((rows.points - x) ** 2).sum(axis=1)))

    def function(params: Params) -> float:
        return float(rows.means[row(params)])

    def observe(params: Params, _value: float, rng: np.random.Generator) -> float:
        return float(rng.choice(rows.losses[row(params)]))

    return Problem(
        name,
        "noisy" if noisy else "tables",
        space,
        function,
        optimum=float(rows.means.min()),
        noise=observe if noisy else None,
    )


def _rows(points: Vector, losses: Vector) -> _Rows:
    distinct, where = np.unique(points, axis=0, return_inverse=True)
    groups = tuple(losses[where.ravel() == i] for i in range(len(distinct)))
    return _Rows(distinct, groups, np.array([group.mean() for group in groups]))
