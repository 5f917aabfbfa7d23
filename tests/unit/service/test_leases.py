"""Leases: who owns a trial, what an abandoned one is, and clocks that jump."""

import threading
from dataclasses import replace

import pytest

from wazir.algorithms.protocol import Reads, Suggestion
from wazir.app.stopping_rules import make_rule
from wazir.domain.errors import ConflictError, InvalidTransitionError, StaleAttemptError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.studies import EarlyStopping, StudyConfig
from wazir.domain.trials import TrialState
from wazir.service.abandoned import abandoned_by, is_abandoned
from wazir.service.foreign import ForeignClients
from wazir.service.lease_clock import LeaseClock
from wazir.service.leases import RETURN_LEASE_S, Leases
from wazir.service.local import local_service
from wazir.service.orphans import MIN_ORPHAN_AFTER_S, ForeignLeases
from wazir.service.snapshots import snapshot_at
from wazir.service.sweeping import Sweeper
from wazir.storage.memory import MemoryStore

NAME = StudyName("p", "s")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1)}), (Metric("loss", Goal.MINIMIZE),), algorithm="FAKE"
)
BUDGETS = StudyConfig(
    SearchSpace({"x": Double(0, 1), "epochs": Integer(1, 9)}),
    (Metric("loss", Goal.MINIMIZE),),
    algorithm="FAKE",
    fidelity="epochs",
    early_stopping=EarlyStopping.for_budgets(),
)
LEASE_S = 100.0
DONE = Measurement({"loss": 0.5})


class Fake:
    reads = Reads.TRIALS

    def __init__(self):
        self.snapshots = []

    def suggest(self, config, snapshot, trial_ids):
        self.snapshots.append(snapshot)
        return [Suggestion({"x": trial_id / 1000}) for trial_id in trial_ids]


class Nobody:
    """Knows that all local clients are gone, which does not matter for those with a lease."""

    def __init__(self):
        self.gone = set()

    def is_gone(self, client_id):
        return client_id in self.gone


class CountingStore(MemoryStore):
    def __init__(self):
        super().__init__()
        self.n_writes = 0

    def write(self, name):
        self.n_writes += 1
        return super().write(name)


class World:
    def __init__(self, config=CONFIG):
        self.now = 1000.0
        self.store = CountingStore()
        self.owners = Nobody()
        self.algorithm = Fake()
        self.leases = Leases(self.owners, self.clock)
        self.service = local_service(
            self.store,
            new_algorithms=lambda: lambda _: self.algorithm,
            clock=self.clock,
            owners=self.owners,
            rule_of=make_rule,
        )
        self.sweeper = Sweeper(self.store, self.leases)
        self.service.create_study(NAME, config)

    def clock(self):
        return self.now

    def suggest(self, client="a", count=1, lease_s=LEASE_S):
        return self.service.suggest_trials(NAME, count, client, lease_s=lease_s)

    def trial(self, trial_id=1):
        return self.service.trial(NAME, trial_id)

    def abandon(self, client="a"):
        (trial,) = self.suggest(client)
        self.now += LEASE_S + 1
        assert self.sweeper.sweep() == 1
        return self.trial(trial.id)


@pytest.fixture
def world():
    return World()


def test_a_sweep_frees_what_has_ended_in_all_studies_and_nothing_else(world):
    others = [StudyName("q", f"s{i}") for i in range(3)]
    for name in others:
        world.service.create_study(name, CONFIG)
        world.service.suggest_trials(name, 1, "c", lease_s=LEASE_S)
    world.suggest("a", 2)
    world.suggest("none", lease_s=None)
    world.now += LEASE_S
    assert world.sweeper.sweep() == 0
    world.suggest("late", lease_s=LEASE_S)
    n_before = world.store.n_writes
    world.now += 1
    assert world.sweeper.sweep() == 5
    assert world.store.n_writes - n_before == 4
    states = [trial.state for trial in world.service.trials(NAME)[1]]
    assert states == [TrialState.REQUESTED] * 2 + [TrialState.ACTIVE] * 2
    assert world.sweeper.sweep() == 0
    assert world.store.n_writes - n_before == 4


def test_a_study_deleted_during_a_sweep_is_no_error(world):
    world.suggest()
    world.now += LEASE_S + 1
    find = world.store.studies_with_expired_leases
    world.store.studies_with_expired_leases = lambda now, limit: [
        StudyName("p", "deleted"),
        *find(now, limit),
    ]
    assert world.sweeper.sweep() == 1


