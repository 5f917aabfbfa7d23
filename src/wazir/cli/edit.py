"""`wazir edit`: change a study, also while it runs."""

from typing import Any

import click

from wazir.app.registry import algorithm_note, learns_from_outside
from wazir.cli.common import open_study, storage_option
from wazir.cli.numbers import Probability
from wazir.cli.program import ProgramCommand, program_of
from wazir.cli.tables import counted, printable
from wazir.domain.studies import Study
from wazir.jobs.edit_text import EditFlags, JobEdit, check_metrics_stay, resolve_edit
from wazir.service.editing import EditEffects

_CLIENT = "wazir edit"


@click.command(cls=ProgramCommand)
@click.argument("study_id", metavar="STUDY")
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=SPACE",
    help="Another range or list of values, or a new hyperparameter.",
)
@click.option(
    "--when",
    "conditions",
    multiple=True,
    metavar="CHILD=PARENT:VALUES",
    help="A parameter that exists only then.",
)
@click.option(
    "--old-value",
    "old_values",
    multiple=True,
    metavar="NAME=VALUE",
    help="What a new hyperparameter was in the trials so far.",
)
@click.option(
    "--freeze", multiple=True, metavar="NAME=VALUE", help="Keep a hyperparameter at one value."
)
@click.option(
    "--remove", multiple=True, metavar="NAME", help="Take away what the program no longer takes."
)
@click.option(
    "--constraint",
    "constraints",
    multiple=True,
    metavar="EXPR",
    help="As for `wazir tune`, in place of those that are there; none takes all away.",
)
@click.option(
    "--safe",
    multiple=True,
    metavar="LIMIT",
    help='Another number in the limit of a safety metric: "latency<=70".',
)
@click.option(
    "--noise",
    type=click.Choice(["high", "low", "unspecified"], case_sensitive=False),
    help="How much the metric differs when a trial is run again.",
)
@click.option(
    "--belief",
    "beliefs",
    multiple=True,
    metavar="NAME=VALUE",
    help="As for `wazir tune`, in place of those that are there; none takes all away.",
)
@click.option(
    "--prior-studies",
    multiple=True,
    metavar="NAME[,NAME]",
    help="As for `wazir tune`, in place of those that are there; none takes all away.",
)
@click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="METRIC=VALUE",
    help="As for `wazir tune`; METRIC=none: chosen from the results.",
)
@click.option("--trials", "n_trials", type=click.IntRange(min=1), help="Trials in all.")
@click.option("--algorithm", metavar="NAME", help="As for `wazir tune`.")
@click.option(
    "--minimize", "--maximize", multiple=True, hidden=True, help="Refused: metrics stay."
)
@click.option("--early-stopping", metavar="RULE", help="As for `wazir tune`; none for no rule.")
@click.option(
    "--stop-when",
    multiple=True,
    metavar="TEXT",
    help="As for `wazir tune`, beside what is there; none takes all conditions away.",
)
@click.option("--auto-stop/--no-auto-stop", default=None, help="As for `wazir tune`.")
@click.option("--auto-stop-below", type=Probability(), metavar="P", help="As for `wazir tune`.")
@click.option("--min-improvement", type=float, metavar="X", help="As for `wazir tune`.")
@storage_option
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
def edit(
    study_id: str, storage: str | None, dry_run: bool, minimize: tuple[str, ...], **flags: Any
) -> None:
    """Change STUDY, also while it runs: what is left out stays as it is.

    Trials that have ended stay in the history and are still learnt from. A running `wazir tune`
    goes on with the new space, number of trials, algorithm and rule. COMMAND, if given, takes the
    place of the program's command.

    \b
    Examples:
      wazir edit train -p lr=1e-5..1e-1:log --trials 100
      wazir edit train -p dropout=0.0..0.5 --old-value dropout=0 --freeze batch_size=32
    """
    wanted = EditFlags(command=program_of(click.get_current_context()), **flags)
    if wanted == EditFlags() and not minimize:
        raise click.UsageError("say what to change, for example --trials 100")
    service, study = open_study(storage, study_id)
    if minimize:
        check_metrics_stay(study)
    change = resolve_edit(study, wanted)
    for note in (*change.notes, *filter(None, [algorithm_note(wanted.algorithm or "")])):
        click.echo(f"Note: {note}", err=True)
    effects = service.preview_edit(study.name, change.edit)
    for line in _lines(study, change, effects):
        click.echo(printable(line))
    if dry_run:
        click.echo("nothing was changed, because of --dry-run")
    else:
        service.edit_study(study.name, change.edit, metadata=change.metadata, client_id=_CLIENT)


def _lines(study: Study, change: JobEdit, effects: EditEffects) -> list[str]:
    lines = [f"study {study.name.study_id}", *(f"  {line}" for line in effects.changes)]
    if change.metadata:
        lines.append("  the program's command or the way it is given parameters changes")
    if len(lines) == 1:
        return [f"study {study.name.study_id} is like that already"]
    if effects.n_outside:
        lines.append(
            f"of {counted(effects.n_inside + effects.n_outside, 'trial')} that have ended "
            f"{effects.n_outside} lie outside of what the study allows now: they stay in the "
            f"history and cannot be the best; {_learnt_text(effects.config.algorithm)}"
        )
    if effects.dropped:
        ids = ", ".join(map(str, effects.dropped))
        lines.append(f"waiting outside of it, and not run any more: trial {ids}")
    return lines


def _learnt_text(algorithm: str) -> str:
    """Return what becomes of trials outside of the space for an algorithm."""
    if learns_from_outside(algorithm):
        return f"{algorithm} still learns from them"
    return f"{algorithm} learns nothing more from them"
