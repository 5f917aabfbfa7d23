"""What a reader of snapshots keeps, and that it never changes what is read."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from wazir.algorithms.protocol import Reads
from wazir.domain.names import StudyName
from wazir.service.proposing import MAX_KEPT_STUDIES, LocalProposer
from wazir.service.snapshots import SnapshotReader
from wazir.storage.memory import MemoryStore
from wazir.testing.store_values import make_study

NAMES = [StudyName("p", f"s{i}") for i in range(4)]


class CountingStore(MemoryStore):
    def __init__(self):
        super().__init__()
        self.n_read = 0

    def trials(self, name, **options):
        revision, found = super().trials(name, **options)
        self.n_read += len(found)
        return revision, found


@pytest.fixture
def store():
    store = CountingStore()
    for name in NAMES:
        make_study(store, name, n_trials=10)
    return store


def read(reader, store, name):
    return [trial.id for trial in reader.read(store.study(name), Reads.TRIALS).pending]


def test_only_changes_are_read_again(store):
    reader = SnapshotReader(store)
    for _ in range(3):
        assert read(reader, store, NAMES[0]) == list(range(1, 11))
    assert store.n_read == 10
    with store.write(NAMES[0]) as writer:
        writer.delete_trial(3)
    assert 3 not in read(reader, store, NAMES[0])


def test_studies_that_were_not_read_for_long_are_forgotten_and_read_again(store):
    reader = SnapshotReader(store, max_kept_trials=25)
    for name in (NAMES[0], NAMES[1], NAMES[0], NAMES[2]):
        read(reader, store, name)
    assert store.n_read == 30
    # 1 was read before 0, so it had to go.
    read(reader, store, NAMES[0])
    assert store.n_read == 30
    assert read(reader, store, NAMES[1]) == list(range(1, 11))
    assert store.n_read == 40


def test_a_study_that_is_larger_than_all_that_is_kept_is_kept_alone(store):
    reader = SnapshotReader(store, max_kept_trials=5)
    for _ in range(3):
        read(reader, store, NAMES[0])
    assert store.n_read == 10


def test_many_threads_read_the_same(store):
    reader = SnapshotReader(store, max_kept_trials=25)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: read(reader, store, NAMES[i % 4]), range(200)))
    assert all(ids == list(range(1, 11)) for ids in found)


def test_each_study_has_algorithms_of_its_own_and_the_latest_are_kept(store):
    made = []

    class Fake:
        reads = Reads.NOTHING

        def suggest(self, config, snapshot, trial_ids):
            return []

    def new_algorithms():
        made.append(Fake())
        return lambda _, one=made[-1]: one

    proposer = LocalProposer(SnapshotReader(store), new_algorithms)
    for name in (NAMES[0], NAMES[1], NAMES[0]):
        proposer.propose(store.study(name), [1])
    assert len(made) == 2
    for i in range(MAX_KEPT_STUDIES):
        make_study(store, StudyName("q", f"s{i}"))
        proposer.propose(store.study(StudyName("q", f"s{i}")), [1])
    proposer.propose(store.study(NAMES[0]), [1])
    assert len(made) == 2 + MAX_KEPT_STUDIES + 1
