"""The contract of an algorithm: a pure function from a study and its trials to suggestions."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wazir.domain.names import StudyName
from wazir.domain.parameters import ParameterValue
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial

# Where the explanation of a suggestion stands in the metadata of the trial made from it.
SUGGESTION_NAMESPACE = "wazir.suggestion"


class Reads(enum.Enum):
    """What an algorithm needs to know, so that nothing else is read for it.

    NOTHING: the configuration and trial ids alone. TRIALS: all trials, without measurements.
    """

    NOTHING = "NOTHING"
    TRIALS = "TRIALS"


@dataclass(frozen=True)
class PriorStudy:
    """An earlier study from which a new one learns, with its completed trials by id."""

    name: StudyName
    config: StudyConfig
    completed: Sequence[Trial]


@dataclass(frozen=True)
class Snapshot:
    """What was known of a study at a revision.

    `completed` holds SUCCEEDED and INFEASIBLE trials, `pending` all others, each in the order of
    their ids. `prior_studies` are the earlier studies that the study names, with the trials that
    had ended when it was made. All are empty for an algorithm that reads nothing.
    """

    revision: int = 0
    completed: Sequence[Trial] = ()
    pending: Sequence[Trial] = ()
    prior_studies: Sequence[PriorStudy] = ()


@dataclass(frozen=True)
class Suggestion:
    """A point to try; `explanation` is small text kept in the trial's metadata."""

    parameters: Mapping[str, ParameterValue]
    explanation: Mapping[str, str] = field(default_factory=dict)


class Algorithm(Protocol):
    """What to try next.

    An algorithm is a function: it does no I/O, reads no clock and holds no state that changes a
    result. The same arguments give the same suggestions in any process; whatever is kept between
    calls only saves time. All randomness comes from `config.seed` and the trial ids.
    """

    @property
    def reads(self) -> Reads:
        """What `suggest` needs in its snapshot."""
        ...

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return one suggestion per id in `trial_ids`, the ids of the trials to be made.

        Each suggestion passes `config.space.check`. Pending trials are taken into account, those
        of this call among each other too. Infeasible trials, NaN, infinite and huge values are
        tolerated. Fewer suggestions, even none, are returned only when the space is exhausted and
        the algorithm does not repeat itself (a grid).
        """
        ...
