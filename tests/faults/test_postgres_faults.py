"""PostgreSQL goes away and comes back under load, and clients are killed inside transactions."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from wazir.domain.errors import StorageError
from wazir.domain.metrics import Measurement
from wazir.storage.postgres.store import PostgresStore
from wazir.testing.store_values import NAME, make_study, make_trial

N_WRITERS = 4

WRITE_FOR_EVER = """
import sys
from wazir.domain.metrics import Measurement
from wazir.domain.trials import TrialState
from wazir.storage.postgres.store import PostgresStore
from wazir.testing.store_values import NAME, make_trial

store = PostgresStore(sys.argv[1])
while True:
    with store.suggesting(NAME), store.write(NAME) as writer:
        trial = make_trial(writer.last_trial_id + 1)
        writer.insert_trial(trial)
        writer.put_measurement(trial.id, Measurement({"loss": 1.0}, step=trial.id))
    with store.write(NAME) as writer:
        writer.update_trial(make_trial(trial.id, TrialState.SUCCEEDED))
    print(trial.id, flush=True)
"""


@pytest.fixture
def server(own_postgres) -> object:
    """A server of this test's own, which may be restarted."""
    return own_postgres


class Writers:
    """Threads that write trials and note what they were told of each."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self.stop = threading.Event()
        self.told: list[str] = []
        self.unknown: list[str] = []

    def write(self, writer_number: int) -> None:
        """Write trials until it is enough; each has a client id of its own."""
        number = 0
        while not self.stop.is_set():
            number += 1
            mark = f"{writer_number}-{number}"
            try:
                self._write_one(mark)
            except StorageError as error:
                if "nobody knows" in str(error):
                    self.unknown.append(mark)
                elif "nothing was changed" not in str(error):
                    raise
            else:
                self.told.append(mark)

    def _write_one(self, mark: str) -> None:
        with self._store.write(NAME) as writer:
            trial = make_trial(writer.last_trial_id + 1, client_id=mark)
            writer.insert_trial(trial)
            writer.put_measurement(trial.id, Measurement({"loss": 1.0}, step=1))


def test_a_restart_under_load_loses_nothing_that_was_acknowledged(server, harness) -> None:
    with closing(PostgresStore(server.url())) as store:
        make_study(store)
        writers = Writers(store)
        with ThreadPoolExecutor(N_WRITERS) as pool:
            running = [pool.submit(writers.write, number) for number in range(N_WRITERS)]
            try:
                for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
                    enough = len(writers.told) + 50
                    harness.wait_until(lambda n=enough: len(writers.told) >= n, "writes go on")
                    server.restart(how)
                enough = len(writers.told) + 50
                harness.wait_until(lambda: len(writers.told) >= enough, "writes go on")
            finally:
                writers.stop.set()
            for future in running:
                future.result(60)
        revision, trials = store.trials(NAME)
        stored = [trial.client_id for trial in trials]
        measured = store.measurements(NAME, [trial.id for trial in trials])
        assert len(writers.told) >= 200
        assert len(set(stored)) == len(stored) == revision == store.counts(NAME).requested
        assert set(writers.told) <= set(stored) <= {*writers.told, *writers.unknown}
        assert all(len(found) == 1 for found in measured.values())
        assert [trial.id for trial in trials] == list(range(1, len(trials) + 1))


def test_killed_clients_leave_nothing_half_done_and_no_lock(postgres_url) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    acknowledged: list[int] = []
    with closing(PostgresStore(postgres_url)) as store:
        make_study(store)
        for n_lines in range(1, 9):
            process = subprocess.Popen(
                [sys.executable, "-c", WRITE_FOR_EVER, postgres_url],
                stdout=subprocess.PIPE,
                env=environment,
                text=True,
            )
            with process:
                lines = [process.stdout.readline() for _ in range(n_lines)]
                process.send_signal(signal.SIGKILL)
                lines += process.stdout.read().splitlines()
            acknowledged += map(int, lines)
        # Whoever comes next waits for nobody.
        with store.suggesting(NAME, 30), store.write(NAME) as writer:
            last_trial_id = writer.last_trial_id
        _, trials = store.trials(NAME)
        assert [trial.id for trial in trials] == list(range(1, last_trial_id + 1))
        assert {trial.id for trial in trials if trial.state.is_final} >= set(acknowledged)
        assert len(acknowledged) >= 36
        measured = store.measurements(NAME, [trial.id for trial in trials])
        assert all([m.step for m in found] == [trial] for trial, found in measured.items())
        assert store.counts(NAME).total == len(trials)
