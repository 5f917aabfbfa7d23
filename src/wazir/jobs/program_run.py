"""One attempt of a trial's program: what to launch, what it reported, how it ended."""

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import monotonic

from wazir.domain.clock import Clock
from wazir.domain.metrics import (
    Measurement,
    MeasurementSelection,
    select_measurement,
)
from wazir.domain.studies import Study
from wazir.domain.trials import Trial
from wazir.jobs.attempt_files import last_lines
from wazir.jobs.diagnosis import explain_failure, propose_split
from wazir.jobs.directories import RUN_FILE, StudyDirectory, TrialDirectory
from wazir.jobs.environment import TrialContext, trial_environment
from wazir.jobs.executors.protocol import ExitStatus, Launch, Outcome
from wazir.jobs.metrics.collector import MetricCollector
from wazir.jobs.metrics.line_pattern import line_pattern
from wazir.jobs.metrics.log_lines import WHERE
from wazir.jobs.metrics.points import MetricPoint, ended_not_finite, last_finite
from wazir.jobs.metrics.spec import CollectorSpec
from wazir.jobs.provenance import Provenance
from wazir.jobs.recording import STARTED
from wazir.jobs.spec import JobSpec
from wazir.jobs.state.messages import (
    AttemptDied,
    AttemptFailed,
    AttemptStopped,
    AttemptSucceeded,
)

# Clocks of file systems may lag behind the system's.
_MTIME_SLACK_S = 1.0
_N_LOG_LINES = 200


@dataclass(frozen=True)
class JobContext:
    """What all runs of a job share."""

    study: Study
    spec: JobSpec
    folder: StudyDirectory
    provenance: Provenance
    clock: Clock
    grace_s: float = 30.0
    n_parallel: int = 1

    @property
    def metric_names(self) -> tuple[str, ...]:
        """All metrics of the study, the leading objective first."""
        first = self.study.config.objective.name
        others = [metric.name for metric in self.study.config.metrics if metric.name != first]
        return (first, *others)


