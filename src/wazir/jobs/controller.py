"""The loop of a tuning job: feeds events to the state machine and carries out its instructions."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import singledispatchmethod
from time import monotonic

from wazir.domain.best import optimal_trials
from wazir.domain.durations import format_duration
from wazir.domain.edits import describe_changes
from wazir.domain.errors import (
    ConflictError,
    InvalidTransitionError,
    NotFoundError,
    StaleAttemptError,
)
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, StudyState, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.jobs.announcements import Announcements
from wazir.jobs.clobber import ClobberWatch
from wazir.jobs.executors import protocol as executors
from wazir.jobs.interrupts import Interrupts
from wazir.jobs.news import (
    JobEnded,
    JobListener,
    JobStarted,
    Measured,
    StudyEdited,
    TrialEnded,
    TrialStarted,
    TrialStopping,
)
from wazir.jobs.program_run import JobContext, ProgramRun
from wazir.jobs.spec import JOB_NAMESPACE, job_spec_of
from wazir.jobs.state import messages
from wazir.jobs.state.machine import JobPhase, JobState, Limits
from wazir.jobs.state.messages import Ending
from wazir.service.transport import Transport

_POLL_S = 0.1
_READ_METRICS_S = 0.25
_LOOK_AT_STUDY_S = 1.0


@dataclass(frozen=True)
class Ownership:
    """Who this runner is, and how it sees whether another one is gone."""

    new_client_id: Callable[[], str]
    is_gone: Callable[[str], bool]


@dataclass
class _Timers:
    """Moments on the monotonic clock."""

    deadline: float = float("inf")
    read_metrics_at: float = 0.0
    look_at_study_at: float = 0.0


@dataclass
class Controller:
    """Runs a tuning job to its end, in one thread.

    `timeout_s` bounds this run of the job. All decisions are made by `JobState`.
    """

    job: JobContext
    transport: Transport
    executor: executors.Executor
    limits: Limits
    ownership: Ownership
    listener: JobListener
    interrupts: Interrupts
    timeout_s: float | None = None
    _runs: dict[int, ProgramRun] = field(default_factory=dict, init=False)
    _queue: deque[messages.Instruction] = field(default_factory=deque, init=False)
    _timers: _Timers = field(default_factory=_Timers, init=False)
    _n_interrupts: int = field(default=0, init=False)
    _ended: Ending | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        counts = self.transport.counts(self._name)
        # A paused trial has shown that the program works.
        n_succeeded = counts.succeeded + len(self._paused())
        self._state = JobState(self.limits, n_succeeded=n_succeeded)
        self._announce = Announcements(self.listener)
        self._clobber = ClobberWatch(self.job.spec.cwd, self.job.folder.path)

    @property
    def _ends_at_once(self) -> bool:
        stopping = self.job.study.config.study_stopping
        return stopping is not None and stopping.stop_as_soon_as_possible

    @property
    def _name(self) -> StudyName:
        return self.job.study.name

    def run(self) -> Ending:
        """Run the job and return why it ended."""
        counts = self.transport.counts(self._name)
        optimal = self._optimal()
        self.listener.tell(
            JobStarted(
                self.job.study,
                counts,
                self.limits,
                self.job.folder.path,
                optimal,
                self._paused(),
            )
        )
        if self.timeout_s is not None:
            self._timers.deadline = monotonic() + self.timeout_s
        self._take_over_trials()
        self._queue.extend(self._state.start())
        self._work()
        while self._ended is None:
            for event in self.executor.poll(_POLL_S):
                self._on_executor_event(event)
            self._look_around()
            self.listener.tick()
        self.listener.tell(JobEnded(self._ended, self._counts(), self._optimal()))
        return self._ended

    def _optimal(self) -> tuple[Trial, ...]:
        """Return the optimal trials so far, none if the study was deleted meanwhile."""
        try:
            _, ended = self.transport.trials(self._name, states=[TrialState.SUCCEEDED])
        except NotFoundError:
            return ()
        return tuple(optimal_trials(ended, self.job.study.config))

    def _paused(self) -> frozenset[int]:
        """Return the trials that wait for a larger budget."""
        _, waiting = self.transport.trials(self._name, states=[TrialState.REQUESTED])
        return frozenset(trial.id for trial in waiting if trial.is_paused)

    def _feed(self, event: messages.Event) -> None:
        self._queue.extend(self._state.handle(event))
        self._work()

    def _work(self) -> None:
        while self._queue:
            self._carry_out(self._queue.popleft())

    def _look_around(self) -> None:
        """Do what is due: read metrics, notice Ctrl-C, the deadline and a stopped study."""
        now = monotonic()
        while self._n_interrupts < self.interrupts.count and self._ended is None:
            self._n_interrupts += 1
            if self._n_interrupts == 1 and self._runs:
                grace = format_duration(self.limits.grace_s)
                self._announce.warn(
                    f"stopping: running programs get {grace} to end; "
                    "press Ctrl-C again to kill them"
                )
            self._feed(messages.Interrupted())
        if now >= self._timers.deadline:
            self._timers.deadline = float("inf")
            self._feed(messages.EndRequested(Ending.TIMEOUT))
        if now >= self._timers.read_metrics_at:
            self._timers.read_metrics_at = now + _READ_METRICS_S
            for run in list(self._runs.values()):
                if run.is_started:
                    self._read_metrics(run)
        if now >= self._timers.look_at_study_at:
            self._timers.look_at_study_at = now + _LOOK_AT_STUDY_S
            self._look_at_study()

    def _look_at_study(self) -> None:
        try:
            state = self._take_up_edits().state
        except NotFoundError:
            state = StudyState.COMPLETED
        if state is not StudyState.ACTIVE and self._ended is None:
            self._feed(messages.EndRequested(Ending.STOPPED))
        elif self._state.phase is JobPhase.RUNNING:
            if self._ends_at_once and (reason := self._why_ended()):
                self._study_has_ended(reason)
            # Another runner may have died after the last trial was given out.
            self._take_over_trials()
            self._work()

    def _take_up_edits(self) -> Study:
        """Return the study as it is now; if it was edited, the job goes on with that.

        Raises:
            NotFoundError: it was deleted.
        """
        study, known = self.transport.study(self._name), self.job.study
        metadata = study.metadata.get(JOB_NAMESPACE)
        is_same_program = metadata == known.metadata.get(JOB_NAMESPACE)
        if study.config_revision == known.config_revision and is_same_program:
            return study
        spec = self.job.spec if is_same_program else job_spec_of(study)
        changes = describe_changes(known.config, study.config)
        if spec.command != self.job.spec.command:
            changes.append("the program's command changed")
        self.job = replace(self.job, study=study, spec=spec)
        if changes:
            n_trials = study.config.planned_n_trials or self.limits.n_trials
            self.limits = replace(self.limits, n_trials=n_trials)
            self.listener.tell(StudyEdited(study, self.limits, tuple(changes), self._optimal()))
            self._queue.extend(self._state.handle(messages.LimitsChanged(n_trials)))
        return study

    @singledispatchmethod
    def _carry_out(self, instruction: messages.Instruction) -> None:
        """Carry out one instruction of the state machine."""
        raise NotImplementedError(instruction)

    @_carry_out.register
    def _ask_for_trials(self, order: messages.AskForTrials) -> None:
        try:
            self._take_up_edits()
            given = self.transport.suggest_trials(
                self._name,
                order.count,
                self.ownership.new_client_id(),
                max_n_trials=self.limits.n_trials,
            )
            # Suggestions of a space that was edited meanwhile need the program of the edit.
            self._take_up_edits()
        except (ConflictError, NotFoundError):
            for event in (messages.EndRequested(Ending.STOPPED), messages.NothingGiven(0)):
                self._queue.extend(self._state.handle(event))
            return
        for trial in given:
            self._runs[trial.id] = ProgramRun(self.job, trial)
            begun = messages.TrialGiven(trial.id, trial.attempt, trial.n_lost_attempts)
            self._queue.extend(self._state.handle(begun))
        # Where nothing is left to begin, another runner may have left something to go on with.
        missing = order.count - len(given)
        if missing and self._take_over_trials() < missing:
            reason = self._why_ended()
            if reason:
                self._study_has_ended(reason)
            nothing = messages.NothingGiven(self._counts().total, by_rule=bool(reason))
            self._queue.extend(self._state.handle(nothing))

    def _why_ended(self) -> str:
        """Return why the study makes no new trials by its own rule, "" if it was deleted."""
        try:
            return self.transport.why_ended(self._name)
        except NotFoundError:
            return ""

    def _study_has_ended(self, reason: str) -> None:
        """Say why there are no more trials; where they shall not wait, stop those that run."""
        self._announce.note(f"no new trials: {reason}")
        if self._ends_at_once:
            for trial_id in list(self._runs):
                with suppress(ConflictError, InvalidTransitionError, NotFoundError):
                    stopped = self.transport.request_stop(self._name, trial_id, reason)
                    self._stop_early_if_asked(stopped)

    def _counts(self) -> TrialCounts:
        """Return the trials by state, none if the study was deleted meanwhile."""
        try:
            return self.transport.counts(self._name)
        except NotFoundError:
            return TrialCounts()

    @_carry_out.register
    def _launch(self, order: messages.Launch) -> None:
        run = self._runs[order.trial_id]
        try:
            self.executor.launch(run.prepare())
        except OSError as error:
            self._give_up(order.trial_id, f"{run.directory.path}: {error.strerror}")

    @_carry_out.register
    def _begin_next_attempt(self, order: messages.BeginNextAttempt) -> None:
        trial = self.transport.next_attempt(
            self._name, order.trial_id, attempt=order.attempt, lost=order.lost
        )
        self._runs[trial.id] = ProgramRun(self.job, trial)
        self._queue.extend(self._state.handle(messages.AttemptGranted(trial.id, trial.attempt)))

    @_carry_out.register
    def _stop_program(self, order: messages.StopProgram) -> None:
        self.executor.stop(order.trial_id, grace_s=order.grace_s)

    @_carry_out.register
    def _complete(self, order: messages.CompleteTrial) -> None:
        final = self._runs[order.trial_id].final_measurement()
        self._end_trial(
            order.trial_id,
            lambda attempt: self.transport.complete_trial(
                self._name, order.trial_id, measurement=final, attempt=attempt
            ),
        )

    @_carry_out.register
    def _fail(self, order: messages.FailTrial) -> None:
        self._end_trial(
            order.trial_id,
            lambda attempt: self.transport.complete_trial(
                self._name, order.trial_id, infeasible_reason=order.reason, attempt=attempt
            ),
        )

    @_carry_out.register
    def _release(self, order: messages.ReleaseTrial) -> None:
        self._end_trial(
            order.trial_id,
            lambda attempt: self.transport.release_trial(
                self._name, order.trial_id, attempt=attempt
            ),
        )

    @_carry_out.register
    def _end_job(self, order: messages.EndJob) -> None:
        self._ended = order.ending

    def _end_trial(self, trial_id: int, write: Callable[[int], Trial]) -> None:
        run = self._runs.pop(trial_id)
        try:
            trial = write(run.trial.attempt)
        except (StaleAttemptError, ConflictError, NotFoundError) as error:
            # Somebody else ended, took or deleted the trial meanwhile: theirs is what counts.
            self._announce.warn(f"trial {trial_id} was changed by someone else: {error.message}")
            trial = run.trial
            with suppress(NotFoundError):
                trial = self.transport.trial(self._name, trial_id)
        self.listener.tell(TrialEnded(trial, run.attempt_dir))

    def _on_executor_event(self, event: executors.Event) -> None:
        run = self._runs.get(event.trial_id)
        if run is None or event.attempt != run.trial.attempt:
            return
        match event:
            case executors.AttemptStarted():
                run.started(event.pid)
                self.listener.tell(TrialStarted(run.trial, tuple(run.argv)))
                self._feed(messages.AttemptStarted(event.trial_id))
            case executors.AttemptExited():
                self._read_metrics(run, final=True)
                self._watch_files(run, event.status)
                self._feed(run.verdict(event.status))
            case executors.AttemptDied():
                self._read_metrics(run, final=True)
                self._feed(messages.AttemptDied(event.trial_id, event.reason))
            case executors.LaunchFailed():
                self._give_up(event.trial_id, event.reason)

    def _give_up(self, trial_id: int, reason: str) -> None:
        """End the job, because a trial cannot even begin: that is not the program's fault."""
        self._announce.warn(
            f"trial {trial_id} cannot begin: {reason}; mend that and run the same command again"
        )
        self._feed(messages.EndRequested(Ending.UNUSABLE_FOLDER))
        self._feed(messages.AttemptStopped(trial_id))

    def _read_metrics(self, run: ProgramRun, *, final: bool = False) -> None:
        measurements = run.new_measurements(final=final)
        if measurements or final:
            for warning in run.collector.warnings:
                self._announce.warn(warning)
        if not measurements:
            return
        try:
            self.transport.add_measurements(
                self._name,
                run.trial.id,
                measurements,
                void_steps=run.void_steps(),
                attempt=run.trial.attempt,
            )
        except (ConflictError, NotFoundError):
            # The trial is not ours any more; its end will say so.
            return
        self._announce.source(self.job.study.config.objective.name, run.source)
        for measurement in measurements:
            self.listener.tell(Measured(run.trial.id, measurement, run.source))
        if not final and self.job.study.config.early_stopping is not None:
            with suppress(NotFoundError):
                self._stop_early_if_asked(self.transport.check_stopping(self._name, run.trial.id))

    def _stop_early_if_asked(self, trial: Trial) -> None:
        """Stop the program of a trial that the rule, or somebody else, wants to end now."""
        run = self._runs.get(trial.id)
        if trial.state is TrialState.STOPPING and run is not None and not run.is_halting:
            run.is_halting = True
            self.listener.tell(TrialStopping(trial))
            self._queue.extend(self._state.handle(messages.StopRequested(trial.id)))
            self._work()

    def _watch_files(self, run: ProgramRun, status: executors.ExitStatus) -> None:
        warning = self._clobber.trial_ended(
            run.label, run.argv, status.started_at, status.ended_at
        )
        if warning:
            self._announce.warn(warning, kind="clobber")

    def _take_over_trials(self) -> int:
        """Make the trials of dead runners ours, whose programs may still run; return how many."""
        n_taken = 0
        states = (TrialState.ACTIVE, TrialState.STOPPING)
        _, active = self.transport.trials(self._name, states=states)
        for trial in active:
            self._stop_early_if_asked(trial)
            if trial.id in self._runs or not self.ownership.is_gone(trial.client_id):
                continue
            try:
                taken = self.transport.take_over_trial(
                    self._name,
                    trial.id,
                    previous=trial.client_id,
                    client_id=self.ownership.new_client_id(),
                )
            except ConflictError:
                continue
            self._attach(taken)
            n_taken += 1
        return n_taken

    def _attach(self, trial: Trial) -> None:
        run = self._runs[trial.id] = ProgramRun(self.job, trial)
        found = self.executor.attach(trial.id, trial.attempt, run.attempt_dir)
        taken = messages.TrialTakenOver(trial.id, trial.attempt, trial.n_lost_attempts)
        self._queue.extend(self._state.handle(taken))
        self._stop_early_if_asked(trial)
        match found:
            case executors.Attachment.RUNNING | executors.Attachment.EXITED:
                run.started(None)
                self.listener.tell(TrialStarted(trial, tuple(run.argv), found_running=True))
            case executors.Attachment.DIED:
                self._read_metrics(run, final=True)
                died = messages.AttemptDied(trial.id, "its supervisor died while it ran")
                self._queue.extend(self._state.handle(died))
            case executors.Attachment.NEVER_STARTED:
                self._queue.extend(self._state.handle(messages.NeverStarted(trial.id)))
