"""What could be tuned in a program: its options, proposed parameters, and a file of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wazir.domain.metrics import Goal
from wazir.domain.parameters import Parameter, ParameterValue
from wazir.jobs.discovery.first_trial import first_trial, option_named
from wazir.jobs.discovery.given import with_given_values
from wazir.jobs.discovery.help_run import HelpRunner, ask_for_help
from wazir.jobs.discovery.help_text import help_options
from wazir.jobs.discovery.hyperparam_yaml import DEFAULT_METRIC, yaml_text
from wazir.jobs.discovery.metric_guess import MetricGuess, goal_of, guess_metric
from wazir.jobs.discovery.options import ProgramOption
from wazir.jobs.discovery.program import MAX_FILE_BYTES, Program, find_program, head_of
from wazir.jobs.discovery.ranges import Candidate, LeftOut, propose
from wazir.jobs.discovery.source import SourceFindings, read_source


@dataclass(frozen=True)
class Proposal:
    """What was found in a program.

    Attributes:
        candidates: options worth tuning, each with a parameter.
        left_out: the other options, with reasons.
        options: all options, with the defaults that the first trial takes.
        notes: what could not be read, and why.
        metric: the metric that the source seems to report.
    """

    candidates: tuple[Candidate, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    options: tuple[ProgramOption, ...] = ()
    notes: tuple[str, ...] = ()
    metric: MetricGuess | None = None


def discover(
    command: Sequence[str], cwd: Path, *, run_help: HelpRunner | None = ask_for_help
) -> Proposal:
    """Return what could be tuned in the program that a command runs.

    Its Python source is read without running it. The program is run with `--help` only where the
    source leaves something open and something suggests that it understands `--help`.

    Args:
        command: the command as the user wrote it; it may hold placeholders.
        cwd: the folder in which it would run.
        run_help: runs a command that ends in `--help`; None to leave that out.
    """
    if not command:
        return Proposal()
    program = find_program(command, cwd)
    source = read_source(program, cwd)
    notes = list(source.notes)
    options = source.options
    if run_help is not None and not source.is_complete:
        if _understands_help(program, source):
            answer = run_help([*program.launch, *program.subcommands[:2], "--help"], cwd)
            options = _merged(options, help_options(answer.text))
            notes += [answer.problem] if answer.problem else []
        elif not options:
            notes.append(_why_not_asked(program))
    return _proposal(with_given_values(options, program.arguments), source, notes)


def _proposal(
    options: tuple[ProgramOption, ...], source: SourceFindings, notes: list[str]
) -> Proposal:
    judged = [propose(option) for option in options]
    return Proposal(
        candidates=tuple(one for one in judged if isinstance(one, Candidate)),
        left_out=tuple(one for one in judged if isinstance(one, LeftOut)),
        options=options,
        notes=tuple(notes),
        metric=guess_metric(source.trees),
    )


def defaults_for(
    proposal: Proposal, space: Mapping[str, Parameter]
) -> tuple[dict[str, ParameterValue] | None, list[str]]:
    """Return the program's defaults as the first trial of a search space, and notes to be said.

    Values outside their range are moved to the nearest allowed one, with a note; see
    `first_trial`. None if no parameter has a known default.
    """
    return first_trial(proposal.options, space)


def to_yaml(proposal: Proposal, metric: str | None = None, goal: Goal | None = None) -> str:
    """Return a `hyperparam.yaml` with the candidates; what it does not know stands in comments.

    Without `metric` it is the one that the source seems to report, else the contract's default
    tag. Without `goal` the metric's name decides.
    """
    remarks: list[str] = []
    guess = proposal.metric
    if metric is None and guess is not None:
        metric = guess.name
        remarks.append(f"The program seems to report {metric}; change the tag if it is another.")
    elif metric is None:
        metric = DEFAULT_METRIC
        remarks.append("Write the name of the program's metric here, and its goal.")
    if goal is None:
        goal = goal_of(metric)
        if goal is None and metric != DEFAULT_METRIC:
            remarks.append(f"Is a larger {metric} better? If not, write MINIMIZE.")
    remarks += proposal.notes
    return yaml_text(
        proposal.candidates,
        proposal.left_out,
        metric=metric,
        goal=goal or Goal.MAXIMIZE,
        remarks=remarks,
    )


def _understands_help(program: Program, source: SourceFindings) -> bool:
    """Return whether asking for help is likely to print it, instead of starting the training."""
    if program.is_python and program.entry is not None:
        return source.reads_arguments
    if program.is_python:
        return False
    if program.entry is None:
        return False
    head = head_of(program.entry, MAX_FILE_BYTES)
    is_text = b"\0" not in head[:4096]
    return not is_text or b"help" in head or b"getopt" in head


def _why_not_asked(program: Program) -> str:
    if program.entry is None:
        return f"the source of {program.launch[-1]} was not found"
    return f"{program.launch[-1]} was not asked for --help: nothing in it suggests that it answers"


def _merged(
    options: Sequence[ProgramOption], told: Sequence[ProgramOption]
) -> tuple[ProgramOption, ...]:
    """Return the source's options completed by the help text's, and its further ones."""
    merged = [_completed(option, option_named(told, option.name)) for option in options]
    # `--no-x` in the source and `--x` in the help are two names of one flag.
    known = [*options, *(replace(o, name=o.name[3:]) for o in options if o.name[:3] == "no-")]
    merged += [one for one in told if not _is_known(known, one)]
    return tuple(merged)


def _is_known(options: Sequence[ProgramOption], told: ProgramOption) -> bool:
    return any(option_named(options, name) is not None for name in told.names)


def _completed(option: ProgramOption, told: ProgramOption | None) -> ProgramOption:
    if told is None or not option.unread:
        return option
    default = option.default
    kind = option.kind
    if "default" in option.unread and told.default is not None:
        default = told.default
        kind = told.kind if kind == "str" else kind
    choices = told.choices if "choices" in option.unread else option.choices
    left = {"default": default is None, "choices": not choices}
    unread = tuple(field for field in option.unread if left.get(field, True))
    return replace(option, default=default, kind=kind, choices=choices, unread=unread)
