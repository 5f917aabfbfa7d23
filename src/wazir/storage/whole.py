"""A study with all that belongs to it, as it goes from one store to another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Measurement
from wazir.domain.studies import Study
from wazir.domain.trials import Trial


@dataclass(frozen=True)
class WholeStudy:
    """A study, its trials by id, and the measurements of these by trial id, oldest first.

    `last_trial_id` is the greatest id given so far: that of a trial that was deleted, it may be.

    Raises:
        InvalidInputError: ids that are not in order, or beyond `last_trial_id`.
    """

    study: Study
    last_trial_id: int = 0
    trials: Sequence[Trial] = ()
    measurements: Mapping[int, Sequence[Measurement]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ids = [trial.id for trial in self.trials]
        if ids != sorted(set(ids)) or (ids and not 0 < ids[0] <= ids[-1] <= self.last_trial_id):
            raise InvalidInputError(
                f"trials have ids from 1 to {self.last_trial_id} in their order, got {ids[:20]}"
            )
        strange = set(self.measurements) - set(ids)
        if strange:
            raise InvalidInputError(
                f"measurements are of trials that are there, got some of trial {min(strange)}"
            )
