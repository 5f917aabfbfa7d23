"""Real optimizer processes: killed in the midst of a fit, left behind, slow."""

import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from wazir.app.compose import open_store
from wazir.app.optimizer_process import OptimizerProcess
from wazir.app.optimizer_processes import OptimizerProcesses
from wazir.app.owners import LocalOwners
from wazir.app.serving import ServerService, open_server_service
from wazir.app.settings import StorageLocation, storage_location
from wazir.domain.errors import ComputationError, NotFoundError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig, StudyStopping
from wazir.domain.trials import TrialState
from wazir.jobs.processes import identify, is_running
from wazir.service.leases import Leases
from wazir.service.sweeping import Sweeper

LOSS = (Metric("loss", Goal.MINIMIZE),)
SPACE = SearchSpace({f"x{i}": Double(0, 1) for i in range(20)})
MODEL = StudyConfig(SPACE, LOSS, algorithm="GP_BANDIT")
RANDOM = StudyConfig(SPACE, LOSS, algorithm="RANDOM_SEARCH")
# Nothing is prepared ahead for a study that has all of its trials.
FULL = replace(MODEL, planned_n_trials=1)
# So many points take seconds.
MANY = 200


@pytest.fixture
def location(tmp_path: Path) -> StorageLocation:
    return StorageLocation(tmp_path / "wazir.db")


@pytest.fixture
def server(location, monkeypatch):
    """A server, with the optimizer processes that it starts in `started`."""
    started: list[OptimizerProcess] = []
    plain = OptimizerProcess.__init__

    def noted(self, storage):
        plain(self, storage)
        started.append(self)

    monkeypatch.setattr(OptimizerProcess, "__init__", noted)
    with open_server_service(location, n_processes=2) as server:
        server.started = started
        yield server
    assert all(identify(worker.pid) is None for worker in started)


def add_results(server: ServerService, name: StudyName, n_trials: int) -> None:
    rng = random.Random(1)
    for _ in range(n_trials):
        point = {parameter: rng.random() for parameter in SPACE.parameters}
        loss = sum((value - 0.3) ** 2 for value in point.values())
        server.service.add_trial(name, point, measurement=Measurement({"loss": loss}))


def wait_until(condition, timeout_s: float = 20.0) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_slow_fit_delays_nobody_else(server):
    """Another client gets random points, measures and completes within 100 ms."""
    slow = server.service.create_study(StudyName("p", "slow"), MODEL).name
    fast = server.service.create_study(StudyName("p", "fast"), RANDOM).name
    add_results(server, slow, 400)
    server.service.suggest_trials(slow, 1, "w")
    server.service.suggest_trials(fast, 1, "warm")
    times = []
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(server.service.suggest_trials, slow, MANY, "many")
        while not fit.done():
            begin = time.perf_counter()
            (trial,) = server.service.suggest_trials(fast, 1, "w")
            server.service.add_measurements(fast, trial.id, [Measurement({"loss": 1.0})])
            server.service.complete_trial(fast, trial.id)
            times.append(time.perf_counter() - begin)
            time.sleep(0.02)
        assert len(fit.result()) == MANY
    assert len(times) > 20, "the fit was not slow"
    # The machine may be busy with something else for a moment.
    assert sorted(times)[int(0.9 * len(times))] < 0.1


def test_a_process_killed_in_the_midst_of_a_fit_is_replaced(server):
    name = server.service.create_study(StudyName("p", "s"), FULL).name
    add_results(server, name, 400)
    server.service.suggest_trials(name, 1, "w")
    (worker,) = server.started
    before = cpu_s(worker.pid)
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(server.service.suggest_trials, name, MANY, "many")
        wait_until(lambda: cpu_s(worker.pid) > before + 0.3)
        assert not fit.done()
        os.kill(worker.pid, signal.SIGKILL)
        given = fit.result(60)
    assert [trial.id for trial in given] == list(range(402, 402 + MANY))
    assert server.service.counts(name).active == 1 + MANY
    assert len(server.started) == 2
    assert identify(worker.pid) is None


def test_a_request_that_is_closed_upon_ends_at_once(server):
    name = server.service.create_study(StudyName("p", "s"), FULL).name
    add_results(server, name, 400)
    server.service.suggest_trials(name, 1, "w")
    (worker,) = server.started
    before = cpu_s(worker.pid)
    with ThreadPoolExecutor(1) as pool:
        fit = pool.submit(server.service.suggest_trials, name, MANY, "many")
        wait_until(lambda: cpu_s(worker.pid) > before + 0.3)
        begin = time.monotonic()
        server.close()
        with pytest.raises(ComputationError, match="closing"):
            fit.result(10)
    assert time.monotonic() - begin < 5


