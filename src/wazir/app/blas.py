"""One BLAS thread while an algorithm computes: small matrices are slower with more."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wazir.algorithms.protocol import Algorithm, Reads, Snapshot, Suggestion
from wazir.domain.studies import StudyConfig

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController


class OneThreadAlgorithm:
    """An algorithm that computes with one BLAS thread, whatever the process is set to.

    The setting is restored after each call, so that the user's own code keeps its threads.
    """

    def __init__(self, algorithm: Algorithm) -> None:
        self._algorithm = algorithm
        self._controller: ThreadpoolController | None = None

    @property
    def reads(self) -> Reads:
        """What the algorithm reads."""
        return self._algorithm.reads

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return the algorithm's suggestions."""
        if self._controller is None:
            # It finds the libraries that are loaded: those of the algorithm are by now.
            from threadpoolctl import ThreadpoolController  # noqa: PLC0415

            self._controller = ThreadpoolController()
        with self._controller.limit(limits=1, user_api="blas"):
            return self._algorithm.suggest(config, snapshot, trial_ids)
