"""RANDOM_SEARCH: every trial is drawn by itself, uniformly in the scales of the parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.inside import Inside
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.domain.space import Assignment
from wazir.domain.studies import StudyConfig

_SALT = 1


@dataclass(frozen=True)
class RandomSearch:
    """Independent uniform points.

    Trial i of a study with seed s is always the same point: nothing else is looked at, so the
    cost does not grow with the number of trials and points may repeat in a small space. Points
    that break a constraint are drawn again: see `wazir.algorithms.inside.Inside.sample`.
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
        inside = Inside.of(config, encoding)
        return [Suggestion(_point(config, inside, trial_id)) for trial_id in trial_ids]


def _point(config: StudyConfig, inside: Inside, trial_id: int) -> Assignment:
    rng = np.random.default_rng([config.seed, trial_id, _SALT])
    point = inside.encoding.point_at(rng.random(inside.encoding.n_columns))
    return point if config.admits(point) else inside.encoding.decode(inside.sample(1, rng)[0])
