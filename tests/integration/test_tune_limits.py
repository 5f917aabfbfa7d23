"""Failures and limits: what ends a trial or the job, what is said, and the exit code."""

import sys
import time

import pytest

TUNE = ("tune", "--minimize", "rmse", "--algorithm", "random", "-p", "x=0.0..1.0")
COMMAND = ("--", "sh", "train.sh")


def states(wazir_in):
    return [str(trial.state) for trial in wazir_in.trials("train")]


def test_a_job_that_only_fails_shows_the_end_of_the_first_log(wazir_in):
    wazir_in.write("train.sh", "for i in $(seq 30); do echo line-$i-; done\nexit 3\n")
    failed = wazir_in(*TUNE, *COMMAND, code=1)
    assert states(wazir_in) == ["INFEASIBLE"]
    assert "exit code 3" in failed.text
    shown = [n for n in range(1, 31) if f"line-{n}-" in failed.stdout.split("exit code 3")[-1]]
    assert shown == list(range(11, 31))


def test_as_many_first_failures_as_parallel_trials_stop_the_job(wazir_in):
    wazir_in.write("train.sh", "sleep 0.2\nexit 3\n")
    wazir_in(*TUNE, "--parallel", "3", *COMMAND, code=1)
    # Others have started meanwhile; they are put back.
    found = states(wazir_in)
    assert found.count("INFEASIBLE") == 3
    assert set(found) <= {"INFEASIBLE", "REQUESTED"}
    assert len(found) <= 5


def test_some_failures_do_not_stop_the_job(wazir_in):
    wazir_in.write("train.sh", 'case $CLOUD_ML_TRIAL_ID in 2|4) exit 7; esac\necho "rmse=$2"\n')
    wazir_in(*TUNE, "--trials", "5", *COMMAND)
    assert states(wazir_in) == [
        "SUCCEEDED", "INFEASIBLE", "SUCCEEDED", "INFEASIBLE", "SUCCEEDED",
    ]  # fmt: skip
    failed = wazir_in.trials("train")[1]
    assert "exit code 7" in failed.infeasible_reason
    assert failed.attempt == 1


def test_a_number_of_failed_trials_stops_the_job(wazir_in):
    wazir_in.write("train.sh", 'case $CLOUD_ML_TRIAL_ID in 2|4) exit 7; esac\necho "rmse=$2"\n')
    wazir_in(*TUNE, "--trials", "9", "--max-failed-trials", "2", *COMMAND, code=1)
    assert len(states(wazir_in)) == 4


def test_a_trial_that_runs_too_long_is_stopped(wazir_in):
    wazir_in.write("train.sh", 'echo "rmse=$2"\n[ $CLOUD_ML_TRIAL_ID = 1 ] || sleep 60\n')
    said = wazir_in(*TUNE, "--trials", "2", "--trial-timeout", "2s", *COMMAND)
    assert states(wazir_in) == ["SUCCEEDED", "INFEASIBLE"]
    assert "limit for one trial" in said.text


def test_a_job_ends_at_its_time_and_goes_on_later(wazir_in):
    wazir_in.write("train.sh", 'echo "rmse=$2"\n[ $CLOUD_ML_TRIAL_ID = 1 ] || sleep 60\n')
    began = time.monotonic()
    wazir_in(*TUNE, "--trials", "2", "--timeout", "3s", *COMMAND)
    assert time.monotonic() - began < 20
    assert states(wazir_in) == ["SUCCEEDED", "REQUESTED"]
    # The command is the same, the program is not: now it ends.
    wazir_in.write("train.sh", 'echo "rmse=$2"\n')
    wazir_in(*TUNE, "--trials", "2", *COMMAND)
    assert states(wazir_in) == ["SUCCEEDED", "SUCCEEDED"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("no-such-program-anywhere",), "not found"),
        (("./train.txt",), "may not be executed"),
        (("./no-interpreter.sh",), "interpreter"),
    ],
)
def test_a_program_that_cannot_be_started_fails_the_job(wazir_in, command, said):
    wazir_in.write("train.txt", "echo rmse=1\n")
    wazir_in.write("no-interpreter.sh", "#!/no/such/shell\n", executable=True)
    failed = wazir_in(*TUNE, "--", *command, code=1)
    assert said in failed.text


def test_a_killed_program_is_named(wazir_in):
    wazir_in.write("train.sh", "kill -9 $$\n")
    assert "SIGKILL" in wazir_in(*TUNE, *COMMAND, code=1).text
    trial = wazir_in.trials("train")[0]
    assert trial.attempt == 1


def test_the_exception_of_a_python_program_is_the_reason(wazir_in):
    wazir_in.write("train.py", "raise RuntimeError('no data in ./data')\n")
    failed = wazir_in(*TUNE, "--", sys.executable, "-S", "train.py", code=1)
    assert "RuntimeError: no data in ./data" in failed.text
    reason = wazir_in.trials("train")[0].infeasible_reason
    assert "RuntimeError: no data in ./data" in reason


def test_a_failure_without_success_is_told_with_all_trials_done(wazir_in):
    wazir_in.write("train.sh", "exit 3\n")
    wazir_in(*TUNE, "--trials", "2", "--max-failed-trials", "9", *COMMAND, code=1)
    assert states(wazir_in) == ["INFEASIBLE"] * 2