class ProgramRun:
    """The program of one attempt of a trial, in its own folder."""

    def __init__(
        self,
        job: JobContext,
        trial: Trial,
        *,
        label: str | None = None,
        directory: TrialDirectory | None = None,
    ) -> None:
        self.job = job
        self.trial = trial
        self.label = label or str(trial.id)
        self.directory = directory or job.folder.trial(trial.id)
        self.attempt_dir = self.directory.attempt(trial.attempt)
        self.argv = job.spec.template(job.study.config.space).render(
            trial.parameters,
            trial_label=self.label,
            trial_dir=str(self.directory.output),
            job_dir=job.spec.trial_job_dir(self.label),
        )
        self._started_at = trial.started_at if trial.started_at is not None else job.clock()
        self._collector: MetricCollector | None = None
        self._given_steps: set[int] = set()
        # Whether the program has been told to end early.
        self.is_halting = False

    def prepare(self) -> Launch:
        """Make the folders, record the run, and return what the executor needs.

        Raises:
            OSError: a folder or file cannot be written.
        """
        self.directory.make(self.trial.attempt)
        job_dir = self.job.spec.trial_job_dir(self.label)
        if job_dir and "://" not in job_dir:
            (self.job.spec.cwd / job_dir).mkdir(parents=True, exist_ok=True)
        environment = self._environment
        record = {
            "command": self.argv,
            "cwd": str(self.job.spec.cwd),
            "environment": environment,
            **self.job.provenance.as_record(),
        }
        text = json.dumps(record)
        (self.attempt_dir / RUN_FILE).write_text(text, encoding="utf-8")
        return Launch(
            trial_id=self.trial.id,
            attempt=self.trial.attempt,
            argv=tuple(self.argv),
            cwd=self.job.spec.cwd,
            env=environment,
            attempt_dir=self.attempt_dir,
            timeout_s=self.job.spec.trial_timeout_s,
            grace_s=self.job.grace_s,
            line_pattern=line_pattern(self.job.metric_names, self.job.spec.metric_pattern),
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that the program gets."""
        return dict(self._environment)

    @cached_property
    def _environment(self) -> dict[str, str]:
        return trial_environment(
            TrialContext(
                study_id=self.job.study.name.study_id,
                trial_label=self.label,
                attempt=self.trial.attempt,
                is_resumed=self._is_resumed(),
                parameters=self.trial.parameters,
                metric_names=self.job.metric_names,
                trial_dir=self.directory.output,
                attempt_dir=self.attempt_dir,
                job_dir=self.job.spec.trial_job_dir(self.label),
                document=self.job.spec.document,
            )
        )

    def _is_resumed(self) -> bool:
        earlier = range(1, self.trial.attempt)
        return any((self.directory.attempt(k) / STARTED).exists() for k in earlier)

    def started(self, pid: int | None) -> None:
        """The program runs: look for its metric, in the files of this process too."""
        self._collector = MetricCollector(self._collector_spec(pid), clock=monotonic)

    @property
    def is_started(self) -> bool:
        """Whether there may be anything to read."""
        return self._collector is not None

    @property
    def collector(self) -> MetricCollector:
        """What follows the metrics of this attempt; also after a restart of the runner."""
        if self._collector is None:
            self._collector = MetricCollector(self._collector_spec(None), clock=monotonic)
        return self._collector

    @property
    def source(self) -> str:
        """Where the metric was found, "" as long as it was not."""
        return self.collector.source or ""

    def new_measurements(self, *, final: bool = False) -> list[Measurement]:
        """Return what was reported since the last call."""
        points = self.collector.poll(final=final)
        self._given_steps.update(point.step for point in points)
        return [self._measurement(point) for point in points]

    def void_steps(self) -> list[int]:
        """Return steps that were given and do not count any more, once each.

        A better source may have shown up, or the program began again from an earlier step.
        """
        void = self._given_steps - {point.step for point in self.collector.series()}
        self._given_steps -= void
        return sorted(void)

    def final_measurement(self) -> Measurement | None:
        """Return the measurement that counts, by the study's selection rule."""
        config = self.job.study.config
        measurements = [self._measurement(point) for point in self.collector.series()]
        return select_measurement(measurements, config.metrics, config.measurement_selection)

    def _measurement(self, point: MetricPoint) -> Measurement:
        elapsed_s = max(0.0, point.time - self._started_at)
        return Measurement(point.metrics, step=point.step, elapsed_s=elapsed_s)

    def verdict(
        self, status: ExitStatus
    ) -> AttemptSucceeded | AttemptFailed | AttemptStopped | AttemptDied:
        """Return what the end of the program means for the trial."""
        if status.outcome is Outcome.STOPPED:
            return AttemptStopped(self.trial.id)
        if status.has_lost_lines and self.source in ("", WHERE):
            # What is there may miss the last value; an older one must not pass for the result.
            return AttemptDied(self.trial.id, f"its output could not be kept: {status.error}")
        log_lines = last_lines(self.attempt_dir, _N_LOG_LINES)
        if status.outcome is Outcome.EXITED and status.code == 0:
            reason = self._why_no_result()
            if reason:
                spec = self.job.spec
                cure = propose_split(log_lines, self.trial.parameters, spec.passing)
                reason = f"{reason}\n{cure}" if cure else reason
        else:
            reason = explain_failure(
                status,
                log_lines,
                self.trial.parameters,
                self.job.spec.passing,
                timeout_s=self.job.spec.trial_timeout_s,
            )
        if reason:
            return AttemptFailed(self.trial.id, reason)
        return AttemptSucceeded(self.trial.id)

    def _why_no_result(self) -> str:
        """Return why a program that ended well lacks a usable metric, "" if it lacks none.

        A value of a safety metric is needed too: without it nobody knows whether the trial is safe.
        """
        config = self.job.study.config
        points = self.collector.series()
        for metric in config.metrics:
            values = [p.metrics[metric.name] for p in points if metric.name in p.metrics]
            if not values:
                return self.collector.missing_message(metric.name)
            takes_last = config.measurement_selection is MeasurementSelection.LAST
            if takes_last and ended_not_finite(points, metric.name):
                return f"{metric.name} is {_name_of(values[-1])} at the end"
            if last_finite(points, metric.name) is None:
                return f"{metric.name} never had a finite value"
        return ""

    def _collector_spec(self, pid: int | None) -> CollectorSpec:
        job_dir = self.job.spec.trial_job_dir(self.label)
        local_job_dir = bool(job_dir) and "://" not in job_dir
        return CollectorSpec(
            trial_id=self.trial.id,
            metric_names=self.job.metric_names,
            attempt_dir=self.attempt_dir,
            trial_dir=self.directory.output,
            job_dir=self.job.spec.cwd / job_dir if local_job_dir else None,
            argument_values=tuple(self.argv[1:]),
            cwd=self.job.spec.cwd,
            started_at=self._started_at - _MTIME_SLACK_S,
            pid=pid,
            tensorboard_dir=Path(self._environment["AIP_TENSORBOARD_LOG_DIR"]),
            metric_pattern=self.job.spec.metric_pattern,
            n_parallel=self.job.n_parallel,
        )


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else str(value)
