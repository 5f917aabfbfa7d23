"""What can happen to a tuning job (events), and what is to be done then (instructions)."""

import enum
from dataclasses import dataclass
from typing import TypeAlias


class Ending(enum.Enum):
    """Why a job ends."""

    DONE = "done"
    EXHAUSTED = "exhausted"
    OWN_RULE = "own rule"
    TOO_MANY_FAILURES = "too many failures"
    INTERRUPTED = "interrupted"
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    UNUSABLE_FOLDER = "unusable folder"


@dataclass(frozen=True)
class TrialGiven:
    """The service gave us a trial; `n_lost` counts its runs that died earlier."""

    trial_id: int
    attempt: int
    n_lost: int = 0


@dataclass(frozen=True)
class TrialTakenOver:
    """A trial of a dead runner is ours now, and its program still runs."""

    trial_id: int
    attempt: int
    n_lost: int = 0


@dataclass(frozen=True)
class NothingGiven:
    """The service had fewer trials than asked for; `n_total` is the study's size.

    `by_rule`: the study has ended by its own rule.
    """

    n_total: int
    by_rule: bool = False


@dataclass(frozen=True)
class LimitsChanged:
    """The study was edited: it has another number of trials, or more may be found in its space."""

    n_trials: int


@dataclass(frozen=True)
class AttemptStarted:
    """A program runs."""

    trial_id: int


@dataclass(frozen=True)
class AttemptSucceeded:
    """A program ended well and the metric is there."""

    trial_id: int


@dataclass(frozen=True)
class AttemptFailed:
    """A program ended by itself without a usable result."""

    trial_id: int
    reason: str


@dataclass(frozen=True)
class AttemptStopped:
    """A program ended because we told it to."""

    trial_id: int


@dataclass(frozen=True)
class AttemptDied:
    """The supervisor or the machine died while a program ran."""

    trial_id: int
    reason: str


@dataclass(frozen=True)
class NeverStarted:
    """An attempt was begun in the books, but no program was started."""

    trial_id: int


@dataclass(frozen=True)
class AttemptGranted:
    """The next attempt of a trial may run."""

    trial_id: int
    attempt: int


@dataclass(frozen=True)
class StopRequested:
    """A trial is not worth going on with; it counts with what it has."""

    trial_id: int


@dataclass(frozen=True)
class Interrupted:
    """The user pressed Ctrl-C."""


@dataclass(frozen=True)
class EndRequested:
    """The job shall end: its time is over, or someone stopped the study."""

    ending: Ending


Event: TypeAlias = (
    TrialGiven
    | TrialTakenOver
    | NothingGiven
    | LimitsChanged
    | AttemptStarted
    | AttemptSucceeded
    | AttemptFailed
    | AttemptStopped
    | AttemptDied
    | NeverStarted
    | AttemptGranted
    | StopRequested
    | Interrupted
    | EndRequested
)


TrialEvent: TypeAlias = (
    AttemptStarted
    | AttemptSucceeded
    | AttemptFailed
    | AttemptStopped
    | AttemptDied
    | NeverStarted
    | AttemptGranted
    | StopRequested
)


@dataclass(frozen=True)
class AskForTrials:
    """Ask the service for trials; answer with TrialGiven for each, and NothingGiven if fewer."""

    count: int


@dataclass(frozen=True)
class Launch:
    """Start the program of a trial."""

    trial_id: int
    attempt: int


@dataclass(frozen=True)
class BeginNextAttempt:
    """Ask the service for the next attempt; answer with AttemptGranted."""

    trial_id: int
    attempt: int
    lost: bool


@dataclass(frozen=True)
class StopProgram:
    """Tell a program to end: gently for `grace_s` seconds, then at once."""

    trial_id: int
    grace_s: float


@dataclass(frozen=True)
class CompleteTrial:
    """Store a trial as ended with its metric."""

    trial_id: int


@dataclass(frozen=True)
class FailTrial:
    """Store a trial as INFEASIBLE."""

    trial_id: int
    reason: str


@dataclass(frozen=True)
class ReleaseTrial:
    """Put a trial back to REQUESTED, so that the next run of the job goes on with it."""

    trial_id: int


@dataclass(frozen=True)
class EndJob:
    """Nothing is left to do."""

    ending: Ending


Instruction: TypeAlias = (
    AskForTrials
    | Launch
    | BeginNextAttempt
    | StopProgram
    | CompleteTrial
    | FailTrial
    | ReleaseTrial
    | EndJob
)
