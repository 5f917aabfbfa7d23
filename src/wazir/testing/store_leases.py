"""The part of the contract suite of stores that is about leases."""
# ruff: noqa: D102  the names of the tests say what they test

from wazir.domain.names import StudyName
from wazir.domain.trials import TrialState
from wazir.storage.protocol import Store
from wazir.testing.store_values import PENDING, make_study, make_trial


class LeaseContract:
    """What every store must find; `StoreContract` has it all."""

    def test_leases_that_ended_are_found_in_all_studies(self, store: Store) -> None:
        names = [StudyName("p", "a"), StudyName("q", "b"), StudyName("q", "c")]
        for name in names:
            make_study(store, name, n_trials=2)
        assert store.studies_with_expired_leases(1e12, 9) == []
        for name, state, until in zip(names, PENDING, (5.0, 6.0, 7.0), strict=True):
            with store.write(name) as writer:
                writer.update_trial(make_trial(1, state, lease_expires_at=until))
                writer.update_trial(make_trial(2, TrialState.ACTIVE))
        # The first one is REQUESTED: nobody runs it.
        assert store.studies_with_expired_leases(6.0, 9) == []
        assert store.studies_with_expired_leases(6.5, 9) == names[1:2]
        assert set(store.studies_with_expired_leases(8.0, 9)) == set(names[1:])
        assert len(store.studies_with_expired_leases(8.0, 1)) == 1
        with store.write(names[1]) as writer:
            writer.update_trial(make_trial(2, TrialState.STOPPING, lease_expires_at=1.0))
        assert sorted(store.studies_with_expired_leases(8.0, 9)) == names[1:]
        store.delete_study(names[1])
        with store.write(names[2]) as writer:
            writer.update_trial(make_trial(1, TrialState.SUCCEEDED))
        assert store.studies_with_expired_leases(8.0, 9) == []
