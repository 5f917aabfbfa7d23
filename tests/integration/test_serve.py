"""`wazir serve` and the commands and Python programs that use it."""

import json
import socket
import threading
import time
import urllib.request

import pytest
from command_line import CommandLine
from servers import server_process, start_server

import wazir
from wazir.client.http.transport import connect_http
from wazir.domain.errors import NotFoundError

TRAIN = """
import os, sys

print("token:", os.environ.get("WAZIR_TOKEN"))
print("rmse=%f" % (float(sys.argv[2]) - 0.4) ** 2)
"""
TUNE = ("tune", "--minimize", "rmse", "-p", "x=0.0..1.0", "--algorithm", "RANDOM_SEARCH")


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status, answer.read().decode()


def test_a_job_runs_here_and_its_study_lives_on_the_server(wazir_in, tmp_path):
    wazir_in.write("train.py", TRAIN)
    place = tmp_path / "server"
    place.mkdir()
    with server_process(place) as server:
        storage = ("--storage", server.url)
        ended = wazir_in(*TUNE, *storage, "--trials", "4", "--", "python3", "train.py")
        assert f"study      train in {server.url}" in ended.stdout
        again = wazir_in(*TUNE, *storage, "--trials", "6", "--", "python3", "train.py")
        assert "going on: 4 SUCCEEDED" in again.stdout
        assert "6 of 6 done" in wazir_in("show", *storage).text
        assert "rmse=" in wazir_in("logs", "best", *storage).stdout
        assert not (wazir_in.runs / "wazir.db").exists()
        study = wazir.load_study("train", storage=server.url)
        assert len(study.trials) == 6
        assert study.best_trial.id == study.recommendation.trial_id
        code, _ = server.end()
        assert code == 0
    # What it held is in its database.
    there = wazir.load_study("train", storage=place / "wazir-runs" / "wazir.db")
    assert len(there.trials) == 6


def test_a_python_study_on_a_server(tmp_path):
    with server_process(tmp_path) as server:
        study = wazir.create_study(
            "s",
            parameters={"x": wazir.Double(0, 1)},
            minimize="loss",
            algorithm="QUASI_RANDOM_SEARCH",
            storage=server.url,
        )
        study.optimize(lambda trial: abs(trial.parameters["x"] - 0.3), trials=8)
        assert [trial.id for trial in study.trials] == list(range(1, 9))
        assert study.trial(3).state.value == "SUCCEEDED"
        with pytest.raises(NotFoundError, match="no trial 99"):
            study.trial(99)
        with pytest.raises(NotFoundError, match="did you mean 's'"):
            wazir.load_study("ss", storage=server.url)


def test_a_client_waits_for_a_server_that_is_killed_and_started_again(tmp_path):
    server = start_server(tmp_path)
    port = int(server.url.rpartition(":")[2])
    study = wazir.create_study(
        "s", parameters={"x": wazir.Double(0, 1)}, minimize="loss",
        algorithm="RANDOM_SEARCH", storage=server.url,
    )  # fmt: skip
    done = threading.Event()

    def objective(trial):
        done.set()
        time.sleep(0.02)
        return trial.parameters["x"]

    runner = threading.Thread(target=lambda: study.optimize(objective, trials=40))
    runner.start()
    assert done.wait(20)
    server.process.kill()
    server.process.communicate()
    second = start_server(tmp_path, port=port)
    try:
        runner.join(40)
        assert not runner.is_alive()
        assert [trial.id for trial in study.trials] == list(range(1, 41))
        assert {trial.state.value for trial in study.trials} == {"SUCCEEDED"}
    finally:
        second.end()


def test_operators_and_readers_find_their_pages(tmp_path):
    with server_process(tmp_path) as server:
        assert get(f"{server.url}/healthz")[0] == 200
        assert get(f"{server.url}/readyz")[0] == 200
        assert json.loads(get(f"{server.url}/openapi.json")[1])["openapi"].startswith("3.1")
        page = get(f"{server.url}/docs")[1]
        assert "/api/v1/projects/{project_id}/studies/{study_id}/suggestions" in page
        assert "<script" not in page
        metrics = get(f"{server.url}/metrics")[1]
        assert 'wazir_requests_total{route="/healthz",method="GET",status="200"} 1' in metrics


