"""The part of the contract suite of stores that is about whole studies from elsewhere."""
# ruff: noqa: D102  the names of the tests say what they test

import math
from dataclasses import replace

import pytest

from wazir.domain.errors import AlreadyExistsError, InvalidInputError, StorageError
from wazir.domain.metrics import Measurement
from wazir.domain.names import StudyName
from wazir.domain.studies import Study, StudyState, TrialCounts
from wazir.domain.trials import TrialState
from wazir.storage.protocol import Store
from wazir.storage.whole import WholeStudy
from wazir.testing.store_values import CONFIG, NAME, ids, make_study, make_trial, state_of

_STUDY = Study(
    NAME, CONFIG, StudyState.INACTIVE, {"n": {"k": "\0"}}, 1.5, revision=9, config_revision=7
)
_WHOLE = WholeStudy(
    _STUDY,
    last_trial_id=6,
    trials=(
        make_trial(1, TrialState.SUCCEEDED, final_measurement=Measurement({"loss": 1.0})),
        make_trial(2, TrialState.ACTIVE, client_id="me", lease_expires_at=5.0),
        make_trial(4),
    ),
    measurements={
        1: [Measurement({"loss": 2.0}, 5, 0.5), Measurement({"loss": -math.inf}, 1)],
        4: [Measurement({"loss": 0.0}, 0)],
    },
)


class WholeStudyContract:
    """What every store must do; `StoreContract` has it all."""

    def test_a_whole_study_is_as_it_was(self, store: Store) -> None:
        make_study(store, StudyName("a", "s"), n_trials=1)
        store.add_whole_study(_WHOLE)
        assert store.project_ids() == ["a", "default"]
        assert store.study(NAME) == _STUDY
        assert store.trials(NAME) == (9, list(_WHOLE.trials))
        assert store.counts(NAME) == TrialCounts(requested=1, active=1, succeeded=1)
        assert store.measurements(NAME, [1, 2, 4]) == {**_WHOLE.measurements, 2: []}
        assert store.studies_with_expired_leases(6.0, 9) == [NAME]
        assert ids(store.trials(NAME, since_revision=8)[1]) == [1, 2, 4]
        assert store.trials(NAME, since_revision=9)[1] == []

    def test_a_whole_study_goes_on_where_it_was(self, store: Store) -> None:
        store.add_whole_study(_WHOLE)
        with store.write(NAME) as writer:
            assert (writer.revision, writer.last_trial_id) == (10, 6)
            writer.insert_trial(make_trial(7))
            writer.put_measurement(1, Measurement({"loss": 3.0}, 5))
            writer.delete_trial(4)
        assert [m.step for m in store.measurements(NAME, [1])[1]] == [5, 1]
        assert ids(store.trials(NAME, since_revision=9)[1]) == [7]
        study = store.study(NAME)
        assert (study.revision, study.config_revision) == (10, 10)
        assert store.counts(NAME) == TrialCounts(requested=1, active=1, succeeded=1)

    def test_a_whole_study_takes_no_name_and_nothing_that_cannot_be_kept(
        self, store: Store
    ) -> None:
        make_study(store, n_trials=1)
        before = state_of(store)
        with pytest.raises(AlreadyExistsError, match="'s' in project 'default' already"):
            store.add_whole_study(_WHOLE)
        assert state_of(store) == before
        store.delete_study(NAME)
        odd = replace(_WHOLE, measurements={4: [Measurement({"loss": 0.0})]})
        with pytest.raises(InvalidInputError, match="step"):
            store.add_whole_study(odd)
        assert store.project_ids() == []

    def test_whole_studies_are_not_for_transactions_or_closed_stores(self, store: Store) -> None:
        make_study(store, StudyName("a", "s"))
        with store.write(StudyName("a", "s")):
            for call in (store.project_ids, lambda: store.add_whole_study(_WHOLE)):
                with pytest.raises(RuntimeError, match="do not nest"):
                    call()
        store.close()
        for call in (store.project_ids, lambda: store.add_whole_study(_WHOLE)):
            with pytest.raises(StorageError, match="closed"):
                call()

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"last_trial_id": 3}, "ids from 1 to 3"),
            ({"trials": _WHOLE.trials[::-1]}, "in their order"),
            ({"trials": (make_trial(1),) * 2}, "in their order"),
            ({"trials": (make_trial(0),)}, "ids from 1"),
            ({"measurements": {3: []}}, "of trial 3"),
        ],
    )
    def test_ids_that_do_not_fit_are_refused(self, fields: dict[str, object], words: str) -> None:
        with pytest.raises(InvalidInputError, match=words):
            replace(_WHOLE, **fields)  # type: ignore[arg-type]
