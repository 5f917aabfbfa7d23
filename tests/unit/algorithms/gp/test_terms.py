"""What safety, failures and beliefs add to the acquisition."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wazir.algorithms.axes import Array
from wazir.algorithms.beliefs import Belief
from wazir.algorithms.encoding import Encoding
from wazir.algorithms.gp.bandit import GpBandit
from wazir.algorithms.gp.criterion import Criterion
from wazir.algorithms.gp.features import FeatureMap
from wazir.algorithms.gp.history import History
from wazir.algorithms.gp.limits import log_probability_feasible, log_probability_safe
from wazir.algorithms.gp.settings import GpSettings
from wazir.algorithms.gp.terms import BeliefCriterion, CautionCriterion, Terms, needs_caution
from wazir.algorithms.protocol import SUGGESTION_NAMESPACE, Snapshot
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.parameters import Double
from wazir.domain.space import SearchSpace
from wazir.domain.studies import StudyConfig
from wazir.domain.trials import Trial, TrialState, lost_reason
from wazir.testing.algorithms import study_config
from wazir.testing.spaces import BELIEFS, SPACES

LOSS = Metric("loss", Goal.MINIMIZE)
LATENCY = Metric("latency", Goal.MINIMIZE, 1.0)
PLANE = SearchSpace({"x": Double(0.0, 1.0), "y": Double(0.0, 1.0)})
ENCODING = Encoding.of(PLANE)
FEATURES = FeatureMap.of(ENCODING)


def points(n: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).random((n, 2))


def assert_gradient_matches(criterion: Criterion, X: Array) -> None:
    values, gradient = criterion.value_with_gradient(X)
    np.testing.assert_allclose(values, criterion.value(X), rtol=1e-5)
    for place, column in enumerate(criterion.features.ordered):
        up, down = X.copy(), X.copy()
        up[:, column] += 1e-6
        down[:, column] -= 1e-6
        expected = (criterion.value(up) - criterion.value(down)) / 2e-6
        np.testing.assert_allclose(gradient[:, place], expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("goal", list(Goal))
def test_the_probability_of_safety_follows_the_values(goal: Goal) -> None:
    X = points(30)
    sign = 1 if goal is Goal.MINIMIZE else -1
    metric = Metric("m", goal, sign * 0.5)
    criterion = log_probability_safe(FEATURES, X, sign * X[:, 0], metric)
    assert criterion is not None
    safe, unsafe = np.array([[0.2, 0.5]]), np.array([[0.8, 0.5]])
    assert criterion.value(safe)[0] > math.log(0.95)
    assert criterion.value(unsafe)[0] < math.log(0.05)
    noisy = sign * (X[:, 0] + 0.1 * np.random.default_rng(2).normal(size=30))
    criterion = log_probability_safe(FEATURES, X, noisy, metric)
    assert criterion is not None
    assert_gradient_matches(criterion, points(4, 1))


@given(st.sampled_from([1e-100, 1e-3, 1.0, 1e100, 1e300]), st.integers(0, 3))
def test_the_unit_of_a_safety_metric_does_not_matter(unit: float, seed: int) -> None:
    X, probe = points(12, seed), points(5, 9)
    plain = log_probability_safe(FEATURES, X, X[:, 0], Metric("m", Goal.MINIMIZE, 0.5))
    scaled = log_probability_safe(
        FEATURES, X, unit * X[:, 0], Metric("m", Goal.MINIMIZE, unit * 0.5)
    )
    assert plain is not None
    assert scaled is not None
    np.testing.assert_allclose(plain.value(probe), scaled.value(probe), rtol=1e-4, atol=1e-6)


def test_missing_values_are_left_out_and_odd_ones_tolerated() -> None:
    X = points(4)
    nan = float("nan")
    assert log_probability_safe(FEATURES, X, np.array([nan, nan, 3, nan]), LATENCY) is None
    for values in ([1.0] * 4, [2.0, 2.0, 2.0, nan], [1e308, -1e308, 0.0, 1.0]):
        criterion = log_probability_safe(FEATURES, X, np.array(values), LATENCY)
        assert criterion is not None
        assert np.isfinite(criterion.value(points(3, 5))).all()


def test_failures_of_a_region_and_by_chance_are_told_apart() -> None:
    X = points(60)
    region = log_probability_feasible(FEATURES, X, X[:, 0] > 0.6)
    assert region.value(np.array([[0.9, 0.5]]))[0] < math.log(0.1)
    assert region.value(np.array([[0.2, 0.5]]))[0] > math.log(0.9)
    chance = np.random.default_rng(4).random(60) < 0.1
    scattered = log_probability_feasible(FEATURES, X, chance)
    assert (scattered.value(points(50, 8)) > math.log(0.5)).mean() > 0.9
    assert_gradient_matches(region, points(4, 2))


def test_caution_asks_for_more_below_the_wanted_share() -> None:
    X = points(20)
    values = X[:, 0] + 0.1 * np.random.default_rng(2).normal(size=20)
    safe = log_probability_safe(FEATURES, X, values, Metric("m", Goal.MINIMIZE, 0.5))
    assert safe is not None
    criterion = CautionCriterion(safe, 0.9)
    value = criterion.value(points(40, 3))
    log_p = safe.value(points(40, 3))
    np.testing.assert_allclose(value, 100 * np.minimum(log_p - math.log(0.9), 0.0))
    assert_gradient_matches(criterion, np.array([[0.6, 0.4], [0.45, 0.7]]))


def test_caution_depends_on_the_share_that_is_safe() -> None:
    values = np.array([0.0, 0.0, 2.0, np.nan])
    assert not needs_caution(values, LATENCY, 0.5)
    assert needs_caution(values, LATENCY, 0.6)
    assert needs_caution(values[:2], LATENCY, 1.0)
    assert not needs_caution(values[:0], LATENCY, 0.0)


def test_the_gradient_of_a_belief_is_that_of_its_density() -> None:
    name = "conditional"
    encoding = Encoding.of(SPACES[name])
    config = replace(study_config(SPACES[name]), beliefs=BELIEFS[name])
    belief = Belief.of(config, encoding)
    assert belief is not None
    X = encoding.spread(np.random.default_rng(3).random((6, encoding.n_columns)))
    features = FeatureMap.of(encoding)
    X[:, list(features.ordered)] = np.clip(X[:, list(features.ordered)], 0.01, 0.99)
    criterion = BeliefCriterion(features, belief, 0.3)
    value, gradient = criterion.value_with_gradient(X)
    np.testing.assert_allclose(value, 0.3 * belief.log_density(X))
    assert gradient.shape == (6, len(features.ordered))


def test_without_anything_to_add_the_objective_stays_alone() -> None:
    history = History(points(5), points(5)[:, :1], points(0))
    terms = Terms.of(study_config(PLANE), ENCODING, history, GpSettings())
    safe = log_probability_safe(FEATURES, history.X, history.Y[:, 0], LATENCY)
    assert safe is not None
    assert terms.added_to(safe, is_any_safe=True) is safe
    assert terms.probably_safe(history.X).all()


def test_lost_workers_teach_nothing() -> None:
    trials = [
        Trial(1, {"x": 0.1, "y": 0.1}, TrialState.INFEASIBLE, infeasible_reason=lost_reason(2)),
        succeeded(2, 0.2, 0.2, 1.0, 0.0),
    ]
    history = History.of(study_config(PLANE), ENCODING, Snapshot(0, trials))
    assert not history.failed.any()
    assert Terms.of(study_config(PLANE), ENCODING, history, GpSettings()).feasibility is None


def succeeded(trial_id: int, x: float, y: float, loss: float, latency: float) -> Trial:
    final = Measurement({"loss": loss, "latency": latency})
    point = {"x": x, "y": y}
    return Trial(trial_id, point, TrialState.SUCCEEDED, final_measurement=final)


def run(config: StudyConfig, n: int, latency) -> list[Trial]:
    trials: list[Trial] = []
    algorithm = GpBandit()
    for i in range(1, n + 1):
        (made,) = algorithm.suggest(config, Snapshot(0, trials), [i])
        x, y = float(made.parameters["x"]), float(made.parameters["y"])
        trials.append(succeeded(i, x, y, (x - 0.8) ** 2 + (y - 0.3) ** 2, latency(x, y)))
    return trials


def test_the_search_goes_to_the_best_safe_place() -> None:
    config = StudyConfig(PLANE, (LOSS, LATENCY), seed=1)
    trials = run(config, 25, lambda x, y: x + 0.5)
    safe = [t.parameters["x"] for t in trials[10:] if t.final_value(LATENCY) <= 1.0]
    assert max(safe) > 0.45
    assert len(safe) >= 5


def test_a_safe_place_is_looked_for_first() -> None:
    config = StudyConfig(PLANE, (LOSS, LATENCY), seed=2)

    def latency(x: float, y: float) -> float:
        return 1.0 + 10 * (math.hypot(x - 0.13, y - 0.87) - 0.06)

    trials = run(config, 25, latency)
    assert any(trial.final_value(LATENCY) <= 1.0 for trial in trials)


def test_a_wanted_share_makes_the_search_careful() -> None:
    shares = {}
    for fraction in (None, 0.9):
        metric = replace(LATENCY, min_safe_fraction=fraction)
        trials = run(StudyConfig(PLANE, (LOSS, metric), seed=3), 30, lambda x, y: x + y / 2 + 0.4)
        shares[fraction] = np.mean([t.final_value(LATENCY) <= 1.0 for t in trials[8:]])
    assert shares[0.9] >= max(0.8, shares[None])


def test_the_optimum_at_the_border_of_a_failing_region_is_found() -> None:
    config = StudyConfig(PLANE, (LOSS,), seed=4)
    trials: list[Trial] = []
    for i in range(1, 31):
        (made,) = GpBandit().suggest(config, Snapshot(0, trials), [i])
        x, y = float(made.parameters["x"]), float(made.parameters["y"])
        trial = succeeded(i, x, y, (x - 0.8) ** 2 + (y - 0.3) ** 2, 0.0)
        if x > 0.5:
            trial = replace(trial, state=TrialState.INFEASIBLE, infeasible_reason="exit code 1")
        trials.append(trial)
    values = [t.final_value(LOSS) for t in trials]
    assert min(value for value in values if value is not None) < 0.09 + 0.01
    assert "probability_feasible" in made.explanation
    deep = [t for t in trials[10:] if float(t.parameters["x"]) > 0.75]
    assert len(deep) <= 6


def test_hyperparameters_of_limits_and_failures_are_kept_with_trials_while_they_serve() -> None:
    config = StudyConfig(PLANE, (LOSS, LATENCY))
    X = points(41, 6)
    trials = [
        succeeded(i, *row, 1.0, 0.6 + row[0])
        if i % 4
        else Trial(i, dict(zip("xy", row, strict=True)), TrialState.INFEASIBLE)
        for i, row in enumerate(X.tolist(), start=1)
    ]

    def terms(n: int, kept: dict[str, str]) -> Terms:
        told = [*trials[: n - 1], replace(trials[n - 1], metadata={SUGGESTION_NAMESPACE: kept})]
        history = History.of(config, ENCODING, Snapshot(0, told))
        return Terms.of(config, ENCODING, history, GpSettings(), told)

    first = terms(30, {})
    known = first.texts(X[0])
    assert known["limit.latency.fitted_at"] == "23"
    assert known["failures.fitted_at"] == "30"
    again, soon, late = terms(30, known), terms(31, known), terms(41, known)
    criteria = [t.added_to(first.safety[0], is_any_safe=False) for t in (first, again)]
    np.testing.assert_array_equal(criteria[0].value(X), criteria[1].value(X))
    assert soon.stored == first.stored
    assert late.stored["limit.latency.fitted_at"] == "31"
    assert late.stored["failures.fitted_at"] == "41"


def test_what_would_come_first_without_a_belief_comes_second() -> None:
    space = SearchSpace({"x": Double(0.0, 1.0), "y": Double(0.0, 1.0, default=0.25)})
    for known, second in ((space, {"x": 0.5, "y": 0.25}), (PLANE, {"x": 0.5, "y": 0.5})):
        config = StudyConfig(known, (LOSS,), beliefs={"x": 0.9})
        made = GpBandit().suggest(config, Snapshot(0, []), [1, 2])
        assert made[0].parameters == {**second, "x": 0.9}
        assert made[1].parameters == second
    same = StudyConfig(space, (LOSS,), beliefs={"y": 0.25})
    first, other = GpBandit().suggest(same, Snapshot(0, []), [1, 2])
    assert first.parameters != other.parameters


def test_a_belief_has_no_say_while_the_results_speak_against_it() -> None:
    config = StudyConfig(PLANE, (LOSS,), beliefs={"x": 0.1, "y": 0.1})
    for best, says in ((0.9, "results speak against it"), (0.1, "-0")):
        trials = [
            succeeded(i, x, y, (x - best) ** 2 + (y - best) ** 2, 0.0)
            for i, (x, y) in enumerate(points(12).tolist(), start=1)
        ]
        (made,) = GpBandit().suggest(config, Snapshot(0, trials), [13])
        assert made.explanation["belief"].startswith(says)
    failed = [
        replace(trial, state=TrialState.INFEASIBLE, final_measurement=None)
        if float(trial.parameters["x"]) < 0.5
        else trial
        for trial in trials
    ]
    (made,) = GpBandit().suggest(config, Snapshot(0, failed), [13])
    assert made.explanation["belief"] == "results speak against it"
