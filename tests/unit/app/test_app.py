"""Settings, registry, owners and BLAS threads."""

import subprocess
import sys
from pathlib import Path

import numpy  # noqa: F401, ICN001 - loads the BLAS library
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import wazir
from wazir.algorithms.protocol import Reads
from wazir.analysis import posterior, rollout
from wazir.app.blas import OneThreadAlgorithm
from wazir.app.compose import open_store
from wazir.app.owners import (
    JOB_CLIENT,
    PYTHON_CLIENT,
    LocalOwners,
    is_process_gone,
    new_client_ids,
    own_client,
    parse_client,
)
from wazir.app.registry import (
    ALGORITHMS,
    NEAREST,
    AlgorithmRegistry,
    algorithm_notes,
    canonical_name,
)
from wazir.app.settings import StorageLocation, ensure_runs_folder, storage_location
from wazir.domain.errors import InvalidInputError, NotFoundError, StorageError, StudyMismatchError
from wazir.domain.metrics import Metric
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig


@pytest.mark.parametrize(
    ("url", "path"),
    [
        (None, "/here/wazir-runs/wazir.db"),
        ("sqlite:///x.db", "/here/x.db"),
        ("sqlite:////abs/x.db", "/abs/x.db"),
        ("x.db", "/here/x.db"),
        (Path("/abs/y.db"), "/abs/y.db"),
        (":memory:", None),
        ("sqlite:///:memory:", None),
    ],
)
def test_where_a_storage_url_points(url, path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAZIR_STORAGE", raising=False)
    wanted = None if path is None else Path(path.replace("/here", str(tmp_path)))
    assert storage_location(url).path == wanted


def test_the_variable_names_the_storage_where_no_url_is_given(monkeypatch, tmp_path):
    monkeypatch.setenv("WAZIR_STORAGE", str(tmp_path / "team.db"))
    assert storage_location(None).path == tmp_path / "team.db"


@pytest.mark.parametrize("url", ["mysql://db/x", "ftp://host:8080", "sqlite://x.db"])
def test_other_storages_are_refused_with_what_works(url):
    with pytest.raises(InvalidInputError, match="sqlite:///"):
        storage_location(url)


@pytest.mark.parametrize("url", ["http://host:8080", "https://host/wazir/"])
def test_a_server_is_a_storage_whose_runs_lie_here(url, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    location = storage_location(url)
    assert str(location) == location.shown == url.rstrip("/")
    assert not location.is_memory
    assert location.runs_folder == tmp_path / "wazir-runs"
    with pytest.raises(InvalidInputError, match="of a server"):
        open_store(location, create=True)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://db/x", "postgresql://db/x"),
        ("postgres://me@db:5433/x", "postgres://me@db:5433/x"),
        ("postgresql://me:secret@db:5433/x?a=b", "postgresql://me@db:5433/x?a=b"),
        ("postgresql://me:sec:%40ret@db/x", "postgresql://me@db/x"),
        ("postgresql://db/x?user=me&password=secret&a=b", "postgresql://db/x?user=me&a=b"),
        ("postgresql://db/x?password=secret", "postgresql://db/x"),
        ("postgresql://db/x?a=b&sslpassword=secret", "postgresql://db/x?a=b"),
    ],
)
def test_the_password_of_a_database_is_not_shown(url, shown, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    location = storage_location(url)
    assert location.url == url
    assert str(location) == location.shown == shown
    assert "secret" not in repr(location)
    assert not location.is_memory
    assert location.runs_folder == tmp_path / "wazir-runs"


@pytest.mark.parametrize("password", ["sec@ret", "sec/ret", "sec?ret"])
def test_a_password_with_signs_that_have_a_meaning_is_refused_and_not_shown(password):
    with pytest.raises(InvalidInputError, match="%40") as caught:
        storage_location(f"postgresql://me:{password}@db/x")
    assert "sec" not in str(caught.value)
    assert "ret" not in str(caught.value)


def test_without_psycopg_it_is_said_how_to_install_it(monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == "psycopg" or name.startswith("wazir.storage.postgres"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StorageError, match=r'pip install "wazir\[postgres\]"'):
        open_store(storage_location("postgresql://me:secret@db/x"), create=True)


def test_the_runs_folder_ignores_itself(tmp_path):
    location = StorageLocation(tmp_path / "wazir-runs" / "wazir.db")
    ensure_runs_folder(location)
    assert (tmp_path / "wazir-runs/.gitignore").read_text() == "*\n"
    (tmp_path / "wazir-runs/.gitignore").write_text("mine\n")
    ensure_runs_folder(location)
    assert (tmp_path / "wazir-runs/.gitignore").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("random-search", "RANDOM_SEARCH"),
        ("random", "RANDOM_SEARCH"),
        ("RANDOM_SEARCH", "RANDOM_SEARCH"),
        ("grid", "GRID_SEARCH"),
        ("sobol", "QUASI_RANDOM_SEARCH"),
        ("default", "DEFAULT"),
        ("ALGORITHM_UNSPECIFIED", "DEFAULT"),
        ("cma-es", "CMA_ES"),
        ("tpe", "TPE"),
    ],
)
def test_names_of_algorithms(text, name):
    assert canonical_name(text) == name


