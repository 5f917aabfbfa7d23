"""The completed trials as rows, kept from one call to the next so that only new ones are read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.gp.history import History
from wazir.algorithms.protocol import Snapshot
from wazir.algorithms.transfer import FirstPoints
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial

T = TypeVar("T")


@dataclass
class Trail(Generic[T]):
    """The completed trials of the last call, in the order in which they ended.

    Rows X (n, d), losses Y (n, m), violations V (n,) and `failed` (n,) as in History; `keys` are
    those of X. An algorithm may keep in `state` what the first `n_used` rows came to. All of it is
    forgotten as soon as the trials are not those of the last call and later ones, so it saves time
    and changes no result. `earlier` keeps the points of earlier studies in the same way.
    """

    X: Array = field(default_factory=lambda: np.empty((0, 0)))
    Y: Array = field(default_factory=lambda: np.empty((0, 0)))
    V: Array = field(default_factory=lambda: np.empty(0))
    failed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    keys: set[bytes] = field(default_factory=set)
    state: T | None = None
    n_used: int = 0
    earlier: FirstPoints = field(default_factory=FirstPoints)
    _config: StudyConfig | None = None
    _known: dict[int, Trial] = field(default_factory=dict)
    _last: tuple[int, int] = (0, 0)

    def follow(self, config: StudyConfig, encoding: Encoding, snapshot: Snapshot) -> History:
        """Bring the trail up to a snapshot and return the history, pending points included.

        Trials of another space are left out.
        """
        new = self._new(config, snapshot.completed)
        if new is None:
            self._forget(config, encoding)
            new = sorted(snapshot.completed, key=_by_completion)
        part = History.of(config, encoding, Snapshot(0, new, snapshot.pending))
        if new:
            self.X, self.Y = np.vstack([self.X, part.X]), np.vstack([self.Y, part.Y])
            self.V = np.concatenate([self.V, part.V])
            self.failed = np.concatenate([self.failed, part.failed])
            self.keys.update(row_keys(part.X))
            self._known.update((trial.id, trial) for trial in new)
            self._last = _by_completion(new[-1])
        return History(self.X, self.Y, part.pending, self.V, failed=self.failed)

    def _new(self, config: StudyConfig, completed: Sequence[Trial]) -> list[Trial] | None:
        """Return the trials that come after the known ones, None if others changed."""
        if self._config != config:
            return None
        known = self._known
        new = [trial for trial in completed if known.get(trial.id) is not trial]
        if len(new) + len(known) != len(completed):
            return None
        new.sort(key=_by_completion)
        return new if not new or not known or _by_completion(new[0]) > self._last else None

    def _forget(self, config: StudyConfig, encoding: Encoding) -> None:
        self.X, self.Y = np.empty((0, encoding.n_columns)), np.empty((0, len(config.objectives)))
        self.V, self.failed = np.empty(0), np.empty(0, dtype=np.bool_)
        self.keys, self.state, self.n_used = set(), None, 0
        self._config, self._known, self._last = config, {}, (0, 0)


def _by_completion(trial: Trial) -> tuple[int, int]:
    # Trials that end later come later, so that what was made of the others stays as it is.
    return trial.completed_revision or 0, trial.id
