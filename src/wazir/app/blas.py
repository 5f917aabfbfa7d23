"""One BLAS thread while Wazir computes: small matrices are slower with more."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from wazir.algorithms.protocol import Algorithm, Reads, Snapshot, Suggestion
from wazir.domain.studies import StudyConfig

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

_P = ParamSpec("_P")
_R = TypeVar("_R")


class BlasThreads:
    """The threads of the BLAS libraries that are loaded when it is first used."""

    def __init__(self) -> None:
        self._controller: ThreadpoolController | None = None

    def one(self) -> AbstractContextManager[object]:
        """Return a context with one thread, whatever the process is set to.

        The setting is restored at its end, so that the user's own code keeps its threads.
        """
        if self._controller is None:
            from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - looks at all libraries

            self._controller = ThreadpoolController()
        context: AbstractContextManager[object] = self._controller.limit(limits=1, user_api="blas")
        return context


class OneThreadAlgorithm:
    """An algorithm that computes with one BLAS thread."""

    def __init__(self, algorithm: Algorithm) -> None:
        self._algorithm = algorithm
        self._threads = BlasThreads()

    @property
    def reads(self) -> Reads:
        """What the algorithm reads."""
        return self._algorithm.reads

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return the algorithm's suggestions."""
        with self._threads.one():
            return self._algorithm.suggest(config, snapshot, trial_ids)


class OneThread(Generic[_P, _R]):
    """A function that computes with one BLAS thread; `load` imports it, at the first call."""

    def __init__(self, load: Callable[[], Callable[_P, _R]]) -> None:
        self._load = load
        self._threads = BlasThreads()

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Return what the function returns."""
        # Loaded first: the threads are those of the libraries that are there by then.
        function = self._load()
        with self._threads.one():
            return function(*args, **kwargs)
