"""`wazir edit`: what is said, what is changed, and what is refused."""

import json

from wazir.app.compose import create_study, load_study
from wazir.domain.parameters import Double

OUTSIDE = (
    "of 3 trials that have ended 3 lie outside of what the study allows now: they stay in the "
    "history and cannot be the best; RANDOM_SEARCH learns nothing more from them"
)


def test_says_and_does_what_changes(lab, wazir):
    edit = ("edit", "lab", "-p", "batch_size=32..128", "--freeze", "optimizer=adam")
    dry = wazir(*edit, "--trials", 50, "--dry-run")
    assert dry.stdout.splitlines() == [
        "study lab",
        "  batch_size: was INTEGER 8 to 64, is INTEGER 32 to 128",
        "  optimizer: was CATEGORICAL adam, sgd, is CATEGORICAL adam",
        "  trials: was 30, is 50",
        OUTSIDE,
        "nothing was changed, because of --dry-run",
    ]
    assert load_study("lab").edits == []
    done = wazir(*edit, "--trials", 50)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == dry.stdout.splitlines()[:-1]
    assert load_study("lab").config.planned_n_trials == 50
    again = wazir(*edit)
    assert again.stdout == "study lab is like that already\n"
    assert len(load_study("lab").edits) == 1


def test_the_history_is_shown(lab, wazir):
    wazir("edit", "lab", "--trials", 50, "--algorithm", "tpe")
    lines = wazir("show", "lab").stdout.splitlines()
    place = lines.index("edits")
    assert lines[place + 1].endswith("algorithm: was RANDOM_SEARCH, is TPE")
    assert lines[place + 2].strip() == "trials: was 30, is 50"
    (record,) = json.loads(wazir("show", "lab", "--json").stdout)["edits"]
    assert record["client_id"] == "wazir edit"
    assert record["changes"] == [
        "algorithm: was RANDOM_SEARCH, is TPE",
        "trials: was 30, is 50",
    ]


def test_what_a_study_knows_and_when_it_ends_can_be_edited(lab, wazir):
    knowledge = ("--belief", "batch_size=32", "--prior-studies", "old")
    assert "there is no prior study 'old'" in wazir("edit", "lab", *knowledge).stderr
    create_study("old", parameters={"batch_size": Double(1, 99)}, minimize="rmse")
    ends = ("--auto-stop-below", "10%", "--min-improvement", "0.01")
    assert wazir("edit", "lab", *knowledge, *ends).stdout.splitlines() == [
        "study lab",
        "  ends when: was none, is an improvement by more than 0.01 has a probability below 0.1",
        "  beliefs: was none, is batch_size=32",
        "  prior studies: was none, is old",
    ]
    none = ("--belief", "none", "--prior-studies", "none", "--no-auto-stop")
    wazir("edit", "lab", *none)
    config = load_study("lab").config
    assert (config.beliefs, config.prior_studies) == ({}, ())
    assert config.study_stopping.auto_stop_below is None


def test_reference_values_are_edited_and_taken_back(tmp_path, monkeypatch, wazir):
    monkeypatch.chdir(tmp_path)
    two = create_study(
        "two", parameters={"x": Double(0, 1)}, minimize=["loss", "size"], reference={"size": 9}
    )
    done = wazir("edit", "two", "--reference", "loss=2.5", "--reference", "size=none")
    assert done.exit_code == 0, done.stderr
    assert [m.reference_value for m in two.config.objectives] == [2.5, None]


def test_metrics_stay_and_it_is_said_why(lab, wazir):
    result = wazir("edit", "lab", "--minimize", "other")
    assert result.exit_code == 2
    assert "stays as it is (MINIMIZE rmse): values of another metric cannot" in result.stderr
    assert "make a new study" in result.stderr
    assert "--minimize" not in wazir("edit", "--help").stdout


def test_waiting_trials_that_are_dropped_are_named(lab, wazir):
    point = {"learning-rate": 0.09, "batch_size": 64, "optimizer": "sgd"}
    waiting = load_study("lab").enqueue(point)
    result = wazir("edit", "lab", "-p", "learning-rate=1e-4..5e-2:log")
    assert f"not run any more: trial {waiting.id}" in result.stdout
    assert [trial.id for trial in load_study("lab").trials] == [1, 2, 3, 4]


def test_wrong_edits_are_refused_and_change_nothing(lab, wazir):
    for arguments, text in (
        ((), "say what to change"),
        (("-p", "new=1..5"), "--old-value new=0"),
        (("--freeze", "batch_size=99"), "widen its range in the same edit"),
        (("--algorithm", "tpee"), "did you mean 'TPE'"),
        (("--early-stopping", "medain"), "did you mean 'median'"),
        (("--trials", "0"), "--trials"),
    ):
        result = wazir("edit", "lab", *arguments)
        assert (result.exit_code, result.stdout) == (2, ""), arguments
        assert text in result.stderr
    assert wazir("edit", "lap", "--trials", 5).exit_code == 1
    assert load_study("lab").edits == []


def test_the_number_in_a_limit_is_edited_and_nothing_else_of_it(empty, wazir):
    options = {"minimize": "loss", "safe": ["latency<=90", "recall>=0.5"]}
    create_study("safe", parameters={"x": Double(0, 1)}, **options)
    done = wazir("edit", "safe", "--safe", "latency <= 70", "--noise", "high")
    assert "  latency: threshold was 90, is 70" in done.stdout
    study = load_study("safe")
    assert [m.safety_threshold for m in study.config.safety_metrics] == [70.0, 0.5]
    assert study.config.observation_noise.value == "HIGH"
    for limit, text in (
        ("latency>=70", "only the number in a limit"),
        ("latency<=70 in 90%", "only the number in a limit"),
        ("latancy<=70", "did you mean 'latency'"),
        ("loss<=70", "a safety metric is one of latency, recall"),
    ):
        refused = wazir("edit", "safe", "--safe", limit)
        assert refused.exit_code == 2
        assert text in refused.stderr
    again = create_study("safe", parameters={"x": Double(0, 1)}, **options)
    assert again.config.safety_metrics[0].safety_threshold == 70.0
