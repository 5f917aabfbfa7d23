"""The trials of a study as the optimizer sees them: encoded points and losses."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.protocol import Snapshot
from wazir.algorithms.ranking import non_dominated_ranks
from wazir.domain.errors import InvalidInputError
from wazir.domain.metrics import Metric
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, has_failed, violation

_CHEBYSHEV_SLACK = 0.05
_NO_PLACE = (InvalidInputError, KeyError, ValueError, TypeError)


@dataclass(frozen=True)
class History:
    """Completed points X (n, d) with losses Y (n, m), and pending points (q, d).

    A loss is an objective turned so that smaller is better; NaN where there is none: infeasible
    trials, and values that are missing, NaN or infinite. `V` (n,) are violations of the limits of
    safety metrics, 0 where a point is safe, infinite where that is not known
    (`wazir.domain.trials.violation`). `values` (n, k) are those of the k safety metrics, NaN where
    missing, and `failed` (n,) tells which points failed (`wazir.domain.trials.has_failed`). Left out,
    these mean: no safety metrics, and points without losses have failed.
    """

    X: Array
    Y: Array
    pending: Array
    V: Array = field(default_factory=lambda: np.empty(0))
    values: Array = field(default_factory=lambda: np.empty((0, 0)))
    failed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))

    def __post_init__(self) -> None:
        n = len(self.X)
        if len(self.V) != n:
            object.__setattr__(self, "V", np.zeros(n))
        if len(self.values) != n:
            object.__setattr__(self, "values", np.empty((n, 0)))
        if len(self.failed) != n:
            object.__setattr__(self, "failed", ~np.isfinite(self.Y).all(axis=1))

    @classmethod
    def of(
        cls,
        config: StudyConfig,
        encoding: Encoding,
        snapshot: Snapshot,
        *,
        outside: bool = False,
    ) -> "History":
        """Return the history in a snapshot; trials of another space are left out.

        With `outside` those from before an edit count that have a place in the encoding (see
        `Encoding.with_former`); without it only points of the space.
        """
        completed, X = placed(encoding, snapshot.completed, outside=outside)
        _, pending = placed(encoding, snapshot.pending, outside=outside)
        Y = [[_loss(trial, metric) for metric in config.objectives] for trial in completed]
        losses = np.array(Y, dtype=np.float64).reshape(len(completed), len(config.objectives))
        limits = config.safety_metrics
        V = [violation(trial, limits) for trial in completed]
        values = [[_value(trial, metric) for metric in limits] for trial in completed]
        return cls(
            X,
            losses,
            pending,
            np.array(V, dtype=np.float64),
            np.array(values, dtype=np.float64).reshape(len(completed), len(limits)),
            np.array([has_failed(trial) for trial in completed], dtype=np.bool_),
        )

    @property
    def n_trials(self) -> int:
        """Number of all trials."""
        return len(self.X) + len(self.pending)

    @property
    def n_observed(self) -> int:
        """Number of completed trials with a value of every objective."""
        return int(self.is_observed.sum())

    @property
    def is_observed(self) -> NDArray[np.bool_]:
        """Which completed points have a value of every objective, shape (n,)."""
        return np.asarray(np.isfinite(self.Y).all(axis=1))

    @property
    def is_told(self) -> NDArray[np.bool_]:
        """Which completed points say something, shape (n,): a worker that died says nothing."""
        return np.asarray(self.failed | self.is_observed)

    @property
    def ranks(self) -> NDArray[np.intp]:
        """How good the completed points are, shape (n,): see `non_dominated_ranks`."""
        return non_dominated_ranks(self.Y, self.V)

    def subset(self, rows: NDArray[np.bool_]) -> "History":
        """Return the history of some completed points and of all that are pending."""
        return replace(
            self,
            X=self.X[rows],
            Y=self.Y[rows],
            V=self.V[rows],
            values=self.values[rows],
            failed=self.failed[rows],
        )

    def of_objective(self, j: int) -> "History":
        """Return the history of one objective alone."""
        return replace(self, Y=self.Y[:, [j]])

    def keys(self) -> set[bytes]:
        """Return the keys of all points, tried and pending."""
        return {*row_keys(self.X), *row_keys(self.pending)}


def scalarise(Y: Array, rng: np.random.Generator) -> Array:
    """Return one loss per row of Y (n, m), all finite.

    One objective stays as it is. Several become the augmented Chebyshev function of their ranks
    with random weights, so that different trials look for different trade-offs (J. Knowles,
    "ParEGO", IEEE Trans. Evol. Comput. 10, 2006, with ranks in place of normalised values).
    """
    n, m = Y.shape
    if m == 1:
        return Y.ravel()
    ranks = np.column_stack([np.unique(column, return_inverse=True)[1] for column in Y.T])
    weighted = rng.dirichlet(np.ones(m)) * ranks / max(n, 1)
    losses: Array = weighted.max(axis=1) + _CHEBYSHEV_SLACK * weighted.sum(axis=1)
    return losses


def _loss(trial: Trial, metric: Metric) -> float:
    return metric.loss(_value(trial, metric))


def _value(trial: Trial, metric: Metric) -> float:
    value = trial.final_value(metric)
    return np.nan if value is None else value


def placed(
    encoding: Encoding, trials: Sequence[Trial], *, outside: bool
) -> tuple[Sequence[Trial], Array]:
    """Return the trials that have a place in the space, or also around it, and their rows."""
    try:
        X = encoding.encode([trial.parameters for trial in trials])
    except _NO_PLACE:
        trials = [trial for trial in trials if _has_place(encoding, trial)]
        X = encoding.encode([trial.parameters for trial in trials])
    if outside:
        return trials, X
    holds = encoding.holds(X)
    if holds.all():
        return trials, X
    return [trial for trial, is_inside in zip(trials, holds, strict=True) if is_inside], X[holds]


def _has_place(encoding: Encoding, trial: Trial) -> bool:
    try:
        encoding.encode([trial.parameters])
    except _NO_PLACE:
        return False
    return True
