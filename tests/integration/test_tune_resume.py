"""The same command again: what goes on, what is refused, and what is left alone."""

import signal
import subprocess
import time

import pytest

PROGRAM = 'echo run >> runs.txt\necho "rmse=$2"\n'
TUNE = ("tune", "--minimize", "rmse", "--algorithm", "random")
SPACE = ("-p", "x=0.0..1.0")
COMMAND = ("--", "sh", "train.sh")


@pytest.fixture
def job(wazir_in):
    wazir_in.write("train.sh", PROGRAM)
    wazir_in(*TUNE, *SPACE, "--trials", "2", *COMMAND)
    return wazir_in


def n_runs(job):
    return len((job.folder / "runs.txt").read_text().splitlines())


def points(job, study):
    return [(trial.id, trial.parameters["x"], trial.value) for trial in job.trials(study)]


def test_each_trial_is_run_once_and_its_value_is_kept(job):
    assert n_runs(job) == 2
    assert [number for number, _, _ in points(job, "train")] == [1, 2]
    assert all(value == x for _, x, value in points(job, "train"))


def test_a_finished_job_prints_its_result_and_runs_nothing(job):
    before = points(job, "train")
    again = job(*TUNE, *SPACE, "--trials", "2", *COMMAND)
    assert n_runs(job) == 2
    assert points(job, "train") == before
    best = min(value for _, _, value in before)
    assert f"rmse {best!r} (minimize)" in again.stdout


def test_more_trials_and_more_parallelism_go_on_with_the_same_study(job):
    before = points(job, "train")
    job(*TUNE, *SPACE, "--trials", "5", "--parallel", "2", *COMMAND)
    after = points(job, "train")
    assert after[:2] == before
    assert [number for number, _, _ in after] == [1, 2, 3, 4, 5]
    assert n_runs(job) == 5


def test_another_space_is_refused_with_the_difference_and_the_ways_out(job):
    refused = job(*TUNE, "-p", "x=0.0..2.0", "--trials", "4", *COMMAND, code=2)
    for wanted in (
        "'train'",
        "x",
        "DOUBLE 0 to 1",
        "DOUBLE 0 to 2",
        "--study NAME",
        "--no-resume",
    ):
        assert wanted in refused.text
    assert "'train-2'" in refused.text
    assert n_runs(job) == 2
    assert len(points(job, "train")) == 2


def test_an_added_parameter_and_another_goal_are_differences_too(job):
    added = job(*TUNE, *SPACE, "-p", "depth=1..5", *COMMAND, code=2)
    assert "depth" in added.text
    goal = job("tune", "--maximize", "rmse", *SPACE, *COMMAND, code=2)
    assert "MINIMIZE rmse" in goal.text
    assert "MAXIMIZE rmse" in goal.text


def test_another_command_is_refused(job):
    refused = job(*TUNE, *SPACE, *COMMAND, "--verbose", code=2)
    assert "was sh train.sh, is sh train.sh --verbose" in refused.text
    assert n_runs(job) == 2


def test_no_resume_starts_a_second_study_and_deletes_nothing(job):
    before = points(job, "train")
    again = job(*TUNE, *SPACE, "--trials", "1", "--no-resume", *COMMAND)
    assert "train-2" in again.text
    assert points(job, "train") == before
    assert len(points(job, "train-2")) == 1
    job(*TUNE, *SPACE, "--trials", "1", "--no-resume", *COMMAND)
    assert len(points(job, "train-3")) == 1


def test_a_named_study_stands_beside_the_first(job):
    job(*TUNE, "-p", "x=0.0..2.0", "--trials", "1", "--study", "wide", *COMMAND)
    assert len(points(job, "wide")) == 1
    assert len(points(job, "train")) == 2


