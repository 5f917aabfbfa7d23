"""`wazir trials` and `wazir best`: the results of a study."""

from collections.abc import Sequence

import click

from wazir.app.clock import system_clock
from wazir.cli.common import storage_option
from wazir.cli.front import front_lines
from wazir.cli.json_text import json_text, trial_fields
from wazir.cli.lookup import StudyView, view_study
from wazir.cli.tables import (
    Column,
    counted,
    make_table,
    number_column,
    shown_value,
    terminal_width,
    text_column,
)
from wazir.cli.trial_text import best_fields, best_lines, front_fields
from wazir.client.rows import (
    DURATION,
    ID,
    REASON,
    SAFE,
    STATE,
    VALUE,
    Fields,
    filtered,
    sorted_by,
    to_csv,
)
from wazir.domain.durations import format_duration
from wazir.domain.expressions import parse_expression
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial


@click.command()
@click.argument("study_id", metavar="[STUDY]", required=False)
@storage_option
@click.option("--sort", "sort_column", metavar="COLUMN", help="Order; -COLUMN for descending.")
@click.option(
    "--filter", "condition", metavar="EXPR", help='Show only some: "value < 0.3 and lr > 1e-3".'
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the first N.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array with exact values.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with exact values.")
def trials(
    study_id: str | None,
    storage: str | None,
    sort_column: str | None,
    condition: str | None,
    limit: int | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List the trials of STUDY, or of the latest study.

    --sort and --filter know id, state, value (the objective metric), duration (seconds), reason,
    safe (where there are safety metrics), and each parameter and metric by its name; in --filter a name with a dash stands in backticks.

    \b
    Examples:
      wazir trials --sort value --limit 5
      wazir trials --filter "state == SUCCEEDED and batch_size >= 32"
      wazir trials --filter '`learning-rate` < 1e-3' --csv
    """
    if as_json and as_csv:
        raise click.UsageError("give either --json or --csv, not both")
    view, now = view_study(storage, study_id), system_clock()
    chosen = _chosen(view, condition, sort_column, now)[:limit]
    if as_json:
        click.echo(json_text([trial_fields(trial, view.study, now) for trial in chosen]))
    elif as_csv:
        # The rows have the line ends that the format wants.
        click.echo(to_csv(chosen, view.study.config, now).encode(), nl=False)
    else:
        _print_table(view, chosen, now)


def _chosen(
    view: StudyView, condition: str | None, sort_column: str | None, now: float
) -> list[Trial]:
    fields = Fields(view.study.config)
    found: list[Trial] = view.trials
    if condition is not None:
        found = filtered(found, parse_expression(condition, fields.names), fields, now)
    return found if sort_column is None else sorted_by(found, sort_column, fields, now)


def _print_table(view: StudyView, chosen: Sequence[Trial], now: float) -> None:
    if not chosen:
        n_all = view.counts.total
        none = (
            f"none of its {counted(n_all, 'trial')} matches" if n_all else "it has no trials yet"
        )
        click.echo(f"study {view.study_id}: {none}", err=True)
        return
    table = make_table(trial_columns(chosen, view.study.config, now), terminal_width())
    click.echo("\n".join(table.lines))
    if table.left_out:
        click.echo(
            f"\nno room for {', '.join(table.left_out)}; a wider terminal, --csv or --json "
            "shows all",
            err=True,
        )


def trial_columns(chosen: Sequence[Trial], config: StudyConfig, now: float) -> list[Column]:
    """Return the columns of a table of trials, the objective metrics before the parameters."""
    fields = Fields(config)
    rows = [fields.row(trial, now) for trial in chosen]
    first = config.objective.name
    columns = [
        number_column("ID", [str(row[ID]) for row in rows]),
        Column("STATE", [str(row[STATE]) for row in rows]),
        number_column(first, [shown_value(row[VALUE]) for row in rows]),
    ]
    for metric in sorted(config.metrics, key=lambda metric: not metric.is_objective):
        if metric.name != first:
            field = fields.metrics[metric.name]
            cells = [shown_value(row[field]) for row in rows]
            columns.append(number_column(field, cells, optional=not metric.is_objective))
    for name, field in fields.parameters.items():
        make = number_column if fields.is_numeric(name) else text_column
        columns.append(make(field, [shown_value(row[field]) for row in rows], optional=True))
    if config.safety_metrics:
        columns.append(Column("SAFE", [_yes_or_no(row[SAFE]) for row in rows]))
    columns.append(number_column("DURATION", [_duration_text(row[DURATION]) for row in rows]))
    if any(row[REASON] for row in rows):
        columns.append(text_column("REASON", [shown_value(row[REASON]) for row in rows]))
    return columns


def _yes_or_no(value: object) -> str:
    return "" if value is None else "yes" if value else "no"


def _duration_text(seconds: object) -> str:
    return format_duration(seconds) if isinstance(seconds, float) else ""


@click.command()
@click.argument("study_id", metavar="[STUDY]", required=False)
@storage_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON with exact values.")
def best(study_id: str | None, storage: str | None, as_json: bool) -> None:
    """Show the best trial of STUDY, or of the latest study: its values and its command.

    Where results are noisy, it is the one of which a model of all results expects most, which need
    not be the one with the best value; then both are named.

    With several objectives these are the best compromises: the trials that no other one beats in
    all of them.

    Exit code 1 if no trial has succeeded.
    """
    view = view_study(storage, study_id)
    if view.has_several_objectives:
        _print_front(view, as_json=as_json)
        return
    trial = view.require_best()
    if as_json:
        fields = best_fields(view, trial, system_clock())
        more = {
            "recommendation": vars(view.recommendation),
            "better_outside": view.better_outside,
        }
        click.echo(json_text({**fields, **more}))
    else:
        click.echo("\n".join(best_lines(view, trial)))


def _print_front(view: StudyView, *, as_json: bool) -> None:
    front = view.require_front()
    if as_json:
        click.echo(json_text(front_fields(view, front, system_clock())))
        return
    lines = front_lines(view.study.config, front, terminal_width(), n_most=None)
    click.echo("\n".join([*lines, *filter(None, [view.outside])]))
    if view.job is not None:
        click.echo(f"run again: wazir rerun {view.study_id} TRIAL")
