"""The composition of a server."""

import threading
from pathlib import Path

import pytest

from wazir.app import serving
from wazir.app.serving import open_server_service
from wazir.app.settings import StorageLocation
from wazir.domain.errors import InvalidInputError, StorageError
from wazir.domain.metrics import Goal, Metric
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import TrialState
from wazir.service.sweeping import Sweeper

CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),), algorithm="RANDOM_SEARCH"
)


@pytest.mark.parametrize("is_file", [True, False])
def test_a_server_suggests_and_closes(tmp_path: Path, is_file: bool) -> None:
    location = StorageLocation(tmp_path / "wazir.db" if is_file else None)
    with open_server_service(location, n_processes=1) as server:
        study = server.clients.create_study("p", "my study", CONFIG)
        trials = server.clients.suggest(study.name, 3, "w")
        assert [trial.id for trial in trials] == [1, 2, 3]
        assert server.service.counts(study.name).active == 3
    server.close()
    with pytest.raises(StorageError):
        server.service.studies("p")


def test_a_lease_that_ends_is_noticed_although_nobody_asks(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(serving, "START_GRACE_S", 0.0)
    monkeypatch.setattr(serving, "SWEEP_EVERY_S", 0.01)
    swept, sweep = threading.Event(), Sweeper.sweep

    def noted(sweeper: Sweeper) -> int:
        n_freed = sweep(sweeper)
        if n_freed:
            swept.set()
        return n_freed

    monkeypatch.setattr(Sweeper, "sweep", noted)
    with open_server_service(StorageLocation(tmp_path / "wazir.db"), n_processes=1) as server:
        name = server.clients.create_study("p", "s", CONFIG).name
        server.service.suggest_trials(name, 1, "w", lease_s=0.01)
        assert swept.wait(20)
        assert server.service.trial(name, 1).state is TrialState.REQUESTED


@pytest.mark.parametrize("wrong", [{"n_processes": 0}, {"orphan_after_s": 0.0}])
def test_numbers_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match="got 0"):
        open_server_service(StorageLocation(tmp_path / "wazir.db"), **wrong)
    assert not list(tmp_path.iterdir())
