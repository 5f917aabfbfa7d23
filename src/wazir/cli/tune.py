"""`wazir tune`: run a program with many hyperparameters and say which are best."""

import shlex
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import click

from wazir.app.clock import system_clock
from wazir.app.dry_run import DryRun
from wazir.app.dry_run import dry_run as dry_run_of
from wazir.app.registry import algorithm_notes
from wazir.app.tuning import (
    new_seed,
    open_tuning_study,
    run_tuning,
)
from wazir.cli.budget_text import budgets_text
from wazir.cli.common import storage_option
from wazir.cli.display import listener_for
from wazir.cli.front import reference_text
from wazir.cli.main import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE
from wazir.cli.numbers import Duration, Probability
from wazir.cli.outcome import end_text_of, n_usable_trials
from wazir.cli.program import ProgramCommand, option_order, program_of
from wazir.cli.proposals import candidates_text
from wazir.domain.beliefs import belief_texts, believed_point
from wazir.domain.errors import StudyMismatchError
from wazir.domain.metrics import Goal, Metric, describe_metric, limit_text
from wazir.domain.parameters import ParameterValue
from wazir.domain.space import describe_space
from wazir.domain.stop_conditions import describe_stop_conditions
from wazir.domain.studies import ObservationNoise, StudyConfig
from wazir.jobs.config.job_file import JobFile
from wazir.jobs.directories import study_directory
from wazir.jobs.discovery.proposal import defaults_for, discover
from wazir.jobs.interrupts import counted_interrupts
from wazir.jobs.passing import Passing
from wazir.jobs.resolution import NoParametersError, ResolvedJob, TuneFlags, resolve
from wazir.jobs.state.messages import Ending

COUNT = click.IntRange(min=1)
_N_SHOWN_TRIALS = 3


_HEADINGS = {
    "What is best": ("minimize", "maximize", "references", "safe", "metric_pattern"),
    "What is tried": ("parameters", "conditions", "constraints", "default_first"),
    "How to search": ("algorithm", "beliefs", "noise", "prior_studies", "seed"),
    "When trials and the study end": (
        *("n_trials", "timeout_s", "stop_when", "auto_stop", "auto_stop_below"),
        *("min_improvement", "early_stopping", "trial_timeout_s", "max_failed_trials"),
    ),
    "How programs run": ("n_parallel", "job_dir", "grace_s", "max_attempts", "recorded_variables"),
}


@click.command(
    cls=ProgramCommand,
    headings=_HEADINGS,
    epilog="Ctrl-C is safe: the same command goes on where it ended.",
)
@click.argument("config", required=False, type=click.Path(path_type=Path))
@click.option("--minimize", multiple=True, metavar="METRIC", help="Metric to make small.")
@click.option("--maximize", multiple=True, metavar="METRIC", help="Metric to make large.")
@click.option(
    "--reference",
    "references",
    multiple=True,
    metavar="METRIC=VALUE",
    help="With several objectives: the worst value that is of any use.",
)
@click.option(
    "--safe",
    multiple=True,
    metavar="LIMIT",
    help='A limit that results must keep: "latency<=100", "recall>=0.8 in 90%" (of trials).',
)
@click.option(
    "-p",
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=SPACE",
    help="A hyperparameter: lr=1e-4..1e-1:log, layers=1..5, optimizer=adam,sgd.",
)
@click.option(
    "--when",
    "conditions",
    multiple=True,
    metavar="CHILD=PARENT:VALUES",
    help="A parameter that exists only then: --when units_2=n_layers:2..4.",
)
@click.option(
    "--constraint",
    "constraints",
    multiple=True,
    metavar="EXPR",
    help='A condition that every trial fulfils: "n_layers * width <= 4096".',
)
@click.option(
    "--belief",
    "beliefs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Where you expect the best value to be: --belief lr=1e-3.",
)
@click.option(
    "--noise",
    type=click.Choice(["high", "low"], case_sensitive=False),
    help="How much the metric differs when a trial is run again. Default: learnt.",
)
@click.option(
    "--trials", "n_trials", type=COUNT, help="Trials in all. Default: 30, or what the study has."
)
@click.option("--parallel", "n_parallel", type=COUNT, help="Trials at a time. Default: 1.")
@click.option(
    "--algorithm",
    metavar="NAME",
    help="default (a GP), tpe, cma-es, nsga2, evolution, random, grid or sobol.",
)
@click.option(
    "--early-stopping",
    metavar="RULE",
    help="Stop hopeless trials: default, aggressive, median, asha, patience:n=5, ... or none.",
)
@click.option(
    "--stop-when",
    multiple=True,
    metavar="TEXT",
    help='End early: "no improvement in 20 trials", "no improvement in 2h", "after 8h".',
)
@click.option(
    "--prior-studies",
    multiple=True,
    metavar="NAME[,NAME]",
    help="Earlier studies of the same storage to learn from.",
)
@click.option(
    "--auto-stop/--no-auto-stop",
    default=None,
    help="End when an improvement by 10 more trials has become improbable.",
)
@click.option(
    "--auto-stop-below",
    type=Probability(),
    metavar="P",
    help="That probability, such as 10% or 0.1; asks for --auto-stop. Default: 5%.",
)
@click.option(
    "--min-improvement",
    type=float,
    metavar="X",
    help="Which improvement matters; of several objectives, as a share of the hypervolume.",
)
@click.option("--study", "study_id", metavar="NAME", help="Default: the program's name.")
@storage_option
@click.option("--job-dir", metavar="DIR", help="Trial N gets --job-dir DIR/N.")
@click.option("--timeout", "timeout_s", type=Duration(), help="End after this time, such as 2h.")
@click.option("--trial-timeout", "trial_timeout_s", type=Duration(), help="Longest trial.")
@click.option(
    "--grace",
    "grace_s",
    type=Duration(),
    default=30.0,
    show_default="30s",
    help="Time between SIGTERM and SIGKILL when a program is stopped.",
)
@click.option(
    "--max-failed-trials",
    type=click.IntRange(min=0),
    help="Fail the job after so many. Default: decided by the job.",
)
@click.option("--max-attempts", type=COUNT, help="Runs of a trial whose machine died. Default: 2.")
@click.option("--metric-pattern", metavar="RE", help="Finds the metric in output lines.")
@click.option("--seed", type=click.IntRange(min=0), help="Makes the suggestions repeatable.")
@click.option("--resume/--no-resume", default=True, help="Go on with a study of that name.")
@click.option(
    "--default-first/--no-default-first",
    default=True,
    help="Try the program's own defaults first.",
)
@click.option(
    "--record-env",
    "recorded_variables",
    multiple=True,
    metavar="NAME",
    help="Record the value of this environment variable.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per event.")
