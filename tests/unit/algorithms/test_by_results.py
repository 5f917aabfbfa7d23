"""What TPE, CMA_ES, NSGA2 and REGULARIZED_EVOLUTION share, once they propose by results."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import wazir.algorithms.proposing
import wazir.algorithms.transfer
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.evolution.cma_es import CmaEs
from wazir.algorithms.evolution.nsga2 import Nsga2
from wazir.algorithms.evolution.regularized import RegularizedEvolution
from wazir.algorithms.gp.history import History
from wazir.algorithms.protocol import Algorithm, PriorStudy, Snapshot
from wazir.algorithms.random_search import RandomSearch
from wazir.algorithms.tpe.search import Tpe
from wazir.algorithms.trail import Trail
from wazir.domain.names import StudyName
from wazir.domain.parameters import Categorical, Double, Integer
from wazir.domain.space import SearchSpace
from wazir.domain.trials import Trial, TrialState, lost_reason
from wazir.testing.algorithms import SPACES, Loop, point_key, smooth_loss, study_config

N_TRIALS = 26
ALL: dict[str, Callable[[], Algorithm]] = {
    "TPE": Tpe,
    "CMA_ES": CmaEs,
    "NSGA2": Nsga2,
    "REGULARIZED_EVOLUTION": RegularizedEvolution,
}
SMALL = SearchSpace(
    {
        "rate": Double(1e-5, 1.0, scale="log"),
        "depth": Integer(1, 12),
        "kind": Categorical(["a", "b", "c", "d"]),
    }
)


@pytest.fixture(params=list(ALL))
def make(request: pytest.FixtureRequest) -> Callable[[], Algorithm]:
    return ALL[request.param]


@pytest.fixture(params=["conditional", "mixed_30", "wide", "finite", "integer_log", "one_point"])
def space(request: pytest.FixtureRequest) -> SearchSpace:
    return SPACES[request.param]


def small_loss(values) -> float:
    place = np.log10(values["rate"]) / 5 + 0.3
    return float(place**2 + ((values["depth"] - 9) / 11) ** 2 + 0.2 * "cabd".index(values["kind"]))


def test_points_are_allowed_and_new_and_what_is_kept_changes_nothing(make, space) -> None:
    warm = Loop(make(), study_config(space, seed=3))
    made = warm.run(N_TRIALS)
    for suggestion in made:
        checked = space.check(suggestion.parameters)
        assert point_key(checked) == point_key(suggestion.parameters)
    if space.n_points is None or space.n_points > N_TRIALS:
        assert len({point_key(s.parameters) for s in made}) == N_TRIALS
        assert made[-1].explanation["kind"] != "initial"
    cold = make().suggest(warm.config, warm.snapshot, [N_TRIALS + 1])
    assert cold == warm.suggest()


def test_the_last_free_points_are_found(make) -> None:
    space = SearchSpace({"n": Integer(0, 5), "c": Categorical(["a", "b", "c"])})
    made = Loop(make(), study_config(space)).run(20, smooth_loss)
    assert len({point_key(s.parameters) for s in made[:18]}) == 18


def test_defaults_come_first(make) -> None:
    space = SearchSpace({"x": Double(0.0, 1.0, default=0.25), "c": Categorical(["a", "b"])})
    made = Loop(make(), study_config(space)).suggest(2)
    assert made[0].parameters == {"x": 0.25, "c": "a"}
    assert made[0].explanation == {"kind": "initial", "point": "defaults"}
    assert made[1].parameters != made[0].parameters


def test_the_order_of_completion_counts_not_that_of_ids(make) -> None:
    loop = Loop(make(), study_config(SMALL))
    loop.run(40, small_loss)
    ended = [replace(t, completed_revision=i + 1) for i, t in enumerate(loop.completed)]
    late = replace(ended[2], completed_revision=99)
    shuffled = [*ended[:2], late, *ended[3:]]
    algorithm = make()
    first = algorithm.suggest(loop.config, Snapshot(0, shuffled[:39], ()), [41])
    assert first == make().suggest(loop.config, Snapshot(0, shuffled[:39], ()), [41])
    # The trial that ends later than those known is new; an earlier one makes all anew.
    for known in (shuffled, ended, ended[:-1]):
        again = algorithm.suggest(loop.config, Snapshot(0, known, ()), [42])
        assert again == make().suggest(loop.config, Snapshot(0, known, ()), [42])


def test_another_study_does_not_see_what_was_kept(make) -> None:
    algorithm = make()
    one, other = (Loop(algorithm, study_config(SMALL, seed=seed)) for seed in (1, 2))
    one.run(30, small_loss)
    other.run(30, small_loss)
    assert one.suggest() == make().suggest(one.config, one.snapshot, [31])
    trials: list[Trial] = one.completed
    foreign = algorithm.suggest(other.config, Snapshot(0, trials, ()), [31])
    assert foreign == make().suggest(other.config, Snapshot(0, trials, ()), [31])


def test_results_from_elsewhere_are_used(make) -> None:
    """Ninety good results given by the user; the next points lie near them."""
    loop = Loop(make(), study_config(SMALL))
    rng = np.random.default_rng(0)
    for _ in range(90):
        near = 10.0 ** rng.uniform(-1.7, -1.3)
        loop.complete({"rate": near, "depth": 9, "kind": "c"}, 0.0)
        far = {"rate": 10.0 ** rng.uniform(-5, 0), "depth": int(rng.integers(1, 6)), "kind": "d"}
        loop.complete(far, 1.0 + rng.random())
    made = loop.suggest(20)
    assert np.mean([s.parameters["kind"] == "c" for s in made]) >= 0.5
    assert np.median([abs(np.log10(s.parameters["rate"]) + 1.5) for s in made]) < 1.0


@pytest.mark.parametrize(
    ("make", "n_trials"),
    [
        (Tpe, 40),
        (RegularizedEvolution, 40),
        pytest.param(CmaEs, 100, marks=pytest.mark.benchmark),
        pytest.param(Nsga2, 100, marks=pytest.mark.benchmark),
    ],
)
def test_it_finds_better_points_than_random_search(make, n_trials) -> None:
    """Sign test over 8 seeds: if both were equal, 7 or more wins have 3.5 %."""
    beside = {f"x{i}": Double(0.0, 1.0) for i in range(3)}
    space = SearchSpace({**SMALL.parameters, **beside})

    def loss(values) -> float:
        return small_loss(values) + sum((values[name] - 0.7) ** 2 for name in beside)

    def best(algorithm: Algorithm, seed: int) -> float:
        loop = Loop(algorithm, study_config(space, seed=seed))
        loop.run(n_trials, loss)
        return min(loss(trial.parameters) for trial in loop.completed)

    wins = sum(best(make(), seed) < best(RandomSearch(), seed) for seed in range(8))
    assert wins >= 7


def test_a_worker_that_died_is_no_failure_from_one_call_to_the_next() -> None:
    config = study_config(SMALL)
    point = {"rate": 0.1, "depth": 3, "kind": "a"}
    lost = Trial(1, point, TrialState.INFEASIBLE, infeasible_reason=lost_reason(3))
    crashed = Trial(2, point, TrialState.INFEASIBLE, infeasible_reason="crashed")
    encoding, trail = Encoding.of(SMALL), Trail[None]()
    for trials in ([lost], [lost, crashed], [crashed]):
        snapshot = Snapshot(0, trials, ())
        followed = trail.follow(config, encoding, snapshot)
        whole = History.of(config, encoding, snapshot)
        assert followed.failed.tolist() == whole.failed.tolist()
        assert followed.is_told.tolist() == [trial is crashed for trial in trials]


def test_earlier_studies_are_transferred_once(make, monkeypatch) -> None:
    calls = []

    def spy(config, priors):
        calls.append(config)
        return plain(config, priors)

    plain = wazir.algorithms.transfer.transfers
    for module in (wazir.algorithms.transfer, wazir.algorithms.proposing):
        monkeypatch.setattr(module, "transfers", spy, raising=False)
    config = study_config(SMALL)
    earlier = Loop(RandomSearch(), config)
    earlier.run(5, small_loss)
    prior = PriorStudy(StudyName("default", "old"), config, tuple(earlier.completed))
    loop = Loop(make(), replace(config, seed=7), priors=(prior,))
    made = loop.run(6, small_loss)
    assert [s.explanation.get("point", "")[:5] for s in made[:3]] == ["trial", "trial", ""]
    assert len(calls) == 1
    other = Loop(loop.algorithm, replace(config, seed=8), priors=(prior,))
    assert other.suggest() == Loop(make(), other.config, priors=(prior,)).suggest()


def test_what_is_believed_comes_first_and_is_called_so(make) -> None:
    config = study_config(SMALL)
    believing = replace(config, beliefs={"rate": 0.01, "depth": 9, "kind": "c"})
    (first,) = Loop(make(), believing).suggest()
    assert first.parameters == {"rate": pytest.approx(0.01), "depth": 9, "kind": "c"}
    assert first.explanation == {"kind": "initial", "point": "beliefs"}
