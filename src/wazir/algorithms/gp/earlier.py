"""Earlier studies in the Gaussian-process bandit: points to try first, and means to lean on."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from wazir.algorithms.axes import Array
from wazir.algorithms.encoding import Encoding, row_keys
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.model import ModelMaker
from wazir.algorithms.gp.settings import GpSettings, OutputWarping
from wazir.algorithms.protocol import PriorStudy
from wazir.algorithms.transfer import Transfer, first_points, transfers
from wazir.domain.studies import StudyConfig
from wazir.surrogates.basis_functions import Basis
from wazir.surrogates.process import Process

# Fewer results make no model that is better than none.
_MIN_OBSERVED = 5
# Of the weights, before any result: a study of the opposite sign should not be a surprise.
_WEIGHT_SD = 1.0


@dataclass(frozen=True)
class PosteriorMean:
    """The mean of a process as a function of features F (m, p).

    Where `is_known` (p,) is false the process knows nothing of a feature: it is taken to have its
    value in `usual` (p,).
    """

    process: Process
    is_known: NDArray[np.bool_]
    usual: Array

    def values(self, F: Array) -> Array:
        """Return the means at rows of F, shape (m,)."""
        return self.process.mean(self._known(F))

    def values_with_gradient(self, F: Array, n_leading: int) -> tuple[Array, Array]:
        """Return the means and their gradients by the first features, shape (m, n_leading)."""
        known = self._known(F)
        prediction, d_mean, _ = self.process.predict_with_gradient(known, n_leading)
        return prediction.mean, np.where(self.is_known[:n_leading], d_mean, 0.0)

    def _known(self, F: Array) -> Array:
        return F if self.is_known.all() else np.where(self.is_known, F, self.usual)


@dataclass(frozen=True)
class Lessons:
    """What earlier studies tell a new one.

    `first` are points (d,) to try first, each with the trial from which it comes. `basis` has
    the mean of each study by its name, None where none has results enough.
    """

    first: tuple[tuple[Array, str], ...] = ()
    basis: Basis | None = None

    def next_first(self, taken: Set[bytes]) -> tuple[Array, str] | None:
        """Return the first point to try that is not taken, None if all are."""
        for x, text in self.first:
            if row_keys(x[None])[0] not in taken:
                return x, text
        return None


@dataclass
class Teacher:
    """Makes the lessons of a study and keeps those of the last one: that saves time only."""

    _key: tuple[StudyConfig, Encoding, tuple[PriorStudy, ...]] | None = None
    _lessons: Lessons = field(default_factory=Lessons)

    def lessons(
        self,
        config: StudyConfig,
        encoding: Encoding,
        priors: Sequence[PriorStudy],
        settings: GpSettings,
    ) -> Lessons:
        """Return what earlier studies tell the study of a configuration."""
        if not priors:
            return Lessons()
        key = (config, encoding, tuple(priors))
        if self._key != key:
            self._lessons, self._key = _lessons(config, encoding, priors, settings), key
        return self._lessons


def _lessons(
    config: StudyConfig, encoding: Encoding, priors: Sequence[PriorStudy], settings: GpSettings
) -> Lessons:
    found = transfers(config, priors)
    first = tuple((encoding.encode([point])[0], text) for point, text in first_points(found))
    maker = ModelMaker(
        encoding, config.seed, replace(settings, output_warping=OutputWarping.HALF_RANK)
    )
    useful = [one for one in found if one.n_observed >= _MIN_OBSERVED]
    if not useful or maker.features.n_parameters == 0:
        return Lessons(first)
    return Lessons(
        first, Basis({one.study_id: _mean_of(one, maker) for one in useful}, _WEIGHT_SD)
    )


def _mean_of(transfer: Transfer, maker: ModelMaker) -> PosteriorMean:
    encoding = maker.encoding
    X = encoding.encode([trial.point for trial in transfer.trials])
    known = np.array([column.name not in transfer.unknown for column in encoding.columns])
    usual = X[0]
    X = np.where(known, X, usual)
    Y = np.array([[trial.loss] for trial in transfer.trials])
    history = History(X, Y, X[:0])
    # The generator weighs several objectives; here there is one.
    model = maker.make(history, None, np.random.default_rng(maker.seed))
    features = model.features
    order = [*features.ordered, *features.categorical]
    is_known = known[order][features.groups]
    return PosteriorMean(model.process, is_known, features(usual[None])[0])
