"""`wazir storage copy`: what it copies, says and refuses."""

from contextlib import closing

import pytest
from click.testing import CliRunner

from wazir.cli.storage import storage
from wazir.domain.errors import InvalidInputError, NotFoundError
from wazir.domain.names import StudyName
from wazir.storage.sqlite.store import SqliteStore
from wazir.testing.store_values import NAME, make_study, state_of


def copy(*arguments):
    words = ["copy", *map(str, arguments)]
    return CliRunner().invoke(storage, words, catch_exceptions=False)


def test_studies_are_copied_once_and_it_is_said(tmp_path):
    source, target = tmp_path / "a.db", tmp_path / "folder" / "b.db"
    with closing(SqliteStore(source)) as store:
        make_study(store, n_trials=2)
        make_study(store, StudyName("team", "x"))
        before = state_of(store)
    done = copy(source, target)
    assert done.stdout == "copied 2 studies\n"
    assert done.stderr.splitlines() == [
        "[1/2] projects/default/studies/s: 2 trials",
        "[2/2] projects/team/studies/x: 0 trials",
    ]
    with closing(SqliteStore(target)) as store:
        assert state_of(store) == before
        assert store.study(NAME).revision == 1
    assert copy(source, f"sqlite:///{target}").stdout == ("copied 0 studies; 2 there already\n")


def test_what_cannot_be_copied_is_told(tmp_path):
    with pytest.raises(NotFoundError, match="no database"):
        copy(tmp_path / "a.db", tmp_path / "b.db")
    SqliteStore(tmp_path / "a.db").close()
    with pytest.raises(InvalidInputError, match="the same one"):
        copy(tmp_path / "a.db", f"sqlite:///{tmp_path}/a.db")
    with pytest.raises(InvalidInputError, match="in memory"):
        copy(tmp_path / "a.db", ":memory:")
    with pytest.raises(InvalidInputError, match="address of a server"):
        copy("http://127.0.0.1:1", tmp_path / "b.db")
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
