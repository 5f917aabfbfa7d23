"""`wazir trials`, `best` and `export`."""

import csv
import io
import json
import math

import pytest

from wazir.app.clock import system_clock
from wazir.app.compose import create_study, open_store
from wazir.app.owners import LocalOwners
from wazir.app.settings import storage_location
from wazir.domain.codec import study_from_dict, trial_from_dict
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.service.leases import Leases
from wazir.service.sweeping import Sweeper

LAB = StudyName("default", "lab")


def test_lists_trials(lab, wazir):
    result = wazir("trials")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == [
        "ID", "STATE", "rmse", "learning-rate", "batch_size", "optimizer", "DURATION", "REASON",
    ]  # fmt: skip
    assert lines[1].split()[:6] == ["1", "SUCCEEDED", "0.305176", "0.0123457", "16", "adam"]
    assert lines[3].endswith("exit code 1: KeyError: 'x'")
    assert "\t" not in result.stdout


def test_a_table_fits_the_terminal(lab, wazir, monkeypatch):
    monkeypatch.setattr("wazir.cli.trials.terminal_width", lambda: 60)
    result = wazir("trials")
    assert max(map(len, result.stdout.splitlines())) <= 60
    assert "no room for batch_size, optimizer" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--sort", "value"], [1, 2, 3, 4]),
        (["--sort", "-value"], [2, 1, 3, 4]),
        (["--sort=-batch_size", "--limit", "2"], [2, 4]),
        (["--filter", "state == SUCCEEDED and value < 0.4"], [1]),
        (["--filter", "`learning-rate` < 0.01 or optimizer == sgd"], [2, 3, 4]),
        (["--filter", "id > 100"], []),
        (["--filter", "duration >= 0", "--sort", "-id"], [4, 3, 2, 1]),
    ],
)
def test_sorts_and_filters(lab, wazir, arguments, ids):
    result = wazir("trials", "--json", *arguments)
    assert result.exit_code == 0
    assert [trial["id"] for trial in json.loads(result.stdout)] == ids


def test_an_abandoned_trial_says_who_had_it(lab, wazir):
    lab.service.renew_lease(LAB, 4, lease_s=60)
    owner = lab.service.trial(LAB, 4).client_id
    later = Leases(LocalOwners(), lambda: system_clock() + 120)
    assert Sweeper(open_store(storage_location(None), create=False), later).sweep() == 1
    assert wazir("trials").stdout.splitlines()[4].endswith(f"abandoned by {owner}")
    trial = json.loads(wazir("trials", "--json").stdout)[3]
    assert (trial["state"], trial["abandoned_by"]) == ("REQUESTED", owner)
    assert "1 infeasible, 1 abandoned" in wazir("show").stdout
    assert json.loads(wazir("show", "--json").stdout)["abandoned"] == [4]


