"""The SQL files: migrations add up to the schema, and the indexes are used."""

import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from wazir.domain.codec import config_to_dict, measurement_to_dict
from wazir.domain.fidelity import Rung
from wazir.domain.json_fields import to_json
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import TrialState
from wazir.storage.sql.statements import split_statements
from wazir.storage.sqlite import opening, statements
from wazir.storage.sqlite.opening import APPLICATION_ID, migrate
from wazir.storage.sqlite.store import SqliteStore

FILE = Path("wazir.db")


@pytest.fixture
def connection():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        yield connection


def run(connection, script):
    for statement in split_statements(script):
        connection.execute(statement)


def structure(connection):
    """Everything about the tables that does not depend on the words that made them."""
    described = {}
    names = connection.execute("select type, name, sql from sqlite_master").fetchall()
    for kind, name, sql in names:
        condition = re.search(r"where .*", " ".join(sql.split())) if sql else None
        described[kind, name] = (
            connection.execute(f"pragma table_xinfo({name})").fetchall(),
            sorted(connection.execute(f"pragma index_xinfo({name})").fetchall()),
            sorted(row[1:] for row in connection.execute(f"pragma index_list({name})")),
            connection.execute(f"pragma foreign_key_list({name})").fetchall(),
            condition[0] if condition else "",
        )
    return described


def test_the_migrations_add_up_to_the_schema(connection):
    with closing(sqlite3.connect(":memory:")) as fresh:
        run(fresh, statements.schema())
        migrate(connection, FILE)
        assert structure(connection) == structure(fresh)
        assert {name for kind, name in structure(fresh) if kind == "table"} == {
            "studies",
            "trials",
            "measurements",
            "tokens",
        }


def test_the_comparison_of_structures_bites(connection):
    run(connection, statements.schema())
    before = structure(connection)
    connection.execute("drop index pending_trials")
    connection.execute("create index pending_trials on trials (study_key, state, trial_id)")
    assert structure(connection) != before


def test_a_migrated_file_says_what_it_is(connection):
    migrate(connection, FILE)
    version = len(statements.migrations())
    assert connection.execute("pragma user_version").fetchone() == (version,)
    assert connection.execute("pragma application_id").fetchone() == (APPLICATION_ID,)
    migrate(connection, FILE)


def test_a_study_of_the_first_version_is_read_after_its_migration(tmp_path):
    path = tmp_path / "wazir.db"
    config = StudyConfig(
        SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),), fidelity=None
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as old:
        run(old, statements.migrations()[0])
        old.execute(f"pragma application_id = {APPLICATION_ID}")
        old.execute("pragma user_version = 1")
        old.execute(
            "insert into studies values (1, 'default', 's', ?, 'ACTIVE', '{}', 1.0, 2, 0, 1, 0, 0, 0, 1, 0)",
            [to_json(config_to_dict(config))],
        )
        old.execute(
            "insert into trials values (1, 1, 1, 'SUCCEEDED', 'me', 1, 0, null, '{\"x\": 0.5}', ?, '', '', '{}',"
            " 1.0, 2.0, 3.0, 1, 2, 2)",
            [to_json(measurement_to_dict(Measurement({"loss": 0.25})))],
        )
    name = StudyName("default", "s")
    store = SqliteStore(path)
    assert store.study(name).config == config
    (trial,) = store.trials(name)[1]
    assert (trial.parameters, trial.state) == ({"x": 0.5}, TrialState.SUCCEEDED)
    assert trial.final_measurement == Measurement({"loss": 0.25})
    assert trial.rungs == ()
    with store.write(name) as writer:
        rungs = (Rung(1, 9, Measurement({"loss": 0.25}), 3.0, 2),)
        writer.update_trial(replace(trial, rungs=rungs))
    assert SqliteStore(path).trial(name, 1).rungs == rungs


def test_missing_migrations_are_applied_and_a_failed_one_leaves_nothing(connection, monkeypatch):
    migrate(connection, FILE)
    before = structure(connection)
    first = statements.migrations()
    broken = (*first, "create table more (a integer);\ncreate table studies (a integer);")
    monkeypatch.setattr(opening, "migrations", lambda: broken)
    with pytest.raises(sqlite3.OperationalError, match="studies already exists"):
        migrate(connection, FILE)
    assert structure(connection) == before
    assert connection.execute("pragma user_version").fetchone() == (len(first),)
    good = (*first, "alter table studies add column note text;")
    monkeypatch.setattr(opening, "migrations", lambda: good)
    migrate(connection, FILE)
    assert connection.execute("select note from studies").fetchall() == []
    assert connection.execute("pragma user_version").fetchone() == (len(good),)


PLANS = {
    "select_study": "sqlite_autoindex_studies_1 (project_id=? AND study_id=?)",
    "select_study_head": "sqlite_autoindex_studies_1 (project_id=? AND study_id=?)",
    "select_counts": "sqlite_autoindex_studies_1 (project_id=? AND study_id=?)",
    "advance_study": "INTEGER PRIMARY KEY (rowid=?)",
    "select_trial": "sqlite_autoindex_trials_1 (study_key=? AND trial_id=?)",
    "select_trial_head": "sqlite_autoindex_trials_1 (study_key=? AND trial_id=?)",
    "update_trial": "sqlite_autoindex_trials_1 (study_key=? AND trial_id=?)",
    "select_pending_trials": "pending_trials (study_key=? AND state=?)",
    "select_pending_trials_of_client": (
        "pending_trials_of_clients (study_key=? AND client_id=? AND state=?)"
    ),
    "select_changed_trials": "trials_by_revision (study_key=? AND revision>?)",
}


@pytest.mark.parametrize("name", PLANS)
def test_statements_use_their_index(connection, name):
    run(connection, statements.schema())
    statement = statements.queries()[name]
    bindings = dict.fromkeys(re.findall(r":(\w+)", statement))
    plan = connection.execute(f"explain query plan {statement}", bindings).fetchall()
    assert PLANS[name] in plan[0][3]
    if name.startswith("select_pending"):
        assert len(plan) == 1, "a sort would read all pending trials"


def test_every_statement_is_valid_and_used(connection):
    run(connection, statements.schema())
    folder = Path(statements.__file__).parents[1] / "sql"
    sources = "".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    for name, statement in statements.queries().items():
        bindings = dict.fromkeys(re.findall(r":(\w+)", statement))
        connection.execute(f"explain {statement}", bindings)
        assert f'"{name}"' in sources


def test_a_statement_without_an_end_is_told():
    with pytest.raises(RuntimeError, match="has no end"):
        list(split_statements("-- a comment\nselect 1;\nselect 2"))
