"""`wazir init`: propose a hyperparam.yaml for a program."""

from pathlib import Path

import click

from wazir.cli.program import ProgramCommand, program_of
from wazir.cli.proposals import left_out_text
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Goal
from wazir.jobs.discovery.proposal import discover, to_yaml


@click.command(cls=ProgramCommand)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write. Default: the screen."
)
@click.option("--minimize", metavar="METRIC", help="Metric to make small.")
@click.option("--maximize", metavar="METRIC", help="Metric to make large.")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def init(output: Path | None, minimize: str | None, maximize: str | None, force: bool) -> None:
    """Propose a hyperparam.yaml for a program.

    The program's source is read, not run: argparse, click and absl options with their types and
    defaults. What that misses is taken from COMMAND --help.

    \b
    Example:
      wazir init -o hyperparam.yaml -- python train.py
    """
    command = program_of(click.get_current_context())
    if not command:
        raise click.UsageError(
            "there is no program; write it behind --, as in: -- python train.py"
        )
    if minimize is not None and maximize is not None:
        raise click.UsageError("give either --minimize or --maximize, not both")
    if output is not None and output.exists() and not force:
        raise InvalidInputError(f"{output} is there already", hint="add --force to replace it")
    proposal = discover(command, Path.cwd())
    for note in proposal.notes:
        click.echo(f"Note: {note}", err=True)
    if not proposal.candidates:
        raise InvalidInputError(
            "no hyperparameter was found in the program" + _reasons(left_out_text(proposal)),
            hint="name them yourself: wazir tune -p learning_rate=1e-4..1e-1:log ...",
        )
    goal = Goal.MINIMIZE if minimize is not None else Goal.MAXIMIZE if maximize else None
    text = to_yaml(proposal, minimize if minimize is not None else maximize, goal)
    _write(output, text)
    left_out = left_out_text(proposal)
    if left_out:
        click.echo(f"Left out:\n{left_out}", err=True)


def _reasons(left_out: str) -> str:
    return f"; left out:\n{left_out}" if left_out else ""


def _write(output: Path | None, text: str) -> None:
    if output is None:
        click.echo(text, nl=not text.endswith("\n"))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{output} cannot be written: {error.strerror}") from None
    click.echo(f"Wrote {output}. Tune with: wazir tune {output} -- COMMAND", err=True)
