"""`wazir logs`: the output of a trial's program."""

import time
from pathlib import Path

import click

from wazir.cli.common import storage_option
from wazir.cli.lookup import split_study_and_trial, view_study
from wazir.cli.main import EXIT_INTERRUPTED
from wazir.cli.tables import shown_path
from wazir.domain.errors import NotFoundError
from wazir.jobs.directories import TrialDirectory
from wazir.jobs.log_follower import AttemptState, LogFollower, attempt_state, how_attempt_stands

_FOLLOW_S = 0.2


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[STUDY] TRIAL")
@storage_option
@click.option("-f", "--follow", is_flag=True, help="Go on until the program has ended.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="K", help="Default: the last one.")
@click.pass_context
def logs(
    ctx: click.Context, words: tuple[str, ...], storage: str | None, follow: bool,
    attempt: int | None,
) -> None:  # fmt: skip
    """Print the output of a trial's program.

    TRIAL is a number, `best`, or a rerun such as 7-rerun-1. Without STUDY the latest one is
    meant. How the program ended is said on standard error.
    """
    study_id, text = split_study_and_trial(words)
    label, directory = view_study(storage, study_id).run(text)
    attempt_dir = _attempt_dir(label, directory, attempt)
    try:
        _print_log(attempt_dir, follow=follow)
    except KeyboardInterrupt:
        ctx.exit(EXIT_INTERRUPTED)
    click.echo(f"trial {label}, attempt {attempt_dir.name}: {how_attempt_stands(attempt_dir)}",
               err=True)  # fmt: skip


def _attempt_dir(label: str, directory: TrialDirectory, attempt: int | None) -> Path:
    found = directory.last_attempt()
    if found is None:
        raise NotFoundError(
            f"trial {label} has no log: no program was started for it",
            hint=f"its folder would be {shown_path(directory.path)}",
        )
    if attempt is None:
        return found
    wanted = directory.attempt(attempt)
    if not wanted.is_dir():
        raise NotFoundError(
            f"trial {label} has no attempt {attempt}", hint=f"its last one is {found.name}"
        )
    return wanted


def _print_log(attempt_dir: Path, *, follow: bool) -> None:
    follower = LogFollower(attempt_dir)
    ends_line = True
    while True:
        # The state is asked for first: what comes before an end is then in the log.
        runs = attempt_state(attempt_dir) in (AttemptState.RUNNING, AttemptState.NOT_STARTED)
        for data in follower.new():
            click.echo(data, nl=False)
            ends_line = data.endswith(b"\n")
        if not follow or not runs:
            break
        time.sleep(_FOLLOW_S)
    if not ends_line:
        click.echo()