def tune(
    *,
    config: Path | None,
    minimize: tuple[str, ...],
    maximize: tuple[str, ...],
    storage: str | None,
    resume: bool,
    default_first: bool,
    dry_run: bool,
    as_json: bool,
    **flags: Any,
) -> None:
    """Tune a program: run it with many hyperparameters and find the best.

    CONFIG is a hyperparam.yaml of Cloud ML Engine or a Vertex HyperparameterTuningJob. Flags win
    over it. COMMAND runs once per trial; parameters are appended as --name value, or put where
    {name} stands. The metric is found in its output, its TensorBoard event files or what
    cloudml-hypertune writes. --minimize and --maximize may be repeated: then the best compromises
    are looked for.

    \b
    Examples:
      wazir tune --minimize rmse -p lr=1e-4..1e-1:log -- python train.py
      wazir tune hyperparam.yaml -- python -m trainer.task --output_dir {trial_dir}
    """
    ctx = click.get_current_context()
    tune_flags = TuneFlags(
        command=program_of(ctx),
        cwd=Path.cwd(),
        objectives=_objectives(ctx, minimize, maximize),
        **flags,
    )
    try:
        job = resolve(tune_flags, _read(config), seed=new_seed())
    except NoParametersError as error:
        hint = _candidates(tune_flags.command, error.hint)
        raise NoParametersError(error.message, hint=hint) from None
    _say((*job.notes, *algorithm_notes(job.config)))
    first_trial = partial(_first_trial, job, wanted=default_first)
    if dry_run:
        plan = dry_run_of(job, _N_SHOWN_TRIALS, first_trial(), storage=storage, resume=resume)
        _say(plan.notes)
        click.echo(dry_run_text(plan, storage))
        return
    ctx.exit(_run(job, storage, resume, first_trial, as_json))


def _objectives(
    ctx: click.Context, minimize: tuple[str, ...], maximize: tuple[str, ...]
) -> tuple[Metric, ...]:
    """Return the metrics in the order in which they were given: the first one leads."""
    left = {
        "minimize": [Metric(name, Goal.MINIMIZE) for name in minimize],
        "maximize": [Metric(name, Goal.MAXIMIZE) for name in maximize],
    }
    return tuple(left[option].pop(0) for option in option_order(ctx) if option in left)


def _read(path: Path | None) -> JobFile | None:
    if path is None:
        return None
    # The YAML library is loaded only for those who have a file.
    from wazir.jobs.config.reading import read_job_file  # noqa: PLC0415

    return read_job_file(path)


def _candidates(command: tuple[str, ...], hint: str) -> str:
    """Return what could be tuned in the program, for the message that nothing was given."""
    if not command:
        return hint
    found = candidates_text(discover(command, Path.cwd()))
    return f"{hint}\n{found}" if found else hint


def _first_trial(job: ResolvedJob, *, wanted: bool) -> dict[str, ParameterValue] | None:
    """Return the program's own defaults as a trial, None if it has none, and say what is odd.

    What the user believes goes before them.
    """
    if not wanted:
        return None
    proposal = discover(job.spec.command, job.spec.cwd, run_help=None)
    space = job.config.searched.space
    values, _ = defaults_for(proposal, dict(space.walk()))
    if values is None:
        return None
    # Once more for the parameters that exist under these values: notes are about them alone.
    values, notes = defaults_for(proposal, dict(space.active(values)))
    values = believed_point(space, job.config.beliefs, values)
    broken = job.config.broken_constraints(values)
    _say([*notes, *(f"the defaults are not tried first: {text}" for text in broken)])
    return None if broken else values


