"""RANDOM_SEARCH: every trial is drawn by itself, uniformly in the scales of the parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.domain.studies import StudyConfig

_SALT = 1


@dataclass(frozen=True)
class RandomSearch:
    """Independent uniform points.

    Trial i of a study with seed s is always the same point: nothing else is looked at, so the
    cost does not grow with the number of trials and points may repeat in a small space.
    """

    @property
    def reads(self) -> Reads:
        """Nothing."""
        return Reads.NOTHING

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return one random point per id; see Algorithm."""
        del snapshot
        encoding = Encoding.of(config.space)
        return [
            Suggestion(encoding.point_at(_uniform(config.seed, trial_id, encoding.n_columns)))
            for trial_id in trial_ids
        ]


def _uniform(seed: int, trial_id: int, n: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng([seed, trial_id, _SALT]).random(n)
