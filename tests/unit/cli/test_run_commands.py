"""`wazir logs` and `wazir rerun`."""

import os
import shlex
import signal
import subprocess
import threading
import time

import pytest

from wazir.app.compose import create_study
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.jobs.recording import CappedFile, write_record
from wazir.jobs.spec import job_spec_of

LAB = StudyName("default", "lab")


def test_prints_a_log_and_how_it_ended(lab, wazir):
    result = wazir("logs", "1")
    assert result.exit_code == 0
    assert result.stdout == "epoch 1\nrmse=0.305\n"
    assert result.stderr == "trial 1, attempt 1: exit code 0 after 12s\n"


def test_takes_the_best_trial_and_a_study(lab, wazir):
    create_study("later", parameters={"x": Double(0, 1)}, maximize="accuracy")
    assert wazir("logs", "lab", "best").stdout == "epoch 1\nrmse=0.305\n"


def test_a_log_ends_with_a_line_end(lab, wazir):
    assert wazir("logs", "3").stdout == "KeyError: 'x'\n"


def test_prints_a_chosen_attempt(lab, wazir):
    second = lab.folder.trial(1).attempt(2)
    second.mkdir()
    (second / "log").write_text("again\n")
    assert wazir("logs", "1").stdout == "again\n"
    assert wazir("logs", "1", "--attempt", "1").stdout.startswith("epoch 1")
    result = wazir("logs", "1", "--attempt", "5")
    assert result.exit_code == 1
    assert "its last one is 2" in result.stderr


def test_a_running_trial_is_said_to_run(lab, wazir):
    result = wazir("logs", "4")
    assert result.stdout == "epoch 1\n"
    assert "still running" in result.stderr


def test_follows_until_the_program_has_ended(lab, wazir):
    attempt_dir = lab.folder.trial(4).attempt(1)

    def program():
        time.sleep(0.1)
        with (attempt_dir / "log").open("ab") as log:
            log.write(b"epoch 2\n")
        record = {"outcome": "exited", "code": 0, "signal": None}
        times = {"started_at": 1.0, "ended_at": 2.0}
        write_record(str(attempt_dir / "exit.json"), {**record, **times}, sync=False)

    thread = threading.Thread(target=program)
    thread.start()
    result = wazir("logs", "4", "-f")
    thread.join()
    assert result.stdout == "epoch 1\nepoch 2\n"
    assert "exit code 0 after 1.0s" in result.stderr


def test_ctrl_c_ends_following(lab, wazir, monkeypatch):
    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("wazir.cli.logs.time.sleep", interrupt)
    result = wazir("logs", "-f", "4")
    assert (result.exit_code, result.stdout) == (130, "epoch 1\n")


def test_says_what_a_long_log_left_out(lab, wazir):
    attempt_dir = lab.folder.trial(1).attempt(2)
    attempt_dir.mkdir()
    log = CappedFile(str(attempt_dir / "log"), 10, 10)
    for number in range(10):
        log.write(b"line %04d\n" % number)
    assert "bytes left out" in wazir("logs", "1").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["99"], 1, "study 'lab' has no trial 99\nits trials are 1 to 4"),
        (["9" * 30], 1, "has no trial"),
        (["0"], 1, "has no trial 0"),
        (["lab"], 2, "'lab' is a study; name one of its trials too"),
        (["first"], 2, "a trial is a number or 'best', got 'first'"),
        (["1-rerun-1"], 1, "has no rerun 1-rerun-1"),
        (["1-rerun-1/../../.."], 2, "a trial is a number"),
        (["nolab", "1"], 1, "there is no study 'nolab'"),
        (["a", "b", "c"], 2, "STUDY and TRIAL at most"),
        ([], 2, "Missing argument"),
    ],
)
def test_a_wrong_trial_is_explained(lab, wazir, arguments, code, message):
    for command in ("logs", "rerun"):
        if command == "rerun" and "rerun-1" in "".join(arguments):
            continue
        result = wazir(command, *arguments)
        assert result.exit_code == code
        assert message in result.stderr


