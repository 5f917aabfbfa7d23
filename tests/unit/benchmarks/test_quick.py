"""The guard against regressions: its decision rule, its error rates, what it reads."""

import numpy as np
import pytest
from problems.suites import EVALUATION
from quick import cases, page
from quick.decision import ALPHA, Claim, bounds, error_rates, judge, redraw
from report.results import references
from report.statistics import MARGIN
from runner.plan import plan
from runner.records import append, pack
from scipy.stats import ttest_1samp

SPREADS = np.array([0.02, 0.1, 0.1, 0.2, 0.3, 0.05])


def noise(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return errors of shape (..., 6 problems, 10 seeds), with another spread in each problem."""
    return rng.standard_normal((*shape, 6, 10)) * SPREADS[:, None]


def test_the_bounds_of_one_problem_are_those_of_the_t_test():
    differences = np.random.default_rng(1).normal(0.1, 0.3, (1, 10))
    known = ttest_1samp(differences[0], 0.0).confidence_interval(1 - 2 * ALPHA)
    assert bounds(differences) == pytest.approx((known.low, known.high))


def test_equal_results_bound_the_difference_by_itself():
    assert bounds(np.zeros((6, 10))) == (0.0, 0.0)
    assert bounds(np.full((6, 10), 0.25)) == pytest.approx((0.25, 0.25))


def test_one_seed_gives_no_bound():
    with pytest.raises(ValueError, match="at least 2 seeds"):
        bounds(np.zeros((6, 1)))


@pytest.mark.parametrize(("kind", "border"), [("better", 0.0), ("not worse", MARGIN)])
def test_at_the_border_a_claim_is_made_as_often_as_stated(kind, border):
    """4 standard errors of 20,000 simulated comparisons; the bound is an approximation."""
    _, upper = bounds(border + noise(np.random.default_rng(2), 20_000))
    share = float(np.mean(Claim("other", kind).is_shown(upper)))
    assert share == pytest.approx(ALPHA, abs=4 * np.sqrt(ALPHA / 20_000))


def test_equally_good_code_fails_as_often_as_stated():
    limits = bounds(noise(np.random.default_rng(2), 20_000))
    share = float(np.mean(Claim("before", "no regression").fails(*limits)))
    assert share == pytest.approx(ALPHA, abs=4 * np.sqrt(ALPHA / 20_000))


@pytest.mark.parametrize(
    ("kind", "difference", "spread", "verdict"),
    [
        ("better", -0.2, 0.1, "shown"),
        ("better", 0.0, 0.1, "FAILED"),
        ("better", 0.2, 0.1, "FAILED"),
        ("not worse", -0.2, 0.1, "shown"),
        ("not worse", 0.0, 0.1, "shown"),
        ("not worse", 0.0, 3.0, "FAILED"),
        ("not worse", 0.2, 0.1, "FAILED"),
        ("no regression", -0.2, 0.1, "shown"),
        ("no regression", 0.03, 0.1, "shown"),
        ("no regression", 0.0, 3.0, "undecided"),
        ("no regression", 0.2, 0.1, "FAILED"),
    ],
)
def test_claims_are_decided_by_their_bounds(kind, difference, spread, verdict):
    rng = np.random.default_rng(3)
    error = noise(rng)
    error -= error.mean()
    other = 0.5 + noise(rng)
    finding = judge(Claim("other", kind), other + difference + spread * error, other)
    assert finding.verdict == verdict
    assert finding.difference == pytest.approx(difference)


def test_equal_results_are_not_better():
    table = 0.5 + noise(np.random.default_rng(4))
    assert judge(Claim("other", "better"), table, table).verdict == "FAILED"
    assert judge(Claim("other", "not worse"), table, table).verdict == "shown"
    assert judge(Claim("other", "no regression"), table, table).verdict == "shown"


def test_tables_must_have_the_same_runs():
    with pytest.raises(ValueError, match="one shape"):
        judge(Claim("other", "better"), np.zeros((6, 10)), np.zeros((6, 9)))


def test_redrawn_seeds_vary_as_new_seeds_would():
    table = 0.5 + noise(np.random.default_rng(5))
    drawn = redraw(table, np.random.default_rng(6), count=20_000)
    assert drawn.mean(axis=(0, 2)) == pytest.approx(table.mean(axis=1), abs=0.005)
    assert drawn.var(axis=(0, 2)) == pytest.approx(table.var(axis=1, ddof=1), rel=0.05)


def test_simulated_rates_are_those_of_normal_errors():
    """Rates of a z test with the standard error of the recorded seeds, about."""
    baseline = 0.3 + noise(np.random.default_rng(7))
    regression = Claim("baseline", "no regression")
    claims = {Claim("random", "better"): baseline + 1.0, regression: baseline}
    rates = error_rates(claims, regression, np.random.default_rng(8))
    error = np.sqrt(2 * baseline.var(axis=1, ddof=1).sum() / 10) / 6
    drawn = error * np.random.default_rng(9).standard_normal(100_000)
    assert rates.alarm == {"random": 0.0, "baseline": rates.any_alarm}
    assert rates.any_alarm == pytest.approx(ALPHA, abs=0.015)
    assert rates.shown == pytest.approx(np.mean(drawn + 2 * error < MARGIN), abs=0.05)
    for loss in (MARGIN, 2 * MARGIN):
        assert rates.caught[loss] == pytest.approx(np.mean(drawn + loss > 2 * error), abs=0.05)


def test_every_problem_has_a_reference_and_none_is_for_evaluation():
    assert set(references(cases.REFERENCES)) == set(cases.PROBLEMS)
    assert not set(cases.PROBLEMS) & set(EVALUATION)
    assert all(cases.get_problem(name).name == name for name in cases.PROBLEMS)


def record(path, peer: str, regret: float, seed_step: float = 0.0) -> None:
    """Append all runs of an optimizer, with the same regret but for a step per seed."""
    known = references(cases.REFERENCES)
    for spec in plan([peer], cases.PROBLEMS, cases.SEEDS, cases.TRIALS):
        scale = known[spec.problem]
        value = scale.best + (regret + seed_step * spec.seed) * (scale.random50 - scale.best)
        result = {"recommended": {"50": value}, "true": [value], "cpu_s": [0.01]}
        facts = {"category": "mixed", "status": "ok", "versions": {peer: "1.0"}}
        cost = {"rss_mb": 1.0, "import_cpu_s": 0.1}
        append(path, {**vars(spec), **result, **facts, **cost})


@pytest.fixture
def folder(tmp_path):
    """Recorded runs: Optuna at 0.4, and Wazir before at about 0.3."""
    record(tmp_path / "before.jsonl", "wazir", 0.3, 0.001)
    cases.record_baseline(tmp_path / "before.jsonl", tmp_path)
    record(tmp_path / "peer.jsonl", cases.PEER, 0.4)
    pack([tmp_path / "peer.jsonl"], tmp_path / f"{cases.PEER}.jsonl.gz")
    return tmp_path


@pytest.mark.parametrize(
    ("regret", "failed"),
    [
        (0.3, ""),
        (0.38, "no regression since baseline"),
        (0.9, "not worse than optuna_tpe, no regression since baseline"),
        (1.1, "better than random, better than sobol, not worse than optuna_tpe, no regression"),
    ],
)
def test_the_guard_fails_where_wazir_is_worse(folder, regret, failed):
    runs = folder / "runs.jsonl"
    record(runs, "wazir", regret, 0.001)
    record(runs, "random", 1.0)
    record(runs, "sobol", 1.0)
    made = page.compose(cases.load_runs(runs, folder))
    assert made.is_passed is (failed == "")
    assert made.text.rpartition("\n")[2].startswith(f"FAILED: {failed}" if failed else "PASSED")
    same = len(cases.PROBLEMS) * len(cases.SEEDS) if regret == 0.3 else 0
    assert f"Same result as the baseline: {same} of 120 runs" in made.text


def test_missing_runs_are_named(folder):
    runs = folder / "runs.jsonl"
    record(runs, "wazir", 0.3)
    record(runs, "random", 1.0)
    with pytest.raises(cases.MissingRunsError, match="sobol needs 120 runs, 120 are missing"):
        cases.load_runs(runs, folder)


def test_the_baseline_holds_wazir_alone(folder):
    runs = folder / "runs.jsonl"
    record(runs, "wazir", 0.5)
    record(runs, "random", 1.0)
    cases.record_baseline(runs, folder)
    record(runs, "sobol", 1.0)
    found = cases.load_runs(runs, folder)
    assert cases.regret_table(found[cases.BASELINE]) == pytest.approx(0.5)
    assert not (folder / "baseline.new").exists()
