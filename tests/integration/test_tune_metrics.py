"""Where a metric is found, which source counts, and what is said if there is none."""

import sys

import pytest

TUNE = ("tune", "--minimize", "rmse", "--algorithm", "random", "-p", "x=0.0..1.0")
PYTHON = (sys.executable, "-S", "train.py")


def tune_python(wazir_in, text, *flags, code=0):
    wazir_in.write("train.py", text)
    return wazir_in(*TUNE, "--trials", "2", *flags, "--", *PYTHON, code=code)


def test_lines_give_a_curve_and_its_last_value_counts(wazir_in):
    wazir_in.write(
        "train.sh",
        'for epoch in 1 2 3; do echo "epoch $epoch train_rmse=9 rmse: $epoch.5"; done\n',
    )
    wazir_in(*TUNE, "--trials", "1", "--", "sh", "train.sh")
    (trial,) = wazir_in.trials("train")
    assert trial.value == 3.5
    assert [(m.step, m.metrics["rmse"]) for m in trial.measurements] == [
        (1, 1.5), (2, 2.5), (3, 3.5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('{"rmse": 0.31, "step": 3}', 0.31),
        ("rmse=3.1e-1", 0.31),
        ("[INFO] epoch 3 - rmse: 0.31", 0.31),
        ("0.9\\rrmse: 0.5\\rrmse: 0.31", 0.31),
    ],
)
def test_usual_lines_are_understood(wazir_in, line, value):
    wazir_in.write("train.sh", f"printf '%b\\n' '{line}'\n")
    wazir_in(*TUNE, "--trials", "1", "--", "sh", "train.sh")
    assert wazir_in.trials("train")[0].value == value


def test_reporting_comes_before_lines(wazir_in):
    tune_python(
        wazir_in,
        "import wazir.reporting\n"
        "for step in (1, 2):\n"
        "    print('rmse=99')\n"
        "    wazir.reporting.report(step / 8, step=step)\n",
    )
    for trial in wazir_in.trials("train"):
        assert trial.value == 0.25
        assert [m.metrics["rmse"] for m in trial.measurements] == [0.125, 0.25]


def test_reporting_takes_several_metrics_and_ignores_foreign_ones(wazir_in):
    tune_python(
        wazir_in,
        "from wazir.reporting import parameters, report, trial_id\n"
        "report({'rmse': parameters()['x'], 'latency': trial_id()})\n",
    )
    for trial in wazir_in.trials("train"):
        assert trial.value == trial.parameters["x"]


def test_the_hypertune_file_comes_before_lines(wazir_in):
    wazir_in.write(
        "train.sh",
        "echo rmse=99\n"
        'mkdir -p "$(dirname "$CLOUD_ML_HP_METRIC_FILE")"\n'
        'echo \'{"checkpoint_path": "", "global_step": "4", "rmse": "0.5", "timestamp": 1.5,\' '
        '\'"trial": "1"}\' > "$CLOUD_ML_HP_METRIC_FILE"\n',
    )
    wazir_in(*TUNE, "--trials", "1", "--", "sh", "train.sh")
    (trial,) = wazir_in.trials("train")
    assert (trial.value, trial.measurements[-1].step) == (0.5, 4)


def test_a_pattern_finds_what_the_rules_do_not(wazir_in):
    wazir_in.write("train.sh", 'echo "rmse=99"; echo "final score [0.25]"\n')
    pattern = ("--metric-pattern", r"score \[([\d.]+)\]")
    wazir_in(*TUNE, "--trials", "1", *pattern, "--", "sh", "train.sh")
    assert wazir_in.trials("train")[0].value == 0.25


def test_a_pattern_that_never_matches_is_said(wazir_in):
    wazir_in.write("train.sh", 'echo "rmse=99"\n')
    pattern = ("--metric-pattern", r"score=([\d.]+)")
    said = wazir_in(*TUNE, *pattern, "--", "sh", "train.sh", code=1)
    assert r"score=([\d.]+)" in said.text


def test_a_missing_metric_names_the_tags_that_were_seen(wazir_in):
    wazir_in.write("train.sh", 'echo "val_rmse=0.3 mae: 0.2"\n')
    said = wazir_in(*TUNE, "--trials", "4", "--", "sh", "train.sh", code=1)
    for wanted in ("'rmse'", "val_rmse", "mae", "did you mean"):
        assert wanted in said.text
    trials = wazir_in.trials("train")
    assert [str(trial.state) for trial in trials] == ["INFEASIBLE"]
    assert "val_rmse" in trials[0].infeasible_reason


def test_a_missing_metric_of_a_silent_program(wazir_in):
    said = wazir_in(*TUNE, "--", "true", code=1)
    assert "no other values were seen" in said.text


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_program_that_ends_without_a_number_has_no_result(wazir_in, value):
    wazir_in.write("train.sh", f'echo "rmse=0.5"; echo "rmse={value}"\n')
    wazir_in(*TUNE, "--", "sh", "train.sh", code=1)
    assert str(wazir_in.trials("train")[0].state) == "INFEASIBLE"


def test_a_maximized_metric_counts_from_above(wazir_in):
    wazir_in.write("train.sh", 'echo "score=$2"\n')
    flags = ("--maximize", "score", "-p", "x=0.0..1.0", "--trials", "4", "--algorithm", "random")
    said = wazir_in("tune", *flags, "--", "sh", "train.sh")
    best = max(trial.value for trial in wazir_in.trials("train"))
    assert wazir_in.study("train").best_trial.value == best
    assert f"score {best!r} (maximize)" in said.stdout


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("print('rmse=1')\n", "standard output"),
        ("import wazir.reporting\nwazir.reporting.report(1)\n", "wazir.reporting.report()"),
    ],
)
def test_the_source_of_the_metric_is_shown(wazir_in, text, source):
    assert source in tune_python(wazir_in, text).stdout
