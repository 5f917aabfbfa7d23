"""Two trials that write the same file are noticed."""

import os

import pytest

from wazir.jobs.clobber import ClobberWatch


@pytest.fixture
def watch(tmp_path):
    ours = tmp_path / "wazir-runs" / "s"
    ours.mkdir(parents=True)
    return ClobberWatch(tmp_path, ours)


def write(path, at):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x")
    os.utime(path, (at, at))


def test_the_same_file_written_by_two_trials_is_named_with_the_cure(watch, tmp_path):
    argv = ["prog", "--output_dir", "out"]
    write(tmp_path / "out/model", 105)
    assert watch.trial_ended("1", argv, 100, 110) == ""
    write(tmp_path / "out/model", 125)
    warning = watch.trial_ended("2", argv, 120, 130)
    assert "trials 1 and 2 both wrote" in warning
    assert "out/model" in warning
    assert "{trial_dir}" in warning


def test_inputs_and_files_of_one_trial_are_no_clobbering(watch, tmp_path):
    write(tmp_path / "data/train.csv", 50)
    write(tmp_path / "out/1/model", 105)
    argv = ["prog", "--data=data", "--out", "out"]
    assert watch.trial_ended("1", argv, 100, 110) == ""
    write(tmp_path / "out/2/model", 125)
    assert watch.trial_ended("2", argv, 120, 130) == ""


def test_a_file_written_while_both_ran_is_not_certain(watch, tmp_path):
    write(tmp_path / "out/model", 105)
    argv = ["prog", "out"]
    assert watch.trial_ended("1", argv, 100, 110) == ""
    assert watch.trial_ended("2", argv, 100, 111) == ""


def test_our_own_folder_and_the_working_folder_are_not_searched(watch, tmp_path):
    own = tmp_path / "wazir-runs/s/trials/1/out/model"
    write(own, 105)
    write(tmp_path / "log.txt", 105)
    argv = ["prog", str(own.parent), ".", "/", "--x=", "\0"]
    assert watch.trial_ended("1", argv, 100, 110) == ""
    write(own, 125)
    write(tmp_path / "log.txt", 125)
    assert watch.trial_ended("2", argv, 120, 130) == ""
