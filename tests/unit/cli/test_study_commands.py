"""`wazir studies`, `show`, `stop` and `delete`."""

import json

import pytest

from wazir.app.compose import connect, create_study
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.studies import StudyState
from wazir.domain.trials import TrialState
from wazir.jobs.recording import write_record

LAB = StudyName("default", "lab")


@pytest.fixture
def python_study(empty):
    study = create_study("py", parameters={"x": Double(0, 1)}, maximize="accuracy")
    trial = study.suggest()
    trial.complete(0.75)
    return study


def test_lists_studies(lab, wazir):
    result = wazir("studies")
    assert result.exit_code == 0
    header, row = result.stdout.splitlines()
    assert header.split() == [
        "NAME", "STATE", "DONE", "INFEASIBLE", "RUNNING", "BEST", "METRIC", "CREATED",
    ]  # fmt: skip
    assert row.split()[:8] == ["lab", "ACTIVE", "3/30", "1", "1", "0.305176", "rmse", "(min)"]


def test_lists_studies_as_json(lab, python_study, wazir):
    first, second = json.loads(wazir("studies", "--json").stdout)
    assert (first["name"], second["name"]) == ("lab", "py")
    assert first["best_trial"]["value"] == 0.30517578125
    assert first["best_trial"]["parameters"]["optimizer"] == "adam"
    assert first["trials"] == {
        "total": 4, "requested": 0, "active": 1, "stopping": 0, "succeeded": 2, "infeasible": 1,
    }  # fmt: skip
    assert second["metrics"] == [{"name": "accuracy", "goal": "MAXIMIZE"}]


def test_no_database_is_said(empty, wazir):
    for command in (["studies"], ["show"], ["trials"], ["best"], ["stop"], ["delete", "x"]):
        result = wazir(*command)
        assert result.exit_code == 1
        assert "there is no database" in result.stderr
        assert "wazir tune" in result.stderr
    assert list(empty.iterdir()) == []


def test_an_empty_database_is_no_error_for_the_list(empty, wazir):
    connect(create=True)
    result = wazir("studies")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no studies yet" in result.stderr
    assert json.loads(wazir("studies", "--json").stdout) == []
    assert wazir("show").exit_code == 1