def test_a_trial_that_never_started_has_no_log(lab, wazir):
    point = {"learning-rate": 0.01, "batch_size": 9, "optimizer": "sgd"}
    lab.service.add_trial(LAB, point)
    result = wazir("logs", "5")
    assert result.exit_code == 1
    assert "no program was started for it" in result.stderr


def test_a_study_made_from_python_has_no_program(empty, wazir):
    study = create_study("py", parameters={"x": Double(0, 1)}, maximize="accuracy")
    study.suggest().complete(0.5)
    for command in ("logs", "rerun"):
        result = wazir(command, "1")
        assert result.exit_code == 1
        assert "was not made by `wazir tune`" in result.stderr


def test_runs_a_trial_again_in_a_folder_of_its_own(lab, wazir):
    result = wazir("rerun", "best")
    assert result.exit_code == 0
    assert result.stdout == "training 1-rerun-1\nrmse=0.25\n"
    assert "rmse 0.25; trial 1 had 0.30517578125" in result.stderr
    folder = lab.folder.path / "trials" / "1-rerun-1"
    arguments = (folder / "out" / "args").read_text()
    assert arguments == "--learning-rate 0.0123456789 --batch_size 16 --optimizer adam\n"
    assert wazir("logs", "1-rerun-1").stdout == result.stdout
    assert lab.service.trial(LAB, 1).final_measurement.metrics == {"rmse": 0.30517578125}
    assert "training 1-rerun-2" in wazir("rerun", "1").stdout


def test_runs_a_trial_again_in_place(lab, wazir):
    result = wazir("rerun", "lab", "2", "--in-place")
    assert result.stdout.startswith("training 2\n")
    assert (lab.folder.trial(2).output / "args").exists()
    assert wazir("logs", "2").stdout == result.stdout
    assert wazir("logs", "2", "--attempt", "1").stdout.startswith("epoch 1")
    assert sorted(p.name for p in (lab.folder.path / "trials").iterdir()) == list("1234")


def test_a_running_trial_is_not_run_again_in_place(lab, wazir):
    result = wazir("rerun", "4", "--in-place")
    assert result.exit_code == 1
    assert "trial 4 is ACTIVE" in result.stderr
    assert not lab.folder.trial(4).attempt(2).exists()


def _use_program(lab, *command):
    """Let the study run another program."""
    from dataclasses import replace

    spec = replace(job_spec_of(lab.service.study(LAB)), command=command)
    lab.service.update_metadata(LAB, {"wazir.job": spec.to_metadata()})


@pytest.mark.parametrize(
    ("script", "code", "message"),
    [
        ("echo oops; exit 3", 3, "exit code 3"),
        ("kill -KILL $$", 137, "killed by SIGKILL"),
        ("true", 0, "no value of rmse was found"),
    ],
)
def test_the_exit_code_is_the_programs(lab, wazir, script, code, message):
    _use_program(lab, "/bin/sh", "-c", script, "name")
    result = wazir("rerun", "1")
    assert result.exit_code == code
    assert message in result.stderr


def test_a_program_that_cannot_start_is_explained(lab, wazir):
    _use_program(lab, "/no/such/program")
    result = wazir("rerun", "1")
    assert result.exit_code == 1
    assert "the program cannot be started" in result.stderr


def test_ctrl_c_stops_a_rerun(lab, wazir):
    _use_program(lab, "/bin/sh", "-c", "echo ready; sleep 30", "name")
    log = lab.folder.path / "trials" / "1-rerun-1" / "attempts" / "1" / "log"

    def press():
        while not log.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    result = wazir("rerun", "1")
    thread.join()
    assert result.exit_code == 130
    assert "killed by SIGTERM" in result.stderr


def test_prints_a_command_for_the_shell(lab, wazir):
    result = wazir("rerun", "--print", "1")
    assert result.exit_code == 0
    assert not (lab.folder.path / "trials" / "1-rerun-1").exists()
    line = result.stdout
    assert f"cd {shlex.quote(str(lab.root))} && " in line
    assert "WAZIR_TRIAL_ID=1-rerun-1 " in line
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout == "training 1-rerun-1\nrmse=0.25\n"
    assert "WAZIR_TRIAL_ID=1-rerun-2 " in wazir("rerun", "--print", "1").stdout
