"""`wazir serve`, `wazir tune` and `wazir storage copy` on PostgreSQL."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg
import pytest
from postgres_server import PASSWORD
from servers import server_process

import wazir
from wazir.storage.sql.writer import SqlStudyWriter

TRAIN = 'import sys\nprint("rmse=%f" % (float(sys.argv[2]) - 0.4) ** 2)\n'
TUNE = ("tune", "--minimize", "rmse", "-p", "x=0.0..1.0", "--algorithm", "RANDOM_SEARCH")
N_WORKERS = 6
N_TRIALS = 24


@pytest.fixture
def url(postgres_server):
    """The URL of an empty schema, with a password."""
    schema = postgres_server.new_schema()
    yield f"{postgres_server.tcp_url(PASSWORD)}?options=-csearch_path%3D{schema}"
    postgres_server.drop_schema(schema)


def ask_and_complete(servers, name, number, start):
    study = wazir.load_study(name, storage=servers[number % 2].url)
    start.wait()
    given = []
    for _ in range(N_TRIALS // N_WORKERS):
        # Handles of one process share their client ids.
        trial = study.suggest(client_id=f"worker {number}")
        trial.complete(trial.parameters["x"])
        given.append(trial.id)
    return given


def test_two_servers_on_one_database_serve_one_study(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir()
    storage = ("--storage", url)
    with (
        server_process(places[0], *storage) as first,
        server_process(places[1], *storage) as second,
    ):
        wazir.create_study(
            "s",
            parameters={"x": wazir.Double(0, 1)},
            minimize="loss",
            algorithm="TPE",
            storage=first.url,
        )
        start = threading.Barrier(N_WORKERS, timeout=30)
        with ThreadPoolExecutor(N_WORKERS) as pool:
            given = list(
                pool.map(
                    lambda number: ask_and_complete((first, second), "s", number, start),
                    range(N_WORKERS),
                )
            )
        assert sorted(sum(given, [])) == list(range(1, N_TRIALS + 1))  # noqa: RUF017
        # One dies; the other one has it all, and goes on.
        first.end(signal.SIGKILL)
        study = wazir.load_study("s", storage=second.url)
        assert all(trial.value == trial.parameters["x"] for trial in study.trials)
        study.suggest().complete(0.5)
        code, said = second.end()
        assert code == 0
        assert PASSWORD not in said
    assert len(wazir.load_study("s", storage=url).trials) == N_TRIALS + 1


def cut_connections(url):
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where application_name = 'wazir'"
        )


def test_a_use_case_goes_on_when_its_connection_breaks_in_the_midst(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = wazir.create_study(
        "s",
        parameters={"x": wazir.Double(0, 1)},
        minimize="loss",
        algorithm="RANDOM_SEARCH",
        storage=url,
    )
    insert_trial, cuts = SqlStudyWriter.insert_trial, []

    def insert_and_cut(self, trial):
        insert_trial(self, trial)
        if not cuts:
            cuts.append(trial.id)
            cut_connections(url)

    monkeypatch.setattr(SqlStudyWriter, "insert_trial", insert_and_cut)
    assert study.suggest().id == 1
    assert cuts == [1]
    assert [trial.id for trial in study.trials] == [1]


def test_a_job_on_a_database_is_copied_to_a_file(url, wazir_in):
    wazir_in.write("train.py", TRAIN)
    shown = url.replace(f":{PASSWORD}", "")
    ended = wazir_in(*TUNE, "--storage", url, "--trials", "3", "--", "python3", "train.py")
    assert f"study      train in {shown}" in ended.stdout
    assert PASSWORD not in ended.text
    again = wazir_in(*TUNE, "--storage", url, "--trials", "5", "--", "python3", "train.py")
    assert "going on: 3 SUCCEEDED" in again.stdout
    copied = wazir_in("storage", "copy", url, "there.db")
    assert "copied 1 study" in copied.stdout
    assert "5 of 5 done" in wazir_in("show", "--storage", "there.db").text
    refused = wazir_in("show", "--storage", url.replace(PASSWORD, "wrong-pass"), code=1)
    assert "does not let us in" in refused.text
    assert "wrong-pass" not in refused.text
