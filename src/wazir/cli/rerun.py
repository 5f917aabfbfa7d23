"""`wazir rerun`: run a trial's program once more, in the foreground."""

from functools import partial

import click

from wazir.app.rerunning import rerun_context, run_here
from wazir.cli.common import storage_option
from wazir.cli.lookup import StudyView, split_study_and_trial, view_study
from wazir.cli.main import EXIT_FAILED, EXIT_INTERRUPTED
from wazir.cli.tables import shown_path
from wazir.domain.errors import InvalidInputError, JobError
from wazir.domain.parameters import value_text
from wazir.domain.trials import Trial
from wazir.jobs.executors.protocol import ExitStatus, Outcome
from wazir.jobs.interrupts import counted_interrupts
from wazir.jobs.log_follower import how_attempt_stands
from wazir.jobs.program_run import JobContext, ProgramRun
from wazir.jobs.rerun import claimed_rerun, planned_rerun, shell_text

_SIGNAL_CODE = 128
"""A shell reports a program that a signal N ended as 128 + N."""


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[STUDY] TRIAL")
@storage_option
@click.option("--in-place", is_flag=True, help="Use the trial's own folder and label.")
@click.option("--print", "only_print", is_flag=True, help="Print a shell command, run nothing.")
@click.pass_context
def rerun(
    ctx: click.Context, words: tuple[str, ...], storage: str | None, in_place: bool,
    only_print: bool,
) -> None:  # fmt: skip
    """Run the program of a trial again, with the same values.

    It gets a folder of its own and a label such as 7-rerun-1. TRIAL is a number or `best`; without
    STUDY the latest one is meant. The study does not change. The exit code is the program's.
    """
    study_id, text = split_study_and_trial(words)
    view = view_study(storage, study_id)
    trial = view.trial(text)
    job = _context(view)
    if only_print:
        click.echo(shell_text(planned_rerun(job, trial, in_place=in_place)))
        return
    run = claimed_rerun(job, trial, in_place=in_place)
    click.echo(f"trial {run.label} in {shown_path(run.directory.path)}", err=True)
    with counted_interrupts() as interrupts:
        status = run_here(run, partial(click.echo, nl=False), interrupts)
    _say_result(view, trial, run)
    ctx.exit(EXIT_INTERRUPTED if interrupts.count else _exit_code(status))


def _context(view: StudyView) -> JobContext:
    if view.location.runs_folder is None:
        raise InvalidInputError("a storage in memory has no folder for runs")
    return rerun_context(view.study, view.location.runs_folder)


def _exit_code(status: ExitStatus) -> int:
    if status.outcome is Outcome.FAILED_TO_START:
        raise JobError(f"the program cannot be started: {status.error}")
    if status.signal is not None:
        return _SIGNAL_CODE + status.signal
    if status.outcome is Outcome.TIMEOUT:
        return EXIT_FAILED
    return status.code or 0


def _say_result(view: StudyView, trial: Trial, run: ProgramRun) -> None:
    """Say what the rerun reached beside what the trial had."""
    click.echo(f"trial {run.label}: {how_attempt_stands(run.attempt_dir)}", err=True)
    now, before = run.final_measurement(), trial.final_measurement
    for metric in view.study.config.objectives:
        value = None if now is None else now.value(metric.name)
        old = None if before is None else before.value(metric.name)
        if value is None:
            click.echo(f"no value of {metric.name} was found", err=True)
            continue
        text = f"{metric.name} {value_text(value)}"
        if old is not None:
            text += f"; trial {trial.id} had {value_text(old)}"
        click.echo(text, err=True)
