"""Points of a study that need no model: the first ones, and those in place of what fails."""

from dataclasses import dataclass, replace

import numpy as np

from wazir.algorithms.axes import Array
from wazir.algorithms.beliefs import Belief
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.gp.earlier import Lessons
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.initial_design import (
    default_point,
    middle_point,
    n_initial_points,
    sobol_point,
)
from wazir.algorithms.inside import Inside
from wazir.domain.studies import StudyConfig

_SALT_LISTED, _SALT_INSIDE = 6, 7
_MIN_OBSERVED = 2
# Beside the first points of earlier studies, so that the model sees more than their best: the
# middle or the defaults, and a Sobol point.
_MORE_INITIAL = 2
_MAX_LISTED_POINTS = 10_000
_MAX_LISTED_CANDIDATES = 1_000
_N_SAMPLED = 32


@dataclass(frozen=True)
class Starts:
    """Finds such points; `lessons` are what earlier studies say."""

    config: StudyConfig
    inside: Inside
    lessons: Lessons

    @property
    def encoding(self) -> Encoding:
        """The columns of the space."""
        return self.inside.encoding

    def first(
        self, history: History, trial_id: int, taken: frozenset[bytes]
    ) -> tuple[Array, dict[str, str]] | None:
        """Return the point of a trial before there is a model, and its explanation.

        The best of earlier studies come first, then the defaults or the middle, then Sobol points.
        None once there are enough results for a model.
        """
        lesson = self.lessons.next_first(taken)
        if lesson is not None:
            return lesson[0], {"kind": "initial", "point": lesson[1]}
        known = self._known(history.n_trials - len(self.lessons.first), taken)
        if known is not None:
            return known
        n_varied = sum(not column.is_constant for column in self.encoding.columns)
        n_initial = n_initial_points(n_varied)
        if self.lessons.basis is not None:
            n_initial = min(n_initial, len(self.lessons.first) + _MORE_INITIAL)
        is_early = history.n_trials < n_initial or history.n_observed < _MIN_OBSERVED
        if n_varied == 0 or is_early:
            return self.spread_out(trial_id, taken), {"kind": "initial"}
        return None

    def spread_out(self, trial_id: int, taken: frozenset[bytes]) -> Array:
        """Return a point that fills the space, not in `taken` while one is left; shape (d,)."""
        seed, region = self.config.seed, self.inside.region
        belief = Belief.of(self.config, self.encoding)
        point = sobol_point(region, seed, trial_id, taken, belief)
        if point is None:
            untried = self.untried(taken, trial_id)
            point = untried[0] if len(untried) else None
        if point is None:
            point = sobol_point(region, seed, trial_id, frozenset())
        return self._any(taken, trial_id) if point is None else point

    def untried(self, taken: frozenset[bytes], trial_id: int) -> Array:
        """Return points of a small finite space that are not taken, a random 1,000 at most."""
        n_points = self.config.space.n_points
        if n_points is None or n_points > _MAX_LISTED_POINTS:
            return np.empty((0, self.encoding.n_columns))
        X = self.encoding.all_points()
        free = X[self.inside.region.free(X, taken)]
        order = self._rng(trial_id, _SALT_LISTED).permutation(len(free))
        return free[order[:_MAX_LISTED_CANDIDATES]]

    def _known(
        self, n_before: int, taken: frozenset[bytes]
    ) -> tuple[Array, dict[str, str]] | None:
        """Return the defaults or the middle, None where the constraints exclude them.

        With beliefs they come after what is believed, so that the belief can be judged by them
        and a wrong one does not cost the better start.
        """
        with_beliefs, without = self.config, replace(self.config, beliefs={})
        configs = [with_beliefs, without] if self.config.beliefs else [without]
        if not 0 <= n_before < len(configs):
            return None
        config = configs[n_before]
        point = default_point(config, self.encoding)
        what = "beliefs" if config.beliefs else "defaults"
        if point is None or not self.inside.region.contains(point):
            point, what = middle_point(self.encoding, self.config.seed), "middle"
        if not self.inside.region.contains(point) or row_keys(point[None])[0] in taken:
            return None
        return point, {"kind": "initial", "point": what}

    def _any(self, taken: frozenset[bytes], trial_id: int) -> Array:
        """Return a point that fulfils the constraints, a new one if one is found."""
        X = self.inside.sample(_N_SAMPLED, self._rng(trial_id, _SALT_INSIDE))
        free = np.flatnonzero(self.inside.region.free(X, taken))
        point: Array = X[free[0] if len(free) else 0]
        return point

    def _rng(self, trial_id: int, salt: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, trial_id, salt])
