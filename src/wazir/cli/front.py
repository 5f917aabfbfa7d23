"""The Pareto front of a study with several objectives, for people and programs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wazir.cli.tables import (
    Column,
    counted,
    make_table,
    number_column,
    shown_value,
    text_column,
)
from wazir.client.rows import Fields
from wazir.domain.metrics import Metric
from wazir.domain.studies import StudyConfig

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront


def reference_text(objectives: Sequence[Metric]) -> str:
    """Return what is known of the reference point before there are results, "" for one objective."""
    if len(objectives) == 1:
        return ""
    given = [
        f"{metric.name} {shown_value(metric.reference_value)}"
        for metric in objectives
        if metric.reference_value is not None
    ]
    chosen = [metric.name for metric in objectives if metric.reference_value is None]
    if chosen:
        given.append(f"{', '.join(chosen)} chosen from the results")
    return ", ".join(given)


def front_lines(config: StudyConfig, front: "ParetoFront", width: int | None) -> list[str]:
    """Return the front as a table, its size and its hypervolume above it.

    `width` is that of the terminal, None for no limit.
    """
    table = make_table(_columns(config, front), width)
    names = _listed([metric.name for metric in config.objectives])
    where = ", ".join(_origin_text(m, front.reference[m.name]) for m in config.objectives)
    lines = [
        f"Pareto front: {counted(len(front.trials), 'trial')} that no other one beats in " + names,
        f"hypervolume {shown_value(front.hypervolume)} from the reference point {where}",
        *(f"  {line}" for line in table.lines),
    ]
    if table.left_out:
        lines.append(f"  no room for {', '.join(table.left_out)}")
    return lines


def _origin_text(metric: Metric, value: float) -> str:
    how = "chosen from the results" if metric.reference_value is None else "given"
    return f"{metric.name} {shown_value(value)} ({how})"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _columns(config: StudyConfig, front: "ParetoFront") -> list[Column]:
    fields = Fields(config)
    # The time is for durations of running trials, of which there are none here.
    rows = [fields.row(trial, 0.0) for trial in front.trials]
    columns = [number_column("TRIAL", [str(trial.id) for trial in front.trials])]
    for metric in config.objectives:
        cells = [shown_value(row[fields.metrics[metric.name]]) for row in rows]
        columns.append(number_column(f"{metric.name} ({metric.goal.value[:3].lower()})", cells))
    for name, field in fields.parameters.items():
        make = number_column if fields.is_numeric(name) else text_column
        columns.append(make(field, [shown_value(row[field]) for row in rows], optional=True))
    return columns
