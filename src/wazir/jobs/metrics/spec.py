"""What a metric collector has to know about one attempt of a trial."""

from dataclasses import dataclass
from pathlib import Path

from wazir.domain.errors import InvalidInputError


@dataclass(frozen=True)
class CollectorSpec:
    """One attempt of a trial, and where its program may leave metrics.

    Attributes:
        trial_id: number of the trial, from 1.
        metric_names: the wanted metrics; the first is the objective.
        attempt_dir: our own folder of the attempt, with the files of `wazir.jobs.metrics.names`.
        trial_dir: the folder `out/`, which the program may use or delete.
        started_at: when the program started, in Unix seconds. Event files outside `trial_dir` that
            were last written before do not count.
        cwd: working folder of the program; relative paths in its arguments begin here.
        job_dir: the trial's own job folder (`jobDir/<trial id>`), if the job has one.
        argument_values: the program's arguments, or only their values.
        pid: the program's process, if it runs on this machine.
        tensorboard_dir: the folder given to the program as AIP_TENSORBOARD_LOG_DIR.
        metric_pattern: regular expression for output lines in place of the built-in rules.
        n_parallel: how many trials may run at the same time; decides what is ambiguous.
    """

    trial_id: int
    metric_names: tuple[str, ...]
    attempt_dir: Path
    trial_dir: Path
    started_at: float
    cwd: Path
    job_dir: Path | None = None
    argument_values: tuple[str, ...] = ()
    pid: int | None = None
    tensorboard_dir: Path | None = None
    metric_pattern: str | None = None
    n_parallel: int = 1

    def __post_init__(self) -> None:
        if not self.metric_names or not all(name.strip() for name in self.metric_names):
            raise InvalidInputError(f"a trial needs named metrics, got {self.metric_names!r}")
        if len(set(self.metric_names)) != len(self.metric_names):
            raise InvalidInputError(f"each metric is named once, got {self.metric_names!r}")

    @property
    def objective(self) -> str:
        """Name of the objective metric."""
        return self.metric_names[0]