def test_sweeping_goes_on_until_it_is_told_to_stop(world):
    stop, swept = threading.Event(), []

    def sweep():
        swept.append(1)
        if len(swept) == 2:
            raise ConflictError("the storage is away")
        if len(swept) == 3:
            stop.set()
        return 0

    world.sweeper.sweep = sweep
    world.sweeper.run(stop, every_s=0.001)
    assert len(swept) == 3


def test_an_abandoned_trial_goes_to_the_next_client_as_its_next_attempt(world):
    lost = world.abandon("a")
    assert (lost.state, lost.client_id, lost.n_lost_attempts) == (TrialState.REQUESTED, "", 1)
    assert is_abandoned(lost)
    assert abandoned_by(lost) == "a"
    (taken,) = world.suggest("b")
    assert (taken.id, taken.attempt, taken.client_id) == (1, 2, "b")
    assert not is_abandoned(taken)
    with pytest.raises(StaleAttemptError):
        world.service.complete_trial(NAME, 1, measurement=DONE, attempt=1)


def test_a_trial_whose_leases_end_too_often_is_infeasible(world):
    for client in "abc":
        world.suggest(client)
        world.now += LEASE_S + 1
        world.sweeper.sweep()
    assert world.trial().state is TrialState.INFEASIBLE
    assert world.trial().infeasible_reason == "its worker died 3 times"


def test_an_abandoned_trial_is_not_pending_and_the_past_can_be_told(world):
    world.suggest("b", lease_s=10 * LEASE_S)
    assert world.abandon("a").id == 2
    revision = world.service.study(NAME).revision
    given = world.suggest("c", count=2)
    assert [trial.id for trial in given] == [2, 3]
    _, trials = world.service.trials(NAME)
    pending = {
        at: [trial.id for trial in snapshot_at(at, trials).pending]
        for at in (revision - 1, revision, revision + 1)
    }
    assert pending == {revision - 1: [1, 2], revision: [1], revision + 1: [1, 2]}
    shown = world.algorithm.snapshots[-1]
    assert shown.revision == revision + 1
    assert [trial.id for trial in shown.pending] == [1, 2]


def test_nobody_counts_on_a_trial_that_is_abandoned_meanwhile(world):
    """A lease ends just before a snapshot for somebody else is read."""
    world.suggest("a")
    world.suggest("b", lease_s=2 * LEASE_S)
    world.now += LEASE_S
    read_study = world.store.trials

    def read_later(name, **options):
        world.now += 1
        world.sweeper.sweep()
        return read_study(name, **options)

    world.store.trials = read_later
    world.suggest("c")
    assert [trial.id for trial in world.algorithm.snapshots[-1].pending] == [2]


def test_an_owner_that_comes_back_may_go_on_if_nobody_has_its_trial(world):
    world.abandon("a")
    world.service.add_measurements(NAME, 1, [Measurement({"loss": 1.0})], attempt=1)
    back = world.trial()
    assert (back.state, back.client_id, back.attempt) == (TrialState.ACTIVE, "a", 1)
    assert back.n_lost_attempts == 0
    assert back.lease_expires_at == world.now + RETURN_LEASE_S
    done = world.service.complete_trial(NAME, 1, attempt=1)
    assert done.state is TrialState.SUCCEEDED
    assert world.suggest("b")[0].id == 2


@pytest.mark.parametrize("attempt", [1, None])
def test_an_owner_that_comes_back_may_complete_its_trial(world, attempt):
    world.abandon("a")
    done = world.service.complete_trial(NAME, 1, measurement=DONE, attempt=attempt)
    assert done.state is TrialState.SUCCEEDED
    assert world.service.complete_trial(NAME, 1, measurement=DONE, attempt=attempt) == done
    with pytest.raises(InvalidTransitionError):
        world.service.complete_trial(NAME, 1, measurement=Measurement({"loss": 9.0}))


def test_an_owner_that_comes_back_completes_a_small_budget_as_a_small_one():
    world = World(BUDGETS)
    lost = world.abandon("a")
    assert lost.parameters["epochs"] < 9
    done = world.service.complete_trial(NAME, 1, measurement=DONE, attempt=1)
    assert done.is_paused
    assert [rung.budget for rung in done.rungs] == [lost.parameters["epochs"]]


