"""Why a program failed, in the words that help: its last line, and a cure where one is known."""

import re
import signal
from collections.abc import Mapping, Sequence

from wazir.domain.durations import format_duration
from wazir.domain.parameters import ParameterValue
from wazir.jobs.executors.protocol import ExitStatus, Outcome
from wazir.jobs.passing import Passing

_TRACEBACK_END = re.compile(r"^[\w.]*(Error|Exception|Interrupt|Exit)\b")


def explain_failure(
    status: ExitStatus,
    log_lines: Sequence[str],
    values: Mapping[str, ParameterValue],
    passing: Mapping[str, Passing],
    *,
    timeout_s: float | None,
) -> str:
    """Return why an attempt failed: one line, and a second one where a cure is known.

    `log_lines` are the last lines of the program's output.
    """
    if status.outcome is Outcome.FAILED_TO_START:
        return f"the program cannot be started: {status.error}"
    if status.outcome is Outcome.TIMEOUT:
        return f"stopped after {format_duration(timeout_s or 0)}, the limit for one trial"
    text = how_it_ended(status)
    last = last_telling_line(log_lines)
    if last:
        text += f": {last}"
    cure = propose_split(log_lines, values, passing)
    return f"{text}\n{cure}" if cure else text


def how_it_ended(status: ExitStatus) -> str:
    """Return "exit code 1" or "killed by SIGKILL"."""
    if status.signal is None:
        return f"exit code {status.code}"
    try:
        name = signal.Signals(status.signal).name
    except ValueError:
        name = f"signal {status.signal}"
    memory = " (out of memory?)" if status.signal == signal.SIGKILL else ""
    return f"killed by {name}{memory}"


def last_telling_line(log_lines: Sequence[str]) -> str:
    """Return the line that names the error: the last exception, else the last line with text."""
    lines = [line.strip() for line in log_lines if line.strip()]
    for line in reversed(lines[-30:]):
        if _TRACEBACK_END.match(line):
            return line[:300]
    return lines[-1][:300] if lines else ""


def propose_split(
    log_lines: Sequence[str],
    values: Mapping[str, ParameterValue],
    passing: Mapping[str, Passing],
) -> str:
    """Return advice to pass a text of several words as several elements, "" if nothing hints at it.

    The hint is that the log quotes the text, or that the program's usage names the parameter.
    """
    log = "\n".join(log_lines)
    for name, value in values.items():
        several = isinstance(value, str) and len(value.split()) > 1
        if not several or passing.get(name, Passing.ONE) is not Passing.ONE:
            continue
        quoted = f"'{value}'" in log or f'"{value}"' in log
        in_usage = re.search(
            rf"(usage|error|argument)\b.*--{re.escape(name)}\b", log, re.IGNORECASE | re.DOTALL
        )
        if quoted or in_usage:
            return (
                f"the program got {value!r} for --{name} as one argument; if it wants several, "
                f"add :split to the space of {name} (splitCategorical: true in a file)"
            )
    return ""
