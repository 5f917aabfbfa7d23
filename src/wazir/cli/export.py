"""`wazir export`: a study as one file."""

from pathlib import Path

import click

from wazir.app.clock import system_clock
from wazir.cli.common import storage_option
from wazir.cli.json_text import json_text
from wazir.cli.lookup import StudyView, view_study
from wazir.cli.tables import counted
from wazir.client.export import study_document
from wazir.client.files import write_whole_file
from wazir.client.rows import to_csv
from wazir.domain.hints import one_of

FORMATS = ("json", "csv")
_STDOUT = "-"


@click.command()
@click.argument("study_id", metavar="[STUDY]", required=False)
@storage_option
@click.option(
    "-o", "--output", required=True, metavar="FILE",
    help="FILE.json or FILE.csv; - for standard output.",
)  # fmt: skip
@click.option("--format", "kind", type=click.Choice(FORMATS), help="Default: by the name of FILE.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export(
    study_id: str | None, storage: str | None, output: str, kind: str | None, force: bool
) -> None:
    """Write STUDY, or the latest study, to a file.

    JSON holds everything: configuration, trials, measurements. CSV has one row per trial.
    """
    kind = kind or _kind_of(output)
    view = view_study(storage, study_id)
    data = (
        _json(view) if kind == "json" else to_csv(view.trials, view.study.config, system_clock())
    )
    if output == _STDOUT:
        click.echo(data.encode(), nl=False)
        return
    write_whole_file(Path(output), data.encode(), replace=force)
    trials = counted(view.counts.total, "trial")
    click.echo(f"study {view.study_id} with {trials} is in {output}", err=True)


def _kind_of(output: str) -> str:
    if output == _STDOUT:
        raise click.UsageError(f"for standard output give --format, {one_of(FORMATS)}")
    kind = Path(output).suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise click.UsageError(
            f"the format is told by the end of the file's name, .json or .csv, got {output!r}; "
            "or give --format"
        )
    return kind


def _json(view: StudyView) -> str:
    ids = [trial.id for trial in view.trials]
    measurements = view.service.measurements(view.study.name, ids)
    return json_text(study_document(view.study, view.trials, measurements)) + "\n"
