"""`wazir studies`, `show`, `stop` and `delete`: what there is, how it stands, and its end."""

from collections.abc import Sequence

import click

from wazir.app.clock import system_clock
from wazir.app.compose import connect
from wazir.app.owners import is_process_gone
from wazir.app.settings import own_project, storage_location
from wazir.cli.common import storage_option
from wazir.cli.json_text import json_text, study_fields
from wazir.cli.lookup import StudyView, view_study
from wazir.cli.main import EXIT_FAILED
from wazir.cli.show import show_fields, show_lines
from wazir.cli.tables import (
    Column,
    counted,
    make_table,
    number_column,
    printable,
    shown_path,
    shown_size,
    shown_time,
    shown_value,
    terminal_width,
)
from wazir.domain.errors import ConflictError, JobError
from wazir.domain.studies import StudyState
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.deletion import RunFiles, delete_runs, run_files
from wazir.jobs.log_follower import AttemptState, attempt_state

_RUNNING = (TrialState.ACTIVE, TrialState.STOPPING)


@click.command()
@storage_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def studies(storage: str | None, as_json: bool) -> None:
    """List the studies, oldest first."""
    project_id, location = own_project(), storage_location(storage)
    service = connect(storage)
    views = [StudyView(service, study, location) for study in service.studies(project_id)]
    if as_json:
        click.echo(json_text([_listed_fields(view) for view in views]))
    elif views:
        table = make_table(_study_columns(views), terminal_width())
        click.echo("\n".join(table.lines))
    else:
        click.echo("there are no studies yet; make one with `wazir tune`", err=True)


def _listed_fields(view: StudyView) -> dict[str, object]:
    best = view.best()
    fields = study_fields(view.study, view.counts)
    return {**fields, "best_trial": None if best is None else _best_fields(view, best)}


def _best_fields(view: StudyView, best: Trial) -> dict[str, object]:
    return {"id": best.id, "value": _value(view, best), "parameters": dict(best.parameters)}


def _value(view: StudyView, trial: Trial) -> float | None:
    final = trial.final_measurement
    return None if final is None else final.metrics.get(view.study.config.objective.name)


def _study_columns(views: Sequence[StudyView]) -> list[Column]:
    best = [_best_text(view) for view in views]
    names = [view.study_id for view in views]
    running = [str(view.counts.active + view.counts.stopping) for view in views]
    return [
        Column("NAME", names, min_width=30),
        Column("STATE", [str(view.study.state) for view in views]),
        number_column("DONE", [_done_text(view) for view in views]),
        number_column("INFEASIBLE", [str(v.counts.infeasible) for v in views], optional=True),
        number_column("RUNNING", running, optional=True),
        number_column("BEST", best),
        Column("METRIC", [_metric_text(view) for view in views], min_width=10),
        Column("CREATED", [shown_time(view.study.created_at) for view in views]),
    ]


def _best_text(view: StudyView) -> str:
    """Return the best value, with several objectives the size of the front."""
    if view.has_several_objectives:
        n_optimal = len(view.front.trials)
        return f"front of {n_optimal}" if n_optimal else ""
    best = view.best()
    return "" if best is None else shown_value(_value(view, best))


def _done_text(view: StudyView) -> str:
    total = max(view.study.config.planned_n_trials or 0, view.counts.total)
    return f"{view.counts.completed}/{total}"


def _metric_text(view: StudyView) -> str:
    objectives = view.study.config.objectives
    return ", ".join(f"{m.name} ({m.goal.value[:3].lower()})" for m in objectives)


@click.command()
@click.argument("study_id", metavar="[STUDY]", required=False)
@storage_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(study_id: str | None, storage: str | None, as_json: bool) -> None:
    """Show STUDY, or the latest study: its space, progress, best trial and failures."""
    view, now = view_study(storage, study_id), system_clock()
    if as_json:
        click.echo(json_text(show_fields(view, now)))
    else:
        click.echo("\n".join(show_lines(view, now)))


