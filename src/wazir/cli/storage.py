"""`wazir storage`: copy studies from one database to another."""

import click

from wazir.app.copying import copy_storage
from wazir.app.settings import storage_location
from wazir.storage.whole import WholeStudy


@click.group()
def storage() -> None:
    """Copy studies between databases."""


@storage.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy all studies of the database FROM to the database TO.

    Trials, measurements, metadata, ids and revisions stay what they are. Tokens are not copied, and
    neither are the files of trials. A study that TO has already stays, if it is the same;
    if it is another one of the same name, nothing is copied. Stop what writes to FROM first: what
    is written after a study was copied stays behind.

    \b
    Examples:
      wazir storage copy wazir-runs/wazir.db postgresql://me@db/wazir
      wazir storage copy postgresql://me@db/wazir sqlite:////backup/wazir.db
    """
    copied = copy_storage(storage_location(source), storage_location(target), _show)
    click.echo(f"copied {_number(len(copied.new))}" + _there(len(copied.there)))


def _number(n_studies: int) -> str:
    return "1 study" if n_studies == 1 else f"{n_studies} studies"


def _there(number: int) -> str:
    return f"; {number} there already" if number else ""


def _show(number: int, n_studies: int, whole: WholeStudy) -> None:
    click.echo(f"[{number}/{n_studies}] {whole.study.name}: {len(whole.trials)} trials", err=True)
