"""The in-memory store: what the contract does not say."""

import time

import pytest

from wazir.domain.names import StudyName
from wazir.domain.trials import TrialState
from wazir.storage.memory import MemoryStore
from wazir.testing.store_values import NAME, ids, make_study, make_trial


def test_stores_share_nothing():
    left, right = MemoryStore(), MemoryStore()
    make_study(left)
    assert right.studies(NAME.project_id) == []


def test_a_block_on_one_study_keeps_writers_of_others_out_but_not_readers():
    store = MemoryStore()
    make_study(store, n_trials=1)
    other = StudyName("default", "other")
    make_study(store, other)
    with store.write(NAME), pytest.raises(RuntimeError, match="do not nest"):
        store.write(other).__enter__()
    assert store.counts(other).total == 0


def test_the_first_of_many_waiting_trials_is_found_without_a_look_at_all():
    store = MemoryStore()
    make_study(store, n_trials=4_000)
    begin = time.process_time()
    with store.write(NAME) as writer:
        for _ in range(100):
            found = writer.trials(states=[TrialState.REQUESTED], limit=2)
            writer.update_trial(make_trial(found[0].id, TrialState.ACTIVE))
    # A look at all of them would copy 400,000 trials: several seconds.
    assert time.process_time() - begin < 1
    assert ids(store.trials(NAME, states=[TrialState.ACTIVE])[1]) == list(range(1, 101))