def test_a_lease_that_ended_can_be_renewed_taken_over_released_and_begun_again(world):
    world.abandon("a")
    renewed = world.service.renew_lease(NAME, 1, lease_s=50, attempt=1)
    assert (renewed.state, renewed.client_id) == (TrialState.ACTIVE, "a")
    assert renewed.lease_expires_at == world.now + 50
    world.now += 51
    world.sweeper.sweep()
    taken = world.service.take_over_trial(NAME, 1, previous="a", client_id="a2")
    assert (taken.state, taken.client_id, taken.attempt) == (TrialState.ACTIVE, "a2", 1)
    world.now += RETURN_LEASE_S + 1
    world.sweeper.sweep()
    with pytest.raises(ConflictError, match="another client"):
        world.service.take_over_trial(NAME, 1, previous="b", client_id="b2")
    assert world.service.release_trial(NAME, 1, attempt=1).state is TrialState.REQUESTED
    begun = world.service.next_attempt(NAME, 1, attempt=1, lost=True)
    assert (begun.state, begun.client_id, begun.attempt) == (TrialState.ACTIVE, "a2", 2)


def test_what_does_not_run_has_no_lease(world):
    (trial,) = world.suggest("a")
    world.service.release_trial(NAME, 1, attempt=1)
    with pytest.raises(ConflictError, match="is REQUESTED"):
        world.service.renew_lease(NAME, 1, lease_s=50, attempt=1)
    world.service.complete_trial(NAME, 1, measurement=DONE)
    with pytest.raises(ConflictError, match="is SUCCEEDED"):
        world.service.renew_lease(NAME, trial.id, lease_s=50)


def test_renewing_often_writes_seldom(world):
    world.suggest("a")
    revision = world.service.study(NAME).revision
    for _ in range(9):
        world.now += 0.01 * LEASE_S
        world.service.renew_lease(NAME, 1, lease_s=LEASE_S, attempt=1)
        world.suggest("a")
    assert world.service.study(NAME).revision == revision
    world.now += 0.02 * LEASE_S
    assert world.suggest("a")[0].lease_expires_at == world.now + LEASE_S
    assert world.service.study(NAME).revision == revision + 1


def test_asking_renews_all_that_a_client_has(world):
    world.suggest("a", count=3)
    world.service.request_stop(NAME, 3, "enough")
    world.now += 0.9 * LEASE_S
    world.suggest("a", count=1)
    world.now += 0.5 * LEASE_S
    assert world.sweeper.sweep() == 0
    assert world.trial(3).state is TrialState.STOPPING


def test_the_lease_alone_decides_where_there_is_one(world):
    """Its id may look like that of a process here, but come from another machine."""
    world.suggest("gone")
    world.suggest("also gone", lease_s=None)
    world.owners.gone = {"gone", "also gone"}
    assert [trial.id for trial in world.suggest("b")] == [2]


def test_nothing_ends_in_the_first_moments_of_a_server(world):
    world.suggest("a")
    world.now += 10 * LEASE_S
    leases = Leases(world.owners, world.clock, grace_s=60)
    sweeper = Sweeper(world.store, leases)
    assert sweeper.sweep() == 0
    world.now += 59
    assert sweeper.sweep() == 0
    world.now += 2
    assert sweeper.sweep() == 1


class Clocks:
    def __init__(self):
        self.real, self.set_by = 0.0, 0.0
        self.lease_clock = LeaseClock(lambda: 1e9 + self.real + self.set_by, lambda: self.real)

    def pass_s(self, seconds):
        self.real += seconds
        return self.lease_clock()


@pytest.mark.parametrize("jump", [3600.0, -3600.0, 1e9])
def test_a_clock_that_jumps_frees_nobody_who_renews_and_keeps_nobody_for_ever(jump):
    clocks = Clocks()
    store = MemoryStore()
    leases = Leases(Nobody(), clocks.lease_clock)
    service = local_service(
        store,
        new_algorithms=lambda: lambda _: Fake(),
        clock=clocks.lease_clock,
        owners=Nobody(),
        rule_of=make_rule,
    )
    sweeper = Sweeper(store, leases)
    service.create_study(NAME, CONFIG)
    service.suggest_trials(NAME, 1, "alive", lease_s=120)
    service.suggest_trials(NAME, 1, "dead", lease_s=120)
    clocks.set_by += jump
    freed_after = None
    for second in range(0, 600, 5):
        if second % 30 == 0:
            service.renew_lease(NAME, 1, lease_s=120, attempt=1)
        if sweeper.sweep():
            freed_after = second
        clocks.pass_s(5)
    assert service.trial(NAME, 1).state is TrialState.ACTIVE
    assert service.trial(NAME, 2).state is TrialState.REQUESTED
    assert 80 <= freed_after <= 245


