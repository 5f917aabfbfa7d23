"""What a running job tells whoever watches it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from wazir.analysis.advice import Advice
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study, TrialCounts
from wazir.domain.trials import Trial
from wazir.jobs.state.machine import Limits
from wazir.jobs.state.messages import Ending


@dataclass(frozen=True)
class JobStarted:
    """A runner begins; `counts`, `optimal` and `paused` tell what the study holds already.

    `optimal` are the optimal trials: with one objective the best trial, if there is one. `paused` are
    the ids of trials that wait for a larger budget.
    """

    study: Study
    counts: TrialCounts
    limits: Limits
    folder: Path
    optimal: tuple[Trial, ...] = ()
    paused: frozenset[int] = frozenset()


@dataclass(frozen=True)
class TrialStarted:
    """A program was started, or one that a dead runner had started was found running."""

    trial: Trial
    command: tuple[str, ...]
    found_running: bool = False


@dataclass(frozen=True)
class Measured:
    """A running trial reported values."""

    trial_id: int
    measurement: Measurement
    source: str


@dataclass(frozen=True)
class TrialStopping:
    """The program of a trial is stopped early; `trial.stopping_reason` says why."""

    trial: Trial


@dataclass(frozen=True)
class TrialEnded:
    """A trial is SUCCEEDED or INFEASIBLE, or REQUESTED: paused, or to run again after a stop."""

    trial: Trial
    attempt_dir: Path


@dataclass(frozen=True)
class Warned:
    """Something is doubtful; each text is said once."""

    text: str


@dataclass(frozen=True)
class Noted:
    """Something is worth knowing, such as where the metric was found; said once."""

    text: str


@dataclass(frozen=True)
class StudyEdited:
    """Somebody edited the study; the job goes on with what it is now.

    `optimal` are the optimal trials as it is now.
    """

    study: Study
    limits: Limits
    changes: tuple[str, ...]
    optimal: tuple[Trial, ...] = ()


@dataclass(frozen=True)
class Advised:
    """What going on may bring, after the last trials; it has a probability."""

    advice: Advice


@dataclass(frozen=True)
class JobEnded:
    """The runner ends; `counts` and `optimal` tell what the study holds then.

    Paused trials may have ended since the last event.
    """

    ending: Ending
    counts: TrialCounts
    optimal: tuple[Trial, ...]


JobNews: TypeAlias = (
    JobStarted
    | TrialStarted
    | Measured
    | TrialStopping
    | TrialEnded
    | Warned
    | Noted
    | StudyEdited
    | Advised
    | JobEnded
)


class JobListener(Protocol):
    """Watches a job. Called from the runner's only thread; must not block."""

    def tell(self, news: JobNews) -> None:
        """Something happened."""
        ...

    def tick(self) -> None:
        """Some time passed; called several times a second."""
        ...
