"""The names of all problems, and how each is made.

A name tells all: `bbob_f08_d5_i3`, `ackley_d5_s1`, `lcbench_126025`, `hpobench_kc1_noisy`.
"""

import re
from collections.abc import Callable
from pathlib import Path

from problems import (
    branches,
    classic,
    coco,
    conditional,
    flat,
    lasso,
    mixed,
    noise,
    olympus,
    pipelines,
    tables,
    training,
    yahpo,
)
from problems.protocol import Category, Problem

Maker = Callable[[str, re.Match[str], Path | None], Problem]


def get_problem(name: str, data: Path | None = None) -> Problem:
    """Return the problem of a name; `data` is the folder of benchmark data, where it needs one.

    Raises:
        KeyError: no problem has that name.
        FileNotFoundError: it needs data that is not there.
    """
    for pattern, make in _MAKERS:
        match = pattern.fullmatch(name)
        if match:
            return make(name, match, data)
    raise KeyError(f"no problem has the name {name!r}; see problems/suites.py for names")


def problem_names(category: Category | None = None, data: Path | None = None) -> list[str]:
    """Return the problems of all suites, of one category if given.

    Those that need data are left out when `data` is None.
    """
    from problems import suites

    names = sorted({name for suite in suites.SUITES.values() for name in suite})
    kept = [name for name in names if category in (None, suites.category_of(name))]
    return [name for name in kept if data is not None or not needs_data(name)]


def needs_data(name: str) -> bool:
    """Return whether a problem is read from the folder of benchmark data."""
    return name.startswith(_NEEDS_DATA)


_NEEDS_DATA = (
    *(f"{kind}_" for kind in (*yahpo.SCENARIOS, *tables.FAMILIES)),
    "olympus_",
    "axhss_",
    "lasso_",
)


def _make_bbob(name: str, match: re.Match[str], _data: Path | None) -> Problem:
    suite, function, dimension, instance = match.group(1, 2, 3, 4)
    return coco.bbob(name, suite, int(function), int(dimension), int(instance))


def _make_noisy(name: str, match: re.Match[str], data: Path | None) -> Problem:
    return noise.noisy(get_problem(match[1], data), name, match[2])


def _make_flat(name: str, match: re.Match[str], data: Path | None) -> Problem:
    make = flat.with_steps if match[2] == "steps" else flat.with_levels
    return make(get_problem(match[1], data), name, int(match[3]))


_MAKERS: list[tuple[re.Pattern[str], Maker]] = [
    (re.compile(rf"(.+)_noise_({'|'.join(noise.MODELS)})"), _make_noisy),
    (re.compile(r"(.+)_(steps|levels)([1-9]\d*)"), _make_flat),
    (re.compile(r"(bbob|bbobls|bbobmix)_f(\d\d)_d(\d+)_i(\d+)"), _make_bbob),
    (
        re.compile(rf"({'|'.join(classic.BASES)})_d(\d+)_s(\d+)"),
        lambda name, m, _: classic.classic(name, m[1], int(m[2]), int(m[3])),
    ),
    (
        re.compile(r"michalewicz_d(\d+)_s(\d+)"),
        lambda name, m, _: classic.michalewicz_warped(name, int(m[1]), int(m[2])),
    ),
    (
        re.compile(rf"loweff_({'|'.join(classic.BASES)})_e(\d+)_d(\d+)_s(\d+)"),
        lambda name, m, _: classic.low_effective(name, m[1], int(m[2]), int(m[3]), int(m[4])),
    ),
    (
        re.compile(rf"mixed_({'|'.join(mixed.PROFILES)})_s(\d+)"),
        lambda name, m, _: mixed.mixed(name, m[1], int(m[2])),
    ),
    (
        re.compile(rf"({'|'.join(yahpo.SCENARIOS)})_(\d+)"),
        lambda name, m, data: yahpo.yahpo(name, m[1], m[2], data),
    ),
    (
        re.compile(rf"({'|'.join(tables.FAMILIES)})_([a-z0-9]+)(_noisy)?"),
        lambda name, m, data: tables.table(name, m[1], m[2], bool(m[3]), data),
    ),
    (
        re.compile(rf"olympus_({'|'.join(olympus.TABLES)})(_noisy)?"),
        lambda name, m, data: olympus.olympus(name, m[1], bool(m[2]), data),
    ),
    (
        re.compile(r"lasso_d(\d+)_s(\d+)"),
        lambda name, m, data: lasso.lasso(name, int(m[1]), int(m[2]), data),
    ),
    (
        re.compile(r"lasso_(diabetes)"),
        lambda name, m, data: lasso.lasso_builtin(name, m[1], data),
    ),
    (
        re.compile(r"axhss_fashion_mnist"),
        lambda name, _, data: conditional.axhss(name, data),
    ),
    (
        re.compile(rf"branches_({'|'.join(branches.PROFILES)})_s(\d+)"),
        lambda name, m, _: branches.branches(name, m[1], int(m[2])),
    ),
    (
        re.compile(rf"sklearn_pipeline_({'|'.join(pipelines.DATA)})"),
        lambda name, m, _: pipelines.pipeline(name, m[1]),
    ),
    (
        re.compile(rf"sklearn_({'|'.join(training.TASKS)})"),
        lambda name, m, _: training.training(name, m[1]),
    ),
]
