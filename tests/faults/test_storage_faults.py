"""Faults of the place where things are kept, and several runners on one study."""

import os
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

UNPRIVILEGED = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")


@pytest.fixture
def without_rights(needs) -> tuple[str, ...]:
    """The words before a command that make it obey permissions, as root does not."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        needs("setpriv, or a user who is not root")
    return UNPRIVILEGED


def check_bites(prefix: tuple[str, ...], folder: Path) -> None:
    """Fail unless the fault is there: a file cannot be written in that folder."""
    words = [*prefix, "sh", "-c", 'echo x > "$1/probe"', "sh", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode != 0, f"{folder} can be written"


def check_refused(runner, code: int, *words: str) -> None:
    """Fail unless the runner said these words in one clear error, without a traceback."""
    assert runner.wait() == code
    assert "Error: " in runner.err
    for word in words:
        assert word in runner.err, runner.err
    assert len(runner.err.splitlines()) <= 6


def test_a_folder_that_is_read_only(make_job, without_rights) -> None:
    job = make_job(prefix=without_rights)
    job.folder.chmod(0o555)
    check_bites(without_rights, job.folder)
    check_refused(job.start(), 2, str(job.folder), "Permission denied", "--storage")
    assert list(job.folder.iterdir()) == []
    assert not job.journal.notes()


def test_a_database_that_is_read_only(make_job, without_rights) -> None:
    job = make_job(n_trials=2, prefix=without_rights)
    assert job.run() == 0
    job.n_trials = 4
    for path in (job.database, job.database.parent):
        path.chmod(0o555)
    check_bites(without_rights, job.database.parent)
    check_refused(job.start(), 1, "readonly", "writable")
    for path in (job.database.parent, job.database):
        path.chmod(0o755)
    assert job.run() == 0
    job.check_complete()


@pytest.mark.slow
def test_folders_of_trials_become_read_only(make_job, without_rights) -> None:
    """The job must not go through the whole budget with trials that cannot even begin."""
    job = make_job(n_trials=8, prefix=without_rights)
    runner = job.start()
    job.wait_for_note("start", 2)
    trials = job.folder / "wazir-runs" / "job" / "trials"
    trials.chmod(0o555)
    check_bites(without_rights, trials)
    assert runner.wait() == 1
    states = job.states()
    trials.chmod(0o755)
    assert set(states) <= {"SUCCEEDED", "REQUESTED"}, "no trial was to blame"
    assert len(states) < 8
    assert "Permission denied" in runner.out + runner.err
    job.check_results()
    job.check_no_process_left()
    assert job.run() == 0
    # Trials that were stopped began once more.
    job.check_complete(n_starts=2)


def test_a_database_of_a_newer_version(make_job) -> None:
    job = make_job(n_trials=2)
    assert job.run() == 0
    connection = sqlite3.connect(job.database)
    (known,) = connection.execute("pragma user_version").fetchone()
    connection.execute("pragma user_version = 99")
    connection.close()
    before = job.database.read_bytes()
    check_refused(job.start(), 1, "version 99", f"version {known}", "newer")
    for words in (["show"], ["stop"]):
        done = job.wazir(*words)
        assert done.returncode == 1
        assert "version 99" in done.stderr
        assert "Traceback" not in done.stderr
    assert job.database.read_bytes() == before
    assert job.journal.count("start") == {1: 1, 2: 1}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty", marks=pytest.mark.slow),
        pytest.param(b"not a database" * 500, id="text"),
    ],
)
def test_a_database_that_is_none(make_job, content: bytes) -> None:
    job = make_job(n_trials=1)
    job.database.parent.mkdir()
    job.database.write_bytes(content)
    if content:
        check_refused(job.start(), 1, "not a SQLite database", "another file")
        assert job.database.read_bytes() == content
    else:
        assert job.run() == 0
        job.check_complete()


@pytest.mark.parametrize(
    "what",
    [
        "deleted",
        pytest.param("all deleted", marks=pytest.mark.slow),
        "moved",
        pytest.param("replaced", marks=pytest.mark.slow),
    ],
)
def test_the_database_goes_away_while_it_runs(make_job, what: str) -> None:
    """Results that go to a file without a name are lost: the runner must notice and say so."""
    job = make_job(n_trials=12)
    runner = job.start()
    job.wait_for_note("end", 2)
    if what == "moved":
        job.database.parent.rename(job.folder / "elsewhere")
    elif what == "replaced":
        copy = job.folder / "copy.db"
        shutil.copy(job.database, copy)
        copy.rename(job.database)
    else:
        for path in job.database.parent.glob("wazir.db*" if what == "all deleted" else "wazir.db"):
            path.unlink()
    n_started = len(job.journal.notes("start"))
    check_refused(runner, 1, "wazir.db")
    assert len(job.journal.notes("start")) <= n_started + 4
    job.check_no_process_left()


def test_two_runners_on_one_study(make_job) -> None:
    job = make_job(n_trials=16, env={"FAULT_STEP_S": "0.05"})
    first = job.start()
    second = job.start()
    largest = 0
    while first.runs or second.runs:
        largest = max(largest, len(job.trials()))
        assert len(job.programs()) <= 4
        time.sleep(0.02)
    assert first.wait() == 0
    assert second.wait() == 0
    assert largest == 16
    job.check_complete()
    assert {trial.attempt for trial in job.trials().values()} == {1}
    owners = {trial.client_id.partition("/")[0] for trial in job.trials().values()}
    assert len(owners) == 2, "both have worked"
    job.check_no_process_left()


def test_one_of_two_runners_is_killed(make_job) -> None:
    """The other one takes its trials over, and runs none of them again."""
    job = make_job(n_trials=14, env={"FAULT_STEP_S": "0.1"})
    first = job.start()
    second = job.start()
    job.wait_for_note("end", 3)
    assert first.kill()
    assert second.wait() == 0
    job.check_complete()
    assert {trial.n_lost_attempts for trial in job.trials().values()} == {0}
    job.check_no_process_left()


def test_the_last_trials_of_a_killed_runner(make_job) -> None:
    """No new trial is left to ask for when it dies, and still the other one ends the job."""
    job = make_job(n_trials=4, env={"FAULT_STEP_S": "0.7"})
    first = job.start()
    job.wait_for_note("start", 2)
    job.n_parallel = 3
    second = job.start()
    job.wait_for_note("start", 4)
    assert first.kill()
    assert second.wait() == 0
    job.check_complete()


@pytest.mark.slow
def test_a_runner_that_has_no_place_left_lets_the_other_one_work(make_job) -> None:
    """All trials are given out: a second runner ends, and disturbs nothing."""
    job = make_job(n_trials=2, env={"FAULT_STEP_S": "0.5"})
    first = job.start()
    job.wait_for_note("start", 2)
    second = job.start()
    assert first.wait() == 0
    second.wait()
    job.check_complete()


def test_the_disk_is_full(make_job, small_disk, fill_disk) -> None:
    enter, inside, outside = small_disk
    env = {"FAULT_STEP_S": "0.2"}
    job = make_job(n_trials=8, folder=inside, seen=outside, prefix=enter, env=env)
    runner = job.start()
    job.wait_for_note("end", 2)
    job.wait_for_note("start", 4)
    fill_disk(outside)
    assert runner.wait() == 1
    assert "Error: " in runner.err
    assert "full" in runner.err
    job.check_no_process_left(10)
    known = {t.id: t for t in job.trials().values() if t.state.is_final}
    assert len(known) >= 1
    (outside / "filler").unlink()
    (outside / "probe").unlink(missing_ok=True)
    assert job.run() == 0
    trials = job.trials()
    assert {trial_id: trials[trial_id] for trial_id in known} == known
    assert list(trials) == list(range(1, 9))
    assert {str(trial.state) for trial in trials.values()} == {"SUCCEEDED"}
    job.check_results()
    job.check_no_process_left()


@pytest.mark.slow
def test_the_disk_is_full_from_the_start(make_job, small_disk, fill_disk) -> None:
    enter, inside, outside = small_disk
    job = make_job(n_trials=2, folder=inside, seen=outside, prefix=enter)
    fill_disk(outside)
    runner = job.start()
    assert runner.wait() in (1, 2)
    assert "Error: " in runner.err
    assert not job.journal.notes()
    (outside / "filler").unlink()
    (outside / "probe").unlink(missing_ok=True)
    assert job.run() == 0
    job.check_complete()


def test_a_value_that_could_not_be_kept_is_not_passed_over(make_job, small_disk) -> None:
    """The disk is full when the last value is printed: an older value is not the result."""
    enter, inside, outside = small_disk
    job = make_job(
        n_trials=1,
        n_parallel=1,
        folder=inside,
        seen=outside,
        prefix=enter,
        program=("odd.py", "fills_disk"),
        env={"FAULT_TRIALS": "1", "FAULT_STEPS": "2"},
    )
    job.run()
    notes = [note for note in job.journal.notes("step") if note.fields["step"] == 2]
    assert notes[0].fields["refused"] == "No space left on device", "the fault did not bite"
    if job.states() == ["SUCCEEDED"]:
        job.check_results()
    else:
        assert "No space left" in job.trials()[1].infeasible_reason
