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
from wazir.domain.trials import Trial

if TYPE_CHECKING:
    from wazir.analysis.pareto import ParetoFront

N_SHOWN = 20


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


def front_lines(
    config: StudyConfig, front: "ParetoFront", width: int | None, *, n_most: int | None = N_SHOWN
) -> list[str]:
    """Return the front as a table, its size and its hypervolume above it.

    `width` is that of the terminal, None for no limit. Of more than `n_most` trials so many are
    shown, from one end to the other; None shows all.
    """
    shown = _spread(front.trials, n_most or len(front.trials))
    table = make_table(_columns(config, shown), width)
    names = _listed([metric.name for metric in config.objectives])
    where = ", ".join(_origin_text(m, front.reference[m.name]) for m in config.objectives)
    lines = [
        f"Pareto front: {counted(len(front.trials), 'trial')} that no other one beats in " + names,
        f"hypervolume {shown_value(front.hypervolume)} from the reference point {where}",
        *(f"  {line}" for line in table.lines),
    ]
    if len(shown) < len(front.trials):
        n_more = len(front.trials) - len(shown)
        lines.append(f"  and {n_more} more between them; `wazir best` shows all")
    if table.left_out:
        lines.append(f"  no room for {', '.join(table.left_out)}")
    return lines


def _spread(trials: Sequence[Trial], n: int) -> list[Trial]:
    """Return at most n of the trials, the ends and evenly between them; n is at least 2."""
    if len(trials) <= n:
        return list(trials)
    return [trials[round(i * (len(trials) - 1) / (n - 1))] for i in range(n)]


def _origin_text(metric: Metric, value: float) -> str:
    how = "chosen from the results" if metric.reference_value is None else "given"
    return f"{metric.name} {shown_value(value)} ({how})"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _columns(config: StudyConfig, trials: Sequence[Trial]) -> list[Column]:
    fields = Fields(config)
    # The time is for durations of running trials, of which there are none here.
    rows = [fields.row(trial, 0.0) for trial in trials]
    columns = [number_column("TRIAL", [str(trial.id) for trial in trials])]
    for metric in config.objectives:
        cells = [shown_value(row[fields.metrics[metric.name]]) for row in rows]
        columns.append(number_column(f"{metric.name} ({metric.goal.value[:3].lower()})", cells))
    for name, field in fields.parameters.items():
        make = number_column if fields.is_numeric(name) else text_column
        columns.append(make(field, [shown_value(row[field]) for row in rows], optional=True))
    return columns
