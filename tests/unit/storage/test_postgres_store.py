"""The PostgreSQL store: its tables, what it says when it cannot be used, forks and kills."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.app.compose import connect, open_store
from wazir.app.settings import storage_location
from wazir.domain.errors import NotFoundError, SchemaVersionError, StorageError
from wazir.domain.metrics import Measurement
from wazir.storage.postgres import opening, statements
from wazir.storage.postgres.store import PostgresStore
from wazir.storage.postgres.texts import escaped, unescaped
from wazir.storage.sql.statements import split_statements
from wazir.testing.store_values import NAME, add_trials, make_study, make_trial, state_of

COLUMNS = """
select table_name, column_name, data_type, is_nullable, column_default, is_identity
from information_schema.columns where table_schema = current_schema()
order by table_name, column_name
"""
INDEXES = """
select replace(indexdef, current_schema() || '.', '') from pg_indexes
where schemaname = current_schema() order by 1
"""
CONSTRAINTS = """
select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
where connamespace = current_schema()::regnamespace order by 1, 2
"""


@contextmanager
def opened(url, **options):
    with closing(PostgresStore(url, **options)) as store:
        yield store


def connected(url):
    return closing(psycopg.connect(url, autocommit=True))


def structure(url):
    with connected(url) as connection:
        return [connection.execute(text).fetchall() for text in (COLUMNS, INDEXES, CONSTRAINTS)]


@pytest.fixture
def other_url(postgres_server):
    schema = postgres_server.new_schema()
    yield postgres_server.url(schema)
    postgres_server.drop_schema(schema)


def test_the_migrations_add_up_to_the_schema(postgres_url, other_url):
    with opened(postgres_url):
        pass
    with connected(other_url) as connection:
        for statement in split_statements(statements.schema()):
            connection.execute(statement)
    columns, indexes, constraints = structure(postgres_url)
    assert structure(other_url) == [columns, indexes, constraints]
    assert len(indexes) >= 11
    assert {row[0] for row in columns} == {
        "studies", "trials", "measurements", "tokens", "wazir_schema"
    }  # fmt: skip
    with connected(other_url) as connection:
        connection.execute("drop index leases")
    assert structure(other_url)[1] != indexes


def test_both_dialects_have_the_same_columns(postgres_url):
    from wazir.storage.sqlite import statements as sqlite

    with opened(postgres_url):
        columns = {row[:2] for row in structure(postgres_url)[0] if row[0] != "wazir_schema"}
    table, found = "", set()
    for line in sqlite.schema().splitlines():
        if line.startswith("create table"):
            table = line.split()[2]
        elif line.startswith("    ") and not line.strip().startswith("unique"):
            found.add((table, line.split()[0]))
    assert found == columns


def test_every_statement_is_valid(postgres_url):
    with opened(postgres_url), connected(postgres_url) as connection:
        for name, text in statements.queries().items():
            parameters = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
            for number, parameter in enumerate(parameters, start=1):
                text = text.replace(f"%({parameter})s", f"${number}")
            connection.execute(f"prepare {name} as {text}")


def test_several_stores_may_open_an_empty_database_at_once(postgres_url):
    barrier = threading.Barrier(6)

    def open_one(_):
        barrier.wait()
        with opened(postgres_url) as store:
            return store.has_tokens()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(open_one, range(6))) == [False] * 6


def test_what_was_written_is_there_when_opened_again(postgres_url):
    with opened(postgres_url) as store:
        make_study(store, n_trials=2)
        with store.write(NAME) as writer:
            writer.put_measurement(1, Measurement({"loss": 1.0}, step=1))
        before = state_of(store)
    with opened(postgres_url, create=False) as store:
        assert state_of(store) == before


def test_where_nothing_shall_be_made_nothing_is(postgres_url):
    with pytest.raises(NotFoundError, match="no studies in the PostgreSQL database"):
        PostgresStore(postgres_url, create=False)
    assert structure(postgres_url)[0] == []


def test_a_newer_database_is_told_with_both_versions(postgres_url):
    with opened(postgres_url):
        pass
    with connected(postgres_url) as connection:
        connection.execute("update wazir_schema set version = 7")
    with pytest.raises(SchemaVersionError, match=r"version 7, this one .* version 1\nupgrade"):
        PostgresStore(postgres_url)


def test_tables_of_another_program_are_left_alone(postgres_url):
    with connected(postgres_url) as connection:
        connection.execute("create table trials (a integer)")
    with pytest.raises(StorageError, match="another program, named trials\nmake a database"):
        PostgresStore(postgres_url)
    assert len(structure(postgres_url)[0]) == 1


def test_a_migration_that_fails_leaves_nothing(postgres_url, monkeypatch):
    with opened(postgres_url):
        pass
    before = structure(postgres_url)
    first = statements.migrations()
    broken = (*first, "create table more (a integer);\ncreate table studies (a integer);")
    monkeypatch.setattr(opening, "migrations", lambda: broken)
    with pytest.raises(StorageError, match="already exists"):
        PostgresStore(postgres_url)
    assert structure(postgres_url) == before
    monkeypatch.setattr(opening, "migrations", lambda: (*first, "create table more (a integer);"))
    with opened(postgres_url):
        assert len(structure(postgres_url)[0]) == len(before[0]) + 1


def test_a_wrong_password_is_told_and_no_password_is_shown(postgres_server):
    location = storage_location(postgres_server.tcp_url("wrong-pass-91"))
    with pytest.raises(StorageError, match="does not let us in") as caught:
        open_store(location, create=True)
    assert "wrong-pass-91" not in str(caught.value)
    assert str(postgres_server.port) in str(caught.value)


def test_other_mistakes_of_a_url_are_told(postgres_server):
    from postgres_server import PASSWORD

    missing = storage_location(postgres_server.tcp_url(PASSWORD, database="nothing"))
    with pytest.raises(StorageError, match=r"no such database: .*\nmake it") as caught:
        open_store(missing, create=True)
    away = storage_location(f"postgresql://me:{PASSWORD}@127.0.0.1:1/x")
    with pytest.raises(StorageError, match=r"cannot be reached .*\nlook whether") as other:
        open_store(away, create=True)
    odd = storage_location(f"postgresql://me:{PASSWORD}@127.0.0.1:port/x?nonsense=1")
    with pytest.raises(StorageError, match=r"cannot be understood .*\nit is") as third:
        open_store(odd, create=True)
    for error in (caught, other, third):
        assert PASSWORD not in str(error.value)
        assert PASSWORD not in repr(error.value)


def test_a_study_is_made_through_a_url_with_a_password(postgres_server, monkeypatch, tmp_path):
    from postgres_server import PASSWORD

    monkeypatch.chdir(tmp_path)
    schema = postgres_server.new_schema()
    url = f"{postgres_server.tcp_url(PASSWORD)}?options=-csearch_path%3D{schema}"
    service = connect(url, create=True)
    assert service.studies("default") == []
    postgres_server.drop_schema(schema)


@given(st.text(st.sampled_from("a0\0\x1a\x1b%s")), st.text(st.sampled_from("a0\0\x1a")))
def test_texts_are_escaped_faithfully(text, other):
    assert unescaped(escaped(text)) == text
    assert "\0" not in escaped(text)
    assert (escaped(text) == escaped(other)) == (text == other)


def test_texts_that_look_escaped_are_kept_and_found(postgres_url):
    with opened(postgres_url) as store:
        make_study(store)
        texts = ["\0", "\x1a0", "\x1a\x1a", "\x1a", "%s %(x)s", "\\x00", ""]
        with store.write(NAME) as writer:
            for number, text in enumerate(texts, start=1):
                trial = make_trial(number, client_id=text, stopping_reason=text)
                writer.insert_trial(trial)
        with store.write(NAME) as writer:
            for number, text in enumerate(texts, start=1):
                (found,) = writer.trials(states=[make_trial(1).state], client_id=text)
                assert (found.id, found.stopping_reason) == (number, text)


def test_writers_of_one_study_wait_and_others_do_not(postgres_url):
    from wazir.domain.names import StudyName

    other = StudyName("default", "other")
    with opened(postgres_url) as store, opened(postgres_url) as second:
        make_study(store)
        make_study(store, other)
        with ThreadPoolExecutor(1) as pool:
            with store.write(NAME) as writer:
                writer.insert_trial(make_trial(1))
                add_trials(second, make_trial(1).state, name=other)
                assert second.trials(NAME) == (0, [])
                waiting = pool.submit(add_trials, second, make_trial(1).state)
                with pytest.raises(TimeoutError):
                    waiting.result(0.1)
            waiting.result(30)
        assert [trial.id for trial in store.trials(NAME)[1]] == [1, 2]


def test_turns_are_those_of_all_servers_and_hold_no_transaction(postgres_url):
    with opened(postgres_url) as store, opened(postgres_url) as second:
        with store.suggesting(NAME) as has_waited:
            assert not has_waited
            with second.suggesting(NAME, 0.02) as has_waited:
                assert has_waited
            with connected(postgres_url) as connection:
                states = connection.execute(
                    "select distinct state from pg_stat_activity where application_name = 'wazir'"
                ).fetchall()
            assert states == [("idle",)]
        with second.suggesting(NAME, 0) as has_waited:
            assert not has_waited


HOLD = """
import sys
from wazir.storage.postgres.store import PostgresStore
from wazir.testing.store_values import NAME, make_study, make_trial

