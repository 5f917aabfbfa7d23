"""One BLAS thread while Wazir computes: small matrices are slower with more."""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from wazir.algorithms.protocol import Algorithm, Reads, Snapshot, Suggestion
from wazir.domain.studies import StudyConfig

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

_P = ParamSpec("_P")
_R = TypeVar("_R")


class BlasThreads:
    """The threads of the BLAS libraries of this process. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_users = 0
        self._n_modules = 0
        self._controller: ThreadpoolController | None = None
        self._undo: list[tuple[ThreadpoolController, Callable[[], object]]] = []

    @contextmanager
    def one(self) -> Iterator[None]:
        """Return a context with one thread, whatever the process is set to.

        The setting is restored when the last of those that are in it at the same time leaves, so
        that the user's own code keeps its threads.
        """
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            is_new = len(sys.modules) != self._n_modules
            if self._controller is None or is_new:
                from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - looks at all libraries

                # Libraries come with modules; those that came later have not been told yet.
                self._controller = ThreadpoolController()
                self._n_modules = len(sys.modules)
            if self._n_users == 0 or is_new:
                controller = self._controller
                with _for_any_thread(controller):
                    limits = controller.limit(limits=1, user_api="blas")
                self._undo.append((controller, limits.restore_original_limits))
            self._n_users += 1

    def _leave(self) -> None:
        with self._lock:
            self._n_users -= 1
            while self._n_users == 0 and self._undo:
                controller, restore = self._undo.pop()
                with _for_any_thread(controller):
                    restore()


@contextmanager
def _for_any_thread(controller: "ThreadpoolController") -> Iterator[None]:
    """Let this thread change the setting, and any other one afterwards.

    From version 3.8 on threadpoolctl listens to the thread alone that changed it first. Here it may
    be another one that restores it: the last that leaves.
    """
    clears = [getattr(one, "clear_controlling_thread", None) for one in controller.lib_controllers]
    for clear in filter(None, clears):
        clear(force=True)
    yield
    for clear in filter(None, clears):
        clear(force=True)


# The setting is one of the process, so there is one of this as well.
_THREADS = BlasThreads()


class OneThreadAlgorithm:
    """An algorithm that computes with one BLAS thread."""

    def __init__(self, algorithm: Algorithm) -> None:
        self._algorithm = algorithm

    @property
    def reads(self) -> Reads:
        """What the algorithm reads."""
        return self._algorithm.reads

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        """Return the algorithm's suggestions."""
        with _THREADS.one():
            return self._algorithm.suggest(config, snapshot, trial_ids)


class OneThread(Generic[_P, _R]):
    """A function that computes with one BLAS thread; `load` imports it, at the first call."""

    def __init__(self, load: Callable[[], Callable[_P, _R]]) -> None:
        self._load = load

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Return what the function returns."""
        # Loaded first: the threads are those of the libraries that are there by then.
        function = self._load()
        with _THREADS.one():
            return function(*args, **kwargs)
