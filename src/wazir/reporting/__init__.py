"""Report metrics from inside a trial's process; needs nothing but the standard library.

A program that `wazir tune` runs may call `report(0.31, step=3)`. Outside a trial the same call
only checks its arguments, so the program runs unchanged without Wazir. Importing this module
costs well under a millisecond: what a call needs is imported by the call.

Environment variables, all set by the job that runs the trial:

    WAZIR_REPORT_FILE   file that takes one JSON line per report; absent outside a trial
    WAZIR_METRIC        name of the objective metric; absent or empty if there are several
    WAZIR_TRIAL_ID      number of the trial, from 1; in a rerun its label, such as 7-rerun-1
    WAZIR_TRIAL_DIR     folder of the trial
    WAZIR_RESUME        "1" if an earlier attempt of the same trial ran in that folder
    WAZIR_PARAMETERS    parameters of the trial as a JSON object
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import SupportsFloat, SupportsIndex

__all__ = ["parameters", "report", "resuming", "trial_dir", "trial_id"]

REPORT_FILE_VARIABLE = "WAZIR_REPORT_FILE"
METRIC_VARIABLE = "WAZIR_METRIC"
TRIAL_ID_VARIABLE = "WAZIR_TRIAL_ID"
TRIAL_DIR_VARIABLE = "WAZIR_TRIAL_DIR"
RESUME_VARIABLE = "WAZIR_RESUME"
PARAMETERS_VARIABLE = "WAZIR_PARAMETERS"


def report(
    value: "SupportsFloat | Mapping[str, SupportsFloat]", *, step: "SupportsIndex | None" = None
) -> None:
    """Report the value of the objective metric, or of several metrics by name.

    Each call appends one line to the trial's report file in a single write, so that several
    threads and processes of a trial may report at the same time. NaN and infinity are allowed: a
    program may diverge. Outside a trial the arguments are checked and nothing else happens.

    Args:
        value: a number, or a mapping from metric names to numbers. NumPy scalars and tensors
            without dimensions are numbers too.
        step: the program's own count (epoch, iteration), at least 0. Without it the reports of a
            trial are counted 1, 2, 3.

    Raises:
        ValueError: the value is no number or an empty mapping, a name is no text, the step is no
            integer or negative, or the study has several objectives and no name was given.
        OSError: the line cannot be written, for example because the disk is full.
    """
    is_mapping = hasattr(value, "keys") and hasattr(value, "__getitem__")
    metrics = _checked_metrics(value) if is_mapping else {"": _number(value, "a metric value")}
    checked_step = None if step is None else _checked_step(step)
    path = os.environ.get(REPORT_FILE_VARIABLE)
    if not path:
        return
    if not is_mapping:
        metrics = {_objective_name(): metrics[""]}
    _append(path, metrics, checked_step)


def trial_id() -> int | None:
    """Return the number of the trial that this process belongs to, None outside a trial.

    In a rerun it is the number of the trial that is run again.
    """
    number = os.environ.get(TRIAL_ID_VARIABLE, "").partition("-")[0]
    return int(number) if number.isdecimal() else None


def trial_dir() -> str | None:
    """Return the folder of the trial, None outside a trial. The program may delete it."""
    return os.environ.get(TRIAL_DIR_VARIABLE) or None


def resuming() -> bool:
    """Return whether an earlier attempt of this trial ran and may have left a checkpoint."""
    return os.environ.get(RESUME_VARIABLE) == "1"


def parameters() -> "dict[str, bool | int | float | str]":
    """Return the parameters of the trial by name, empty outside a trial."""
    text = os.environ.get(PARAMETERS_VARIABLE)
    if not text:
        return {}
    import json

    found: dict[str, bool | int | float | str] = json.loads(text)
    return found


def _checked_metrics(metrics: object) -> dict[str, float]:
    pairs: dict[object, object] = dict(metrics)  # type: ignore[call-overload]  # duck-typed mapping
    if not pairs:
        raise ValueError("report() needs at least one metric, got an empty mapping")
    checked = {}
    for name, value in pairs.items():
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"the name of a metric is a non-empty text, got {name!r}")
        checked[name] = _number(value, f"the value of metric {name!r}")
    return checked


def _number(value: object, what: str) -> float:
    dimensions = getattr(value, "ndim", 0)
    if isinstance(dimensions, int) and dimensions > 0:
        raise ValueError(
            f"{what} is one number, got an array of {dimensions} dimensions; "
            "reduce it first, for example with .mean()"
        )
    if isinstance(value, (bool, str, bytes, bytearray)) or type(value).__name__ in _BOOLEANS:
        raise ValueError(f"{what} is a number, got {value!r} of type {type(value).__name__}")
    try:
        return float(value)  # type: ignore[arg-type]  # anything with __float__ is welcome
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"{what} is a number, got {value!r} of type {type(value).__name__}"
        ) from error


_BOOLEANS = ("bool", "bool_")  # NumPy's, before and since version 2


def _checked_step(step: object) -> int:
    try:
        number = None if isinstance(step, bool) else int(step.__index__())  # type: ignore[attr-defined]
    except (AttributeError, TypeError):
        number = None
    if number is None:
        raise ValueError(f"a step is an integer, got {step!r} of type {type(step).__name__}")
    if number < 0:
        raise ValueError(f"a step is at least 0, got {number}")
    return number


def _objective_name() -> str:
    name = os.environ.get(METRIC_VARIABLE, "")
    if not name.strip() or "\n" in name:
        raise ValueError(
            "this study has several objectives, so a bare value is ambiguous; "
            "name the metrics: report({'accuracy': 0.9, 'latency': 12.0})"
        )
    return name


def _append(path: str, metrics: dict[str, float], step: int | None) -> None:
    import json
    import time

    # JSON has no word for these; -x != x only tells NaN, the rest are infinite.
    finite = {name: x if x - x == 0 else str(x) for name, x in metrics.items()}
    now = time.time()  # noqa: TID251  the process reports in real time; no clock to be given
    line = json.dumps({"t": now, "step": step, "metrics": finite}) + "\n"
    data = line.encode()
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        n_written = os.write(file, data)
    finally:
        os.close(file)
    if n_written != len(data):
        import errno

        raise OSError(errno.ENOSPC, "a report was only partly written", path)