SERVER = """
import sys, time
from pathlib import Path
from wazir.app.optimizer_process import OptimizerProcess
from wazir.app.optimizer_processes import OptimizerProcesses
from wazir.app.owners import LocalOwners
from wazir.app.serving import open_server_service
from wazir.app.settings import StorageLocation, storage_location
from wazir.domain.names import StudyName

plain = OptimizerProcess.__init__
def noted(self, storage):
    plain(self, storage)
    print(self.pid, flush=True)
OptimizerProcess.__init__ = noted
server = open_server_service(StorageLocation(Path(sys.argv[1])), n_processes=2)
server.service.suggest_trials(StudyName("p", "s"), 1, "w")
print("computing", flush=True)
server.service.suggest_trials(StudyName("p", "s"), 400, "many")
"""


def test_processes_end_when_the_server_is_killed(location):
    with open_server_service(location, n_processes=1) as server:
        name = server.service.create_study(StudyName("p", "s"), FULL).name
        add_results(server, name, 400)
    command = [sys.executable, "-c", SERVER, str(location.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        worker = identify(int(killed.stdout.readline()))
        assert worker is not None
        assert killed.stdout.readline() == "computing\n"
        before = cpu_s(worker.pid)
        wait_until(lambda: cpu_s(worker.pid) > before + 0.2)
        killed.kill()
    wait_until(lambda: not is_running(worker), 5)


def test_analyses_are_computed_there_and_are_the_same(server, location):
    config = StudyConfig(
        SPACE,
        LOSS,
        algorithm="RANDOM_SEARCH",
        early_stopping=EarlyStopping.parse("median"),
        study_stopping=StudyStopping(max_n_trials_without_progress=5, auto_stop_below=0.01),
    )
    name = server.service.create_study(StudyName("p", "s"), config).name
    add_results(server, name, 30)
    from wazir.app.compose import connect

    here = connect(str(location.path))
    assert server.service.recommend(name) == here.recommend(name)
    assert server.service.advise(name, 5, 0.1) == here.advise(name, 5, 0.1)
    assert server.service.pareto_front(name) == here.pareto_front(name)
    assert server.service.why_ended(name) == here.why_ended(name) != ""
    assert len(server.started) == 1
    with pytest.raises(NotFoundError, match="no study 'none'"):
        server.service.recommend(StudyName("p", "none"))


def test_a_stopping_rule_does_not_wait_for_processes(server):
    stopped = replace(RANDOM, early_stopping=EarlyStopping.parse("median"))
    name = server.service.create_study(StudyName("p", "s"), stopped).name
    (trial,) = server.service.suggest_trials(name, 1, "w")
    server.service.add_measurements(name, trial.id, [Measurement({"loss": 1.0})])
    assert server.service.check_stopping(name, trial.id).state is TrialState.ACTIVE
    assert server.started == []


def test_a_storage_that_is_away_is_said_as_what_it_is(server, location):
    name = server.service.create_study(StudyName("p", "s"), MODEL).name
    processes = OptimizerProcesses(lambda: OptimizerProcess(f"{location.url}.none"), 1)
    with pytest.raises(NotFoundError, match=r"there is no database .*wazir.db.none"):
        processes.call(name, "recommend")
    with pytest.raises(NotFoundError, match="there is no database"):
        processes.call(name, "recommend")
    processes.close()


def test_random_search_starts_no_process(server):
    name = server.service.create_study(StudyName("p", "s"), RANDOM).name
    for _ in range(3):
        (trial,) = server.service.suggest_trials(name, 1, "w")
        server.service.complete_trial(name, trial.id, measurement=Measurement({"loss": 1.0}))
    assert server.started == []


def test_processes_read_from_postgresql_and_a_sweep_frees_there(postgres_url):
    with open_server_service(storage_location(postgres_url), n_processes=1) as server:
        name = server.service.create_study(StudyName("p", "s"), MODEL).name
        add_results(server, name, 20)
        trials = [server.service.suggest_trials(name, 1, f"w{i}", lease_s=60)[0] for i in range(3)]
        assert [trial.id for trial in trials] == [21, 22, 23]
        assert {trial.metadata["wazir.suggestion"]["kind"] for trial in trials} == {"model"}
        later = Leases(LocalOwners(), lambda: time.time() + 120)
        with closing(open_store(storage_location(postgres_url), create=False)) as store:
            assert Sweeper(store, later).sweep() == 3
        assert server.service.counts(name).requested == 3
