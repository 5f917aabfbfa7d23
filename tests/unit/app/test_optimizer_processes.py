"""Which process computes what, with processes that are none."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wazir.app.optimizer_process import WorkerDiedError, WorkerTimeoutError
from wazir.app.optimizer_processes import OptimizerProcesses
from wazir.domain.errors import ComputationError, NotFoundError
from wazir.domain.names import StudyName
from wazir.service.wire_errors import error_to_dict

A, B, C = (StudyName("p", name) for name in "abc")
WAIT_S = 10.0


class FakeWorker:
    """Answers with its number, or with what `answers` says; waits while `gate` is closed."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked: list[str] = []
        self.answers: list[object] = []
        self.gate = threading.Event()
        self.gate.set()
        self.began = threading.Event()
        self.has_ended = False

    def ask(self, request, timeout_s):
        self.asked.append(request["study_id"])
        self.began.set()
        assert self.gate.wait(WAIT_S)
        if self.has_ended:
            raise WorkerDiedError("ended")
        answer = self.answers.pop(0) if self.answers else {"result": self.number}
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self):
        self.has_ended = True
        self.gate.set()


class World:
    def __init__(self, n_processes: int, **options: float) -> None:
        self.workers: list[FakeWorker] = []
        self.processes = OptimizerProcesses(self.start, n_processes, **options)

    def start(self) -> FakeWorker:
        self.workers.append(FakeWorker(len(self.workers)))
        return self.workers[-1]

    def call(self, name=A, **options):
        return self.processes.call(name, "propose", **options)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def begun(worker: FakeWorker) -> FakeWorker:
    assert worker.began.wait(WAIT_S)
    return worker


def hold(world: World, pool, name: StudyName, worker: FakeWorker, **options):
    """Let a request begin in a worker that has been started, and not end."""
    worker.gate.clear()
    worker.began.clear()
    future = pool.submit(world.call, name, **options)
    begun(worker)
    return future


def test_processes_start_when_they_are_needed_and_a_study_stays_with_its_own(pool):
    world = World(2, patience_s=WAIT_S)
    assert world.workers == []
    assert [world.call(A), world.call(B), world.call(A)] == [0, 0, 0]
    first = hold(world, pool, A, world.workers[0])
    # B's home is busy, but it is patient; C has none.
    assert world.call(C) == 1
    waiting = pool.submit(world.call, B)
    world.workers[0].gate.set()
    assert first.result(WAIT_S) == 0
    assert waiting.result(WAIT_S) == 0
    assert world.call(C) == 1


def test_a_study_whose_process_is_busy_for_long_goes_to_another_one(pool):
    world = World(2, patience_s=0.0)
    assert world.call(A) == 0
    first = hold(world, pool, B, world.workers[0])
    assert world.call(A) == 1
    world.workers[0].gate.set()
    assert first.result(WAIT_S) == 0
    assert world.call(A) == 1


def test_a_process_that_dies_is_replaced_and_the_request_sent_again():
    world = World(1)
    world.call()
    world.workers[0].answers = [WorkerDiedError("killed")]
    assert world.call() == 1
    assert world.workers[0].has_ended
    assert world.workers[0].asked == ["a", "a"]
    assert world.call() == 1


def test_a_request_that_kills_two_processes_is_an_error_and_others_go_on(monkeypatch):
    world = World(1)
    world.call()
    start = world.start

    def start_dying():
        worker = start()
        worker.answers = [WorkerDiedError("killed")]
        return worker

    world.workers[0].answers = [WorkerDiedError("killed")]
    monkeypatch.setattr(world.processes, "_start", start_dying)
    with pytest.raises(ComputationError, match="died twice"):
        world.call()
    monkeypatch.setattr(world.processes, "_start", start)
    assert world.call() == 2


def test_a_process_that_is_too_slow_is_ended_and_not_asked_again():
    world = World(1, timeout_s=5.0)
    world.call()
    world.workers[0].answers = [WorkerTimeoutError()]
    with pytest.raises(ComputationError, match="longer than 5 s"):
        world.call()
    assert world.workers[0].has_ended
    assert world.call() == 1


def test_errors_of_the_other_side_are_raised_here():
    world = World(1)
    world.call()
    world.workers[0].answers = [
        error_to_dict(NotFoundError("no study", hint="look")),
        {"failure": "Traceback: KeyError"},
        ["what"],
    ]
    with pytest.raises(NotFoundError, match="no study\nlook"):
        world.call()
    with pytest.raises(ComputationError, match=r"'a' failed .*\nTraceback: KeyError"):
        world.call()
    with pytest.raises(ComputationError, match="means nothing"):
        world.call()
    assert world.call() == 0


def test_closing_ends_what_is_computed_and_what_waits(pool):
    world = World(1)
    world.call()
    running = hold(world, pool, A, world.workers[0])
    waiting = pool.submit(world.call, B)
    world.processes.close()
    for future in (running, waiting):
        with pytest.raises(ComputationError, match="closing"):
            future.result(WAIT_S)
    assert world.workers[0].has_ended
    with pytest.raises(ComputationError, match="closing"):
        world.call()
    world.processes.close()


def test_work_ahead_leaves_a_process_to_the_clients(pool):
    world = World(2, patience_s=0.0)
    assert world.processes.max_n_ahead == 1
    world.call(A)
    ahead = hold(world, pool, A, world.workers[0], is_ahead=True)
    second = pool.submit(world.call, B, is_ahead=True)
    assert world.call(C) == 1
    assert world.workers[1].asked == ["c"]
    assert not second.done()
    world.workers[0].gate.set()
    assert ahead.result(WAIT_S) == 0
    assert second.result(WAIT_S) in (0, 1)


def test_clients_go_first_where_there_is_one_process(pool):
    world = World(1)
    world.call(A)
    running = hold(world, pool, A, world.workers[0])
    ahead = pool.submit(world.call, B, is_ahead=True)
    client = pool.submit(world.call, C)
    wait_until(lambda: world.processes._n_waiting == 1)
    world.workers[0].gate.set()
    for future in (running, client, ahead):
        assert future.result(WAIT_S) == 0
    assert world.workers[0].asked == ["a", "a", "c", "b"]


def wait_until(condition):
    for _ in range(1000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not happen")
