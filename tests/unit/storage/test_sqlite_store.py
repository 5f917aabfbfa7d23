"""The SQLite store: its file, and what it says when the file cannot be used."""

import gc
import os
import sqlite3
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from wazir.domain.errors import NotFoundError, SchemaVersionError, StorageError
from wazir.domain.metrics import Measurement
from wazir.storage.sqlite.store import SqliteStore
from wazir.testing.store_values import NAME, add_trials, make_study, make_trial, state_of


@pytest.fixture
def file(tmp_path):
    return tmp_path / "wazir.db"


@contextmanager
def opened(file, **options):
    with closing(SqliteStore(file, **options)) as store:
        yield store


def connected(file):
    return closing(sqlite3.connect(file, isolation_level=None))


def test_what_was_written_is_there_when_opened_again(file):
    with opened(file) as store:
        make_study(store, n_trials=2)
        with store.write(NAME) as writer:
            writer.put_measurement(1, Measurement({"loss": 1.0}, step=1))
        before = state_of(store)
    with opened(file, create=False) as store:
        assert state_of(store) == before


def test_two_stores_share_a_file(file):
    with opened(file) as left, opened(file) as right:
        make_study(left, n_trials=1)
        add_trials(right, make_trial(1).state)
        assert state_of(left) == state_of(right)
        assert left.counts(NAME).requested == 2


def test_a_relative_path_stays_the_same_file(file, monkeypatch, tmp_path):
    monkeypatch.chdir(file.parent)
    with opened(Path(file.name)) as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        make_study(store)
    assert not list((tmp_path / "elsewhere").iterdir())
    with opened(file, create=False) as store:
        assert store.study(NAME).name == NAME


def test_closing_leaves_one_file_and_no_open_file(file):
    n_before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    with opened(file) as store:
        make_study(store)
    assert [path.name for path in file.parent.iterdir()] == ["wazir.db"]
    if n_before:
        assert len(os.listdir("/proc/self/fd")) == n_before


def test_a_store_that_is_dropped_closes_its_connections(file):
    store = SqliteStore(file)
    make_study(store)
    assert Path(f"{file}-wal").exists()
    del store
    gc.collect()
    assert [path.name for path in file.parent.iterdir()] == ["wazir.db"]


def test_threads_that_ended_leave_no_connections(file):
    with opened(file) as store:
        make_study(store)
        for _ in range(5):
            thread = threading.Thread(target=store.study, args=(NAME,))
            thread.start()
            thread.join()
        assert len(store._pool._idle) == 1


@pytest.mark.parametrize(("synchronous", "level"), [("NORMAL", 1), ("FULL", 2)])
def test_connections_have_their_settings(file, synchronous, level):
    with opened(file, synchronous=synchronous) as store, store._pool.reading() as connection:
        values = [
            connection.execute(f"pragma {name}").fetchone()[0]
            for name in ("synchronous", "journal_mode", "foreign_keys", "busy_timeout")
        ]
    assert values == [level, "wal", 1, 30000]


def test_a_missing_file_is_told_where_none_shall_be_made(file):
    with pytest.raises(NotFoundError, match=r"there is no database .*wazir\.db\n"):
        SqliteStore(file, create=False)
    assert not list(file.parent.iterdir())


def test_a_newer_file_is_told_with_both_versions(file):
    with opened(file) as store:
        make_study(store)
    with connected(file) as connection:
        connection.execute("pragma user_version = 7")
    before = file.read_bytes()
    with pytest.raises(SchemaVersionError, match=r"version 7, this one .* version 4\nupgrade"):
        SqliteStore(file)
    assert file.read_bytes() == before


def test_a_database_of_another_program_is_left_alone(file):
    with connected(file) as connection:
        connection.execute("create table studies (study_id integer)")
    before = file.read_bytes()
    with pytest.raises(StorageError, match="another program, with the tables studies\nname"):
        SqliteStore(file)
    assert file.read_bytes() == before


def test_an_empty_file_becomes_a_database(file):
    file.touch()
    with opened(file) as store:
        make_study(store)


def test_a_file_that_is_no_database_is_told(file):
    file.write_text("trial,rmse\n" * 200)
    with pytest.raises(StorageError, match=r"wazir\.db is not a SQLite database .*\nname another"):
        SqliteStore(file)
    assert file.read_text().startswith("trial,rmse")


def test_a_damaged_file_is_told(file):
    with opened(file) as store:
        make_study(store, n_trials=50)
    damaged = bytearray(file.read_bytes())
    damaged[4096:] = b"\xff" * (len(damaged) - 4096)
    file.write_bytes(damaged)
    with (
        pytest.raises(StorageError, match=r"wazir\.db is damaged .*\nrestore"),
        opened(file) as store,
    ):
        store.trials(NAME)


def test_a_folder_in_place_of_the_file_is_told(tmp_path):
    with pytest.raises(StorageError, match=r"cannot be opened .*\nlook whether it is a file"):
        SqliteStore(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"folder .* cannot be made \(.*\)\nname another place"):
        SqliteStore(tmp_path / "file" / "folder" / "wazir.db")


def test_a_locked_file_is_told_after_the_timeout(file):
    with opened(file, busy_timeout_s=0.05) as store, connected(file) as other:
        make_study(store)
        other.execute("begin immediate")
        with (
            pytest.raises(StorageError, match=r"is locked by another program .*\nwait"),
            store.write(NAME),
        ):
            pass
        assert store.study(NAME).revision == 0
        other.execute("rollback")
        add_trials(store, make_trial(1).state)


def test_a_thread_that_waits_too_long_is_told(file):
    with opened(file, busy_timeout_s=0.05) as store:
        make_study(store)
        caught = []

        def write():
            try:
                add_trials(store, make_trial(1).state)
            except StorageError as error:
                caught.append(str(error))

        with store.write(NAME):
            thread = threading.Thread(target=write)
            thread.start()
            thread.join()
        assert "another thread has been writing" in caught[0]
        write()
        assert store.counts(NAME).requested == 1


def insert_large(writer, n_trials):
    while writer.last_trial_id < n_trials:
        writer.insert_trial(make_trial(writer.last_trial_id + 1, infeasible_reason="x" * 1000))


def fill(store):
    with store.write(NAME) as writer:
        insert_large(writer, 500)


def go_on_after_a_failure(store):
    with store.write(NAME) as writer:
        with pytest.raises(StorageError, match="no space left"):
            insert_large(writer, 500)
        # What comes after a failure must not be stored on its own.
        with pytest.raises(StorageError, match="no space left"):
            writer.trial(1)


def test_a_full_disk_is_told_and_changes_nothing(file):
    with opened(file) as store:
        make_study(store, n_trials=3)
        with store._pool.reading() as connection:
            n_pages = connection.execute("pragma page_count").fetchone()[0]
            connection.execute(f"pragma max_page_count = {n_pages + 5}")
        before = state_of(store)
        with pytest.raises(StorageError, match=r"no space left for .*wazir\.db .*\nfree space"):
            fill(store)
        assert state_of(store) == before
        with pytest.raises(StorageError, match="no space left"):
            go_on_after_a_failure(store)
        assert state_of(store) == before
        with store._pool.reading() as connection:
            connection.execute(f"pragma max_page_count = {n_pages + 5000}")
        fill(store)
        assert store.counts(NAME).requested == 500
