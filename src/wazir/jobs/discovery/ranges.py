"""From an option of a program to a parameter that is worth tuning, or the reason against it."""

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

from wazir.domain.errors import InvalidInputError
from wazir.domain.parameters import (
    Categorical,
    Discrete,
    Double,
    Integer,
    Parameter,
    Scale,
)
from wazir.jobs.discovery.meanings import (
    DROPOUT,
    FRACTION,
    HEADS,
    KERNEL,
    LOG_SIZED,
    NEAR_ONE,
    PENALTY,
    RATE,
    WEIGHT_SIZES,
    plain_name,
    reason_to_leave_out,
)
from wazir.jobs.discovery.options import ProgramOption, Scalar
from wazir.jobs.passing import Passing

MAX_CHOICES = 20
_SIZES_TEXT = re.compile(r"\d+([ ,] ?\d+)+")
_NO_DEFAULT = "it has no default that a range could be put around"


@dataclass(frozen=True)
class Candidate:
    """An option worth tuning, the parameter proposed for it, and why that one."""

    option: ProgramOption
    parameter: Parameter
    passing: Passing = Passing.ONE
    comment: str = ""

    @property
    def split(self) -> bool:
        """Whether a value such as "128 64 32" is passed as several elements."""
        return self.passing is Passing.SPLIT

    @property
    def flag(self) -> bool:
        """Whether the option stands alone, given for true and left out for false."""
        return self.passing is Passing.FLAG


class LeftOut(NamedTuple):
    """An option that is not proposed, with the reason."""

    option: ProgramOption
    reason: str


def propose(option: ProgramOption) -> Candidate | LeftOut:
    """Return the parameter proposed for an option, or why there is none.

    The default of the option always lies inside the proposed range. With a default d:

    - learning rates, penalties and other sizes of unknown order: d/10 to 10 d, LOG;
    - d in [0.8, 1) of momentum, beta, gamma and their like: 1 - 5 (1 - d) (at least 0.5) to
      1 - (1 - d) / 10, so 0.5 to 0.99 around 0.9;
    - fractions: d/2 to 2 d, at most 1; dropout from 0;
    - other DOUBLE: d/4 to 4 d, LOG;
    - INTEGER: d/2 to 2 d; batch sizes, layer widths and counts of trees d/4 to 4 d, LOG;
    - choices and flags: CATEGORICAL; lists of sizes: half and twice as large, CATEGORICAL.
    """
    reason = option.obstacle or reason_to_leave_out(option)
    if reason:
        return LeftOut(option, reason)
    try:
        return _propose(option)
    except (InvalidInputError, OverflowError, ValueError) as error:
        text = error.message if isinstance(error, InvalidInputError) else str(error)
        return LeftOut(option, f"no range fits its default: {text}")


def _propose(option: ProgramOption) -> Candidate | LeftOut:
    if option.choices:
        return _from_choices(option)
    if isinstance(option.default, tuple) or option.takes_list:
        return _from_list(option)
    match option.default:
        case bool():
            return _two_values(option)
        case None:
            if "default" in option.unread:
                return LeftOut(option, "its default is computed when the program runs")
            return LeftOut(option, _NO_DEFAULT)
        case str() as text:
            return _from_text(option, text)
        case int() as number if option.kind != "float":
            return _from_int(option, number)
        case number:
            return _from_float(option, float(number))


def _two_values(option: ProgramOption) -> Candidate:
    default = "true" if option.default is True else "false"
    passing = Passing.FLAG if option.flag else Passing.ONE
    return Candidate(option, Categorical(["true", "false"], default=default), passing)


def _from_choices(option: ProgramOption) -> Candidate | LeftOut:
    texts = list(dict.fromkeys(_text(choice) for choice in option.choices))
    if option.takes_list:
        return LeftOut(option, "it takes several of its choices at once")
    if len(texts) < 2:
        return LeftOut(option, "it has a single choice")
    if len(texts) > MAX_CHOICES:
        return LeftOut(option, f"it has {len(texts)} choices; write down those worth trying")
    default = option.default
    known = not isinstance(default, tuple) and default is not None and _text(default) in texts
    chosen = _text(default) if known and not isinstance(default, tuple | None) else None
    return Candidate(option, Categorical(texts, default=chosen), comment="its choices")


def _from_list(option: ProgramOption) -> Candidate | LeftOut:
    default = option.default if isinstance(option.default, tuple) else ()
    sizes = [_whole(element) for element in default]
    if not sizes or any(size is None or size < 1 for size in sizes):
        reason = "it takes several values; write down the lists worth trying"
        return LeftOut(option, reason if default else _NO_DEFAULT)
    texts = _sizes(" ".join(map(str, sizes)), [size or 1 for size in sizes], " ")
    parameter = Categorical(texts, default=texts[0])
    return Candidate(option, parameter, Passing.SPLIT, "as it is, half and twice as large")


