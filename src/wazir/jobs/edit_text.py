"""`wazir edit`: from flags to an edit of a study and of its job, and back to flags."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from wazir.client.editing import NONE, edit_in_words
from wazir.domain.beliefs import belief_texts, parse_beliefs
from wazir.domain.conditions import Condition
from wazir.domain.constraints import constraint_differences
from wazir.domain.edits import StudyEdit, apply
from wazir.domain.errors import InvalidInputError, JobError
from wazir.domain.hints import did_you_mean
from wazir.domain.metrics import describe_metrics
from wazir.domain.numbers import is_number_text, number_from_text
from wazir.domain.parameters import (
    Categorical,
    Double,
    Parameter,
    ParameterValue,
    Scale,
    type_name,
    with_condition,
)
from wazir.domain.space import SearchSpace
from wazir.domain.studies import ObservationNoise, Study, StudyConfig
from wazir.domain.trials import Metadata
from wazir.jobs.command_line import CommandTemplate, argument_text
from wazir.jobs.condition_text import parse_condition
from wazir.jobs.passing import Passing
from wazir.jobs.resolution import auto_stop_of, parse_reference, study_ids
from wazir.jobs.space_text import ParsedParameter, format_space, parse_parameters
from wazir.jobs.spec import JOB_NAMESPACE, JobSpec, job_spec_of


@dataclass(frozen=True)
class EditFlags:
    """What the user wants to be changed, as `wazir edit` takes it; () and None: as it is."""

    command: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    old_values: tuple[str, ...] = ()
    freeze: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    n_trials: int | None = None
    algorithm: str | None = None
    early_stopping: str | None = None
    stop_when: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    noise: str | None = None
    beliefs: tuple[str, ...] = ()
    prior_studies: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    auto_stop: bool | None = None
    auto_stop_below: float | None = None
    min_improvement: float | None = None


@dataclass(frozen=True)
class JobEdit:
    """An edit of a study, the entries of its metadata that change with it, and what to say."""

    edit: StudyEdit
    metadata: Metadata
    notes: tuple[str, ...]


def _check_fidelity(study: Study, parsed: Sequence[ParsedParameter]) -> None:
    for one in parsed:
        if one.is_fidelity and one.name != study.config.fidelity:
            raise InvalidInputError(
                f"which parameter is the fidelity stays as it is: "
                f"{study.config.fidelity or 'none'}, got {one.name!r}",
                hint="leave :fidelity out, or make a new study",
            )


def check_metrics_stay(study: Study) -> NoReturn:
    """Raise InvalidInputError: somebody wants to edit what is optimized."""
    raise InvalidInputError(
        f"what study {study.name.study_id!r} optimizes stays as it is "
        f"({describe_metrics(study.config.metrics)}): values of another metric cannot be compared "
        "with those that are there",
        hint="make a new study: `wazir tune --study NAME` with the metrics that you want",
    )


def resolve_edit(study: Study, flags: EditFlags) -> JobEdit:
    """Return the edit that flags describe.

    Raises:
        InvalidInputError: a text breaks a rule, or the command does not fit the new space.
        JobError: a command for a study that runs no program.
    """
    parsed = parse_parameters(flags.parameters)
    _check_fidelity(study, parsed)
    known = dict(study.config.space.walk())
    parameters = {one.name: _like(one.parameter, known.get(one.name)) for one in parsed}
    for text in flags.conditions:
        child, condition = parse_condition(text)
        if child not in parameters and child not in known:
            raise InvalidInputError(
                f"--when {text}: there is no parameter {child!r}", hint=did_you_mean(child, known)
            )
        parameters[child] = with_condition(parameters.get(child, known.get(child)), condition)  # type: ignore[arg-type]
    present = {**known, **parameters}
    edit = edit_in_words(
        study.config,
        parameters=parameters,
        old_values=_values("--old-value", flags.old_values, present),
        freeze=_values("--freeze", flags.freeze, present),
        remove=flags.remove,
        n_trials=flags.n_trials,
        algorithm=flags.algorithm,
        early_stopping=flags.early_stopping,
        stop_when=flags.stop_when,
        constraints=flags.constraints or None,
        safe=flags.safe,
        noise=flags.noise,
        prior_studies=study_ids(flags.prior_studies) or None,
        reference=dict(map(_reference, flags.references)),
        auto_stop=auto_stop_of(flags.auto_stop, flags.auto_stop_below),
        min_improvement=flags.min_improvement,
        project_id=study.name.project_id,
    )
    notes = [note for one in parsed for note in (*one.notes, *_losses(one, known.get(one.name)))]
    space = apply(study.config, replace(edit, old_values={})).space
    if flags.beliefs:
        edit = replace(edit, beliefs=parse_beliefs(space, _without_none(flags.beliefs)))
    metadata, strays = _job_metadata(study, flags, parsed, space)
    return JobEdit(edit, metadata, (*notes, *strays))


def _reference(text: str) -> tuple[str, float | None]:
    name, _, number = text.rpartition("=")
    is_none = bool(name) and number.strip().lower() == NONE
    return (name.strip(), None) if is_none else parse_reference(text)


def _without_none(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if text.strip().lower() != NONE]


def edit_command(study: Study, wanted: StudyConfig) -> str:
    """Return the `wazir edit` command that makes a study what is wanted, but for its metrics.

    "" if flags cannot say it.

    For a new parameter it has VALUE where the user must say what earlier trials had.
    """
    old, new = dict(_flat(study.config.space)), dict(_flat(wanted.space))
    words = ["wazir", "edit", study.name.study_id]
    try:
        for name, (parameter, condition) in new.items():
            before, before_condition = old.get(name, (None, None))
            if parameter != before:
                words += ["-p", f"{name}={format_space(parameter)}"]
            if condition is not None and condition != before_condition:
                values = ",".join(argument_text(value) for value in condition.values)
                words += ["--when", f"{name}={condition.parent}:{values}"]
            if before is None:
                words += ["--old-value", f"{name}=VALUE"]
    except InvalidInputError:
        return ""
    for name in old.keys() - new.keys():
        words += ["--remove", name]
    if constraint_differences(study.config.constraints, wanted.constraints):
        for text in [one.text for one in wanted.constraints] or ["none"]:
            words += ["--constraint", text]
    words += _said_words(study.config, wanted)
    return shlex.join(words) if len(words) > 3 else ""


def _said_words(old: StudyConfig, wanted: StudyConfig) -> list[str]:
    words = []
    if wanted.observation_noise not in (ObservationNoise.UNSPECIFIED, old.observation_noise):
        words += ["--noise", wanted.observation_noise.value.lower()]
    if wanted.beliefs != old.beliefs:
        words += [word for text in belief_texts(wanted.beliefs) for word in ("--belief", text)]
    if wanted.prior_studies and wanted.prior_studies != old.prior_studies:
        words += ["--prior-studies", ",".join(one.study_id for one in wanted.prior_studies)]
    return words


def _flat(space: SearchSpace) -> Iterator[tuple[str, tuple[Parameter, Condition | None]]]:
    """Yield the parameters without their children, each with its condition."""
    yield from _flat_below(space.parameters, None)


def _flat_below(
    parameters: Mapping[str, Parameter], condition: Condition | None
) -> Iterator[tuple[str, tuple[Parameter, Condition | None]]]:
    for name, parameter in parameters.items():
        alone = parameter if isinstance(parameter, Double) else replace(parameter, branches=())
        yield name, (alone, condition)
        for branch in parameter.branches:
            yield from _flat_below(branch.parameters, Condition(name, branch.parent_values))


def _like(new: Parameter, old: Parameter | None) -> Parameter:
    """Return a definition with what flags cannot say taken from the one that it replaces."""
    if old is None or type_name(new) != type_name(old):
        return new
    kept = replace(new, external_type=old.external_type)
    if old.default is None:
        return kept
    try:
        return replace(kept, default=old.default)  # type: ignore[arg-type]
    except InvalidInputError:
        return kept


def _losses(one: ParsedParameter, old: Parameter | None) -> list[str]:
    """Return what may have been lost by accident: a type or a scale that was not written again."""
    new = one.parameter
    if old is None:
        return []
    if type_name(new) != type_name(old):
        return [f"parameter {one.name!r} was {type_name(old)} and becomes {type_name(new)}"]
    if isinstance(new, Categorical) or isinstance(old, Categorical):
        return []
    if new.scale is Scale.LINEAR and old.scale is not Scale.LINEAR:
        suffix = old.scale.value.lower()
        return [f"parameter {one.name!r} loses its {old.scale.value} scale; :{suffix} keeps it"]
    return []


def _values(
    option: str, texts: Sequence[str], known: Mapping[str, Parameter]
) -> dict[str, ParameterValue]:
    found: dict[str, ParameterValue] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name, value = name.strip(), value.strip()
        if not (equals and name and value):
            raise InvalidInputError(f"{option} is written NAME=VALUE, got {text!r}")
        if name not in known:
            raise InvalidInputError(
                f"{option} {text}: there is no parameter {name!r}", hint=did_you_mean(name, known)
            )
        if name in found:
            raise InvalidInputError(f"{option} {text}: {name!r} has a value already")
        found[name] = _value(option, text, known[name], value)
    return found


def _value(option: str, text: str, parameter: Parameter, value: str) -> ParameterValue:
    if isinstance(parameter, Categorical):
        same = [known for known in parameter.values if argument_text(known) == value]
        return same[0] if same else value
    number = number_from_text(value) if is_number_text(value) else None
    if number is None:
        raise InvalidInputError(
            f"{option} {text}: a {type_name(parameter)} needs a number, got {value!r}"
        )
    return number


def _job_metadata(
    study: Study, flags: EditFlags, parsed: Sequence[ParsedParameter], space: SearchSpace
) -> tuple[Metadata, list[str]]:
    """Return the job's entries for the new space, {} where nothing changes, and what to say."""
    if JOB_NAMESPACE not in study.metadata:
        if flags.command:
            raise JobError(
                f"study {study.name.study_id!r} was made from Python: it has no program to change"
            )
        return {}, []
    old = job_spec_of(study)
    names = dict(space.walk())
    passing = {name: how for name, how in old.passing.items() if name in names}
    passing |= {one.name: one.passing for one in parsed}
    new = replace(
        old,
        command=flags.command or old.command,
        passing={name: how for name, how in passing.items() if how is not Passing.ONE},
    )
    template = _fitting_template(new, space)
    strays = template.stray_names() if flags.command else []
    return {} if new == old else {JOB_NAMESPACE: new.to_metadata()}, strays


def _fitting_template(spec: JobSpec, space: SearchSpace) -> CommandTemplate:
    try:
        return spec.template(space)
    except InvalidInputError as error:
        raise InvalidInputError(
            error.message, hint="give the new command too, behind --, as it was with `wazir tune`"
        ) from None