def test_ctrl_c_stops_gently_and_the_same_command_goes_on(wazir_in):
    wazir_in.write(
        "train.sh",
        'trap "echo saved > saved.txt; exit 0" TERM\n'
        'echo "rmse=$2"; [ $CLOUD_ML_TRIAL_ID = 1 ] && exit\n'
        "echo started > started.txt\n"
        "[ -e saved.txt ] || { sleep 30 & wait; }\n",
    )
    arguments = (*TUNE, *SPACE, "--trials", "3", *COMMAND)
    runner = subprocess.Popen(
        wazir_in.argv(*arguments),
        cwd=wazir_in.folder,
        env=wazir_in.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 20
    while not (wazir_in.folder / "started.txt").exists():
        assert time.monotonic() < deadline
        assert runner.poll() is None
        time.sleep(0.02)
    runner.send_signal(signal.SIGINT)
    said, _ = runner.communicate(timeout=20)
    assert runner.returncode == 130, said
    assert "Traceback" not in said
    assert (wazir_in.folder / "saved.txt").exists()

    first = wazir_in.trials("train")[0]
    wazir_in(*arguments)
    trials = wazir_in.trials("train")
    assert [(trial.id, str(trial.state)) for trial in trials] == [
        (1, "SUCCEEDED"), (2, "SUCCEEDED"), (3, "SUCCEEDED"),
    ]  # fmt: skip
    assert trials[0].parameters == first.parameters


def test_the_old_command_goes_on_with_an_edited_study(job):
    job("edit", "train", "-p", "x=5.0..6.0", "--trials", "4")
    again = job(*TUNE, *SPACE, "--trials", "2", *COMMAND)
    assert "goes on as it is now: x: was DOUBLE 0 to 1, is DOUBLE 5 to 6" in again.stderr
    assert [x > 1 for _, x, _ in points(job, "train")] == [False, False, True, True]
    edited = job(*TUNE, "-p", "x=5.0..6.0", "--trials", "5", *COMMAND)
    assert "edited" not in edited.stderr
    assert len(points(job, "train")) == 5


def test_the_number_of_trials_stays_where_it_is_not_named(job):
    job(*TUNE, *SPACE, *COMMAND)
    assert len(points(job, "train")) == 2


def test_the_message_has_the_command_that_edits_the_study(job):
    refused = job(*TUNE, "-p", "x=0.0..2.0", "-p", "n=1..3", *COMMAND, code=2)
    command = "wazir edit train -p x=0.0..2.0 -p n=1..3 --old-value n=VALUE"
    assert command in refused.stderr


def test_the_old_command_goes_on_with_an_edited_limit_noise_and_belief(wazir_in):
    wazir_in.write("train.sh", 'echo "rmse=$2"\necho "latency=0.1"\n')
    said = ("--safe", "latency<=0.9", "--noise", "low", "--belief", "x=0.2")
    command = (*TUNE, *said, *SPACE, "--trials", "2", *COMMAND)
    wazir_in(*command)
    edit = ("--safe", "latency<=0.5", "--noise", "high", "--belief", "x=0.4", "--trials", "3")
    wazir_in("edit", "train", *edit)
    again = wazir_in(*command)
    assert "goes on as it is now: latency: threshold was 0.9, is 0.5" in again.stderr
    assert "goes on as it is now: observation noise: was LOW, is HIGH" in again.stderr
    assert "goes on as it is now: beliefs: was x=0.2, is x=0.4" in again.stderr
    assert len(points(wazir_in, "train")) == 3
    other = (*TUNE, *said[:2], "--belief", "x=0.7", *SPACE, *COMMAND)
    assert "wazir edit train --belief x=0.7" in wazir_in(*other, code=2).stderr


def test_a_dry_run_says_what_becomes_of_a_study_of_that_name(job):
    job(*TUNE, *SPACE, *COMMAND)
    n_before = len(points(job, "train"))
    same = job(*TUNE, "--dry-run", *SPACE, *COMMAND)
    assert "study 'train' exists with 2 ended trials; this would go on with it" in same.text
    other = job(*TUNE, "--dry-run", "-p", "x=0.0..2.0", *COMMAND)
    assert "this would be refused: study 'train' exists, and it differs" in other.text
    new = job(*TUNE, "--dry-run", "--no-resume", *SPACE, *COMMAND)
    assert "study 'train' exists; this would make 'train-2'" in new.text
    assert len(points(job, "train")) == n_before
