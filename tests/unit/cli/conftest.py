"""A folder with a study made by `wazir tune`, and the command line as a user calls it."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from wazir.app.compose import connect
from wazir.cli.main import main
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.jobs.directories import StudyDirectory
from wazir.jobs.processes import identify
from wazir.jobs.recording import claim, write_record
from wazir.jobs.spec import JOB_NAMESPACE, JobSpec
from wazir.service.studies import StudyService

SPACE = SearchSpace(
    {
        "learning-rate": Double(1e-4, 1e-1, scale="log"),
        "batch_size": Integer(8, 64),
        "optimizer": Categorical(["adam", "sgd"]),
    }
)
POINTS = [
    {"learning-rate": 0.0123456789, "batch_size": 16, "optimizer": "adam"},
    {"learning-rate": 0.05, "batch_size": 64, "optimizer": "sgd"},
    {"learning-rate": 0.001, "batch_size": 8, "optimizer": "adam"},
    {"learning-rate": 0.002, "batch_size": 32, "optimizer": "sgd"},
]
LAB = StudyName("default", "lab")
# Reports 1000 times the learning rate as rmse; its options stand behind the program's text.
PROGRAM = (
    "/bin/sh",
    "-c",
    'echo "training $WAZIR_TRIAL_ID"; echo "rmse=0.25"; echo "$@" > "$WAZIR_TRIAL_DIR/args"',
    "train",
)


class _Program:
    """What CliRunner calls: the whole program, with its own way to report errors."""

    name = "wazir"

    def main(self, args, prog_name, **_):
        sys.argv = [prog_name, *args]
        main()


@pytest.fixture
def wazir(monkeypatch):
    """Run the command line with arguments, as from a shell: the result has its exit code."""
    monkeypatch.setattr(sys, "argv", list(sys.argv))

    def run(*arguments: object, text: str | None = None) -> Result:
        result = CliRunner().invoke(_Program(), [str(a) for a in arguments], input=text)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.output
        assert "Traceback" not in result.output
        return result

    return run


@dataclass
class Lab:
    """A study of four trials: 1 and 2 SUCCEEDED, 3 INFEASIBLE, 4 ACTIVE."""

    service: StudyService
    root: Path
    client_id: str

    @property
    def folder(self) -> StudyDirectory:
        return StudyDirectory(self.root / "wazir-runs" / "lab")

    def write_attempt(self, trial_id: int, log: bytes, exit_code: int | None) -> None:
        """Write the files of a first attempt as the supervisor would."""
        attempt_dir = self.folder.trial(trial_id).attempt(1)
        attempt_dir.mkdir(parents=True)
        (attempt_dir / "log").write_bytes(log)
        if exit_code is None:
            mine = identify(os.getpid())
            claim(str(attempt_dir), {"pid": mine.pid, "start": mine.start})
            return
        record = {"outcome": "exited", "code": exit_code, "signal": None}
        times = {"started_at": 100.0, "ended_at": 112.0}
        write_record(str(attempt_dir / "exit.json"), {**record, **times}, sync=False)


def _client_id() -> str:
    """Return the id of a runner that lives as long as these tests."""
    from wazir.app.owners import JOB_CLIENT, new_client_ids

    return new_client_ids(JOB_CLIENT)()


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A folder without any study."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WAZIR_STORAGE", raising=False)
    return tmp_path


@pytest.fixture
def lab(empty):
    """The study `lab`."""
    service = connect(create=True)
    spec = JobSpec(command=PROGRAM, cwd=empty)
    metrics = (Metric("rmse", Goal.MINIMIZE),)
    config = StudyConfig(SPACE, metrics, algorithm="RANDOM_SEARCH", seed=7, planned_n_trials=30)
    service.create_study(LAB, config, metadata={JOB_NAMESPACE: spec.to_metadata()})
    made = Lab(service, empty, _client_id())
    for point in POINTS:
        service.add_trial(LAB, point)
    given = service.suggest_trials(LAB, 4, made.client_id)
    assert [trial.id for trial in given] == [1, 2, 3, 4]
    service.add_measurements(LAB, 1, [Measurement({"rmse": 0.9}, step=1)])
    service.complete_trial(LAB, 1, measurement=Measurement({"rmse": 0.30517578125}))
    service.complete_trial(LAB, 2, measurement=Measurement({"rmse": 0.5}))
    reason = "exit code 1: KeyError: 'x'\nmore"
    service.complete_trial(LAB, 3, infeasible_reason=reason)
    service.add_measurements(LAB, 4, [Measurement({"rmse": 0.7}, step=3)])
    made.write_attempt(1, b"epoch 1\nrmse=0.305\n", 0)
    made.write_attempt(2, b"epoch 1\nrmse=0.5\n", 0)
    made.write_attempt(3, b"KeyError: 'x'", 1)
    made.write_attempt(4, b"epoch 1\n", None)
    return made
