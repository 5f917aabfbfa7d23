"""The names of all problems of other kinds, how each is made, and the suites."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from problem_kinds import objectives
from problem_kinds.protocol import Problem

Maker = Callable[[str, re.Match[str], Path | None], Problem]
SUITES: dict[str, Sequence[str]] = {
    # Wazir was tuned on these; they are no proof.
    "objectives_development": (
        "zdt1_d5",
        "zdt2_d4",
        "dtlz2_m2_d5",
        "dtlz2_m3_d6",
        "hpobench_phoneme",
    ),
    "objectives": (
        "zdt3_d6",
        "zdt1_d10",
        "dtlz2_m2_d8",
        "dtlz2_m3_d5",
        "hpobench_kc1_noisy",
        "hpolib_naval",
        "nasbench201_cifar10",
    ),
}


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
    raise KeyError(f"no problem has the name {name!r}; there are {SUITES}")


_MAKERS: list[tuple[re.Pattern[str], Maker]] = [
    (
        re.compile(r"zdt([123])_d(\d+)"),
        lambda name, m, _: objectives.zdt(name, int(m[1]), int(m[2])),
    ),
    (
        re.compile(r"dtlz2_m([23])_d(\d+)"),
        lambda name, m, _: objectives.dtlz2(name, int(m[1]), int(m[2])),
    ),
    (
        re.compile(rf"({'|'.join(objectives.TABLES)})(_noisy)?"),
        lambda name, m, data: objectives.table(name, bool(m[2]), data),
    ),
]
