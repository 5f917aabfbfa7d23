"""From flags and a configuration file to one resolved job: flags win, field by field."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from wazir.domain.beliefs import parse_beliefs
from wazir.domain.constraints import Constraint
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Metric, with_references
from wazir.domain.names import StudyName, parse_study_name, study_id_from
from wazir.domain.numbers import as_finite
from wazir.domain.safety import with_limits
from wazir.domain.space import SearchSpace
from wazir.domain.stop_conditions import with_auto_stop, with_stop_conditions
from wazir.domain.studies import EarlyStopping, ObservationNoise, StudyConfig, StudyStopping
from wazir.jobs.condition_text import with_conditions
from wazir.jobs.config.job_file import JobFile
from wazir.jobs.metrics.line_pattern import compile_metric_pattern
from wazir.jobs.passing import Passing
from wazir.jobs.space_text import ParsedParameter, parse_parameters
from wazir.jobs.spec import JobSpec
from wazir.jobs.state.machine import Limits

DEFAULT_N_TRIALS = 30
DEFAULT_MAX_ATTEMPTS = 2
# The job names none: a new study gets the default one, an old one keeps its own.
ANY_ALGORITHM = "DEFAULT"
_Value = TypeVar("_Value")
_INTERPRETER = re.compile(r"(python|pypy)[\d.]*")


@dataclass(frozen=True)
class TuneFlags:
    """What the user asked for beside a configuration file; None means: not given."""

    command: tuple[str, ...]
    cwd: Path
    objectives: tuple[Metric, ...] = ()
    references: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    study_id: str | None = None
    n_trials: int | None = None
    n_parallel: int | None = None
    algorithm: str | None = None
    early_stopping: str | None = None
    stop_when: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()
    beliefs: tuple[str, ...] = ()
    noise: str | None = None
    auto_stop: bool | None = None
    auto_stop_below: float | None = None
    min_improvement: float | None = None
    seed: int | None = None
    job_dir: str | None = None
    timeout_s: float | None = None
    trial_timeout_s: float | None = None
    grace_s: float = 30.0
    max_failed_trials: int | None = None
    max_attempts: int | None = None
    metric_pattern: str | None = None
    recorded_variables: tuple[str, ...] = ()
    prior_studies: tuple[str, ...] = ()

    @property
    def names_study_stopping(self) -> bool:
        """Whether a flag says when the study ends."""
        given = (self.auto_stop, self.auto_stop_below, self.min_improvement)
        return bool(self.stop_when) or any(value is not None for value in given)

    @property
    def turned_off(self) -> frozenset[str]:
        """The settings that a flag turns off in so many words."""
        is_off = {
            "early_stopping": self.early_stopping is not None
            and EarlyStopping.parse(self.early_stopping) is None,
            "study_stopping": self.auto_stop is False,
        }
        return frozenset(name for name, off in is_off.items() if off)


@dataclass(frozen=True)
class ResolvedJob:
    """A job with every value decided; `notes` are to be said to the user.

    `names_early_stopping`, `names_study_stopping`, `names_n_trials`: whether flags or file say which
    rule stops trials, when the study ends (or that nothing does), and how many trials there are.
    `turned_off` are the settings that a flag turns off in so many words: `early_stopping`, and
    `study_stopping` for its end by advice.
    `job_id` is the name that the file gives the job, "" without one. `previous_job` names the job
    that the file continues, "" for none; `names_study` tells whether the user named the study.
    """

    study_id: str
    config: StudyConfig
    spec: JobSpec
    limits: Limits
    timeout_s: float | None
    notes: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    names_early_stopping: bool = False
    names_study_stopping: bool = False
    names_n_trials: bool = False
    turned_off: frozenset[str] = frozenset()
    names_study: bool = False
    job_id: str = ""
    previous_job: str = ""


class NoParametersError(InvalidInputError):
    """Neither a file nor a flag names a parameter."""


def resolve(flags: TuneFlags, file: JobFile | None, *, seed: int) -> ResolvedJob:
    """Return the job that flags and file describe together; `seed` is used if none is given.

    Raises:
        NoParametersError: there is no search space.
        InvalidInputError: the metric or the program is missing, or a value breaks a rule.
    """
    notes = list(file.notes) if file else []
    command = _command(flags, file, notes)
    parsed = _parameters(flags, file, notes)
    if not parsed:
        raise NoParametersError(
            "there is nothing to tune: no parameter was given",
            hint="give parameters, as in -p learning_rate=1e-4..1e-1:log",
        )
    space = SearchSpace({name: one.parameter for name, one in parsed.items()})
    n_trials = _n_trials(flags, file, notes)
    config = StudyConfig(
        space=space,
        metrics=_metrics(flags, file),
        algorithm=flags.algorithm or (file.algorithm if file else None) or ANY_ALGORITHM,
        seed=seed if flags.seed is None else flags.seed,
        planned_n_trials=n_trials,
        constraints=tuple(map(Constraint, flags.constraints)),
        fidelity=_fidelity(parsed),
        prior_studies=_prior_studies(flags, file),
        beliefs=parse_beliefs(space, flags.beliefs),
    )
    config = _with_stopping(_with_study_options(config, file), flags)
    if flags.noise is not None:
        config = replace(config, observation_noise=ObservationNoise.parse(flags.noise))
    _note_what_means_little(file, notes)
    if flags.metric_pattern is not None:
        _check_pattern(flags.metric_pattern, config.metrics, notes)
    spec = _spec(flags, file, command, parsed)
    notes.extend(spec.template(space).stray_names())
    return ResolvedJob(
        study_id=flags.study_id or program_name(command),
        config=config,
        spec=spec,
        limits=_limits(flags, file, n_trials),
        timeout_s=_first(flags.timeout_s, file.max_running_time_s if file else None),
        notes=tuple(dict.fromkeys(notes)),
        ignored=file.ignored if file else (),
        names_early_stopping=file is not None or flags.early_stopping is not None,
        names_study_stopping=file is not None or flags.names_study_stopping,
        names_n_trials=flags.n_trials is not None or bool(file and file.parameters),
        turned_off=flags.turned_off,
        names_study=flags.study_id is not None,
        job_id=(file.name if file else None) or "",
        previous_job=(file.resume_previous_job_id if file else None) or "",
    )


def _spec(
    flags: TuneFlags,
    file: JobFile | None,
    command: tuple[str, ...],
    parsed: Mapping[str, ParsedParameter],
) -> JobSpec:
    return JobSpec(
        command=command,
        cwd=flags.cwd,
        passing={name: one.passing for name, one in parsed.items() if one.passing != Passing.ONE},
        metric_pattern=flags.metric_pattern,
        job_dir=_first(flags.job_dir, file.job_dir if file else None) or "",
        trial_timeout_s=flags.trial_timeout_s,
        document=file.training_input if file else {},
        recorded_variables=flags.recorded_variables,
    )


def program_name(command: tuple[str, ...]) -> str:
    """Return the name of the program that a command runs: `trainer.task`, `train`, `cat`."""
    words = [word for word in command if "=" not in word or "/" in word]
    for position, word in enumerate(words):
        name = Path(word).name
        if word == "-m" and position + 1 < len(words):
            return study_id_from(words[position + 1])
        if word.startswith("-") or _INTERPRETER.fullmatch(name) or name in _LAUNCHERS:
            continue
        return study_id_from(Path(name).stem if "." in name else name)
    return study_id_from(Path(command[0]).name)


_LAUNCHERS = frozenset({"env", "uv", "run", "sh", "bash", "zsh", "nice", "time", "poetry", "exec"})


def _command(flags: TuneFlags, file: JobFile | None, notes: list[str]) -> tuple[str, ...]:
    if flags.command:
        if file and file.args:
            notes.append("the args of the file are replaced by the command")
        return flags.command
    if file and file.python_module:
        return ("python3", "-m", file.python_module, *file.args)
    if file and file.container_command:
        return (*file.container_command, *file.args)
    raise InvalidInputError(
        "there is no program to run", hint="write it behind --, as in: -- python train.py"
    )


def _parameters(
    flags: TuneFlags, file: JobFile | None, notes: list[str]
) -> dict[str, ParsedParameter]:
    parsed = dict(file.parameters) if file else {}
    for one in parse_parameters(flags.parameters):
        parsed[one.name] = one
        notes.extend(one.notes)
    return with_conditions(parsed, flags.conditions)


def _fidelity(parsed: Mapping[str, ParsedParameter]) -> str | None:
    names = [name for name, one in parsed.items() if one.is_fidelity]
    if len(names) > 1:
        raise InvalidInputError(
            f"only one parameter can be the fidelity, got {' and '.join(names)}",
            hint="keep one :fidelity",
        )
    return names[0] if names else None


def _metrics(flags: TuneFlags, file: JobFile | None) -> tuple[Metric, ...]:
    known = file.metrics if file else ()
    limits = [metric for metric in known if not metric.is_objective]
    metrics = (*flags.objectives, *limits) if flags.objectives else known
    if not metrics:
        raise InvalidInputError(
            "the metric to optimize is missing",
            hint="name it with --minimize METRIC or --maximize METRIC",
        )
    metrics = with_limits(metrics, flags.safe)
    return with_references(metrics, dict(map(parse_reference, flags.references)))


def _check_pattern(text: str, metrics: Sequence[Metric], notes: list[str]) -> None:
    """Raise InvalidInputError unless the pattern can be used; say what it cannot find."""
    pattern = compile_metric_pattern(text)
    others = [metric.name for metric in metrics[1:]]
    if others and "metric" not in pattern.regex.groupindex:
        notes.append(
            f"the metric pattern has no group (?P<metric>...), so in output lines it finds "
            f"{metrics[0].name} alone, not {', '.join(others)}"
        )


def parse_reference(text: str) -> tuple[str, float]:
    """Return METRIC and VALUE; the name may hold a `=`.

    Raises:
        InvalidInputError: the text is not METRIC=VALUE.
    """
    name, _, number = text.rpartition("=")
    try:
        return name.strip(), as_finite(float(number), "a reference value")
    except ValueError:
        raise InvalidInputError(f"a reference is METRIC=VALUE, got {text!r}") from None


def _n_trials(flags: TuneFlags, file: JobFile | None, notes: list[str]) -> int:
    if flags.n_trials is not None:
        return flags.n_trials
    if file is None or not file.parameters:
        return DEFAULT_N_TRIALS
    if file.max_trials is None:
        notes.append("the file has no maxTrials, which means 1 trial; --trials N runs more")
        return 1
    return file.max_trials


def _with_study_options(config: StudyConfig, file: JobFile | None) -> StudyConfig:
    if file is None:
        return config
    return replace(
        config,
        observation_noise=file.observation_noise or config.observation_noise,
        measurement_selection=file.measurement_selection or config.measurement_selection,
        early_stopping=file.early_stopping,
        study_stopping=file.study_stopping,
    )


def _with_stopping(config: StudyConfig, flags: TuneFlags) -> StudyConfig:
    if flags.early_stopping is not None:
        config = replace(config, early_stopping=EarlyStopping.parse(flags.early_stopping))
    elif config.fidelity is not None and config.early_stopping is None:
        config = replace(config, early_stopping=EarlyStopping.for_budgets())
    return replace(config, study_stopping=_study_stopping(flags, config.study_stopping))


def _study_stopping(flags: TuneFlags, found: StudyStopping | None) -> StudyStopping | None:
    """Return when the study ends: what the file says, with what the flags say in its place."""
    if flags.stop_when:
        found = with_stop_conditions(found, flags.stop_when)
    auto_stop = auto_stop_of(flags.auto_stop, flags.auto_stop_below)
    return with_auto_stop(found, auto_stop, flags.min_improvement)


def auto_stop_of(wanted: bool | None, below: float | None) -> bool | float | None:
    """Return what two flags say of auto-stop, as `with_auto_stop` takes it."""
    return below if wanted is not False and below is not None else wanted


def _prior_studies(flags: TuneFlags, file: JobFile | None) -> tuple[StudyName, ...]:
    texts = study_ids(flags.prior_studies)
    if not texts and file is not None:
        texts = list(file.prior_studies)
    return tuple(parse_study_name(text.strip()) for text in texts)


def study_ids(texts: Sequence[str]) -> list[str]:
    """Return the studies that are named in texts such as "a,b"."""
    return [word.strip() for text in texts for word in text.split(",") if word.strip()]


def _limits(flags: TuneFlags, file: JobFile | None, n_trials: int) -> Limits:
    failed = _first(flags.max_failed_trials, file.max_failed_trials if file else None)
    parallel = _first(flags.n_parallel, file.max_parallel_trials if file else None)
    return Limits(
        n_trials=n_trials,
        n_parallel=1 if parallel is None else parallel,
        max_attempts=flags.max_attempts or DEFAULT_MAX_ATTEMPTS,
        # 0 means in the contract that the service decides.
        max_failed_trials=failed or None,
        grace_s=flags.grace_s,
    )


def _note_what_means_little(file: JobFile | None, notes: list[str]) -> None:
    if file and file.ignored:
        notes.append(f"stored, but without a meaning on this machine: {', '.join(file.ignored)}")


def _first(*values: _Value | None) -> _Value | None:
    return next((value for value in values if value is not None), None)
