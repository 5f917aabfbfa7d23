"""Suggestions prepared ahead: used only where they hold, the same as any other, in nobody's way."""

import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.protocol import Reads, Suggestion
from wazir.app.stopping_rules import make_rule
from wazir.domain.edits import StudyEdit
from wazir.domain.errors import ComputationError
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.names import StudyName
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig, StudyState
from wazir.service.analysing import LocalAnalyst
from wazir.service.leases import Leases
from wazir.service.preparing import PreparingProposer
from wazir.service.proposing import LocalProposer
from wazir.service.snapshots import SnapshotReader, snapshot_at
from wazir.service.studies import StudyService
from wazir.storage.memory import MemoryStore

NAME = StudyName("p", "s")
CONFIG = StudyConfig(
    SearchSpace({"x": Double(0, 1), "y": Double(0, 1)}),
    (Metric("loss", Goal.MINIMIZE),),
    algorithm="FAKE",
)
WAIT_S = 10.0


class Fake:
    reads = Reads.TRIALS

    def suggest(self, config, snapshot, trial_ids):
        return [Suggestion({"x": trial_id / 1000, "y": 0.5}) for trial_id in trial_ids]


class Later(Executor):
    """Carries out what was submitted when it is told to."""

    def __init__(self):
        self.waiting = []
        self.is_immediate = False

    def submit(self, work, *arguments):
        self.waiting.append((work, arguments))
        if self.is_immediate:
            self.carry_out()
        return Future()

    def carry_out(self):
        while self.waiting:
            work, arguments = self.waiting.pop(0)
            work(*arguments)


class Nobody:
    def is_gone(self, client_id):
        return False


class World:
    def __init__(self, threads=None, algorithm=None, config=CONFIG, **options):
        self.store = MemoryStore()
        self.threads = threads or Later()
        self.n_asked, self.n_ahead = 0, 0
        self.meanwhile = lambda: None
        snapshots = SnapshotReader(self.store)
        self.local = LocalProposer(snapshots, lambda: lambda _: algorithm or Fake())
        self.proposer = PreparingProposer(
            self,
            self.ahead,
            is_worthwhile=lambda config: config.algorithm != "CHEAP",
            threads=self.threads,
            **options,
        )
        self.service = StudyService(
            self.store,
            clock=lambda: 0.0,
            snapshots=snapshots,
            leases=Leases(Nobody(), lambda: 0.0),
            proposer=self.proposer,
            analyst=LocalAnalyst(
                self.store,
                snapshots,
                clock=lambda: 0.0,
                rule_of=make_rule,
                recommend=None,
                advise=None,
            ),
            check_config=lambda config: None,
        )
        self.service.create_study(NAME, config)

    def propose(self, study, trial_ids):
        self.n_asked += 1
        return self.local.propose(study, trial_ids)

    def look_ahead(self, outlook):
        raise AssertionError("this is for the one above")

    def ahead(self, study, trial_ids, on_begin):
        on_begin()
        self.n_ahead += 1
        self.meanwhile()
        return self.local.propose(study, trial_ids)

    def suggest(self, client="a", count=1):
        return self.service.suggest_trials(NAME, count, client)

    def complete(self, trial, loss=1.0):
        self.service.complete_trial(NAME, trial.id, measurement=Measurement({"loss": loss}))


@pytest.fixture
def world():
    return World()


def test_what_was_prepared_is_given(world):
    world.suggest("a")
    world.threads.carry_out()
    assert (world.n_asked, world.n_ahead) == (1, 1)
    (trial,) = world.suggest("b")
    assert (trial.id, trial.parameters["x"]) == (2, 0.002)
    assert (world.n_asked, world.n_ahead) == (1, 1)
    assert trial.metadata["wazir.suggestion"]["revision"] == "1"
    world.threads.carry_out()
    assert world.suggest("c")[0].metadata["wazir.suggestion"]["revision"] == "2"


def test_a_completion_makes_it_new_and_before_that_the_old_one_serves(world):
    (first,) = world.suggest("a")
    world.threads.carry_out()
    world.complete(first)
    assert len(world.threads.waiting) == 1
    # What is under way has not begun, so that nobody waits for it.
    (second,) = world.suggest("b")
    assert second.metadata["wazir.suggestion"]["revision"] == "1"
    assert world.n_asked == 1
    world.threads.carry_out()
    # What had not begun was for the same trial, and was left.
    assert world.n_ahead == 2
    world.complete(second)
    world.threads.carry_out()
    (third,) = world.suggest("c")
    assert third.metadata["wazir.suggestion"]["revision"] == "4"
    assert world.n_asked == 1


def test_more_completions_than_the_bound_allows_make_it_useless(world):
    trials = world.suggest("a", count=5)
    world.threads.carry_out()
    for trial in trials[:2]:
        world.complete(trial)
    world.threads.waiting.clear()
    (sixth,) = world.suggest("b")
    assert (sixth.id, world.n_asked) == (6, 2)
    assert sixth.metadata["wazir.suggestion"]["revision"] == "3"


def delete(world):
    world.service.delete_trial(NAME, 1)


def make_again(world):
    world.service.delete_study(NAME)
    world.service._clock = lambda: 1.0
    world.service.create_study(NAME, CONFIG)
    world.service.add_trial(NAME, {"x": 0.1, "y": 0.1}, measurement=Measurement({"loss": 1.0}))


def add(world):
    world.service.add_trial(NAME, {"x": 0.1, "y": 0.1}, measurement=Measurement({"loss": 1.0}))


def edit(world):
    world.service.edit_study(NAME, StudyEdit(planned_n_trials=50))


