"""Reading a configuration file of either service, with all of its problems at once."""

from dataclasses import replace
from pathlib import Path

from wazir.domain.errors import InvalidConfigError, InvalidInputError, Problem
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.jobs.config import cloud_ml, vertex, vertex_tables
from wazir.jobs.config.fields import Reading
from wazir.jobs.config.job_file import FileKind, JobFile
from wazir.jobs.config.nodes import DocumentError, Mapping, parse_document
from wazir.jobs.config.source import Source, read_source

_VERTEX_KEYS = {
    "studySpec", "trialJobSpec", "maxTrialCount", "parallelTrialCount", "maxFailedTrialCount",
    "displayName", "metrics", "parameters",
    "study_spec", "trial_job_spec", "max_trial_count", "parallel_trial_count",
    "max_failed_trial_count", "display_name",
}  # fmt: skip


def read_job_file(path: Path) -> JobFile:
    """Return what a configuration file says.

    It is a `hyperparam.yaml` of Cloud ML Engine or a HyperparameterTuningJob of Vertex AI, in YAML
    or JSON.

    Raises:
        InvalidConfigError: the file cannot be read, or breaks rules; it holds all problems.
    """
    source = read_source(path)
    try:
        document = parse_document(source.text)
    except DocumentError as error:
        raise InvalidConfigError(source.name, error.problems) from None
    if document is None:
        raise InvalidConfigError(
            source.name,
            [Problem("the file is empty", hint="write trainingInput, or give -p NAME=SPACE")],
        )
    if not isinstance(document, Mapping):
        message = "a configuration begins with trainingInput or studySpec"
        raise InvalidConfigError(source.name, [document.place.problem(message)])
    return _read(document, source)


def _read(document: Mapping, source: Source) -> JobFile:
    keys = {key.text for key, _ in document.entries}
    is_vertex = bool(keys & _VERTEX_KEYS) and "trainingInput" not in keys
    reading = Reading(vertex_tables.TABLES if is_vertex else cloud_ml.TABLES)
    job = (vertex.read_vertex if is_vertex else cloud_ml.read_cloud_ml)(document, reading)
    if not reading.problems:
        _check_space(job, document, reading)
    if reading.problems:
        raise InvalidConfigError(source.name, _in_order(reading.problems))
    return replace(
        job,
        source=source.name,
        ignored=tuple(reading.ignored),
        notes=(*source.notes, *reading.notes, *_grid_notes(job)),
    )


def _check_space(job: JobFile, document: Mapping, reading: Reading) -> None:
    """Check what only shows when the parameters stand together, such as names used twice."""
    if not job.parameters:
        return
    try:
        SearchSpace(job.space)
    except InvalidInputError as error:
        reading.problem(document.place, error.message, error.hint)


def _grid_notes(job: JobFile) -> tuple[str, ...]:
    doubles = [name for name, parameter in job.space.items() if isinstance(parameter, Double)]
    if job.algorithm != "GRID_SEARCH" or not doubles:
        return ()
    service = "Cloud ML Engine" if job.kind is FileKind.CLOUD_ML_ENGINE else "Vertex AI"
    note = (
        f"GRID_SEARCH with the DOUBLE {', '.join(doubles)}: {service} refuses this; "
        "here the grid takes equal steps in the parameter's scale"
    )
    return (note,)


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))
