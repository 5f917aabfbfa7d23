"""One service for many threads: no trial is lost, none is given twice."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wazir.algorithms.protocol import Algorithm, Snapshot, Suggestion
from wazir.app.clock import system_clock
from wazir.app.compose import make_service
from wazir.app.owners import LocalOwners
from wazir.app.registry import AlgorithmRegistry
from wazir.app.stopping_rules import make_rule
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.domain.trials import Trial, TrialState
from wazir.service.local import local_service
from wazir.service.studies import StudyService
from wazir.storage.memory import MemoryStore
from wazir.storage.postgres.store import PostgresStore
from wazir.storage.protocol import Store
from wazir.storage.sqlite.store import SqliteStore

N_THREADS = 16
N_TRIALS = 5
SPACE = {"x": Double(0, 1), "n": Integer(1, 9)}
LOSS = (Metric("loss", Goal.MINIMIZE),)
STUDIES = {
    "random": StudyConfig(SearchSpace(SPACE), LOSS, algorithm="RANDOM_SEARCH"),
    "tpe": StudyConfig(
        SearchSpace({**SPACE, "kind": Categorical(["a", "b"])}),
        LOSS,
        algorithm="TPE",
        early_stopping=EarlyStopping.parse("median"),
    ),
    "cma": StudyConfig(SearchSpace(SPACE), LOSS, algorithm="CMA_ES"),
    "budgets": StudyConfig(
        SearchSpace({**SPACE, "epochs": Integer(1, 9)}),
        LOSS,
        algorithm="REGULARIZED_EVOLUTION",
        fidelity="epochs",
        early_stopping=EarlyStopping.for_budgets(),
    ),
}


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "postgres":
        store: Store = PostgresStore(request.getfixturevalue("postgres_url"))
    else:
        store = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "wazir.db")
    yield store
    store.close()


def work(service: StudyService, name: StudyName, worker: int) -> list[tuple[int, int]]:
    """Run trials as one worker does; return (trial id, attempt) of each that was given."""
    given = []
    for step in range(N_TRIALS):
        trials = service.suggest_trials(name, 1 + step % 2, f"worker {worker}")
        given += [(trial.id, trial.attempt) for trial in trials]
        for trial in trials:
            run(service, name, trial)
    return given


def run(service: StudyService, name: StudyName, trial: Trial) -> None:
    for _ in range(2):
        measurement = Measurement({"loss": float(trial.parameters["x"])})  # type: ignore[arg-type]
        service.add_measurements(name, trial.id, [measurement], attempt=trial.attempt)
        service.check_stopping(name, trial.id)
    service.complete_trial(name, trial.id, attempt=trial.attempt)


def test_sixteen_threads_on_several_studies_lose_and_double_nothing(store: Store) -> None:
    service = make_service(store)
    names = [service.create_study(StudyName("p", n), c).name for n, c in STUDIES.items()]
    start = threading.Barrier(N_THREADS)

    def worker(number: int) -> tuple[StudyName, list[tuple[int, int]]]:
        start.wait()
        name = names[number % len(names)]
        return name, work(service, name, number)

    with ThreadPoolExecutor(N_THREADS) as pool:
        results = list(pool.map(worker, range(N_THREADS)))
    for name in names:
        given = Counter(pair for of, pairs in results if of == name for pair in pairs)
        assert set(given.values()) == {1}
        _, trials = service.trials(name)
        assert [trial.id for trial in trials] == list(range(1, len(trials) + 1))
        assert {trial_id for trial_id, _ in given} == {trial.id for trial in trials}
        assert sum(trial.attempt for trial in trials) == len(given)
        assert all(trial.state is TrialState.SUCCEEDED or trial.is_paused for trial in trials)
        told = store.measurements(name, [trial.id for trial in trials])
        assert sum(map(len, told.values())) == 2 * len(given)


def test_one_client_of_many_threads_gets_each_trial_once_at_a_time(store: Store) -> None:
    """Retries by client id: all threads ask as the same client and see the same trials."""
    service = make_service(store)
    name = service.create_study(StudyName("p", "s"), STUDIES["random"]).name
    with ThreadPoolExecutor(N_THREADS) as pool:
        given = list(pool.map(lambda _: service.suggest_trials(name, 3, "me"), range(N_THREADS)))
    assert service.counts(name).total == service.counts(name).active
    assert {tuple(trial.id for trial in trials) for trials in given} == {(1, 2, 3)}


class CountingAlgorithm:
    """An algorithm that notes the trials it was asked for."""

    def __init__(self, inner: Algorithm, computed: list[int]) -> None:
        self._inner = inner
        self._computed = computed
        self.reads = inner.reads

    def suggest(
        self, config: StudyConfig, snapshot: Snapshot, trial_ids: Sequence[int]
    ) -> list[Suggestion]:
        self._computed.extend(trial_ids)
        return self._inner.suggest(config, snapshot, trial_ids)


def test_eight_threads_that_ask_at_once_compute_one_suggestion_each(store: Store) -> None:
    computed: list[int] = []
    service = local_service(
        store,
        new_algorithms=lambda: lambda name: CountingAlgorithm(AlgorithmRegistry()(name), computed),
        clock=system_clock,
        owners=LocalOwners(),
        rule_of=make_rule,
    )
    name = service.create_study(StudyName("p", "s"), STUDIES["tpe"]).name
    start = threading.Barrier(8)

    def ask(number: int) -> int:
        start.wait()
        (trial,) = service.suggest_trials(name, 1, f"worker {number}")
        return trial.id

    with ThreadPoolExecutor(8) as pool:
        given = list(pool.map(ask, range(8)))
    assert sorted(given) == computed == list(range(1, 9))