@pytest.mark.parametrize("change", [delete, make_again, add, edit])
def test_it_is_not_used_after(world, change):
    world.suggest("a")
    world.threads.carry_out()
    change(world)
    world.suggest("b")
    assert world.n_asked == 2


def test_an_edit_while_it_is_prepared_makes_it_useless(world):
    world.suggest("a")
    world.meanwhile = lambda: edit(world)
    world.threads.carry_out()
    world.suggest("b")
    assert world.n_asked == 2


def test_many_at_once_are_computed_together(world):
    world.suggest("a")
    world.threads.carry_out()
    trials = world.suggest("b", count=100)
    assert [trial.id for trial in trials] == list(range(2, 102))
    assert world.n_asked == 2


def test_asking_again_prepares_nothing_again(world):
    world.suggest("a")
    world.threads.carry_out()
    for _ in range(3):
        world.suggest("a")
        world.threads.carry_out()
    assert world.n_ahead == 1


def test_nothing_is_prepared_that_nobody_will_ask_for():
    cheap = World(config=replace(CONFIG, algorithm="CHEAP"))
    cheap.suggest()
    full = World(config=replace(CONFIG, planned_n_trials=2))
    full.suggest(count=2)
    waiting = World()
    waiting.service.add_trial(NAME, {"x": 0.1, "y": 0.1})
    waiting.service.add_trial(NAME, {"x": 0.2, "y": 0.1})
    waiting.suggest()
    for world in (cheap, full, waiting):
        assert world.threads.waiting == []
    closed = World()
    (trial,) = closed.suggest()
    closed.threads.waiting.clear()
    closed.service.set_study_state(NAME, StudyState.COMPLETED)
    closed.complete(trial)
    assert closed.threads.waiting == []


def test_an_error_is_left_to_whoever_asks(world):
    def fail():
        raise ComputationError("the process died twice")

    world.suggest("a")
    world.meanwhile = fail
    world.threads.carry_out()
    assert world.suggest("b")[0].id == 2
    assert world.n_asked == 2


def test_a_closed_pool_is_no_error(world):
    with ThreadPoolExecutor(1) as pool:
        pass
    world.proposer._threads = pool
    assert [world.suggest(client)[0].id for client in "abc"] == [1, 2, 3]


def test_who_asks_waits_for_what_has_begun():
    with ThreadPoolExecutor(2) as pool:
        world = World(threads=pool)
        begun, goes_on = threading.Event(), threading.Event()

        def wait():
            begun.set()
            assert goes_on.wait(WAIT_S)

        world.meanwhile = wait
        world.suggest("a")
        assert begun.wait(WAIT_S)
        asking = pool.submit(world.suggest, "b")
        goes_on.set()
        (trial,) = asking.result(WAIT_S)
        assert (trial.id, world.n_asked) == (2, 1)


def test_who_asks_does_not_wait_for_what_begins_later():
    with ThreadPoolExecutor(3) as pool:
        world = World(threads=pool, patience_s=WAIT_S)
        begun, goes_on, ends = threading.Event(), threading.Event(), threading.Event()

        def wait():
            is_first = not begun.is_set()
            begun.set()
            assert (goes_on if is_first else ends).wait(WAIT_S)

        world.meanwhile = wait
        (first,) = world.suggest("a")
        assert begun.wait(WAIT_S)
        waits, changed = threading.Event(), world.proposer._changed
        plain_wait = changed.wait

        def noted_wait(timeout=None):
            waits.set()
            return plain_wait(timeout)

        changed.wait = noted_wait
        asking = pool.submit(world.suggest, "b")
        assert waits.wait(WAIT_S)
        world.complete(first)
        goes_on.set()
        # The one that knows the result of the first trial may have begun by now, and does not end.
        (trial,) = asking.result(WAIT_S / 2)
        assert (trial.id, world.n_asked) == (2, 1)
        assert not ends.is_set()
        ends.set()


def test_who_could_have_an_older_one_does_not_wait_for_long():
    with ThreadPoolExecutor(2) as pool:
        world = World(threads=pool, patience_s=0.01)
        ready = threading.Event()
        world.meanwhile = ready.set
        (first,) = world.suggest("a")
        assert ready.wait(WAIT_S)
        desk = world.proposer._desks[NAME]
        with world.proposer._changed:
            assert world.proposer._changed.wait_for(lambda: desk.run is None, WAIT_S)
        begun, goes_on = threading.Event(), threading.Event()

        def wait():
            begun.set()
            assert goes_on.wait(WAIT_S)

        world.meanwhile = wait
        world.complete(first)
        assert begun.wait(WAIT_S)
        (second,) = world.suggest("b")
        assert second.metadata["wazir.suggestion"]["revision"] == "1"
        assert world.n_asked == 1
        goes_on.set()


def test_a_study_with_everything_prepared_can_be_computed_again():
    threads = Later()
    threads.is_immediate = True
    world = World(threads=threads, algorithm=GpBandit())
    running = []
    for step in range(30):
        running += world.suggest(f"w{step}")
        if len(running) > 2:
            trial = running.pop(0)
            world.complete(trial, sum((value - 0.3) ** 2 for value in trial.parameters.values()))
    assert world.n_asked == 1
    _, trials = world.service.trials(NAME)
    encoding = Encoding.of(CONFIG.space)
    for trial in trials:
        revision = int(trial.metadata["wazir.suggestion"]["revision"])
        again = GpBandit().suggest(CONFIG, snapshot_at(revision, trials), [trial.id])
        np.testing.assert_allclose(
            encoding.encode([again[0].parameters]), encoding.encode([trial.parameters]), atol=1e-6
        )
