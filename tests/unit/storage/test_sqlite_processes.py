"""Several processes on one SQLite file: races, forks, kills, and files that may not be written."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from wazir.domain.errors import StorageError
from wazir.storage.sqlite.store import SqliteStore
from wazir.testing.store_values import NAME, make_study

IMPORTS = """
import os, sys
from pathlib import Path
from wazir.domain.errors import ConflictError, StorageError
from wazir.domain.metrics import Measurement
from wazir.domain.trials import TrialState
from wazir.storage.sqlite.store import SqliteStore
from wazir.testing.store_values import NAME, add_trials, make_study, make_trial, state_of

file = Path(sys.argv[1])
"""

OPEN_AND_WRITE = """
print("ready", flush=True)
sys.stdin.readline()
store = SqliteStore(file)
try:
    make_study(store)
except ConflictError:
    pass
for _ in range(15):
    with store.write(NAME) as writer:
        writer.insert_trial(make_trial(writer.last_trial_id + 1, client_id=str(os.getpid())))
store.close()
"""

WRITE_FOR_EVER = """
store = SqliteStore(file)
make_study(store)
while True:
    with store.write(NAME) as writer:
        trial = make_trial(writer.last_trial_id + 1)
        writer.insert_trial(trial)
        writer.put_measurement(trial.id, Measurement({"loss": 1.0}, step=trial.id))
    with store.write(NAME) as writer:
        writer.update_trial(make_trial(trial.id, TrialState.SUCCEEDED))
    print(trial.id, flush=True)
"""

FORK = """
import threading

store = SqliteStore(file)
make_study(store, n_trials=1)
inside, leave = threading.Event(), threading.Event()

def hold():
    with store.write(NAME) as writer:
        writer.update_trial(make_trial(1, TrialState.ACTIVE))
        inside.set()
        leave.wait()

if "busy" in sys.argv:
    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
child = os.fork()
if child == 0:
    if "busy" not in sys.argv:
        add_trials(store, *[TrialState.REQUESTED] * 3)
    else:
        assert store.counts(NAME).requested == 1
    os._exit(0)
_, status = os.waitpid(child, 0)
assert status == 0, status
if "busy" in sys.argv:
    leave.set()
    thread.join()
add_trials(store, TrialState.REQUESTED)
print(store.counts(NAME).total, store.counts(NAME).active, flush=True)
store.close()
"""

READ_ONLY = """
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for path in (file, file.parent / "new" / "wazir.db", file.parent / "new.db"):
    try:
        SqliteStore(path)
    except StorageError as error:
        print(str(error).replace("\\n", " | "))
    else:
        print("opened")
"""


def start(script, *arguments):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", IMPORTS + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )


def run(script, *arguments):
    process = start(script, *arguments)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return output


@pytest.fixture
def file(tmp_path):
    return tmp_path / "wazir.db"


def test_processes_make_and_fill_one_file_together(file):
    processes = [start(OPEN_AND_WRITE, file) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=30)
        assert process.returncode == 0
    with closing(SqliteStore(file, create=False)) as store:
        revision, trials = store.trials(NAME)
        assert revision == 45
        assert [trial.id for trial in trials] == list(range(1, 46))
        assert len({trial.client_id for trial in trials}) == 3
        assert store.counts(NAME).requested == 45


def test_a_kill_loses_nothing_that_was_acknowledged(file):
    process = start(WRITE_FOR_EVER, file)
    for _ in range(30):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    # Not communicate with a time limit: it passes over lines that readline has buffered.
    with process:
        rest = process.stdout.read().split()
    n_acknowledged = 30 + len(rest)
    assert process.returncode == -signal.SIGKILL
    with closing(SqliteStore(file, create=False)) as store:
        _, trials = store.trials(NAME)
        assert n_acknowledged <= len(trials) <= n_acknowledged + 1
        succeeded = [trial.id for trial in trials if trial.state.is_final]
        assert succeeded[:n_acknowledged] == list(range(1, n_acknowledged + 1))
        measured = store.measurements(NAME, range(1, n_acknowledged + 1))
        assert [[m.step for m in found] for found in measured.values()] == [
            [step] for step in range(1, n_acknowledged + 1)
        ]
        assert store.counts(NAME).succeeded == len(succeeded)
        assert store.counts(NAME).total == len(trials)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert connection.execute("pragma foreign_key_check").fetchall() == []


def test_a_store_is_used_on_both_sides_of_a_fork(file):
    assert run(FORK, file) == "5 0\n"
    with closing(SqliteStore(file, create=False)) as store:
        assert store.counts(NAME).total == 5


def test_a_fork_during_a_transaction_of_another_thread(file):
    assert run(FORK, file, "busy") == "2 1\n"


def test_a_folder_that_may_not_be_written_is_told():
    # The folders of pytest are closed to other users, and root may write everywhere.
    folder = Path(tempfile.mkdtemp())
    try:
        with closing(SqliteStore(folder / "wazir.db")) as store:
            make_study(store)
        (folder / "wazir.db").chmod(0o444)
        folder.chmod(0o555)
        lines = run(READ_ONLY, folder / "wazir.db").splitlines()
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    assert len(lines) == 3
    assert all(str(folder) in line and " | " in line for line in lines)
    assert "wazir.db cannot be" in lines[0]
    assert "cannot be made (Permission denied)" in lines[1]
    assert "new.db cannot be opened" in lines[2]


def test_a_store_whose_file_was_deleted_makes_no_other_one(file):
    with closing(SqliteStore(file)) as store:
        make_study(store)
        store._pool.close_idle()
        file.unlink()
        with pytest.raises(StorageError, match="was deleted, moved or replaced"):
            store.study(NAME)
        assert not file.exists()