def test_both_clocks_agree_again_after_a_while():
    clocks = Clocks()
    assert clocks.pass_s(10) == 1e9 + 10
    clocks.set_by = 100
    before = clocks.lease_clock()
    assert clocks.pass_s(10) == before + 15
    clocks.pass_s(1000)
    assert clocks.lease_clock() == 1e9 + 1020 + 100
    clocks.set_by = 0
    before = clocks.lease_clock()
    assert clocks.pass_s(10) == before + 5


def foreign(world, orphan_after_s=None):
    leases = ForeignLeases(
        world.service,
        world.clock,
        is_ours=lambda client_id: client_id.startswith("python:"),
        orphan_after_s=orphan_after_s,
    )
    return ForeignClients(world.service, new_seed=lambda: 1, leases=leases)


def test_whatever_a_foreign_client_asks_keeps_its_trial(world):
    clients = foreign(world, orphan_after_s=LEASE_S)
    clients.suggest(NAME, 1, "w")
    requests = (
        lambda: clients.trial(NAME, 1),
        lambda: clients.add_measurement(NAME, 1, Measurement({"loss": 1.0})),
        lambda: clients.should_stop(NAME, 1),
        lambda: clients.suggest(NAME, 1, "w"),
        lambda: clients.update_metadata(NAME, {}, {1: {"ns": {"k": "v"}}}),
        lambda: clients.stop(NAME, 1),
        lambda: clients.trial(NAME, 1),
    )
    for request in requests:
        world.now += 0.9 * LEASE_S
        request()
        assert world.sweeper.sweep() == 0
    world.now += LEASE_S + 1
    assert world.sweeper.sweep() == 1


def test_reading_often_writes_seldom(world):
    clients = foreign(world, orphan_after_s=LEASE_S)
    clients.suggest(NAME, 1, "w")
    n_writes = world.store.n_writes
    for _ in range(9):
        world.now += 0.01 * LEASE_S
        clients.trial(NAME, 1)
    assert world.store.n_writes == n_writes
    world.now += 0.02 * LEASE_S
    clients.trial(NAME, 1)
    assert world.store.n_writes == n_writes + 1


def test_a_silent_foreign_client_loses_its_trial_and_may_come_back(world):
    clients = foreign(world, orphan_after_s=1000)
    clients.suggest(NAME, 1, "w")
    world.now += 1000 + 1
    world.sweeper.sweep()
    # Looking at it is not working on it.
    assert clients.trial(NAME, 1).state is TrialState.REQUESTED
    clients.add_measurement(NAME, 1, Measurement({"loss": 1.0}))
    assert world.trial().lease_expires_at == world.now + 1000
    world.now += 1000 + 1
    world.sweeper.sweep()
    assert clients.complete(NAME, 1, measurement=DONE).state is TrialState.SUCCEEDED
    assert clients.complete(NAME, 1, measurement=DONE).state is TrialState.SUCCEEDED
    with pytest.raises(ConflictError):
        clients.complete(NAME, 1, measurement=Measurement({"loss": 9.0}))
    with pytest.raises(ConflictError):
        clients.complete(NAME, 1, infeasible_reason="no")


def test_a_foreign_reader_keeps_no_trial_of_ours_alive(world):
    clients = foreign(world, orphan_after_s=10 * LEASE_S)
    world.suggest("python:host:1:2/1")
    world.suggest("none", lease_s=None)
    clients.trial(NAME, 1)
    clients.trial(NAME, 2)
    assert world.trial(1).lease_expires_at == world.now + LEASE_S
    assert world.trial(2).lease_expires_at is None


def test_by_default_ten_times_the_median_trial_at_least_an_hour(world):
    clients = foreign(world)
    (first,) = clients.suggest(NAME, 1, "w")
    assert first.lease_expires_at == world.now + MIN_ORPHAN_AFTER_S
    for duration in (100.0, 1000.0, 5000.0):
        world.now += duration
        (trial,) = clients.suggest(NAME, 1, "w")
        clients.complete(NAME, trial.id, measurement=DONE)
        world.now += 100
        clients.suggest(NAME, 1, "w")
    world.now += 100
    (trial,) = clients.suggest(NAME, 1, "other")
    durations = sorted(
        one.completed_at - one.started_at
        for one in world.service.trials(NAME)[1]
        if one.completed_at is not None
    )
    assert trial.lease_expires_at == world.now + 10 * durations[1]


def test_metadata_that_somebody_else_wrote_is_no_trouble(world):
    world.abandon("a")
    world.service.update_metadata(
        NAME, {}, trials={1: {"wazir.lease": {"abandoned_during": "x y-"}}}
    )
    assert not is_abandoned(world.trial())
    assert world.suggest("b")[0].id == 1
    assert replace(world.trial(), metadata={}).attempt == 2