def test_another_storage_can_be_named(lab, wazir, tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    database = tmp_path / "wazir-runs" / "wazir.db"
    assert "lab" in wazir("studies", "--storage", f"sqlite:///{database}").stdout
    assert "trial 3" in wazir("show", "--storage", database).stdout
    assert wazir("studies", "--storage", "mysql://x").exit_code == 2


def test_shows_a_study(lab, wazir):
    attempt = lab.folder.trial(1).attempt(1)
    record = {"command": ["python", "-m", "task", "--a", "b c"], "cwd": str(lab.root),
              "git_commit": "0123456789abcdef", "git_dirty": True, "python_version": "3.11.9"}  # fmt: skip
    write_record(str(attempt / "run.json"), record, sync=False)
    result = wazir("show", "lab")
    assert result.exit_code == 0
    for expected in (
        "goal       MINIMIZE rmse",
        "trials     3 of 30 done: 2 succeeded, 1 infeasible, 1 running",
        "  learning-rate  DOUBLE 0.0001 to 0.1, LOG",
        "best trial: 1",
        "  rmse           0.30517578125",
        "  directory      wazir-runs/lab/trials/1/out",
        "  command        python -m task --a 'b c'",
        "  git commit     0123456789ab, with changes that were not committed",
        "  Python         3.11.9",
        "rmse 0.7 at step 3",
        "  trial 3: exit code 1: KeyError: 'x'\n    wazir logs lab 3",
    ):
        assert expected in result.stdout
    assert "is gone" not in result.stdout


def test_groups_failures_by_their_first_line(lab, wazir):
    for detail in ("a", "b"):
        lab.service.add_trial(
            LAB,
            {"learning-rate": 0.01, "batch_size": 9, "optimizer": "sgd"},
            infeasible_reason=f"exit code 1: KeyError: 'x'\n{detail}",
        )
    assert "  3 trials 3, 5, 6: exit code 1: KeyError: 'x'" in wazir("show").stdout
    [group] = json.loads(wazir("show", "--json").stdout)["failures"]
    assert group == {"reason": "exit code 1: KeyError: 'x'", "trials": [3, 5, 6]}


def test_shows_a_study_as_json(lab, wazir):
    shown = json.loads(wazir("show", "--json").stdout)
    assert shown["command"][0] == "/bin/sh"
    assert shown["best_trial"]["command"][-2:] == ["--optimizer", "adam"]
    assert shown["best_trial"]["directory"] == str(lab.folder.trial(1).output)
    assert [trial["id"] for trial in shown["running"]] == [4]


def test_shows_fields_of_the_file_that_mean_nothing_here(lab, wazir):
    spec = json.loads(lab.service.study(LAB).metadata["wazir.job"]["spec"])
    spec["document"] = {"trainingInput": {"region": "us-central1", "masterConfig": {"a": 1}}}
    entries = {
        "spec": json.dumps(spec),
        "ignored": json.dumps(["trainingInput.region", "trainingInput.masterConfig"]),
    }
    lab.service.update_metadata(LAB, {"wazir.job": entries})
    expected = "not used   trainingInput.region: us-central1, trainingInput.masterConfig"
    assert expected in wazir("show").stdout


def test_shows_a_study_made_from_python(python_study, wazir):
    result = wazir("show", "py")
    assert result.exit_code == 0
    assert "none: the study was made from Python" in result.stdout
    assert "best trial: 1" in result.stdout
    assert "directory" not in result.stdout


def test_an_unknown_study_gets_a_proposal(lab, wazir):
    result = wazir("show", "lap")
    assert result.exit_code == 1
    assert "there is no study 'lap'" in result.stderr
    assert "did you mean 'lab'?" in result.stderr


def test_a_name_that_cannot_be_one_is_a_usage_error(lab, wazir):
    assert wazir("show", "../lab").exit_code == 2


def test_the_latest_study_is_meant_without_a_name(lab, python_study, wazir):
    assert wazir("show").stdout.startswith("study      py\n")


def test_stops_a_study(lab, wazir):
    result = wazir("stop")
    assert result.exit_code == 0
    assert lab.service.study(LAB).state is StudyState.INACTIVE
    assert "ends its 1 running trial now" in result.stdout
    assert "same `wazir tune` command again" in result.stdout
    again = wazir("stop", "lab")
    assert again.exit_code == 0
    assert "INACTIVE already" in again.stdout


def test_stopping_tells_of_programs_without_a_runner(lab, wazir):
    lab.service.take_over_trial(LAB, 4, previous=lab.client_id, client_id=_gone(lab.client_id))
    result = wazir("stop")
    assert "the program of trial 4 runs on" in result.stdout


def _gone(client_id):
    """Return the id of a process that has ended: the same pid in another life."""
    kind, host, pid, _ = client_id.split(":", 3)
    return f"{kind}:{host}:{int(pid) + 1}:long-ago/1"


def test_stops_a_study_made_from_python(python_study, wazir):
    assert "study.resume()" in wazir("stop").stdout
    assert python_study.state is StudyState.INACTIVE


def test_does_not_delete_while_a_trial_runs(lab, wazir):
    result = wazir("delete", "lab", "--yes")
    assert result.exit_code == 1
    assert "trial 4 of study 'lab' is running" in result.stderr
    assert "wazir stop lab" in result.stderr
    assert lab.service.counts(LAB).total == 4
    assert lab.folder.path.is_dir()


def test_does_not_delete_under_a_program_whose_runner_is_gone(lab, wazir):
    lab.service.take_over_trial(LAB, 4, previous=lab.client_id, client_id=_gone(lab.client_id))
    assert wazir("delete", "lab", "--yes").exit_code == 1


def test_asks_before_it_deletes(lab, wazir):
    lab.service.complete_trial(LAB, 4, measurement=Measurement({"rmse": 1.0}))
    (lab.folder.trial(1).path / "out").mkdir()
    (lab.folder.trial(1).path / "out" / "model").write_bytes(b"x" * 2000)
    kept = wazir("delete", "lab", text="n\n")
    assert kept.exit_code == 1
    assert "study lab: 4 trials, 3 succeeded" in kept.stdout
    assert "wazir-runs/lab: 9 files, 2." in kept.stdout
    assert "nothing was deleted" in kept.stdout
    assert lab.service.counts(LAB).total == 4
    assert wazir("delete", "lab", text="").exit_code == 130
    gone = wazir("delete", "lab", text="y\n")
    assert gone.exit_code == 0
    assert not lab.folder.path.exists()
    assert (lab.root / "wazir-runs" / "wazir.db").exists()
    assert lab.service.studies("default") == []


def test_deletes_a_running_study_by_force(lab, wazir):
    assert wazir("delete", "lab", "--yes", "--force").exit_code == 0
    assert not lab.folder.path.exists()


def test_a_folder_of_the_user_that_has_the_name_of_the_study_stays(lab, wazir):
    lab.service.complete_trial(LAB, 4, measurement=Measurement({"rmse": 1.0}))
    (lab.folder.path / "train.py").write_text("print()")
    result = wazir("delete", "lab", "--yes")
    assert result.exit_code == 0
    assert "wazir-runs/lab stays" in result.stdout
    assert [path.name for path in lab.folder.path.iterdir()] == ["train.py"]


def test_deletes_no_files_for_a_study_made_from_python(python_study, wazir, empty):
    folder = empty / "wazir-runs" / "py" / "trials" / "1"
    folder.mkdir(parents=True)
    assert wazir("delete", "py", "--yes").exit_code == 0
    assert folder.is_dir()


def test_says_what_could_not_be_deleted(lab, wazir, monkeypatch):
    lab.service.complete_trial(LAB, 4, measurement=Measurement({"rmse": 1.0}))

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    result = wazir("delete", "lab", "--yes")
    assert result.exit_code == 1
    assert "not all of its files" in result.stderr
    assert lab.service.studies("default") == []


def test_delete_needs_a_name(lab, wazir):
    assert wazir("delete").exit_code == 2
    assert wazir("delete", "nothing", "--yes").exit_code == 1
    assert lab.service.trial(LAB, 1).state is TrialState.SUCCEEDED
