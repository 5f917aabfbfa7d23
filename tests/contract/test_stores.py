"""Every store fulfils the contract, and all do the same."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from wazir.domain.errors import NotFoundError
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import StudyState, TrialCounts
from wazir.domain.trials import TrialState
from wazir.storage.memory import MemoryStore
from wazir.storage.postgres.store import PostgresStore
from wazir.storage.protocol import Store
from wazir.storage.sqlite.store import SqliteStore
from wazir.testing.store_values import CONFIG, make_study, make_trial, state_of
from wazir.testing.stores import StoreContract

NAMES = [StudyName("p", "a"), StudyName("p", "b")]


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = MemoryStore()
        yield store
        store.close()


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = SqliteStore(tmp_path / "folder that is not there" / "with é %23 ?.db")
        yield store
        store.close()


class TestPostgresStore(StoreContract):
    @pytest.fixture
    def store(self, postgres_url: str) -> Iterator[Store]:
        store = PostgresStore(postgres_url)
        yield store
        store.close()


class AbortError(Exception):
    """Ends a transaction."""


change = st.one_of(
    st.tuples(st.just("insert"), st.sampled_from(TrialState), st.sampled_from(["", "c"])),
    st.tuples(st.just("update"), st.integers(1, 8), st.sampled_from(TrialState)),
    st.tuples(st.just("delete"), st.integers(1, 8)),
    st.tuples(st.just("measure"), st.integers(1, 8), st.integers(0, 3), st.floats(-1, 1)),
    st.tuples(st.just("study"), st.sampled_from(StudyState), st.integers(0, 1)),
)


def apply(writer, what, *arguments):
    match what, arguments:
        case "insert", (state, client_id):
            trial_id = writer.last_trial_id + 1
            writer.insert_trial(make_trial(trial_id, state, client_id=client_id))
        case "update", (trial_id, state):
            writer.update_trial(replace(writer.trial(trial_id), state=state))
        case "delete", (trial_id,):
            writer.delete_trial(trial_id)
        case "measure", (trial_id, step, value):
            writer.put_measurement(trial_id, Measurement({"m": value}, step))
        case "study", (state, seed):
            config = replace(CONFIG, seed=seed)
            writer.update_study(replace(writer.study, state=state, config=config))


def seen_by(writer):
    everything = writer.trials(states=TrialState)
    return (
        everything,
        writer.trials(states=[TrialState.REQUESTED, TrialState.SUCCEEDED], limit=2),
        writer.trials(states=[TrialState.ACTIVE, TrialState.INFEASIBLE], client_id="c"),
        [writer.measurements(trial.id) for trial in everything],
        writer.counts,
        writer.last_trial_id,
        writer.revision,
        writer.study,
    )


def run_transaction(store, name, changes, abort):
    """Return what a transaction showed, errors included."""
    seen = []
    try:
        with store.write(name) as writer:
            for arguments in changes:
                try:
                    apply(writer, *arguments)
                except NotFoundError as error:
                    seen.append(str(error))
            seen.append(seen_by(writer))
            if abort:
                raise AbortError
    except AbortError:
        pass
    return seen


class StoresDoTheSame(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.stores = [MemoryStore(), self.other_store()]
        for store in self.stores:
            for name in NAMES:
                make_study(store, name)

    def other_store(self):
        return SqliteStore(Path(self.folder.name) / "wazir.db")

    def teardown(self):
        for store in self.stores:
            store.close()
        self.folder.cleanup()

    @rule(name=st.sampled_from(NAMES), changes=st.lists(change, max_size=6), abort=st.booleans())
    def transaction(self, name, changes, abort):
        left, right = (run_transaction(store, name, changes, abort) for store in self.stores)
        assert left == right

    @rule(name=st.sampled_from(NAMES))
    def replace_study(self, name):
        for store in self.stores:
            store.delete_study(name)
            make_study(store, name)

    @invariant()
    def the_same_is_stored(self):
        for name in NAMES:
            left, right = (state_of(store, name) for store in self.stores)
            assert left == right

    @invariant()
    def counts_equal_a_recount(self):
        for store in self.stores:
            for name in NAMES:
                states = [trial.state for trial in store.trials(name)[1]]
                assert store.counts(name) == TrialCounts(
                    **{state.value.lower(): states.count(state) for state in TrialState}
                )

    @invariant()
    def changes_since_each_revision_are_the_same(self):
        for name in NAMES:
            for since in range(self.stores[0].study(name).revision + 1):
                left, right = (store.trials(name, since_revision=since) for store in self.stores)
                assert left == right


FEW = settings(max_examples=settings.default.max_examples // 10, stateful_step_count=10)
StoresDoTheSame.TestCase.settings = FEW
TestStoresDoTheSame = StoresDoTheSame.TestCase


def test_postgresql_does_the_same(postgres_server):
    class PostgresDoesTheSame(StoresDoTheSame):
        def other_store(self):
            self.schema = postgres_server.new_schema()
            return PostgresStore(postgres_server.url(self.schema))

        def teardown(self):
            super().teardown()
            postgres_server.drop_schema(self.schema)

    run_state_machine_as_test(PostgresDoesTheSame, settings=FEW)
