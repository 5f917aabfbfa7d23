"""Worker processes that run a Python objective; only their parent writes to the storage."""

import multiprocessing
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from wazir.client.trial import MetricValues
from wazir.domain.errors import InvalidInputError, JobError
from wazir.domain.parameters import ParameterValue


@dataclass(frozen=True)
class Reported:
    """An objective reported an intermediate measurement."""

    trial_id: int
    metrics: MetricValues
    step: int | None


@dataclass(frozen=True)
class Asked:
    """An objective asks whether its trial is to stop; answer with `WorkerPool.answer`."""

    trial_id: int


@dataclass(frozen=True)
class Finished:
    """An objective returned `metrics`, or raised: then `error` says what."""

    trial_id: int
    metrics: MetricValues | None
    error: str = ""


@dataclass(frozen=True)
class Lost:
    """The worker process died while it ran the trial."""

    trial_id: int


class WorkerTrial:
    """What an objective gets in a worker process: parameters in, reports out."""

    def __init__(
        self,
        trial_id: int,
        parameters: dict[str, ParameterValue],
        connection: Connection,
        *,
        is_resumed: bool = False,
    ) -> None:
        self.id = trial_id
        self.parameters = parameters
        self.is_resumed = is_resumed
        self._connection = connection

    def report(self, metrics: MetricValues, *, step: int | None = None) -> None:
        """Record an intermediate measurement."""
        self._connection.send(Reported(self.id, metrics, step))

    def should_stop(self) -> bool:
        """Return whether the trial is to end now; see Trial.should_stop."""
        self._connection.send(Asked(self.id))
        return bool(self._connection.recv())


@dataclass
class _Worker:
    process: BaseProcess
    connection: Connection
    trial_id: int | None = None
    has_answered: bool = False


class WorkerPool:
    """Processes that run one trial at a time each.

    Processes are spawned, never forked: threads of numerical libraries do not survive a fork.
    """

    def __init__(self, objective: Callable[[Any], Any]) -> None:
        self._payload = pickle.dumps(objective)
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []

    def submit(
        self, trial_id: int, parameters: dict[str, ParameterValue], *, is_resumed: bool = False
    ) -> None:
        """Run a trial on an idle worker, or on a new one if all are busy."""
        idle = next((worker for worker in self._workers if worker.trial_id is None), None)
        worker = idle if idle is not None else self._start()
        worker.trial_id = trial_id
        worker.connection.send((trial_id, parameters, is_resumed))

    def answer(self, trial_id: int, is_stopping: bool) -> None:
        """Tell the objective of a trial whether it is to stop."""
        for worker in self._workers:
            if worker.trial_id == trial_id:
                with suppress(OSError):
                    worker.connection.send(is_stopping)

    def wait(self) -> list[Reported | Asked | Finished | Lost]:
        """Block until workers have news, and return it.

        Raises:
            JobError: a worker died before it could begin.
        """
        busy = [worker for worker in self._workers if worker.trial_id is not None]
        ready = wait([worker.connection for worker in busy])
        return [self._receive(worker) for worker in busy if worker.connection in ready]

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join(5)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.process.close()
        self._workers = []

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(self._payload, theirs), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _receive(self, worker: _Worker) -> Reported | Asked | Finished | Lost:
        trial_id = worker.trial_id
        assert trial_id is not None  # noqa: S101 - only busy workers are asked
        try:
            event: Reported | Asked | Finished = worker.connection.recv()
        except (EOFError, OSError):
            worker.process.join()
            self._workers.remove(worker)
            worker.connection.close()
            if not worker.has_answered and worker.process.exitcode == 1:
                raise JobError(
                    "the worker processes cannot start; what they printed stands above",
                    hint="put the call of optimize under `if __name__ == '__main__':`, "
                    "or use parallel=1",
                ) from None
            return Lost(trial_id)
        worker.has_answered = True
        if isinstance(event, Finished):
            worker.trial_id = None
        return event


def check_importable(objective: Callable[[Any], Any]) -> None:
    """Raise InvalidInputError unless another process can import the objective."""
    hint = "define it with def at the top level of a module, or use parallel=1"
    main = sys.modules.get("__main__")
    interactive = getattr(main, "__file__", None) is None
    try:
        pickle.dumps(objective)
    except Exception as error:  # noqa: BLE001 - pickle raises many kinds
        raise InvalidInputError(
            f"parallel > 1 needs an objective that can be imported, got {objective!r}: {error}",
            hint=hint,
        ) from None
    if interactive and getattr(objective, "__module__", "") == "__main__":
        raise InvalidInputError(
            "parallel > 1 needs an objective that can be imported, "
            "got one that is defined in an interactive session",
            hint=hint,
        )


def _work(payload: bytes, connection: Connection) -> None:
    """Run trials until the parent closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    objective = pickle.loads(payload)  # noqa: S301 - made by our own parent process
    while True:
        try:
            trial_id, parameters, is_resumed = connection.recv()
        except (EOFError, OSError):
            return
        trial = WorkerTrial(trial_id, parameters, connection, is_resumed=is_resumed)
        connection.send(_run(objective, trial))


def _run(objective: Callable[[Any], Any], trial: WorkerTrial) -> Finished:
    try:
        result = objective(trial)
        pickle.dumps(result)
    except Exception as error:  # noqa: BLE001 - whatever the user's code raises is a result
        summary = traceback.format_exception_only(error)[-1].strip()
        return Finished(trial.id, None, f"{summary}\n\n{traceback.format_exc()}")
    return Finished(trial.id, result)
