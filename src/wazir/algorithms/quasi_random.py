"""QUASI_RANDOM_SEARCH: points that fill the space evenly, by a scrambled Sobol sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.inside import Inside
from wazir.algorithms.protocol import Reads, Snapshot, Suggestion
from wazir.algorithms.sobol import scrambled_sobol
from wazir.domain.space import Assignment
from wazir.domain.studies import StudyConfig

_FAR, _N_TRIES = 1 << 31, 64
_SALT = 8


@dataclass(frozen=True)
class QuasiRandomSearch:
    """Trial i is point i - 1 of the sequence that belongs to the study's seed.

    Any first trials cover every parameter more evenly than random points do. Nothing else is
    looked at, so the cost does not grow with the number of trials. Every parameter, conditional
    or not, has a dimension of its own. A point that breaks a constraint is replaced by one of 64
    others of the sequence, or where none of these will do by a random one.
    """

    @property
    def reads(self) -> Reads:
        """Nothing."""
        return Reads.NOTHING

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return one point of the sequence per id; see Algorithm."""
        del snapshot
        encoding = Encoding.of(config.space)
        indices = np.asarray(trial_ids, dtype=np.int64) - 1
        points = scrambled_sobol(indices, encoding.n_columns, config.seed)
        inside = Inside.of(config, encoding)
        found = []
        for trial_id, u in zip(trial_ids, points, strict=True):
            point = encoding.point_at(u)
            if not config.admits(point):
                point = _other_point(config, inside, trial_id)
            found.append(Suggestion(point))
        return found


def _other_point(config: StudyConfig, inside: Inside, trial_id: int) -> Assignment:
    """Return a point that fulfils the constraints, of a stretch of the sequence no trial reaches."""
    encoding = inside.encoding
    indices = _FAR + _N_TRIES * ((trial_id - 1) % (_FAR // _N_TRIES)) + np.arange(_N_TRIES)
    X = encoding.spread(scrambled_sobol(indices, encoding.n_columns, config.seed))
    for i in np.flatnonzero(inside.region.holds(X)):
        if inside.region.contains(X[i]):
            return encoding.decode(X[i])
    rng = np.random.default_rng([config.seed, trial_id, _SALT])
    return encoding.decode(inside.sample(1, rng)[0])