def test_a_stream_tells_each_change_and_ends_with_the_server(tmp_path):
    with server_process(tmp_path) as server:
        study = wazir.create_study(
            "s", parameters={"x": wazir.Double(0, 1)}, minimize="loss", storage=server.url
        )
        url = f"{server.url}/api/v1/projects/default/studies/s/events"
        stream = urllib.request.urlopen(url, timeout=20)
        lines = iter(stream.readline, b"")

        def next_event():
            event = {}
            for line in lines:
                key, _, value = line.decode().rstrip("\n").partition(": ")
                if not key and event:
                    return event
                event[key] = value
            return event

        first = next_event()
        assert json.loads(first["data"])["counts"]["succeeded"] == 0
        study.add_trial({"x": 0.5}, metrics={"loss": 1.0})
        second = next_event()
        assert json.loads(second["data"])["counts"]["succeeded"] == 1
        assert int(second["id"]) > int(first["id"])
        request = urllib.request.Request(url, headers={"Last-Event-ID": first["id"]})
        with urllib.request.urlopen(request, timeout=20) as later:
            assert f"id: {second['id']}" in later.readline().decode()
        assert server.end()[0] == 0
        assert next_event() == {}
        stream.close()


def test_what_cannot_be_served_or_reached_is_said(wazir_in):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = wazir_in("serve", "--port", str(port), code=1)
        assert f"the address 127.0.0.1:{port} cannot be used" in refused.stderr
    nobody = f"http://127.0.0.1:{port}"
    away = wazir_in("studies", "--storage", nobody, code=1)
    assert f"the server {nobody} cannot be reached" in away.stderr
    assert "http://HOST:PORT" in wazir_in("studies", "--storage", "http://:x", code=2).stderr
    assert "of a server" in wazir_in("serve", "--storage", nobody, code=2).stderr
    one = wazir_in("serve", "--tls-cert", __file__, code=2).stderr
    assert "--tls-key" in one


def test_a_team_works_in_its_project_with_its_token(wazir_in, tmp_path):
    wazir_in.write("train.py", TRAIN)
    place = tmp_path / "server"
    place.mkdir()
    made = CommandLine(place)("token", "create", "--project", "vision", "--role", "admin")
    mine = {"WAZIR_TOKEN": made.stdout.strip(), "WAZIR_PROJECT": "vision"}
    with server_process(place) as server:
        mine["WAZIR_STORAGE"] = server.url
        command = (*TUNE, "--trials", "3", "--", "python3", "train.py")
        wazir_in(*command, env=mine)
        assert "3 of 3 done" in wazir_in("show", env=mine).text
        assert "vision" not in wazir_in("studies", env=mine).stdout
        log = wazir_in("logs", "best", env=mine).stdout
        assert "rmse=" in log
        assert "token: None" in log, "programs have no use for it"
        assert (wazir_in.runs / "@vision" / "train" / "trials" / "1").is_dir()
        learning = wazir_in(
            *TUNE[:-1], "DEFAULT", "--study", "second", "--prior-studies", "train",
            "--trials", "2", "--", "python3", "train.py", env=mine,
        )  # fmt: skip
        assert "prior study train: 3 trials" in learning.stderr
        full = ("show", "projects/vision/studies/train")
        elsewhere = {**mine, "WAZIR_PROJECT": ""}
        assert "3 of 3 done" in wazir_in(*full, env=elsewhere).text
        refused = wazir_in("studies", env=elsewhere, code=1)
        assert "this token is for project 'vision', not 'default'" in refused.stderr
        assert server.end()[0] == 0


def test_a_project_that_is_no_name_is_refused(wazir_in):
    refused = wazir_in("studies", env={"WAZIR_PROJECT": "../x"}, code=2)
    assert "the name of a project" in refused.stderr


def test_an_answer_does_not_wait_for_an_acknowledgement(tmp_path):
    """Without TCP_NODELAY the body of each answer on a kept connection takes 40 ms more."""
    with server_process(tmp_path) as server:
        transport = connect_http(server.url)
        transport.studies("default")
        took = []
        for _ in range(15):
            begin = time.perf_counter()
            transport.studies("default")
            took.append(time.perf_counter() - begin)
        assert server.end()[0] == 0
    assert sorted(took)[3] < 0.03
