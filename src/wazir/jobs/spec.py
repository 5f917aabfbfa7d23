"""What a tuning job runs: the user's program and how each trial of it is treated."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from wazir.domain.errors import JobError
from wazir.domain.space import SearchSpace
from wazir.domain.studies import Study
from wazir.jobs.command_line import CommandTemplate
from wazir.jobs.passing import Passing

JOB_NAMESPACE = "wazir.job"
# Fields of the configuration file that mean nothing on this machine, as a JSON list.
IGNORED_KEY = "ignored"
# The name that a configuration file gives the job, where it gives one.
JOB_ID_KEY = "job_id"
_SPEC_KEY = "spec"


@dataclass(frozen=True)
class JobSpec:
    """The program of a job; kept in the study's metadata, so that any command can use it again.

    Attributes:
        command: the argument list as the user wrote it, placeholders included.
        cwd: the folder in which it runs, absolute.
        passing: how parameters reach the program, where not as `--name value`.
        metric_pattern: the user's expression for output lines, None for the built-in reading.
        job_dir: the job's directory, "" for none; trial 7 gets `job_dir/7`.
        trial_timeout_s: longest run of one attempt in seconds, None for no limit.
        document: the trainingInput of the configuration file, shown to programs in TF_CONFIG.
        recorded_variables: environment variables of the user whose values are recorded.
    """

    command: tuple[str, ...]
    cwd: Path
    passing: Mapping[str, Passing] = field(default_factory=dict)
    metric_pattern: str | None = None
    job_dir: str = ""
    trial_timeout_s: float | None = None
    document: Mapping[str, object] = field(default_factory=dict)
    recorded_variables: tuple[str, ...] = ()

    def template(self, space: SearchSpace) -> CommandTemplate:
        """Return the command for trials of a search space. Raises InvalidInputError."""
        return CommandTemplate(self.command, space, self.passing)

    def trial_job_dir(self, trial_label: str) -> str:
        """Return this trial's folder below the job's directory, "" if there is none."""
        return f"{self.job_dir.rstrip('/')}/{trial_label}" if self.job_dir else ""

    def to_metadata(self) -> dict[str, str]:
        """Return the spec as entries of the study's metadata."""
        fields = asdict(self)
        fields["cwd"] = str(self.cwd)
        fields["passing"] = {name: how.value for name, how in self.passing.items()}
        return {_SPEC_KEY: json.dumps(fields, sort_keys=True)}


def job_spec_of(study: Study) -> JobSpec:
    """Return the job that a study was made by.

    Raises:
        JobError: the study was made from Python and runs no program.
    """
    text = study.metadata.get(JOB_NAMESPACE, {}).get(_SPEC_KEY)
    if text is None:
        raise JobError(
            f"study {study.name.study_id!r} was not made by `wazir tune`: it has no program",
            hint="use it from Python with wazir.load_study",
        )
    fields = json.loads(text)
    return JobSpec(
        command=tuple(fields["command"]),
        cwd=Path(fields["cwd"]),
        passing={name: Passing(how) for name, how in fields["passing"].items()},
        metric_pattern=fields["metric_pattern"],
        job_dir=fields["job_dir"],
        trial_timeout_s=fields["trial_timeout_s"],
        document=fields["document"],
        recorded_variables=tuple(fields["recorded_variables"]),
    )