def _from_text(option: ProgramOption, text: str) -> Candidate | LeftOut:
    if not _SIZES_TEXT.fullmatch(text.strip()):
        return LeftOut(option, "it is a text without a list of choices")
    separator = next(s for s in (", ", ",", " ") if s in text)
    sizes = [int(part) for part in re.split(r"[ ,]+", text.strip())]
    if min(sizes) < 1:
        return LeftOut(option, "it is a text without a list of choices")
    texts = _sizes(text, sizes, separator)
    parameter = Categorical(texts, default=text)
    return Candidate(option, parameter, comment="as it is, half and twice as large")


def _sizes(default: str, sizes: list[int], separator: str) -> list[str]:
    halves = separator.join(str(max(1, size // 2)) for size in sizes)
    doubles = separator.join(str(2 * size) for size in sizes)
    return list(dict.fromkeys((default, halves, doubles)))


def _from_int(option: ProgramOption, default: int) -> Candidate | LeftOut:
    if default <= 0:
        return LeftOut(option, f"its default {default} mostly means off; give a range to tune it")
    name = plain_name(option.name)
    if HEADS.matches(name) and default.bit_count() == 1:
        values = [value for value in (default // 2, default, 2 * default) if value >= 1]
        return Candidate(option, Discrete(values, default=default), comment="powers of 2")
    if KERNEL.matches(name) and default % 2 == 1:
        values = [value for value in range(default - 2, default + 5, 2) if value >= 1]
        return Candidate(option, Discrete(values, default=default), comment="odd numbers")
    if WEIGHT_SIZES.matches(name):
        low, high, scale = max(1, default // 4), 4 * default, Scale.LOG
    else:
        low, high, scale = max(1, default // 2), max(2 * default, default + 2), Scale.LINEAR
        # scikit-learn refuses to split a single sample.
        low = max(low, 2) if name == "min_samples_split" and default >= 2 else low
    low = low if option.low is None else max(low, math.ceil(option.low))
    high = high if option.high is None else min(high, math.floor(option.high))
    return Candidate(option, Integer(low, high, scale=scale, default=default))


def _from_float(option: ProgramOption, default: float) -> Candidate | LeftOut:
    if not math.isfinite(default):
        return LeftOut(option, f"its default {default} is not finite")
    name = plain_name(option.name)
    if default == 0:
        return _from_zero(option, name)
    if default < 0:
        parameter = _double(option, 2 * default, 0.0, Scale.LINEAR, default)
        return Candidate(option, parameter)
    low, high, scale, comment = _float_range(name, default)
    return Candidate(option, _double(option, low, high, scale, default), comment=comment)


def _from_zero(option: ProgramOption, name: str) -> Candidate | LeftOut:
    if RATE.matches(name):
        return LeftOut(option, "its default is 0, which says nothing of its size")
    if NEAR_ONE.matches(name) and "momentum" in name:
        return Candidate(option, _double(option, 0.0, 0.99, Scale.LINEAR, 0.0))
    if PENALTY.matches(name):
        values = [value for value in (0, 1e-5, 1e-4, 1e-3, 1e-2) if _allowed(option, value)]
        parameter = Discrete(values, default=0)
        return Candidate(option, parameter, comment="0, and a size from each order")
    if DROPOUT.matches(name) or FRACTION.matches(name):
        return Candidate(option, _double(option, 0.0, 0.5, Scale.LINEAR, 0.0))
    return LeftOut(option, "its default is 0, which says nothing of its size")


def _float_range(name: str, default: float) -> tuple[float, float, Scale, str]:
    """Return low, high, scale and why, for a default greater than 0."""
    if NEAR_ONE.matches(name) and 0.8 <= default < 1:
        low, high = max(0.5, 1 - 5 * (1 - default)), 1 - (1 - default) / 10
        return low, high, Scale.LINEAR, "the distance from 1 matters"
    if "momentum" in name.split("_") and default < 1:
        return 0.0, 0.99, Scale.LINEAR, "a momentum"
    if RATE.matches(name) or PENALTY.matches(name):
        return default / 10, default * 10, Scale.LOG, "its order of magnitude matters"
    if DROPOUT.matches(name) and default < 1:
        return 0.0, max(0.5, min(0.9, 2 * default)), Scale.LINEAR, "a probability"
    if FRACTION.matches(name) and default <= 1:
        return default / 2, min(1.0, 2 * default), Scale.LINEAR, "a fraction"
    if LOG_SIZED.matches(name):
        return default / 10, default * 10, Scale.LOG, "its order of magnitude matters"
    high = 1.0 if 0.25 <= default < 1 else 4 * default
    return default / 4, high, Scale.LOG, ""


def _double(
    option: ProgramOption, low: float, high: float, scale: Scale, default: float
) -> Double:
    low, high = _rounded(low), _rounded(high)
    low = low if option.low is None else max(low, option.low)
    high = high if option.high is None else min(high, option.high)
    # Rounding must not push the default out.
    if _allowed(option, default):
        low, high = min(low, default), max(high, default)
    return Double(low, high, scale=scale, default=default)


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")


def _allowed(option: ProgramOption, number: float) -> bool:
    above = option.low is None or number >= option.low
    return above and (option.high is None or number <= option.high)


def _whole(value: Scalar) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    if isinstance(value, int):
        return value
    return int(value) if re.fullmatch(r"\d{1,9}", value.strip()) else None


def _text(value: Scalar) -> str:
    return str(value)
