"""Find values of metrics, and their steps, in one line of a program's output.

What counts as a value of `rmse`: `rmse=0.31`, `rmse: 0.31`, `"rmse": 0.31`, `rmse 0.31`,
`| rmse | 0.31 |`, `rmse: 31%` (the value is 31), `rmse: tensor(0.31)`, `acc: 98/100` (0.98).
The name is a whole word: `train_rmse` and `log-rmse` are other metrics, while `val-rmse` and
`val/rmse` are rmse on held-out data.
"""

import enum
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wazir.jobs.metrics.points import valid_step

_NUMBER = (
    r"(?:[-+]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
    r"|[-+]?(?i:nan|inf(?:inity)?))(?!\w|\.\d)"
)
_EXPLICIT = r"(?:\([^()\d]{0,20}\)\s*)?(?:[:=]+>?|->|\|)\s*"
_WRAPPED = r"[\"'\[]*(?:[\w.]*(?:float|int|tensor|array|Array)\w*\(\[?)?"
_VALUE = rf"[\"'\]]*(?:\s*(?P<separator>{_EXPLICIT})|\s+){_WRAPPED}(?P<value>{_NUMBER})"
_TOTAL = re.compile(r"\s?/\s?(\d+)(?![\w.])")

_SPLIT_NAME = (
    r"(?:(?P<train>train(?:ing)?)|val(?:id(?:ation)?)?(?:_?\d+)?|test(?:ing)?(?:_?\d+)?"
    r"|eval(?:uation)?(?:_?\d+)?|dev|hold-?_?out|held-out)"
)
_SPLIT = re.compile(rf"(?i)(?<!\w){_SPLIT_NAME}(?!\w|\.py\b|\s+(?:time|took|speed)\b)")
_SPLIT_BEFORE = re.compile(rf"(?i)(?<![\w-]){_SPLIT_NAME}-$")

_STEP = re.compile(
    r"(?i)(?<![\w/])(?P<key>global[_ -]?step|step|iter(?:ation)?|epoch|batch)[\"']?"
    r"\s*[:=#]?\s*[\[(]?\s*(?P<number>\d+)(?:\.0*(?!\d))?(?:\s*/\s*(?P<total>\d+))?(?!\w|\.\d|%)"
)
_LEADING_STEP = re.compile(r"\s*\[(\d+)\]\s")

_COLOUR = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-B0-2]"
)
_REDRAWN = re.compile(r"[\r\x08]+")
_PERCENT_BAR = re.compile(r"(\d{1,3})%\s?\|")
_COUNT_BAR = re.compile(r"(\d+)/(\d+)\b.*?(?:\[[=>.]{3,}\]|[━╸╺─]{3,})")
_PAIR = re.compile(rf"(?P<name>[A-Za-z][\w./-]{{0,60}})[\"']?\s*[:=]\s*{_WRAPPED}{_NUMBER}")


class Bar(enum.Enum):
    """Whether a line is a progress bar, which the next line may draw over."""

    NONE = "NONE"
    PARTIAL = "PARTIAL"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class LineMatch:
    """One value of a metric in a line; `is_training` if it stands behind the word train."""

    value: float
    is_training: bool
    is_held_out: bool
    is_explicit: bool

    @property
    def merit(self) -> tuple[bool, bool, bool]:
        """Order among the matches of one line; the later of two equal ones counts."""
        return (not self.is_training, self.is_explicit, self.is_held_out)


def clean_lines(text: str) -> list[str]:
    """Return the lines that a terminal would have shown, without colours."""
    return [line for line in _REDRAWN.split(_COLOUR.sub("", text)) if line]


def find_value(line: str, metric: str) -> LineMatch | None:
    """Return the best value of a metric in a line, None if it holds none."""
    best: LineMatch | None = None
    for match in _pattern(metric).finditer(line):
        if not _is_whole_word(line, match.start()):
            continue
        found = _line_match(line, match)
        if best is None or found.merit >= best.merit:
            best = found
    return best


def find_step(line: str) -> int | None:
    """Return the step that a line names, None if it names none.

    `global_step` counts before `step`, `iter`, `iteration` and `epoch`. A step within an epoch
    (`Epoch [2/10], Step [100/600]`) is made a count over all epochs.
    """
    found: dict[str, tuple[int, int | None]] = {}
    for match in _STEP.finditer(line):
        key = re.sub(r"[_ -]", "", match["key"].lower()).replace("iteration", "iter")
        total = int(match["total"]) if match["total"] else None
        found.setdefault(key, (int(match["number"]), total))
    inner = next((found[key] for key in ("step", "iter", "batch") if key in found), None)
    epoch = found.get("epoch")
    if "globalstep" in found:
        return valid_step(found["globalstep"][0])
    if epoch and inner and inner[1]:
        return valid_step(epoch[0] * inner[1] + inner[0])
    counted = found.get("step") or found.get("iter") or epoch
    if counted is not None:
        return valid_step(counted[0])
    leading = _LEADING_STEP.match(line)
    return valid_step(int(leading[1])) if leading else None


def find_bar(line: str) -> Bar:
    """Return whether a line is a progress bar, and a full one."""
    percent = _PERCENT_BAR.search(line)
    if percent:
        return Bar.FULL if int(percent[1]) >= 100 else Bar.PARTIAL
    count = _COUNT_BAR.search(line)
    if count:
        return Bar.FULL if int(count[1]) >= int(count[2]) else Bar.PARTIAL
    return Bar.NONE


def find_names(line: str) -> Iterator[str]:
    """Yield the names of all values in a line, of the form name=number or name: number."""
    for match in _PAIR.finditer(line):
        yield match["name"]


def to_number(text: str) -> float | None:
    """Return the number that a text is, None if it is none; `1,234.5` and `31%` are numbers."""
    try:
        return float(text.strip().rstrip("%").replace(",", ""))
    except ValueError:
        return None


@functools.lru_cache(maxsize=64)
def _pattern(metric: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(metric)}(?!\w){_VALUE}")


def _is_whole_word(line: str, start: int) -> bool:
    if start == 0 or line[start - 1] != "-":
        return True
    return _SPLIT_BEFORE.search(line, 0, start) is not None


def _line_match(line: str, match: re.Match[str]) -> LineMatch:
    value = to_number(match["value"]) or 0.0
    total = _TOTAL.match(line, match.end())
    if total and match["value"].isdecimal() and int(total[1]):
        value /= int(total[1])
    splits = list(_SPLIT.finditer(line, 0, match.start()))
    is_training = bool(splits) and splits[-1]["train"] is not None
    return LineMatch(
        value=value,
        is_training=is_training,
        is_held_out=bool(splits) and not is_training,
        is_explicit=match["separator"] is not None,
    )
