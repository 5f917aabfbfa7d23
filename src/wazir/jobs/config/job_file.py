"""What a configuration file says, whatever format it has."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from wazir.domain.metrics import MeasurementSelection, Metric
from wazir.domain.parameters import Parameter
from wazir.domain.studies import EarlyStopping, ObservationNoise, StudyStopping
from wazir.jobs.passing import Passing
from wazir.jobs.space_text import ParsedParameter

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DEFAULT_METRIC = "training/hptuning/metric"


class FileKind(Enum):
    """The service that a file was written for."""

    CLOUD_ML_ENGINE = "cloud-ml-engine"
    VERTEX = "vertex"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class JobFile:
    """A configuration that was read without problems; None is what the file does not say.

    Attributes:
        kind: the service that the file was written for.
        source: the file's name, as it was given.
        name: jobId or displayName.
        parameters: top-level parameters by name, in the file's order; may be empty.
        metrics: empty where the file says nothing of tuning.
        algorithm: DEFAULT, GRID_SEARCH or RANDOM_SEARCH.
        max_trials: maxTrials; where it is None the service means 1.
        max_parallel_trials: maxParallelTrials; where it is None the service means 1.
        max_failed_trials: None where the service decides.
        early_stopping: the rule for single trials that the file asks for.
        resume_previous_job_id: the job to continue.
        job_dir: jobDir or baseOutputDirectory.
        args: the program's own arguments.
        container_command: what a container runs.
        python_module: the program's module.
        max_running_time_s: the limit of the whole job in a Cloud ML Engine file, of each trial in
            a Vertex file; seconds.
        ignored: paths of the fields that are stored and mean nothing here.
        raw: the document with the service's field names, ready for json.dumps.
        notes: sentences that the user should see.
        prior_studies: earlier studies to learn from, by id or full name.
    """

    kind: FileKind
    source: str = ""
    name: str | None = None
    parameters: Mapping[str, ParsedParameter] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    algorithm: str | None = None
    max_trials: int | None = None
    max_parallel_trials: int | None = None
    max_failed_trials: int | None = None
    early_stopping: EarlyStopping | None = None
    measurement_selection: MeasurementSelection | None = None
    observation_noise: ObservationNoise | None = None
    study_stopping: StudyStopping | None = None
    resume_previous_job_id: str | None = None
    job_dir: str | None = None
    args: tuple[str, ...] = ()
    container_command: tuple[str, ...] = ()
    python_module: str | None = None
    max_running_time_s: float | None = None
    ignored: tuple[str, ...] = ()
    raw: Mapping[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    prior_studies: tuple[str, ...] = ()

    @property
    def space(self) -> dict[str, Parameter]:
        """The parameters alone."""
        return {name: parsed.parameter for name, parsed in self.parameters.items()}

    @property
    def passing(self) -> dict[str, Passing]:
        """How each parameter's value becomes part of the argument list."""
        return {name: parsed.passing for name, parsed in self.parameters.items()}

    @property
    def training_input(self) -> dict[str, Json]:
        """The part of the document that TF_CONFIG holds as `job`."""
        part = self.raw.get("trainingInput")
        return part if isinstance(part, dict) else {}
