"""A server that is killed, and a network that loses, repeats and holds up what it carries.

At the end the completed trials must be those that the clients were told.
"""

import random
import shutil
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from servers import server_process, start_server

import wazir
from wazir.client.http.connection import Patience, ServerConnection, Waiting
from wazir.client.http.transport import HttpTransport
from wazir.domain.errors import StorageError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig

NAME = StudyName("default", "s")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),), algorithm="RANDOM_SEARCH"
)
N_CLIENTS = 6


def connect(url, seed):
    # Short pauses, so that many requests meet each fault.
    waiting = Waiting(
        time.monotonic, lambda s: time.sleep(min(s, 0.2)), random.Random(seed).random
    )
    patience = Patience(before_contact_s=60, after_contact_s=60, answer_s=5)
    return HttpTransport(ServerConnection(url, token="", waiting=waiting, patience=patience))


class Clients:
    """Clients that suggest, measure and complete until they are told to end."""

    def __init__(self, url):
        self.url = url
        self.ending = threading.Event()
        self.told = {}
        self.lock = threading.Lock()

    def work(self, number):
        transport = connect(self.url, number)
        count = 0
        while not self.ending.is_set():
            count += 1
            client_id = f"client {number}/{count}"
            for trial in transport.suggest_trials(NAME, 1, client_id, lease_s=600):
                value = trial.parameters["x"]
                step = Measurement({"loss": value + 1}, step=1)
                transport.add_measurements(NAME, trial.id, [step], attempt=trial.attempt)
                final = Measurement({"loss": value}, step=2)
                transport.complete_trial(NAME, trial.id, measurement=final, attempt=trial.attempt)
                with self.lock:
                    assert trial.id not in self.told, f"trial {trial.id} was given twice"
                    self.told[trial.id] = value

    @contextmanager
    def working(self):
        with ThreadPoolExecutor(N_CLIENTS) as pool:
            futures = [pool.submit(self.work, number) for number in range(N_CLIENTS)]
            try:
                yield self
            finally:
                self.ending.set()
            for future in futures:
                future.result(timeout=60)


def check(database, told):
    """The database has what the clients were told, and nothing else has ended."""
    study = wazir.load_study("s", storage=database)
    stored = {trial.id: trial for trial in study.trials}
    assert sorted(stored) == list(range(1, len(stored) + 1))
    ended = {
        trial_id: trial.metrics["loss"]
        for trial_id, trial in stored.items()
        if trial.state.value == "SUCCEEDED"
    }
    assert ended == told
    # A client that asked and was cut off before its answer came asks again with its own id.
    assert len(stored) == len(told)


def kill_often(tmp_path, n_kills):
    server = start_server(tmp_path)
    port = int(server.url.rpartition(":")[2])
    connect(server.url, 0).create_study(NAME, CONFIG)
    rng = random.Random(n_kills)
    clients = Clients(server.url)
    with clients.working():
        for _ in range(n_kills):
            n_before = len(clients.told)
            deadline = time.monotonic() + 30
            while len(clients.told) < n_before + 3 and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(rng.random() * 0.05)
            server.process.kill()
            server.process.communicate()
            server = start_server(tmp_path, port=port)
    assert server.end()[0] == 0
    assert len(clients.told) >= 3 * n_kills
    check(tmp_path / "wazir-runs" / "wazir.db", clients.told)


@pytest.mark.timeout(120)
def test_a_server_that_is_killed_loses_nothing_that_it_acknowledged(tmp_path):
    kill_often(tmp_path, 4)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_server_that_is_killed_thirty_times(tmp_path):
    kill_often(tmp_path, 30)


class BadNetwork:
    """Carries connections to a server: cuts some, holds some up, and repeats some requests."""

    def __init__(self, port, seed):
        self.target = ("127.0.0.1", port)
        self.rng = random.Random(seed)
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.n_faults = 0
        self.closed = False

    @property
    def url(self):
        return f"http://127.0.0.1:{self.listening.getsockname()[1]}"

    def chance(self, share):
        with self.lock:
            hit = self.rng.random() < share
            self.n_faults += hit
            return hit

    def run(self):
        while not self.closed:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        with client, socket.create_connection(self.target) as server:
            while True:
                request = read_message(client)
                if not request or self.chance(0.05):
                    return  # The request is lost.
                if self.chance(0.05):
                    time.sleep(0.05)
                server.sendall(request)
                answer = read_message(server)
                if self.chance(0.05):
                    # The same request comes a second time.
                    server.sendall(request)
                    read_message(server)
                if self.chance(0.05):
                    return  # The answer is lost.
                client.sendall(answer)


def read_message(connection):
    """Return one HTTP message with its body, empty at the end."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    ]
    while len(body) < sum(lengths):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.mark.timeout(120)
def test_a_network_that_cuts_holds_up_and_repeats_changes_nothing(tmp_path):
    with server_process(tmp_path) as server:
        connect(server.url, 0).create_study(NAME, CONFIG)
        network = BadNetwork(int(server.url.rpartition(":")[2]), seed=1)
        thread = threading.Thread(target=network.run, daemon=True)
        thread.start()
        clients = Clients(network.url)
        with clients.working():
            deadline = time.monotonic() + 60
            while len(clients.told) < 150 and time.monotonic() < deadline:
                time.sleep(0.02)
        network.closed = True
        network.listening.close()
        assert server.end()[0] == 0
    assert len(clients.told) >= 150
    assert network.n_faults > 30
    check(tmp_path / "wazir-runs" / "wazir.db", clients.told)


# The log that SQLite writes ahead takes 4 MB.
@pytest.mark.timeout(120)
@pytest.mark.parametrize("small_disk", [16], indirect=True)
def test_a_server_whose_disk_is_full_goes_on_when_there_is_room(tmp_path, small_disk, fill_disk):
    enter, inside, outside = small_disk
    server = start_server(inside, "--storage", f"sqlite:///{inside}/w.db", prefix=enter)
    connect(server.url, 0).create_study(NAME, CONFIG)
    clients = Clients(server.url)
    with clients.working():
        wait_for(lambda: len(clients.told) >= 20)
        fill_disk(outside)
        with pytest.raises(StorageError, match="full"):
            impatient(server.url).create_study(StudyName("default", "other"), CONFIG)
        n_then = len(clients.told)
        (outside / "filler").unlink()
        (outside / "probe").unlink(missing_ok=True)
        wait_for(lambda: len(clients.told) >= n_then + 20)
    assert server.end()[0] == 0
    # SQLite follows the link that leads into the name space, and would end outside of it.
    check(shutil.copy(outside / "w.db", tmp_path / "copy.db"), clients.told)


def impatient(url):
    waiting = Waiting(time.monotonic, lambda s: None, lambda: 0.5)
    return HttpTransport(
        ServerConnection(url, token="", waiting=waiting, patience=Patience(0, 0, 5))
    )


def wait_for(condition, timeout_s=40):
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.mark.timeout(240)
def test_postgresql_is_restarted_behind_a_server_under_load(own_postgres, tmp_path):
    url = own_postgres.url(own_postgres.new_schema())
    server = start_server(tmp_path, "--storage", url)
    connect(server.url, 0).create_study(NAME, CONFIG)
    clients = Clients(server.url)
    with clients.working():
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGINT):
            n_before = len(clients.told)
            wait_for(lambda n_wanted=n_before + 10: len(clients.told) >= n_wanted, 60)
            own_postgres.restart(how)
        n_before = len(clients.told)
        wait_for(lambda: len(clients.told) >= n_before + 10, 60)
    assert server.end()[0] == 0
    check(url, clients.told)
