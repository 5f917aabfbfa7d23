"""The contract suite of stores: subclass `StoreContract` and give it a store."""
# ruff: noqa: D102  the names of the tests say what they test

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from wazir.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StorageError,
)
from wazir.domain.fidelity import Rung
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, StudyState, TrialCounts
from wazir.domain.trials import Trial, TrialState
from wazir.storage.protocol import Store
from wazir.testing.store_leases import LeaseContract
from wazir.testing.store_tokens import TokenContract
from wazir.testing.store_turns import TurnContract
from wazir.testing.store_values import (
    CONFIG,
    NAME,
    PENDING,
    add_trials,
    change_everything,
    ids,
    make_study,
    make_trial,
    spoil,
    state_of,
    uses_of,
)
from wazir.testing.store_whole import WholeStudyContract


class StoreContract(LeaseContract, TokenContract, TurnContract, WholeStudyContract):
    """What every store must do; a subclass provides the fixture `store`, an empty one."""

    @pytest.fixture
    def store(self) -> Store:
        """Return the store; to be overridden."""
        raise NotImplementedError

    def test_a_study_comes_back_as_it_was_given(self, store: Store) -> None:
        given = Study(
            NAME, CONFIG, StudyState.INACTIVE, {"ns": {"k": "é\n汉\0"}}, created_at=1.5, revision=7
        )
        stored = store.create_study(given)
        assert stored == replace(given, revision=0)
        assert store.study(NAME) == stored
        assert list(store.study(NAME).config.space.parameters) == ["x", "n", "kind"]
        assert store.counts(NAME) == TrialCounts()

    def test_a_name_is_taken_once(self, store: Store) -> None:
        make_study(store)
        with pytest.raises(ConflictError, match="'s' in project 'default' already"):
            make_study(store)
        make_study(store, StudyName("other", "s"))

    def test_a_missing_study_is_told_with_those_that_are_there(self, store: Store) -> None:
        make_study(store, StudyName("default", "mnist"))
        make_study(store, StudyName("other", "mnits"))
        missing = StudyName("default", "mnits")
        for call in uses_of(store, missing):
            with pytest.raises(NotFoundError, match="no study 'mnits' in project") as caught:
                call()
            assert caught.value.hint == "did you mean 'mnist'?; studies there: mnist"
        with pytest.raises(NotFoundError, match="the project has no studies"):
            store.study(StudyName("empty", "s"))

    def test_studies_are_listed_by_age_and_project(self, store: Store) -> None:
        for study_id, created_at in (("new", 3.0), ("old", 1.0), ("middle", 2.0)):
            store.create_study(Study(StudyName("p", study_id), CONFIG, created_at=created_at))
        make_study(store)
        assert [study.name.study_id for study in store.studies("p")] == ["old", "middle", "new"]
        assert store.studies("nobody") == []

    def test_a_deleted_study_takes_all_with_it(self, store: Store) -> None:
        other = StudyName("default", "other")
        for name in (NAME, other):
            make_study(store, name, n_trials=2)
            with store.write(name) as writer:
                writer.put_measurement(1, Measurement({"loss": 1.0}, step=1))
        before = state_of(store, other)
        store.delete_study(NAME)
        assert [study.name for study in store.studies("default")] == [other]
        assert state_of(store, other) == before
        make_study(store)
        assert store.trials(NAME) == (0, [])
        assert store.measurements(NAME, [1]) == {1: []}

    def test_a_trial_comes_back_as_it_was_given(self, store: Store) -> None:
        make_study(store)
        given = Trial(
            1,
            {"x": 5e-324, "n": -(2**100), "kind": True},
            TrialState.SUCCEEDED,
            client_id="Zoë:1",
            attempt=3,
            n_lost_attempts=2,
            lease_expires_at=1e9 + 0.125,
            final_measurement=Measurement({"loss": 1e300, "é": math.inf}, 2**62, 0.5),
            infeasible_reason="it's 'quoted'; drop table trials",
            stopping_reason="\0 \U0001f600",
            metadata={"wazir.suggestion": {"a": "b"}, "": {}},
            created_at=1.25,
            started_at=2.5,
            completed_at=3.5,
            created_revision=1,
            completed_revision=1,
            rungs=(
                Rung(1, 3, Measurement({"loss": 0.5}, 3), 2.75, 1),
                Rung(3, 9.5, Measurement({"loss": 0.25, "é": -math.inf}), 3.25, 2),
            ),
        )
        with store.write(NAME) as writer:
            writer.insert_trial(given)
            assert writer.trial(1) == given
        for stored in (store.trial(NAME, 1), store.trials(NAME)[1][0]):
            assert stored == given
            assert [type(value) for value in stored.parameters.values()] == [float, int, bool]

    def test_values_that_are_not_numbers_are_kept(self, store: Store) -> None:
        make_study(store, n_trials=1)
        diverged = Measurement({"a": math.nan, "b": -math.inf, "c": -0.0, "d": 1e-300}, step=0)
        with store.write(NAME) as writer:
            writer.put_measurement(1, diverged)
            writer.update_trial(replace(writer.trial(1), final_measurement=diverged))
        (measured,) = store.measurements(NAME, [1])[1]
        final = store.trial(NAME, 1).final_measurement
        assert final is not None
        for got in (measured, final):
            assert math.isnan(got.metrics["a"])
            assert got.metrics["b"] == -math.inf
            assert math.copysign(1, got.metrics["c"]) == -1
            assert got.metrics["d"] == 1e-300

    @pytest.mark.parametrize(
        "fields",
        [
            {"parameters": {"x": math.nan}},
            {"parameters": {"x": None}},
            {"client_id": "\ud800"},
            {"metadata": {"n": {"k": "\ud800"}}},
            {"final_measurement": Measurement({"loss": 1.0}, elapsed_s=math.nan)},
        ],
    )
    def test_what_cannot_be_kept_is_refused(self, store: Store, fields: dict[str, object]) -> None:
        make_study(store)
        with store.write(NAME) as writer:
            with pytest.raises(InvalidInputError, match="must be"):
                writer.insert_trial(make_trial(1, **fields))  # type: ignore[arg-type]
            assert writer.last_trial_id == 0
        assert state_of(store) == (store.study(NAME), TrialCounts(), 0, [], {})

    def test_ids_count_from_one_without_holes(self, store: Store) -> None:
        make_study(store)
        with store.write(NAME) as writer:
            assert writer.last_trial_id == 0
            writer.insert_trial(make_trial(1))
            for wrong in (0, 1, 3):
                with pytest.raises(ConflictError, match=f"is 2, got {wrong}"):
                    writer.insert_trial(make_trial(wrong))
            writer.insert_trial(make_trial(2))
            assert writer.last_trial_id == 2
        with store.write(NAME) as writer:
            writer.delete_trial(2)
        with store.write(NAME) as writer:
            assert writer.last_trial_id == 2
            writer.insert_trial(make_trial(3))
        assert ids(store.trials(NAME)[1]) == [1, 3]

    def test_a_missing_trial_is_told(self, store: Store) -> None:
        make_study(store)
        with pytest.raises(NotFoundError, match="it has no trials"):
            store.trial(NAME, 1)
        add_trials(store, *[TrialState.ACTIVE] * 2)
        with pytest.raises(NotFoundError, match=r"'s' has no trial 3\n.*ids 1 to 2"):
            store.trial(NAME, 3)
        with store.write(NAME) as writer:
            for call in (
                lambda: writer.trial(3),
                lambda: writer.update_trial(make_trial(3)),
                lambda: writer.delete_trial(3),
                lambda: writer.measurements(3),
                lambda: writer.put_measurement(3, Measurement({"loss": 1.0}, step=1)),
            ):
                with pytest.raises(NotFoundError, match="has no trial 3"):
                    call()
        assert store.study(NAME).revision == 1

    def test_a_block_that_raises_changes_nothing(self, store: Store) -> None:
        make_study(store, n_trials=3)
        with store.write(NAME) as writer:
            writer.put_measurement(1, Measurement({"loss": 1.0}, step=1))
        before = state_of(store)
        for error in (ValueError, KeyboardInterrupt):
            with pytest.raises(error), store.write(NAME) as writer:
                change_everything(writer)
                raise error
            assert state_of(store) == before
        with store.write(NAME) as writer:
            change_everything(writer)
        assert state_of(store) != before

    def test_a_writer_sees_its_own_changes(self, store: Store) -> None:
        make_study(store, n_trials=3)
        with store.write(NAME) as writer:
            before = writer.study
            change_everything(writer)
            assert writer.study == before
            assert ids(writer.trials(states=TrialState)) == [1, 3, 4]
            assert ids(writer.trials(states=[TrialState.ACTIVE], client_id="me")) == [1]
            assert writer.counts == TrialCounts(requested=1, active=1, succeeded=1)
            assert writer.measurements(1) == [Measurement({"loss": 2.0}, step=5)]
            with pytest.raises(NotFoundError):
                writer.trial(2)
        assert store.counts(NAME) == TrialCounts(requested=1, active=1, succeeded=1)

    def test_a_changing_transaction_raises_the_revision_by_one(self, store: Store) -> None:
        assert make_study(store).revision == 0
        with store.write(NAME) as writer:
            assert writer.revision == 1
            writer.insert_trial(make_trial(1))
            writer.insert_trial(make_trial(2))
            assert writer.revision == 1
        assert store.study(NAME).revision == store.trials(NAME)[0] == 1
        with store.write(NAME) as writer:
            writer.trials(states=TrialState)
            assert writer.trial(1).id == 1
        assert store.study(NAME).revision == 1
        with store.write(NAME) as writer:
            writer.update_trial(writer.trial(1))
        assert store.study(NAME).revision == 2
        assert store.study(NAME).config_revision == 0

    def test_trials_that_changed_since_a_revision(self, store: Store) -> None:
        make_study(store, n_trials=3)
        with store.write(NAME) as writer:
            writer.update_trial(make_trial(2, TrialState.SUCCEEDED))
        with store.write(NAME) as writer:
            writer.update_trial(make_trial(1, TrialState.ACTIVE))
            writer.put_measurement(3, Measurement({"loss": 1.0}, step=1))
        seen = {since: ids(store.trials(NAME, since_revision=since)[1]) for since in range(-1, 4)}
        assert seen == {-1: [1, 2, 3], 0: [1, 2, 3], 1: [1, 2], 2: [1], 3: []}
        revision, trials = store.trials(NAME, states=[TrialState.SUCCEEDED], since_revision=1)
        assert (revision, ids(trials)) == (3, [2])
        assert store.trials(NAME, states=[]) == (3, [])

    def test_trials_of_states_and_clients(self, store: Store) -> None:
        make_study(store)
        states = [*PENDING, TrialState.SUCCEEDED, TrialState.INFEASIBLE] * 2
        with store.write(NAME) as writer:
            for trial_id, state in enumerate(states, start=1):
                client_id = "first" if trial_id <= 5 else "second"
                writer.insert_trial(make_trial(trial_id, state, client_id=client_id))
        with store.write(NAME) as writer:
            assert ids(writer.trials(states=PENDING)) == [1, 2, 3, 6, 7, 8]
            assert ids(writer.trials(states=PENDING, limit=4)) == [1, 2, 3, 6]
            assert ids(writer.trials(states=iter(PENDING), client_id="second", limit=2)) == [6, 7]
            assert ids(writer.trials(states=[TrialState.SUCCEEDED])) == [4, 9]
            assert ids(writer.trials(states=[TrialState.SUCCEEDED], client_id="second")) == [9]
            assert writer.trials(states=TrialState, limit=0) == []
            assert writer.trials(states=TrialState, client_id="nobody") == []
        assert store.counts(NAME) == TrialCounts(2, 2, 2, 2, 2)

    def test_a_measurement_of_the_same_step_is_replaced_in_its_place(self, store: Store) -> None:
        make_study(store, n_trials=2)
        first = [Measurement({"loss": float(step)}, step, elapsed_s=0.5) for step in (5, 1, 9)]
        again = Measurement({"acc": 0.5}, step=5)
        with store.write(NAME) as writer:
            for measurement in first:
                writer.put_measurement(1, measurement)
        with store.write(NAME) as writer:
            writer.put_measurement(1, again)
            writer.put_measurement(1, Measurement({"loss": 2.0}, step=2))
            assert [m.step for m in writer.measurements(1)] == [5, 1, 9, 2]
        expected = [again, *first[1:], Measurement({"loss": 2.0}, step=2)]
        measured = store.measurements(NAME, [2, 1, 77])
        assert measured == {1: expected, 2: [], 77: []}
        with store.write(NAME) as writer:
            for wrong in (None, 2**63):
                with pytest.raises(InvalidInputError, match="step"):
                    writer.put_measurement(1, Measurement({"loss": 1.0}, step=wrong))
        assert store.measurements(NAME, [1])[1] == measured[1]

    def test_a_deleted_measurement_is_gone_and_its_step_is_free(self, store: Store) -> None:
        make_study(store, n_trials=1)
        with store.write(NAME) as writer:
            for step in (1, 2, 3):
                writer.put_measurement(1, Measurement({"loss": float(step)}, step=step))
        with store.write(NAME) as writer:
            writer.delete_measurement(1, 1)
            writer.put_measurement(1, Measurement({"loss": 9.0}, step=1))
            writer.delete_measurement(1, 2)
            assert [m.step for m in writer.measurements(1)] == [3, 1]
        assert [m.metrics["loss"] for m in store.measurements(NAME, [1])[1]] == [3.0, 9.0]
        revision = store.study(NAME).revision
        with store.write(NAME) as writer:
            writer.delete_measurement(1, 77)
            with pytest.raises(NotFoundError):
                writer.delete_measurement(5, 1)
        assert store.study(NAME).revision == revision

    def test_a_deleted_trial_takes_its_measurements_with_it(self, store: Store) -> None:
        make_study(store, n_trials=2)
        with store.write(NAME) as writer:
            for trial_id in (1, 2):
                writer.put_measurement(trial_id, Measurement({"loss": 1.0}, step=1))
        with store.write(NAME) as writer:
            writer.delete_trial(1)
        kept = store.measurements(NAME, [1, 2])
        assert (len(kept[1]), len(kept[2])) == (0, 1)
        study = store.study(NAME)
        assert (study.revision, study.config_revision) == (3, 3)
        assert store.counts(NAME) == TrialCounts(requested=1)

    def test_an_edit_of_the_configuration_is_told_from_others(self, store: Store) -> None:
        created = make_study(store)
        changed = replace(created, state=StudyState.COMPLETED, metadata={"a": {"b": "c"}})
        with store.write(NAME) as writer:
            writer.update_study(replace(changed, created_at=99.0, revision=99, config_revision=99))
        assert store.study(NAME) == replace(changed, revision=1)
        edited = replace(changed, config=replace(CONFIG, algorithm="GRID_SEARCH"))
        with store.write(NAME) as writer:
            writer.update_study(edited)
        assert store.study(NAME) == replace(edited, revision=2, config_revision=2)

    def test_nothing_given_or_returned_is_shared(self, store: Store) -> None:
        metadata = {"ns": {"k": "v"}}
        parameters: dict[str, object] = {"x": 0.5}
        metrics = {"loss": 1.0}
        store.create_study(Study(NAME, CONFIG, metadata=metadata))
        trial = make_trial(
            1,
            parameters=parameters,
            metadata=metadata,
            final_measurement=Measurement(metrics),
            rungs=(Rung(1, 3, Measurement(metrics), 1.0, 1),),
        )
        with store.write(NAME) as writer:
            writer.insert_trial(trial)
            writer.put_measurement(1, Measurement(metrics, step=1))
            spoil(writer.trial(1), writer.study)
            parameters["x"] = 9.0
            metadata["ns"]["k"] = "changed"
            metrics["loss"] = 9.0
        for _ in range(2):
            stored, study = store.trial(NAME, 1), store.study(NAME)
            assert stored.parameters == {"x": 0.5}
            assert stored.metadata == study.metadata == {"ns": {"k": "v"}}
            assert stored.final_measurement == Measurement({"loss": 1.0})
            assert stored.rungs[0].measurement == Measurement({"loss": 1.0})
            assert store.measurements(NAME, [1])[1] == [Measurement({"loss": 1.0}, step=1)]
            spoil(stored, study)
            spoil(store.trials(NAME)[1][0], store.studies("default")[0])

    def test_studies_do_not_touch_each_other(self, store: Store) -> None:
        other = StudyName("default", "other")
        make_study(store, n_trials=3)
        make_study(store, other, n_trials=1)
        before = state_of(store, other)
        with store.write(NAME) as writer:
            change_everything(writer)
        assert state_of(store, other) == before

    def test_transactions_do_not_nest(self, store: Store) -> None:
        make_study(store, n_trials=1)
        with store.write(NAME) as writer:
            writer.update_trial(make_trial(1, TrialState.ACTIVE))
            for call in uses_of(store, NAME):
                with pytest.raises(RuntimeError, match="do not nest"):
                    call()
        assert store.counts(NAME) == TrialCounts(active=1)

    def test_a_writer_ends_with_its_block(self, store: Store) -> None:
        make_study(store, n_trials=1)
        with store.write(NAME) as writer:
            pass
        with pytest.raises(RuntimeError, match="has ended"):
            writer.trial(1)
        with pytest.raises(RuntimeError, match="has ended"):
            writer.insert_trial(make_trial(2))
        with pytest.raises(RuntimeError, match="has ended"):
            writer.update_study(writer.study)

    def test_readers_see_a_transaction_when_it_has_ended(self, store: Store) -> None:
        make_study(store, n_trials=3)
        before = state_of(store)
        with ThreadPoolExecutor(1) as pool:
            with store.write(NAME) as writer:
                change_everything(writer)
                assert pool.submit(state_of, store).result() == before
            assert pool.submit(state_of, store).result() == state_of(store) != before

    def test_threads_write_one_after_the_other(self, store: Store) -> None:
        make_study(store)
        n_threads, n_each = 4, 10
        barrier = threading.Barrier(n_threads)

        def add(thread: int) -> None:
            barrier.wait()
            for _ in range(n_each):
                with store.write(NAME) as writer:
                    trial_id = writer.last_trial_id + 1
                    writer.insert_trial(make_trial(trial_id, client_id=str(thread)))
                with store.write(NAME) as writer:
                    writer.update_trial(make_trial(trial_id, TrialState.SUCCEEDED))
                store.trials(NAME, since_revision=writer.revision - 1)

        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(add, range(n_threads)))
        revision, trials = store.trials(NAME)
        assert revision == 2 * n_threads * n_each
        assert ids(trials) == list(range(1, n_threads * n_each + 1))
        assert store.counts(NAME) == TrialCounts(succeeded=n_threads * n_each)

    def test_a_closed_store_says_so(self, store: Store) -> None:
        make_study(store)
        store.close()
        for call in uses_of(store, NAME):
            with pytest.raises(StorageError, match="the store is closed"):
                call()
        store.close()