def test_says_when_nothing_matches(lab, wazir):
    result = wazir("trials", "--filter", "id > 100")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "none of its 4 trials matches" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--filter", "vale < 1"], "did you mean 'value'"),
        (["--filter", "value <"], "expected a value"),
        (["--filter", "value + 1"], ""),
        (["--sort", "valu"], "did you mean 'value'"),
        (["--json", "--csv"], "not both"),
        (["--limit", "0"], "x>=1"),
    ],
)
def test_wrong_use_is_explained(lab, wazir, arguments, message):
    result = wazir("trials", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_json_has_exact_values(lab, wazir):
    first = json.loads(wazir("trials", "--json").stdout)[0]
    assert first["parameters"]["learning-rate"] == 0.0123456789
    assert first["metrics"] == {"rmse": 0.30517578125}
    assert first["duration_s"] >= 0


def test_json_is_valid_with_values_that_are_not_finite(lab, wazir):
    measurement = Measurement({"rmse": 1.0, "other": math.nan, "high": math.inf})
    lab.service.complete_trial(LAB, 4, measurement=measurement)
    [trial] = json.loads(
        wazir("trials", "--json", "--filter", "id == 4").stdout, parse_constant=pytest.fail
    )
    assert trial["metrics"] == {"rmse": 1.0, "other": "NaN", "high": "Infinity"}


def test_csv_is_exact_and_has_crlf(lab, wazir):
    data = wazir("trials", "--csv").stdout_bytes
    assert data.startswith(b"id,state,learning-rate,batch_size,optimizer,rmse,")
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    assert data.count(b"\r\n") == 5
    assert float(rows[0]["learning-rate"]) == 0.0123456789
    assert rows[2]["infeasible_reason"] == "exit code 1: KeyError: 'x'\nmore"
    assert rows[3]["rmse"] == ""


def test_shows_the_best_trial(lab, wazir):
    result = wazir("best", "lab")
    assert result.exit_code == 0
    for expected in (
        "best trial of lab: 1 (2 succeeded of 4, minimize)",
        "rmse  0.30517578125",
        "  learning-rate  0.0123456789",
        "directory  wazir-runs/lab/trials/1/out",
        "--learning-rate 0.0123456789 --batch_size 16 --optimizer adam",
        "again      wazir rerun lab 1",
    ):
        assert expected in result.stdout


def test_a_better_trial_outside_of_an_edited_study_is_named(lab, wazir):
    assert json.loads(wazir("best", "--json").stdout)["better_outside"] == []
    wazir("edit", "lab", "--constraint", "batch_size >= 32")
    shown = wazir("best", "lab").stdout
    assert "best trial of lab: 2 (" in shown
    assert "since an edit, and so not the best: trial 1 with rmse 0.305176" in shown
    assert "outside of what the study allows since an edit" in wazir("show", "lab").stdout
    assert json.loads(wazir("best", "--json").stdout)["better_outside"] == [1]


def test_the_best_trial_as_json(lab, wazir):
    found = json.loads(wazir("best", "--json").stdout)
    assert (found["study"], found["id"], found["value"]) == ("lab", 1, 0.30517578125)
    assert (found["metric"], found["goal"]) == ("rmse", "MINIMIZE")
    assert found["cwd"] == str(lab.root)
    assert found["command"][-6] == "--learning-rate"


def test_without_a_success_there_is_no_best_trial(empty, wazir):
    study = create_study("py", parameters={"x": Double(0, 1)}, maximize="accuracy")
    assert "it has no trials yet" in wazir("trials").stderr
    study.suggest().mark_infeasible("no luck")
    result = wazir("best")
    assert result.exit_code == 1
    assert "study 'py': no trial has succeeded yet (1 infeasible)" in result.stderr


@pytest.fixture
def two(empty):
    study = create_study(
        "two", parameters={"x": Double(0, 1)}, maximize=["a", "b"], reference={"b": 0.0}
    )
    for a, b in ((1.0, 2.0), (3.0, 1.0), (0.5, 1.5)):
        study.suggest().complete({"a": a, "b": b})
    return study


def test_with_several_objectives_the_front_is_shown(two, wazir):
    lines = wazir("best").stdout.splitlines()
    assert lines[0] == "Pareto front: 2 trials that no other one beats in a and b"
    assert "b 0 (given)" in lines[1]
    assert "(chosen from the results)" in lines[1]
    assert [line.split()[:3] for line in lines[3:5]] == [["2", "3", "1"], ["1", "1", "2"]]
    assert lines[2].split() == ["TRIAL", "a", "(max)", "b", "(max)", "x"]
    shown = wazir("show").stdout
    assert "Pareto front: 2 trials" in shown
    assert "reference  b 0, a chosen from the results" in shown
    assert "front of 2" in wazir("studies").stdout


def test_a_long_front_is_shown_in_part(empty, wazir):
    study = create_study("long", parameters={"x": Double(0, 1)}, maximize=["a", "b"])
    for i in range(30):
        study.add_trial({"x": i / 30}, {"a": float(i), "b": float(-i)})
    lines = wazir("show").stdout.splitlines()
    rows = [line.split() for line in lines[lines.index(next(filter(is_head, lines))) + 1 :]]
    assert [row[0] for row in rows[:20]][::19] == ["30", "1"]
    assert " ".join(rows[20]) == "and 10 more between them; `wazir best` shows all"
    assert len(wazir("best").stdout.splitlines()) == 3 + 30


def is_head(line):
    return line.split()[:1] == ["TRIAL"]


def test_the_front_for_other_programs(two, wazir):
    found = json.loads(wazir("best", "--json").stdout)
    assert [trial["id"] for trial in found["optimal_trials"]] == [2, 1]
    # From a = 0.5, the worst value that was seen, and b = 0.
    assert found["reference"] == {"a": 0.5, "b": 0.0}
    assert found["hypervolume"] == pytest.approx(2.5 * 1.0 + 0.5 * 1.0)
    assert json.loads(wazir("show", "--json").stdout)["optimal_trials"] == [2, 1]


def test_several_objectives_have_no_best_trial(two, wazir):
    result = wazir("rerun", "best")
    assert result.exit_code == 2
    assert "name one of them: 2, 1" in result.stderr
    assert wazir("trials", "--sort", "b").exit_code == 0
    assert wazir("trials").stdout.splitlines()[0].split() == [
        "ID", "STATE", "a", "b", "x", "DURATION",
    ]  # fmt: skip


def test_exports_everything_as_json(lab, wazir, tmp_path):
    result = wazir("export", "-o", "lab.json")
    assert result.exit_code == 0
    assert "study lab with 4 trials is in lab.json" in result.stderr
    document = json.loads((tmp_path / "lab.json").read_text())
    assert document["format"] == "wazir-study"
    assert study_from_dict(document["study"]) == lab.service.study(LAB)
    measured = [trial.pop("measurements") for trial in document["trials"]]
    assert [trial_from_dict(trial) for trial in document["trials"]] == lab.service.trials(LAB)[1]
    assert [len(rows) for rows in measured] == [1, 0, 0, 1]
    assert measured[3][0]["metrics"] == {"rmse": 0.7}


def test_exports_rows_as_csv(lab, wazir, tmp_path):
    assert wazir("export", "lab", "-o", "lab.CSV").exit_code == 0
    with (tmp_path / "lab.CSV").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == ["SUCCEEDED", "SUCCEEDED", "INFEASIBLE", "ACTIVE"]


def test_exports_to_standard_output(lab, wazir):
    result = wazir("export", "-o", "-", "--format", "json")
    assert len(json.loads(result.stdout)["trials"]) == 4
    assert wazir("export", "-o", "-", "--format", "csv").stdout_bytes.startswith(b"id,state,")


def test_does_not_overwrite_unasked(lab, wazir, tmp_path):
    (tmp_path / "lab.csv").write_text("precious")
    result = wazir("export", "-o", "lab.csv")
    assert result.exit_code == 1
    assert "--force" in result.stderr
    assert (tmp_path / "lab.csv").read_text() == "precious"
    assert wazir("export", "-o", "lab.csv", "--force").exit_code == 0
    assert (tmp_path / "lab.csv").read_text().startswith("id,state")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--output"),
        (["-o", "lab.xlsx"], ".json or .csv"),
        (["-o", "lab"], ".json or .csv"),
        (["-o", "-"], "--format"),
        (["-o", "no/such/folder/lab.csv"], "No such file or directory"),
    ],
)
def test_a_wrong_output_is_explained(lab, wazir, arguments, message):
    result = wazir("export", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
