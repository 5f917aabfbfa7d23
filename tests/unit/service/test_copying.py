"""Copying studies between stores, whichever they are."""

from contextlib import closing
from dataclasses import replace

import pytest

from wazir.domain.errors import AlreadyExistsError, NotFoundError
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study
from wazir.domain.trials import TrialState
from wazir.service.copying import copy_studies, whole_study
from wazir.storage.memory import MemoryStore
from wazir.storage.postgres.store import PostgresStore
from wazir.storage.sqlite.store import SqliteStore
from wazir.testing.store_tokens import make_token
from wazir.testing.store_values import CONFIG, NAME, change_everything, make_study, state_of

OTHER = StudyName("team", "other")


def fill(store):
    make_study(store, n_trials=3)
    with store.write(NAME) as writer:
        writer.put_measurement(1, Measurement({"loss": float("nan"), "b": 0.5}, step=1))
        writer.put_measurement(3, Measurement({"loss": float("inf")}, step=1, elapsed_s=2.0))
        writer.put_measurement(3, Measurement({"loss": 2.0}, step=0))
    with store.write(NAME) as writer:
        change_everything(writer)
    with store.write(NAME) as writer:
        writer.delete_trial(4)
    store.create_study(Study(OTHER, CONFIG, metadata={"n": {"k": "\0é"}}, created_at=0.5))
    store.add_token(make_token(1))


def seen(store):
    whole = [whole_study(store, name) for name in (NAME, OTHER)]
    return repr(whole), repr([state_of(store, name) for name in (NAME, OTHER)])


def no_news(*_):
    pass


def test_studies_go_from_sqlite_to_postgresql_and_back_and_stay_the_same(tmp_path, postgres_url):
    with (
        closing(SqliteStore(tmp_path / "a.db")) as first,
        closing(PostgresStore(postgres_url)) as second,
        closing(SqliteStore(tmp_path / "b.db")) as third,
    ):
        fill(first)
        before = seen(first)
        told = []
        copied = copy_studies(first, second, lambda *news: told.append(news[:2]))
        assert (copied.new, copied.there) == ((NAME, OTHER), ())
        assert told == [(1, 2), (2, 2)]
        assert copy_studies(second, third, no_news).new == (NAME, OTHER)
        assert seen(first) == seen(second) == seen(third) == before
        assert not third.has_tokens()
        with third.write(NAME) as writer:
            assert writer.last_trial_id == 4


def test_equal_studies_stay_and_others_are_refused_before_anything_is_copied():
    source, target = MemoryStore(), MemoryStore()
    fill(source)
    target.add_whole_study(whole_study(source, NAME))
    assert copy_studies(source, target, no_news).there == (NAME,)
    target.delete_study(OTHER)
    with source.write(NAME) as writer:
        writer.update_study(replace(writer.study, metadata={"n": {"k": "v"}}))
    with pytest.raises(AlreadyExistsError, match="projects/default/studies/s\nnothing was copied"):
        copy_studies(source, target, no_news)
    with pytest.raises(NotFoundError):
        target.study(OTHER)


@pytest.mark.parametrize(
    "change",
    [
        lambda writer: writer.put_measurement(1, Measurement({"loss": 1.0}, step=9)),
        lambda writer: writer.delete_trial(3),
        lambda writer: writer.update_trial(replace(writer.trial(3), state=TrialState.INFEASIBLE)),
    ],
)
def test_a_difference_of_any_kind_is_seen(change):
    source, target = MemoryStore(), MemoryStore()
    for store in (source, target):
        fill(store)
    assert copy_studies(source, target, no_news).new == ()
    with target.write(NAME) as writer:
        change(writer)
    # The same revision, as after changes of another kind.
    with source.write(NAME) as writer:
        writer.update_study(writer.study)
    with pytest.raises(AlreadyExistsError):
        copy_studies(source, target, no_news)
