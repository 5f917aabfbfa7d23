"""Several objectives from the command line to the front."""

import pytest

TUNE = (
    "tune", "--minimize", "latency", "--maximize", "accuracy", "--minimize", "size",
    "--algorithm", "random", "--seed", "1", "-p", "x=0.0..1.0",
)  # fmt: skip
TRAIN = """\
x=$2
for epoch in 1 2; do echo "epoch $epoch accuracy=0.$epoch"; done
echo "latency=$x"
echo "size: 3"
"""


def test_all_objectives_are_read_and_the_front_is_shown(wazir_in):
    wazir_in.write("train.sh", TRAIN)
    done = wazir_in(*TUNE, "--trials", "3", "--reference", "size=4", "--", "sh", "train.sh")
    study = wazir_in.study("train")
    assert [m.name for m in study.config.metrics] == ["latency", "accuracy", "size"]
    for trial in study.trials:
        expected = {"latency": trial.parameters["x"], "accuracy": 0.2, "size": 3.0}
        assert trial.metrics == pytest.approx(expected)
    (best,) = study.optimal_trials()
    assert "study train: MINIMIZE latency, MAXIMIZE accuracy, MINIMIZE size" in done.stdout
    assert (
        "Pareto front: 1 trial that no other one beats in latency, accuracy and size" in done.text
    )
    assert f"{best.id}" in done.stdout
    assert "size 4 (given)" in done.stdout
    assert "wazir rerun train TRIAL" in done.stdout
    again = wazir_in("rerun", "train", str(best.id))
    assert "accuracy 0.2" in again.stderr


def test_a_trial_without_one_of_the_objectives_is_loud(wazir_in):
    wazir_in.write("train.sh", 'echo "accuracy=0.5"; echo "latency=$2"; echo "Size=3"\n')
    done = wazir_in(*TUNE, "--trials", "1", "--", "sh", "train.sh", code=1)
    (trial,) = wazir_in.trials("train")
    assert str(trial.state) == "INFEASIBLE"
    assert "without a value of metric 'size'" in trial.infeasible_reason
    assert "did you mean 'Size'?" in trial.infeasible_reason
    assert "'accuracy'" in done.text
    assert "report({'size': value})" in done.text


def test_a_dry_run_shows_objectives_and_reference(wazir_in):
    wazir_in.write("train.sh", TRAIN)
    shown = wazir_in(*TUNE, "--dry-run", "--", "sh", "train.sh").stdout
    assert "goal       MINIMIZE latency\ngoal       MAXIMIZE accuracy\n" in shown
    assert "reference  latency, accuracy, size chosen from the results" in shown


def test_a_pattern_without_the_name_of_the_metric_is_doubtful(wazir_in):
    wazir_in.write("train.sh", TRAIN)
    flags = ("--metric-pattern", r"latency=(\S+)", "--dry-run")
    noted = wazir_in(*TUNE, *flags, "--", "sh", "train.sh").stderr
    assert "it finds latency alone, not accuracy, size" in noted


def test_other_objectives_are_another_study(wazir_in):
    wazir_in.write("train.sh", TRAIN)
    wazir_in(*TUNE, "--trials", "1", "--", "sh", "train.sh")
    other = wazir_in(
        *TUNE, "--trials", "1", "--reference", "size=4", "--", "sh", "train.sh", code=2
    )
    assert "MINIMIZE size (reference 4)" in other.stderr


def test_hopeless_trials_are_stopped_only_if_they_cannot_be_a_compromise(wazir_in):
    """Trials 1 to 8 alternate: good in one objective, then bad in both."""
    wazir_in.write(
        "train.sh",
        """
good=$((WAZIR_TRIAL_ID % 2))
for epoch in 1 2 3 4 5 6 7 8 9 10; do
  if [ $good = 1 ]; then echo "epoch $epoch latency=1 accuracy=0.9 size=1"
  else echo "epoch $epoch latency=9 accuracy=0.1 size=9"; fi
  if [ $WAZIR_TRIAL_ID -gt 6 ]; then sleep 0.3; fi
done
""",
    )
    flags = ("--trials", "8", "--early-stopping", "median", "--no-default-first")
    wazir_in(*TUNE, *flags, "--", "sh", "train.sh")
    trials = {trial.id: trial for trial in wazir_in.trials("train")}
    assert trials[8].stopping_reason
    assert not trials[7].stopping_reason
    assert trials[8].metrics["size"] == 9