def _say(notes: Iterable[str]) -> None:
    for note in filter(None, notes):
        click.echo(f"Note: {note}", err=True)


def _run(
    job: ResolvedJob,
    storage: str | None,
    resume: bool,
    first_trial: Callable[[], dict[str, ParameterValue] | None],
    as_json: bool,
) -> int:
    try:
        tuning = open_tuning_study(job, storage=storage, resume=resume, first_trial=first_trial)
    except StudyMismatchError as error:
        click.echo(f"Error: {error}", err=True)
        return EXIT_USAGE
    _say(tuning.notes)
    with counted_interrupts() as interrupts:
        display = listener_for(json=as_json, stream=sys.stdout, clock=system_clock)
        with closing(display):
            ending = run_tuning(tuning, job, display, interrupts)
    tuning = tuning.reloaded()
    if not as_json:
        click.echo(end_text_of(tuning, ending, ["wazir", *sys.argv[1:]]))
    return exit_code(ending, n_usable_trials(tuning))


def exit_code(ending: Ending, n_safe: int) -> int:
    """Return 0 if the job ran to its end with a success that is safe, 130 for Ctrl-C, else 1."""
    if ending is Ending.INTERRUPTED:
        return EXIT_INTERRUPTED
    if ending in (Ending.TOO_MANY_FAILURES, Ending.UNUSABLE_FOLDER) or n_safe == 0:
        return EXIT_FAILED
    return 0


def dry_run_text(plan: DryRun, storage: str | None) -> str:
    """Return the resolved job: space, first commands, metric sources, directories."""
    job = plan.job
    config = job.config
    priors = [name.study_id for name in config.prior_studies]
    lines = [
        f"study      {job.study_id}",
        *(f"goal       {describe_metric(metric)}" for metric in config.objectives),
        *(f"safety     {limit_text(metric)}" for metric in config.safety_metrics),
        *(f"reference  {text}" for text in [reference_text(config.objectives)] if text),
        f"algorithm  {config.algorithm}, seed {config.seed}",
        *_knowledge_lines(config),
        f"trials     {job.limits.n_trials}, {job.limits.n_parallel} at a time",
        f"stopping   {job.config.early_stopping or 'none: every trial runs to its end'}",
        *(f"budgets    {text}" for text in filter(None, [budgets_text(job.config)])),
        f"ends when  {_end_text(job)}",
        *([f"prior      {', '.join(priors)}"] if priors else []),
        "space",
    ]
    described = describe_space(job.config.space)
    width = max(len(name) for name, _ in described)
    for name, text in described:
        passing = job.spec.passing.get(name, Passing.ONE)
        how = "" if passing is Passing.ONE else f" ({passing.value.lower()})"
        lines.append(f"  {name:<{width}}  {text}{how}")
    lines += [f"constraint {constraint}" for constraint in job.config.constraints]
    folder = _folder(job, storage)
    lines.append("first commands")
    template = job.spec.template(job.config.space)
    for trial in plan.first_trials:
        label = str(trial.id)
        argv = template.render(
            trial.parameters,
            trial_label=label,
            trial_dir=str(folder / "trials" / label / "out"),
            job_dir=job.spec.trial_job_dir(label),
        )
        lines.append(f"  {shlex.join(argv)}")
    what = "the metric is" if len(job.config.metrics) == 1 else "the metrics are"
    lines.append(f"{what} looked for in this order")
    lines += [f"  {source}" for source in _metric_sources(job)]
    lines.append(f"folder     {folder}")
    return "\n".join(lines)


def _knowledge_lines(config: StudyConfig) -> list[str]:
    """Return what the user said beforehand of noise and of the best values, if anything."""
    lines = [f"belief     {text}" for text in belief_texts(config.beliefs)]
    if config.observation_noise is not ObservationNoise.UNSPECIFIED:
        lines.append(f"noise      {config.observation_noise.value}")
    return lines


def _end_text(job: ResolvedJob) -> str:
    stopping = job.config.study_stopping
    conditions = [] if stopping is None else describe_stop_conditions(stopping)
    return ", ".join(conditions) or "all trials are done"


def _metric_sources(job: ResolvedJob) -> list[str]:
    names = [metric.name for metric in job.config.metrics]
    pattern = job.spec.metric_pattern
    output = (
        f"output lines such as {' '.join(f'{name}=0.31' for name in names)}"
        if pattern is None
        else f"lines matching {pattern}"
    )
    noun = "tag" if len(names) == 1 else "tags"
    return [
        "calls of wazir.reporting.report",
        "the file that cloudml-hypertune writes",
        f"TensorBoard event files with the {noun} {', '.join(names)}",
        output,
    ]


def _folder(job: ResolvedJob, storage: str | None) -> Path:
    from wazir.app.settings import named_study, storage_location  # noqa: PLC0415 - for this text

    folder = storage_location(storage).runs_folder or Path.cwd()
    return study_directory(folder, named_study(job.study_id)).path
