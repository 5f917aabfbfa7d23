"""Trials as flat rows: one name per field, for tables, filters, sorting and CSV files."""

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeAlias

from wazir.domain.errors import InvalidInputError
from wazir.domain.expressions import Expression
from wazir.domain.hints import did_you_mean, one_of
from wazir.domain.parameters import ParameterValue, type_name
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState, is_safe
from wazir.service.abandoned import abandoned_by

FieldValue: TypeAlias = ParameterValue | None
Row: TypeAlias = Mapping[str, FieldValue]

ID, STATE, VALUE, DURATION, REASON = "id", "state", "value", "duration", "reason"
SAFE = "safe"
_FIXED = (ID, STATE, VALUE, DURATION, REASON)
_LAST_COLUMNS = ("started_at", "completed_at", "duration_s", "infeasible_reason")
_NUMERIC_TYPES = ("DOUBLE", "INTEGER", "DISCRETE")


@dataclass(frozen=True)
class Fields:
    """The names of a study's fields in rows.

    Parameters and metrics keep their own names. Where such a name is taken it becomes
    `param_NAME` or `metric_NAME`. `value` is the objective metric; `safe` tells whether a trial keeps
    the limits of the safety metrics, where there are any.
    """

    config: StudyConfig

    @cached_property
    def fixed(self) -> tuple[str, ...]:
        """Names of fields that every study has; with safety metrics `safe` is one."""
        return (*_FIXED, SAFE) if self.config.safety_metrics else _FIXED

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Names of fields by names of parameters."""
        names = [name for name, _ in self.config.space.walk()]
        return _free_names(names, "param", self.fixed)

    @cached_property
    def metrics(self) -> dict[str, str]:
        """Names of fields by names of metrics."""
        names = [metric.name for metric in self.config.metrics]
        return _free_names(names, "metric", (*self.fixed, *self.parameters.values()))

    @property
    def names(self) -> list[str]:
        """All fields."""
        return [*self.fixed, *self.parameters.values(), *self.metrics.values()]

    def is_numeric(self, parameter: str) -> bool:
        """Return whether the values of a parameter are numbers."""
        kinds = [p for name, p in self.config.space.walk() if name == parameter]
        return all(type_name(kind) in _NUMERIC_TYPES for kind in kinds)

    def row(self, trial: Trial, now: float) -> dict[str, FieldValue]:
        """Return a trial as a row; None where it has no value.

        Args:
            trial: a trial of the study.
            now: Unix seconds, for the duration of a trial that still runs.
        """
        last = trial.last_measurement
        metrics = {} if last is None else last.metrics
        return {
            ID: trial.id,
            STATE: str(trial.state),
            VALUE: metrics.get(self.config.objective.name),
            DURATION: duration_s(trial, now),
            REASON: first_line(trial.infeasible_reason)
            or paused_text(trial, self.config)
            or abandoned_text(trial)
            or None,
            **({SAFE: self._is_safe(trial)} if SAFE in self.fixed else {}),
            **{field: trial.parameters.get(name) for name, field in self.parameters.items()},
            **{field: metrics.get(name) for name, field in self.metrics.items()},
        }

    def _is_safe(self, trial: Trial) -> bool | None:
        """Return whether a trial keeps the limits, None where it did not succeed."""
        if trial.state is not TrialState.SUCCEEDED:
            return None
        return is_safe(trial, self.config.metrics)


def duration_s(trial: Trial, now: float) -> float | None:
    """Return how long a trial took, or has been running, in seconds; None if it never ran."""
    if trial.started_at is None:
        return None
    if trial.completed_at is None and not trial.client_id:
        return None
    end = now if trial.completed_at is None else trial.completed_at
    return max(0.0, end - trial.started_at)


def paused_text(trial: Trial, config: StudyConfig) -> str:
    """Return "paused at epochs 9 of 81", "" for a trial that is not paused."""
    if not trial.is_paused:
        return ""
    return f"paused at {config.budget_text(trial.rungs[-1].budget)}"


def abandoned_text(trial: Trial) -> str:
    """Return "abandoned by worker-3", "" for a trial that is not abandoned."""
    client_id = abandoned_by(trial)
    return f"abandoned by {client_id}" if client_id else ""


def first_line(text: str) -> str:
    """Return the first line of a reason, which says it in short."""
    return text.partition("\n")[0]


def filtered(
    trials: Iterable[Trial], condition: Expression, fields: Fields, now: float
) -> list[Trial]:
    """Return the trials for which a condition over the fields holds.

    Raises:
        InvalidExpressionError: the condition cannot be evaluated.
    """
    return [trial for trial in trials if condition.holds(fields.row(trial, now))]


def sorted_by(trials: Iterable[Trial], column: str, fields: Fields, now: float) -> list[Trial]:
    """Return trials in the order of a field, `-FIELD` for descending; those without it last.

    Raises:
        InvalidInputError: there is no such field.
    """
    descending = column.startswith("-")
    field = _known_field(column.removeprefix("-"), fields)
    keyed = [(fields.row(trial, now)[field], trial) for trial in trials]
    present = [(_order(value), trial) for value, trial in keyed if value is not None]
    missing = [trial for value, trial in keyed if value is None]
    present.sort(key=lambda pair: pair[0], reverse=descending)
    return [trial for _, trial in present] + missing


def _known_field(wanted: str, fields: Fields) -> str:
    names = fields.names
    if wanted in names:
        return wanted
    alike = [name for name in names if name.lower() == wanted.lower()]
    if len(alike) == 1:
        return alike[0]
    raise InvalidInputError(
        f"there is no column {wanted!r} to sort by",
        hint=did_you_mean(wanted, names) or f"it is {one_of(names)}",
    )


def _order(value: ParameterValue) -> tuple[int, float | str]:
    """Return a key that orders numbers before texts, and NaN behind all other numbers."""
    if isinstance(value, str):
        return (2, value)
    return (1, 0.0) if math.isnan(value) else (0, value)


def _free_names(names: Sequence[str], prefix: str, taken: Sequence[str]) -> dict[str, str]:
    used = set(taken)
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        field = name
        while field in used:
            field = f"{prefix}_{field}"
        used.add(field)
        found[name] = field
    return found


def to_csv(trials: Sequence[Trial], config: StudyConfig, now: float) -> str:
    """Return one row per trial as CSV (RFC 4180): exact values, times in UTC (ISO 8601).

    A cell is empty where a trial has no value.
    """
    fields = Fields(config)
    own = [*fields.parameters.values(), *fields.metrics.values()]
    if SAFE in fields.fixed:
        own.append(SAFE)
    last = _free_names(_LAST_COLUMNS, "trial", [ID, STATE, *own])
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([ID, STATE, *own, *last.values()])
    for trial in trials:
        row = fields.row(trial, now)
        cells = [_cell(row[name]) for name in (ID, STATE, *own)]
        times = [utc_text(trial.started_at), utc_text(trial.completed_at), _cell(row[DURATION])]
        writer.writerow([*cells, *times, trial.infeasible_reason])
    return text.getvalue()


def _cell(value: FieldValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def utc_text(unix_s: float | None) -> str:
    """Return a moment such as "2024-05-03T08:22:11.120000+00:00", "" for None."""
    return "" if unix_s is None else datetime.fromtimestamp(unix_s, UTC).isoformat()
