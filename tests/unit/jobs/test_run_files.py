"""Looking at the files of runs, and removing them and nothing else."""

import os

import pytest

from wazir.jobs.deletion import delete_runs, run_files
from wazir.jobs.directories import StudyDirectory
from wazir.jobs.log_follower import AttemptState, LogFollower, attempt_state, how_attempt_stands
from wazir.jobs.processes import identify
from wazir.jobs.recorded_run import recorded_run
from wazir.jobs.recording import CLAIM, EXIT, CappedFile, claim, write_record


@pytest.fixture
def study(tmp_path):
    study = StudyDirectory(tmp_path / "runs" / "lab")
    for name in ("1", "12", "12-rerun-1"):
        folder = study.path / "trials" / name / "out"
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes(b"12345")
    return study


def test_counts_what_would_go(study):
    found = run_files(study)
    assert [folder.name for folder in found.folders] == ["1", "12", "12-rerun-1"]
    assert (found.n_files, found.size_bytes) == (3, 15)


def test_removes_the_study_folder(study):
    assert delete_runs(study) == []
    assert not study.path.exists()
    assert study.path.parent.is_dir()


@pytest.mark.parametrize("name", ["notes.txt", "trials/data", "trials/01", "trials/7.txt"])
def test_leaves_what_is_not_ours(study, name):
    other = study.path / name
    other.write_text("mine")
    assert delete_runs(study) == []
    assert other.read_text() == "mine"
    assert not (study.path / "trials" / "1").exists()


def test_does_not_follow_links(study, tmp_path):
    outside = tmp_path / "outside"
    (outside / "trials" / "1").mkdir(parents=True)
    (outside / "trials" / "1" / "precious").write_text("data")
    (study.path / "trials" / "99").symlink_to(outside / "trials" / "1")
    (study.path / "trials" / "1" / "out" / "link").symlink_to(outside)
    delete_runs(study)
    assert (outside / "trials" / "1" / "precious").exists()
    linked = StudyDirectory(tmp_path / "linked")
    linked.path.symlink_to(outside)
    assert run_files(linked).folders == ()
    assert delete_runs(linked) == []
    assert (outside / "trials" / "1" / "precious").exists()


def test_a_study_without_files_is_no_failure(tmp_path):
    assert delete_runs(StudyDirectory(tmp_path / "none")) == []


def test_says_what_cannot_be_removed(study, monkeypatch):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    failures = delete_runs(study)
    assert len(failures) == 3
    assert failures[0].endswith("trials/1: Permission denied")


def test_follows_a_log_from_its_beginning(tmp_path):
    log = CappedFile(str(tmp_path / "log"), 1000, 1000)
    follower = LogFollower(tmp_path)
    assert list(follower.new()) == []
    log.write(b"one\n")
    assert b"".join(follower.new()) == b"one\n"
    log.write(b"two")
    assert b"".join(follower.new()) == b"two"
    assert b"".join(follower.new()) == b""


def test_says_what_a_log_left_out(tmp_path):
    log = CappedFile(str(tmp_path / "log"), 10, 10)
    for i in range(10):
        log.write(b"line %04d\n" % i)
    text = b"".join(LogFollower(tmp_path).new())
    assert text.startswith(b"line 0000\n\n[... ")
    assert text.endswith(b"line 0009\n")


def test_an_attempt_without_a_claim_has_not_started(tmp_path):
    assert attempt_state(tmp_path) is AttemptState.NOT_STARTED
    assert how_attempt_stands(tmp_path) == "not started yet"


def test_an_attempt_of_a_living_supervisor_runs(tmp_path):
    mine = identify(os.getpid())
    claim(str(tmp_path), {"pid": mine.pid, "start": mine.start})
    assert attempt_state(tmp_path) is AttemptState.RUNNING


def test_an_attempt_of_a_dead_supervisor_died(tmp_path):
    claim(str(tmp_path), {"pid": os.getpid(), "start": "another life"})
    assert attempt_state(tmp_path) is AttemptState.DIED
    assert "died" in how_attempt_stands(tmp_path)


def test_a_cancelled_attempt_never_started(tmp_path):
    write_record(str(tmp_path / CLAIM), {"cancelled": True}, sync=False)
    assert attempt_state(tmp_path) is AttemptState.NOT_STARTED


@pytest.mark.parametrize(
    ("record", "text"),
    [
        ({"outcome": "exited", "code": 0, "signal": None}, "exit code 0 after 12s"),
        ({"outcome": "exited", "code": None, "signal": 9}, "killed by SIGKILL after 12s"),
        ({"outcome": "timeout", "code": None, "signal": 15}, "timeout, killed by SIGTERM after 12s"),
        ({"outcome": "failed_to_start", "error": "no such program"},
         "the program cannot be started: no such program"),
    ],
)  # fmt: skip
def test_says_how_an_attempt_ended(tmp_path, record, text):
    times = {"started_at": 100.0, "ended_at": 112.0}
    write_record(str(tmp_path / EXIT), {**record, **times}, sync=False)
    assert attempt_state(tmp_path) is AttemptState.ENDED
    assert how_attempt_stands(tmp_path) == text


def test_reads_what_was_recorded(tmp_path):
    record = {"command": ["a", "b"], "cwd": "/x", "git_commit": None, "git_dirty": None,
              "python_version": "3.11.2"}  # fmt: skip
    write_record(str(tmp_path / "run.json"), record, sync=False)
    found = recorded_run(tmp_path)
    assert (found.command, found.cwd, found.python_version) == (("a", "b"), "/x", "3.11.2")
    assert (found.git_commit, found.git_dirty) == ("", False)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"command": 3}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / "run.json").write_text(text)
    assert recorded_run(tmp_path) is None
