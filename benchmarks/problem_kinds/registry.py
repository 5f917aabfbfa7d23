"""The names of all problems of other kinds, how each is made, and the suites."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from problem_kinds import bounded, constrained, failing, objectives
from problem_kinds.biobj import biobj
from problem_kinds.protocol import Problem

Maker = Callable[[str, re.Match[str], Path | None], Problem]
SUITES: dict[str, Sequence[str]] = {
    # Wazir was tuned on these; they are no proof.
    "objectives_development": (
        "zdt1_d5",
        "zdt2_d4",
        "dtlz2_m2_d5",
        "dtlz2_m2_d7",
        "dtlz2_m3_d6",
        "hpobench_phoneme",
        "biobj_f2_d5_i2",
        "biobj_f25_d3_i2",
        "biobj_f46_d5_i2",
        "biobj_f30_d10_i2",
    ),
    "objectives": (
        "zdt3_d6",
        "zdt1_d10",
        "dtlz2_m2_d8",
        "dtlz2_m3_d5",
        "hpobench_kc1_noisy",
        "hpolib_naval",
        "nasbench201_cifar10",
        "biobj_f5_d2_i4",
        "biobj_f16_d3_i4",
        "biobj_f50_d3_i4",
        "biobj_f28_d5_i4",
        "biobj_f34_d5_i4",
        "biobj_f44_d10_i4",
    ),
    "constrained_development": (
        "limits_bbob_f02_d3_i1",
        "limits_bbob_f08_d5_i1",
        "limits_bbob_f15_d2_i2",
        "limits_hpobench_australian",
        "failing_half_hartmann6_d6_s1",
        "failing_ball_levy_d4_s1",
        "failing_memory_hpobench_australian",
        "known_sum_tang_d5_s1",
        "known_hpobench_australian",
    ),
    "constrained": (
        "limits_bbob_f20_d5_i4",
        "limits_bbob_f26_d3_i5",
        "limits_bbob_f32_d10_i6",
        "limits_bbob_f38_d5_i4",
        "limits_bbob_f39_d2_i8",
        "limits_bbob_f43_d10_i7",
        "limits_bbob_f50_d5_i5",
        "limits_hpobench_phoneme",
        "limits_hpolib_parkinsons",
        "limits_nasbench201_cifar10",
        "failing_half_rastrigin_d3_s11",
        "failing_ball_rosenbrock_d5_s11",
        "failing_memory_hpobench_kc1",
        "failing_diverged_hpolib_naval",
        "known_order_rosenbrock_d4_s12",
        "known_sum_rastrigin_d4_s12",
        "known_hpobench_kc1",
        "known_hpolib_parkinsons",
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
    raise KeyError(f"no problem has the name {name!r}; see problem_kinds/registry.py for names")


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
        re.compile(r"biobj_f(\d+)_d(\d+)_i(\d+)"),
        lambda name, m, _: biobj(name, int(m[1]), int(m[2]), int(m[3])),
    ),
    (
        re.compile(rf"({'|'.join(objectives.TABLES)})(_noisy)?"),
        lambda name, m, data: objectives.table(name, bool(m[2]), data),
    ),
    (
        re.compile(r"limits_bbob_f(\d\d)_d(\d+)_i(\d+)"),
        lambda name, m, _: constrained.bbob(name, int(m[1]), int(m[2]), int(m[3])),
    ),
    (
        re.compile(r"limits_(\w+)"),
        lambda name, m, data: constrained.limited_table(name, m[1], data),
    ),
    (
        re.compile(rf"failing_({'|'.join(failing.CAUSES)})_(\w+)"),
        lambda name, m, data: failing.failing_table(name, m[1], m[2], data),
    ),
    (
        re.compile(rf"failing_({'|'.join(failing.REGIONS)})_([a-z0-9]+)_d(\d+)_s(\d+)"),
        lambda name, m, _: failing.failing_function(name, m[1], m[2], int(m[3]), int(m[4])),
    ),
    (
        re.compile(rf"known_({'|'.join(bounded.SHAPES)})_([a-z0-9]+)_d(\d+)_s(\d+)"),
        lambda name, m, _: bounded.bounded_function(name, m[1], m[2], int(m[3]), int(m[4])),
    ),
    (re.compile(r"known_(\w+)"), lambda name, m, data: bounded.bounded_table(name, m[1], data)),
]
