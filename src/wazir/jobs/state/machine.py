"""The state machine of a tuning job.

A trial that this runner works on is in one phase:

    GIVEN     the service gave it to us; its program is to be launched
    RUNNING   its program runs
    RETRYING  its run died or never began; its next attempt is asked for
    STOPPING  its program is told to end, so that the trial can be put back
    HALTING   its program is told to end early; the trial counts with what it has

`TRANSITIONS` says what each event does in each phase; an event that is not in it raises
InvalidJobEventError. The job itself is RUNNING, then ENDING (nothing new starts), then ENDED.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from wazir.domain.errors import JobError
from wazir.domain.trials import lost_reason
from wazir.jobs.state.messages import (
    AskForTrials,
    AttemptDied,
    AttemptFailed,
    AttemptGranted,
    AttemptStarted,
    AttemptStopped,
    AttemptSucceeded,
    BeginNextAttempt,
    CompleteTrial,
    Ending,
    EndJob,
    EndRequested,
    Event,
    FailTrial,
    Instruction,
    Interrupted,
    Launch,
    LimitsChanged,
    NeverStarted,
    NothingGiven,
    ReleaseTrial,
    StopProgram,
    StopRequested,
    TrialEvent,
    TrialGiven,
    TrialTakenOver,
)


class InvalidJobEventError(JobError):
    """An event does not fit the phase of its trial: a fault in Wazir."""


class Phase(enum.Enum):
    """Where a trial of this runner stands."""

    GIVEN = "GIVEN"
    RUNNING = "RUNNING"
    RETRYING = "RETRYING"
    STOPPING = "STOPPING"
    HALTING = "HALTING"


class JobPhase(enum.Enum):
    """Where the job stands."""

    RUNNING = "RUNNING"
    ENDING = "ENDING"
    ENDED = "ENDED"


@dataclass(frozen=True)
class Limits:
    """What bounds a job.

    `n_trials` is the total of the study. `max_failed_trials` None means the rule of thumb: the
    first max(1, n_parallel) trials without any success, later more than max(3, half).
    """

    n_trials: int
    n_parallel: int = 1
    max_attempts: int = 2
    max_failed_trials: int | None = None
    grace_s: float = 30.0


@dataclass
class TrialRun:
    """What the controller knows about a trial it works on."""

    attempt: int
    phase: Phase
    n_lost: int = 0


@dataclass
class JobState:
    """All that the controller decides from.

    `n_succeeded` counts the whole study; the failures and `n_ended` count this run of the job, so
    that a resumed job gets a new chance.
    """

    limits: Limits
    n_succeeded: int = 0
    n_failed: int = 0
    n_ended: int = 0
    phase: JobPhase = JobPhase.RUNNING
    ending: Ending = Ending.DONE
    asked: int = 0
    has_all: bool = False
    n_interrupts: int = 0
    runs: dict[int, TrialRun] = field(default_factory=dict)

    def start(self) -> list[Instruction]:
        """Return the first instructions; to be called once."""
        return self._refill()

    def handle(self, event: Event) -> list[Instruction]:
        """Change the state by one event and return what is to be done, in order.

        Raises:
            InvalidJobEventError: the event does not fit; the state is unchanged.
        """
        instructions = self._handle(event)
        return instructions + self._refill()

    def _handle(self, event: Event) -> list[Instruction]:
        match event:
            case TrialGiven() | TrialTakenOver():
                return self._add(event)
            case NothingGiven():
                self.asked = 0
                self.has_all = True
                if self.phase is JobPhase.RUNNING and event.by_rule:
                    self.ending = Ending.OWN_RULE
                elif self.phase is JobPhase.RUNNING and event.n_total < self.limits.n_trials:
                    self.ending = Ending.EXHAUSTED
                return []
            case LimitsChanged():
                self.limits = replace(self.limits, n_trials=event.n_trials)
                self.has_all = False
                self.ending = Ending.DONE if self.phase is JobPhase.RUNNING else self.ending
                return []
            case Interrupted():
                return self._interrupt()
            case EndRequested():
                self._end(event.ending)
                return self._stop_all(self.limits.grace_s)
            case _:
                return self._step(event)

    def _step(self, event: TrialEvent) -> list[Instruction]:
        run = self.runs.get(event.trial_id)
        key = (run.phase if run else None, type(event))
        step = TRANSITIONS.get(key)  # type: ignore[arg-type]
        if run is None or step is None:
            raise InvalidJobEventError(f"{event} does not fit {run}")
        return step(self, run, event)

    def _add(self, event: TrialGiven | TrialTakenOver) -> list[Instruction]:
        if event.trial_id in self.runs:
            raise InvalidJobEventError(f"{event}: the trial is there already")
        taken = isinstance(event, TrialTakenOver)
        phase = Phase.RUNNING if taken else Phase.GIVEN
        self.runs[event.trial_id] = TrialRun(event.attempt, phase, event.n_lost)
        self.asked = max(0, self.asked - 1)
        if self.phase is JobPhase.RUNNING:
            return [] if taken else [Launch(event.trial_id, event.attempt)]
        if taken:
            self.runs[event.trial_id].phase = Phase.STOPPING
            return [StopProgram(event.trial_id, self.limits.grace_s)]
        del self.runs[event.trial_id]
        return [ReleaseTrial(event.trial_id)]

    def _interrupt(self) -> list[Instruction]:
        self.n_interrupts += 1
        self._end(Ending.INTERRUPTED)
        return self._stop_all(self.limits.grace_s if self.n_interrupts == 1 else 0.0)

    def _stop_all(self, grace_s: float) -> list[Instruction]:
        instructions: list[Instruction] = []
        for trial_id, run in self.runs.items():
            if run.phase in (Phase.GIVEN, Phase.RUNNING):
                run.phase = Phase.STOPPING
                instructions.append(StopProgram(trial_id, grace_s))
            elif run.phase in (Phase.STOPPING, Phase.HALTING) and grace_s == 0:
                instructions.append(StopProgram(trial_id, grace_s))
        return instructions

    def _end(self, ending: Ending) -> None:
        if self.phase is JobPhase.RUNNING:
            self.phase, self.ending = JobPhase.ENDING, ending
        elif ending is Ending.INTERRUPTED:
            self.ending = ending

    def _refill(self) -> list[Instruction]:
        """Ask for as many trials as there are free places, or end the job."""
        if self.phase is JobPhase.RUNNING and not self.has_all and self.asked == 0:
            free = self.limits.n_parallel - len(self.runs)
            if free > 0:
                self.asked = free
                return [AskForTrials(free)]
        if self.phase is JobPhase.ENDED or self.runs or self.asked:
            return []
        if self.phase is JobPhase.ENDING or self.has_all:
            self.phase = JobPhase.ENDED
            return [EndJob(self.ending)]
        return []

    def _count_failure(self) -> list[Instruction]:
        self.n_failed += 1
        self.n_ended += 1
        if self.phase is not JobPhase.RUNNING or not self._failed_too_often():
            return []
        self._end(Ending.TOO_MANY_FAILURES)
        return self._stop_all(self.limits.grace_s)

    def _failed_too_often(self) -> bool:
        if self.limits.max_failed_trials is not None:
            return self.n_failed >= self.limits.max_failed_trials
        if self.n_succeeded == 0:
            return self.n_failed >= max(1, self.limits.n_parallel)
        return self.n_failed > max(3, self.n_ended / 2)

    def check(self) -> None:
        """Raise InvalidJobEventError unless every invariant holds; for tests."""
        broken = []
        if self.phase is JobPhase.ENDED and (self.runs or self.asked):
            broken.append("an ended job has trials")
        if self.asked < 0 or self.n_failed > self.n_ended:
            broken.append("a count is wrong")
        if self.phase is not JobPhase.RUNNING and any(
            run.phase is Phase.GIVEN for run in self.runs.values()
        ):
            broken.append("an ending job has a trial to launch")
        if any(run.attempt < 1 for run in self.runs.values()):
            broken.append("an attempt is not counted")
        if broken:
            raise InvalidJobEventError("; ".join(broken))


Step: TypeAlias = Callable[[JobState, TrialRun, TrialEvent], list[Instruction]]


def _started(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    run.phase = Phase.RUNNING
    return []


def _nothing(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    return []


def _leave(state: JobState, event: TrialEvent) -> None:
    """Let go of a trial; another one, or this one, may wait for its place by now."""
    del state.runs[event.trial_id]
    state.has_all = False


def _succeeded(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    _leave(state, event)
    state.n_succeeded += 1
    state.n_ended += 1
    return [CompleteTrial(event.trial_id)]


def _failed(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    _leave(state, event)
    reason = event.reason if isinstance(event, AttemptFailed | AttemptDied) else ""
    return [FailTrial(event.trial_id, reason), *state._count_failure()]


def _released(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    _leave(state, event)
    return [ReleaseTrial(event.trial_id)]


def _halt(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    run.phase = Phase.HALTING
    return [StopProgram(event.trial_id, state.limits.grace_s)]


def _halted(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    _leave(state, event)
    state.n_ended += 1
    return [CompleteTrial(event.trial_id)]


def _died(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    run.n_lost += 1
    if run.n_lost >= state.limits.max_attempts:
        detail = event.reason if isinstance(event, AttemptDied) else ""
        return _failed(state, run, AttemptDied(event.trial_id, lost_reason(run.n_lost, detail)))
    run.phase = Phase.RETRYING
    return [BeginNextAttempt(event.trial_id, run.attempt, lost=True)]


def _never_started(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    run.phase = Phase.RETRYING
    return [BeginNextAttempt(event.trial_id, run.attempt, lost=False)]


def _granted(state: JobState, run: TrialRun, event: TrialEvent) -> list[Instruction]:
    assert isinstance(event, AttemptGranted)  # noqa: S101 - the table's key says so
    run.attempt = event.attempt
    if state.phase is not JobPhase.RUNNING:
        return _released(state, run, event)
    run.phase = Phase.GIVEN
    return [Launch(event.trial_id, event.attempt)]


TRANSITIONS: Mapping[tuple[Phase, type], Step] = {
    (Phase.GIVEN, AttemptStarted): _started,
    (Phase.GIVEN, AttemptSucceeded): _succeeded,
    (Phase.GIVEN, AttemptFailed): _failed,
    (Phase.GIVEN, AttemptStopped): _released,
    (Phase.GIVEN, AttemptDied): _died,
    (Phase.GIVEN, NeverStarted): _never_started,
    (Phase.RUNNING, AttemptStarted): _nothing,
    (Phase.RUNNING, AttemptSucceeded): _succeeded,
    (Phase.RUNNING, AttemptFailed): _failed,
    (Phase.RUNNING, AttemptStopped): _released,
    (Phase.RUNNING, AttemptDied): _died,
    (Phase.RUNNING, NeverStarted): _never_started,
    (Phase.RETRYING, AttemptGranted): _granted,
    (Phase.STOPPING, AttemptStarted): _nothing,
    (Phase.STOPPING, AttemptSucceeded): _succeeded,
    (Phase.STOPPING, AttemptFailed): _released,
    (Phase.STOPPING, AttemptStopped): _released,
    (Phase.STOPPING, AttemptDied): _released,
    (Phase.STOPPING, NeverStarted): _released,
    (Phase.GIVEN, StopRequested): _halt,
    (Phase.RUNNING, StopRequested): _halt,
    (Phase.RETRYING, StopRequested): _nothing,
    (Phase.STOPPING, StopRequested): _nothing,
    (Phase.HALTING, StopRequested): _nothing,
    (Phase.HALTING, AttemptStarted): _nothing,
    (Phase.HALTING, AttemptSucceeded): _halted,
    (Phase.HALTING, AttemptFailed): _halted,
    (Phase.HALTING, AttemptStopped): _halted,
    (Phase.HALTING, AttemptDied): _halted,
    (Phase.HALTING, NeverStarted): _halted,
}