@pytest.mark.parametrize("name", NEAREST)
def test_for_a_name_of_another_system_the_nearest_algorithm_is_taken_and_said(name, tmp_path):
    nearest = canonical_name(name.lower().replace("_", "-"))
    assert nearest in ALGORITHMS
    known = StudyConfig(SearchSpace({"x": wazir.Double(0, 1)}), (Metric("y"),), algorithm=nearest)
    assert algorithm_notes(known) == []
    with pytest.warns(UserWarning, match=f"there is no {name} here; {nearest} is taken"):
        study = wazir.create_study(
            "s",
            parameters={"x": wazir.Double(0, 1)},
            minimize="y",
            algorithm=name,
            storage=tmp_path / "w.db",
        )
    assert study.config.algorithm == nearest


@pytest.mark.parametrize("name", ALGORITHMS)
def test_each_registered_algorithm_can_be_made(name):
    assert AlgorithmRegistry()(name).reads is not None


def test_this_process_is_known_and_an_ended_one_is_gone():
    new_id = new_client_ids(PYTHON_CLIENT)
    first, second = new_id(), new_id()
    assert len({first, second, new_client_ids(PYTHON_CLIENT)()}) == 3
    assert str(parse_client(first)) == str(own_client(PYTHON_CLIENT))
    assert not is_process_gone(first)
    code = "from wazir.app.owners import *; print(own_client('{}'), end='/1')"
    ended = {
        kind: subprocess.run(
            [sys.executable, "-c", code.format(kind)], capture_output=True, text=True, check=True
        ).stdout
        for kind in (PYTHON_CLIENT, JOB_CLIENT)
    }
    owners = LocalOwners()
    assert is_process_gone(ended[PYTHON_CLIENT])
    assert owners.is_gone(ended[PYTHON_CLIENT])
    assert is_process_gone(ended[JOB_CLIENT])
    assert not owners.is_gone(ended[JOB_CLIENT]), "its programs may still run"


@pytest.mark.parametrize("client_id", ["", "worker-7", "python:elsewhere:1:x/1", "python:h:no:x"])
def test_nothing_is_certain_about_other_clients(client_id):
    assert not is_process_gone(client_id)


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_an_algorithm_computes_with_one_blas_thread_and_leaves_the_others_alone():
    seen = []

    class Looks:
        reads = Reads.TRIALS

        def suggest(self, config, snapshot, trial_ids):
            seen.append(blas_threads())
            return []

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        OneThreadAlgorithm(Looks()).suggest(None, None, [])
        assert blas_threads() == before
    assert seen == [{1}]


def test_a_recommendation_computes_with_one_blas_thread(monkeypatch):
    seen = []
    whole = posterior.posterior_of

    def looks(config, trials):
        seen.append(blas_threads())
        return whole(config, trials)

    monkeypatch.setattr(posterior, "posterior_of", looks)
    study = wazir.create_study(
        "s", parameters={"x": wazir.Double(0, 1)}, minimize="loss", storage=":memory:"
    )
    for i in range(6):
        study.add_trial({"x": i / 6}, float(i))
    with threadpool_limits(2, user_api="blas"):
        assert study.recommendation.trial_id == 1
    assert seen == [{1}]


def test_studies_are_shared_through_the_default_storage(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAZIR_STORAGE", raising=False)
    space = {"x": wazir.Double(0, 1)}
    study = wazir.create_study("digits", parameters=space, minimize="loss", algorithm="random")
    study.optimize(lambda trial: trial.parameters["x"], trials=3)
    assert (tmp_path / "wazir-runs/wazir.db").exists()
    again = wazir.load_study("digits")
    assert again.best_trial.id == study.best_trial.id
    with pytest.raises(NotFoundError, match="did you mean 'digits'"):
        wazir.load_study("digit")
    with pytest.raises(StudyMismatchError, match="x: was DOUBLE 0 to 1, is DOUBLE 0 to 2"):
        wazir.create_study("digits", parameters={"x": wazir.Double(0, 2)}, minimize="loss")


def test_loading_without_a_database_says_where_it_looked(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAZIR_STORAGE", raising=False)
    with pytest.raises(NotFoundError, match="there is no database"):
        wazir.load_study("digits")
    assert list(tmp_path.iterdir()) == []


def test_a_zombie_of_the_python_api_is_freed_at_once(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code = (
        "import os, wazir\n"
        "s = wazir.create_study('s', parameters={'x': wazir.Double(0, 1)}, minimize='y',"
        " algorithm='random', storage='s.db')\n"
        "s.suggest()\nos._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    study = wazir.load_study("s", "s.db")
    assert str(study.trial(1).state) == "ACTIVE"
    assert study.suggest().id == 1
    assert study.trial(1).attempt == 2


def test_advice_computes_with_one_blas_thread(monkeypatch):
    seen = []
    whole = rollout.improvements

    def looks(config, trials, n_more):
        seen.append(blas_threads())
        return whole(config, trials, n_more)

    monkeypatch.setattr(rollout, "improvements", looks)
    study = wazir.create_study(
        "s", parameters={"x": wazir.Double(0, 1)}, minimize="loss", storage=":memory:"
    )
    for i in range(9):
        study.add_trial({"x": i / 9}, float(i))
    with threadpool_limits(2, user_api="blas"):
        assert 0 < study.advice().probability < 1
    assert seen == [{1}]