store = PostgresStore(sys.argv[1])
with store.suggesting(NAME):
    with store.write(NAME) as writer:
        writer.insert_trial(make_trial(1))
        print("inside", flush=True)
        sys.stdin.read()
"""


def test_a_process_that_dies_loses_its_transaction_and_its_turn(postgres_url):
    with opened(postgres_url) as store:
        make_study(store)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, postgres_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        with process:
            assert process.stdout.readline() == "inside\n"
            with store.suggesting(NAME, 0) as has_waited:
                assert has_waited
            process.send_signal(signal.SIGKILL)
        # The server notices the end of the connection; until then this one waits.
        with store.suggesting(NAME, 30):
            add_trials(store, make_trial(1).state)
        with store.suggesting(NAME, 0) as has_waited:
            assert not has_waited
        assert store.trials(NAME) == (1, [make_trial(1)])


def use_in_child(store):
    add_trials(store, make_trial(1).state)
    with store.suggesting(NAME, 1) as has_waited:
        assert has_waited
    os._exit(0)


def test_a_store_is_used_on_both_sides_of_a_fork(postgres_url):
    with opened(postgres_url) as store:
        make_study(store, n_trials=1)
        with store.suggesting(NAME):
            child = multiprocessing.get_context("fork").Process(target=use_in_child, args=(store,))
            child.start()
            child.join(30)
            assert child.exitcode == 0
            add_trials(store, make_trial(1).state)
        assert store.counts(NAME).requested == 3


def test_connections_that_broke_are_replaced(postgres_url):
    with opened(postgres_url) as store:
        make_study(store)
        with store.suggesting(NAME):
            cut_connections(postgres_url)
            assert store.study(NAME).revision == 0
            add_trials(store, make_trial(1).state)
        with store.suggesting(NAME, 1) as has_waited:
            assert not has_waited
        assert store.counts(NAME).requested == 1


def cut_connections(url):
    with connected(url) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where application_name = 'wazir'"
        )


def write_and_lose_the_connection(store, url):
    with store.write(NAME) as writer:
        writer.insert_trial(make_trial(1))
        cut_connections(url)
        writer.insert_trial(make_trial(2))


def test_a_connection_that_breaks_in_a_block_changes_nothing_and_says_so(postgres_url):
    with opened(postgres_url) as store:
        make_study(store)
        with pytest.raises(StorageError, match="nothing was changed"):
            write_and_lose_the_connection(store, postgres_url)
        assert store.trials(NAME) == (0, [])


def write_and_lose_the_connection_at_the_end(store, url):
    with store.write(NAME) as writer:
        writer.insert_trial(make_trial(1))
        finish = writer.finish

        def finish_and_cut():
            finish()
            cut_connections(url)

        writer.finish = finish_and_cut


def test_a_commit_whose_outcome_is_unknown_is_told(postgres_url):
    with opened(postgres_url) as store:
        make_study(store)
        with pytest.raises(StorageError, match="nobody knows whether it was made"):
            write_and_lose_the_connection_at_the_end(store, postgres_url)
        assert store.trials(NAME) == (0, [])


def test_a_read_that_breaks_at_its_end_is_done_again(postgres_url):
    with opened(postgres_url) as store:
        make_study(store)
        calls = []

        def read(session):
            found = session.run("select_project_ids").fetchall()
            calls.append(found)
            if len(calls) == 1:
                cut_connections(postgres_url)
            return found

        assert store._database.read(read) == [("default",)]
        assert len(calls) == 2


def test_no_connection_is_left_after_the_end(postgres_url):
    with opened(postgres_url) as store:
        make_study(store)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: store.study(NAME), range(20)))
        with store.suggesting(NAME):
            pass
    with connected(postgres_url) as connection:
        for _ in range(500):
            (n_left,) = connection.execute(
                "select count(*) from pg_stat_activity where application_name = 'wazir'"
            ).fetchone()
            if not n_left:
                break
    assert n_left == 0