@click.command()
@click.argument("study_id", metavar="[STUDY]", required=False)
@storage_option
def stop(study_id: str | None, storage: str | None) -> None:
    """Stop STUDY, or the latest study: no new trials, and running ones are ended gently.

    Nothing is lost: the same `wazir tune` command goes on with the study.
    """
    view = view_study(storage, study_id)
    if view.study.state is not StudyState.ACTIVE:
        click.echo(f"study {view.study_id} is {view.study.state} already; nothing was changed")
        return
    view.service.set_study_state(view.study.name, StudyState.INACTIVE)
    click.echo(f"study {view.study_id} is INACTIVE: it takes no new trials")
    for line in _stop_notes(view):
        click.echo(line)


def _stop_notes(view: StudyView) -> list[str]:
    running = [trial for trial in view.trials if trial.state in _RUNNING]
    watched = [trial for trial in running if not is_process_gone(trial.client_id)]
    alone = [t for t in running if t not in watched and _program_runs(view, t)]
    notes = []
    if watched and view.job is not None:
        count = counted(len(watched), "running trial")
        notes.append(f"`wazir tune` ends its {count} now; they run again when it goes on")
    elif watched:
        notes.append(f"{counted(len(watched), 'trial')} may still be completed by its client")
    if alone:
        ids = ", ".join(str(trial.id) for trial in alone)
        notes.append(
            f"the program of trial {ids} runs on, because its `wazir tune` is gone; "
            "the next `wazir tune` takes it over"
        )
    if view.job is None:
        notes.append("to go on: study.resume() in Python")
    else:
        notes.append("to go on: give the same `wazir tune` command again")
    return notes


def _program_runs(view: StudyView, trial: Trial) -> bool:
    if view.folder is None or trial.attempt == 0:
        return False
    attempt_dir = view.folder.trial(trial.id).attempt(trial.attempt)
    return attempt_state(attempt_dir) is AttemptState.RUNNING


@click.command()
@click.argument("study_id", metavar="STUDY")
@storage_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Delete it although trials are running.")
@click.pass_context
def delete(ctx: click.Context, study_id: str, storage: str | None, yes: bool, force: bool) -> None:
    """Delete STUDY with its trials, and the files of their runs. It cannot be undone."""
    view = view_study(storage, study_id)
    if not force:
        _refuse_running(view)
    files = _files_of(view)
    if not yes:
        click.echo(_what_goes(view, files))
        if not click.confirm(f"Delete study {view.study_id}?"):
            click.echo("nothing was deleted")
            ctx.exit(EXIT_FAILED)
    view.service.delete_study(view.study.name)
    failures = [] if view.folder is None or not files.folders else delete_runs(view.folder)
    if failures:
        raise JobError(
            f"study {view.study_id} is deleted, but not all of its files:\n"
            + "\n".join(f"  {failure}" for failure in failures)
        )
    click.echo(f"study {view.study_id} is deleted")
    if files.folders and view.folder is not None and view.folder.path.exists():
        place = shown_path(view.folder.path)
        click.echo(f"{place} stays: it holds files that `wazir` did not make")


def _refuse_running(view: StudyView) -> None:
    running = [
        trial
        for trial in view.trials
        if trial.state in _RUNNING
        and (not is_process_gone(trial.client_id) or _program_runs(view, trial))
    ]
    if running:
        ids = ", ".join(str(trial.id) for trial in running)
        noun = "trial" if len(running) == 1 else "trials"
        verb = "is" if len(running) == 1 else "are"
        raise ConflictError(
            f"{noun} {ids} of study {view.study_id!r} {verb} running",
            hint=f"stop it first with `wazir stop {view.study_id}`, or delete it with --force",
        )


def _files_of(view: StudyView) -> RunFiles:
    """Return the files of the runs; a study made from Python has none."""
    if view.job is None or view.folder is None:
        return RunFiles(())
    return run_files(view.folder)


def _what_goes(view: StudyView, files: RunFiles) -> str:
    text = f"study {view.study_id}: {counted(view.counts.total, 'trial')}"
    if view.counts.succeeded:
        text += f", {view.counts.succeeded} succeeded"
    if files.folders and view.folder is not None:
        text += (
            f"\n{printable(shown_path(view.folder.path))}: {counted(files.n_files, 'file')}, "
            f"{shown_size(files.size_bytes)}"
        )
    return text
