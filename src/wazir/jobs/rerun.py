"""Run a trial's program once more: in a folder of its own, or in the trial's."""

import shlex
from collections.abc import Callable
from dataclasses import replace
from time import monotonic

from wazir.domain.errors import JobError
from wazir.domain.trials import Trial
from wazir.jobs.directories import TrialDirectory
from wazir.jobs.executors.protocol import (
    AttemptDied,
    AttemptExited,
    AttemptStarted,
    Event,
    Executor,
    ExitStatus,
    LaunchFailed,
)
from wazir.jobs.interrupts import Interrupts
from wazir.jobs.log_follower import LogFollower
from wazir.jobs.program_run import JobContext, ProgramRun

_POLL_S = 0.05
_READ_METRICS_S = 0.5


def planned_rerun(job: JobContext, trial: Trial, *, in_place: bool) -> ProgramRun:
    """Return the next rerun of a trial without making its folder.

    In place it gets the trial's own folder and label, and counts as one more attempt.

    Raises:
        JobError: in place of a trial that has not ended.
    """
    if not in_place:
        label, directory = job.folder.new_rerun(trial.id)
        return _run_in(job, trial, label, directory, attempt=1)
    if not trial.state.is_final:
        raise JobError(
            f"trial {trial.id} is {trial.state}; only a trial that has ended runs again in place",
            hint="leave --in-place out",
        )
    directory = job.folder.trial(trial.id)
    last = directory.last_attempt()
    attempt = max(trial.attempt, 0 if last is None else int(last.name)) + 1
    return _run_in(job, trial, str(trial.id), directory, attempt=attempt)


def claimed_rerun(job: JobContext, trial: Trial, *, in_place: bool) -> ProgramRun:
    """Return the next rerun with its folder made, so that no other rerun gets the same one.

    Raises:
        JobError: as `planned_rerun`, or the folder cannot be made.
    """
    while True:
        run = planned_rerun(job, trial, in_place=in_place)
        mine = run.attempt_dir if in_place else run.directory.path
        try:
            mine.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise JobError(f"the folder {mine} cannot be made: {error.strerror}") from None
        return run


def _run_in(
    job: JobContext, trial: Trial, label: str, directory: TrialDirectory, *, attempt: int
) -> ProgramRun:
    # Its time begins now, so that files of the trial itself do not count as its own.
    again = replace(trial, attempt=attempt, started_at=None)
    return ProgramRun(job, again, label=label, directory=directory)


def shell_text(run: ProgramRun) -> str:
    """Return a line for a shell that does what the rerun would do."""
    folders = shlex.join(["mkdir", "-p", str(run.directory.output), str(run.attempt_dir)])
    variables = " ".join(f"{name}={shlex.quote(v)}" for name, v in run.environment().items())
    folder = shlex.quote(str(run.job.spec.cwd))
    return f"{folders} && cd {folder} && {variables} {shlex.join(run.argv)}"


def run_in_foreground(
    run: ProgramRun, executor: Executor, show: Callable[[bytes], None], interrupts: Interrupts
) -> ExitStatus:
    """Run a program to its end and show its output as it comes.

    The first interrupt asks it to end, the second kills it.

    Raises:
        JobError: it cannot be started or recorded, or its supervisor died.
    """
    return _Foreground(run, executor, show, interrupts).wait()


class _Foreground:
    """One program that somebody watches."""

    def __init__(
        self,
        run: ProgramRun,
        executor: Executor,
        show: Callable[[bytes], None],
        interrupts: Interrupts,
    ) -> None:
        self._run = run
        self._executor = executor
        self._show = show
        self._interrupts = interrupts
        self._log = LogFollower(run.attempt_dir)
        self._n_interrupts = 0
        self._read_metrics_at = 0.0

    def wait(self) -> ExitStatus:
        try:
            self._executor.launch(self._run.prepare())
        except OSError as error:
            folder = self._run.directory.path
            text = f"the folder {folder} cannot be written: {error.strerror}"
            raise JobError(text) from None
        status = None
        while status is None:
            for event in self._executor.poll(_POLL_S):
                status = self._hear(event) or status
            self._pass_interrupts_on()
            self._look()
        self._run.new_measurements(final=True)
        return status

    def _hear(self, event: Event) -> ExitStatus | None:
        match event:
            case AttemptStarted(pid=pid):
                self._run.started(pid)
            case AttemptExited(status=status):
                return status
            case AttemptDied(reason=reason) | LaunchFailed(reason=reason):
                self._look()
                raise JobError(reason)
        return None

    def _pass_interrupts_on(self) -> None:
        if self._n_interrupts < self._interrupts.count:
            self._n_interrupts = self._interrupts.count
            grace_s = self._run.job.grace_s if self._n_interrupts == 1 else 0.0
            self._executor.stop(self._run.trial.id, grace_s=grace_s)

    def _look(self) -> None:
        for data in self._log.new():
            self._show(data)
        # Files that the program has open are seen only while it runs.
        if monotonic() >= self._read_metrics_at:
            self._read_metrics_at = monotonic() + _READ_METRICS_S
            self._run.new_measurements()
