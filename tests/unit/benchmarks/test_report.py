"""The numbers of the report, on results made by hand."""

import math
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from latency import table as latency_table
from measure import Report
from report import figures, tables
from report.command import compose
from report.results import ALL_ONE_BY_ONE, Reference, checkpoints, load
from report.statistics import Interval, bootstrap, compare, ranks, share_stuck, trials_to_reach
from runner.records import RunSpec, append

KNOWN = {name: Reference(0.0, 1.0) for name in ("p", "q", "r", "s")}


def record(peer: str, problem: str, seed: int, values: list[float], **changes) -> dict:
    """Return a record of 20 trials that has `values` in order, then repeats the last."""
    true = [*values, *[values[-1]] * (20 - len(values))]
    best = np.minimum.accumulate(true)
    spec = RunSpec(peer, problem, seed, 20, changes.pop("pending", 1))
    return {
        **vars(spec),
        "category": "mixed",
        "status": "ok",
        "versions": {peer: "1.0"},
        "recommended": {str(n): float(best[n - 1]) for n in (5, 10, 20)},
        "true": true,
        "cpu_s": [0.001 * (1 + number) for number in range(20)],
        "rss_mb": 50.0,
        "import_cpu_s": 0.5,
        "machine": "a machine",
        "revision": "abc",
        **changes,
    }


@pytest.fixture
def results(tmp_path):
    """Wazir ends at .1, the other at .5, on four problems with two seeds."""
    path = tmp_path / "runs.jsonl"
    for problem in KNOWN:
        for seed in (0, 1):
            append(path, record("wazir", problem, seed, [2.0, 0.4, 0.1]))
            append(path, record("other", problem, seed, [2.0, 2.0, 2.0, 0.5]))
    append(path, {**record("other", "p", 7, [1.0]), "status": "failed", "error": "Boom|bang\nx"})
    append(path, record("other", "unknown", 0, [1.0]))
    return load([path], KNOWN)


def test_regret_is_between_the_two_references_and_clipped():
    reference = Reference(best=2.0, random50=6.0)
    values = [1.0, 2.0, 4.0, 6.0, 100.0, math.nan, math.inf]
    assert [reference.regret(value) for value in values] == [0, 0, 0.5, 1, 3, 3, 3]


def test_results_are_read_with_failures_and_gaps(results):
    assert len(results.runs) == 16
    assert [it["error"] for it in results.failures] == ["Boom|bang\nx"]
    assert dict(results.n_without_reference) == {"unknown": 1}
    assert checkpoints(results) == [5, 10, 20]
    run = results.of_peer("wazir")[0]
    assert run.path[:4].tolist() == pytest.approx([2.0, 0.4, 0.1, 0.1])
    assert run.cpu_at(10) == pytest.approx(0.0105)
    assert run.cpu_at(50) is None


def test_under_noise_the_path_is_the_true_value_of_the_best_observed(tmp_path):
    path = tmp_path / "runs.jsonl"
    noisy = record("a", "p", 0, [0.5, 0.8, 0.2])
    append(path, {**noisy, "observed": [0.6, 0.1, *[0.7] * 18]})
    (run,) = load([path], KNOWN).runs
    assert run.path.tolist() == pytest.approx([0.5] + [0.8] * 19)


def test_an_exhausted_run_stays_where_it_ended(tmp_path):
    path = tmp_path / "runs.jsonl"
    done = {"true": [0.5, 0.3], "cpu_s": [0, 0], "recommended": {}, "status": "exhausted"}
    append(path, record("a", "p", 0, [0.5], **done))
    (run,) = load([path], KNOWN).runs
    assert run.regret_at(20) == pytest.approx(0.3)
    assert run.regret_at(50) is None


def test_verdicts_follow_the_interval():
    cases = {
        (-0.3, -0.1): "won",
        (0.001, 0.02): "lost",
        (-0.05, 0.05): "equal",
        (-0.06, 0.01): "undecided",
        (-0.2, 0.0): "undecided",
    }
    for (low, high), verdict in cases.items():
        assert Interval(0.0, low, high).verdict == verdict


def test_the_bootstrap_is_as_wide_as_the_spread_of_problems_and_seeds_demands():
    rng = np.random.default_rng(5)
    covered, widths = 0, []
    for number in range(60):
        problems = 0.2 + 0.3 * rng.standard_normal(20)
        rows = [problem + 0.4 * rng.standard_normal(4) for problem in problems]
        found = bootstrap(rows, seed=number, n_resamples=400)
        covered += found.low <= 0.2 <= found.high
        widths.append(found.high - found.low)
    expected = 2 * 1.96 * math.sqrt(0.3**2 / 20 + 0.4**2 / 80)
    # Seeds are drawn anew within drawn problems, which adds up to .4^2 / 80 to the variance.
    assert expected * 0.9 < np.mean(widths) < expected * 1.25
    assert covered >= 51  # Binomial(60, .95) is below that with probability under .001


def test_the_bootstrap_weighs_problems_not_runs():
    found = bootstrap([[1.0], [0.0] * 9], n_resamples=2000)
    assert found.mean == 0.5
    assert (found.low, found.high) == (0.0, 1.0)
    constant = bootstrap([[0.25, 0.25], [0.25]])
    assert (constant.mean, constant.low, constant.high) == (0.25, 0.25, 0.25)


def test_a_comparison_takes_the_runs_that_both_have(results):
    peers = results.sections()["mixed"]
    found = compare(peers["wazir"], peers["other"], 20)
    assert (found.n_problems, found.n_cases, found.share_won) == (4, 8, 1.0)
    assert found.difference.mean == pytest.approx(-0.4)
    assert found.difference.verdict == "won"
    assert compare(peers["wazir"], {}, 20) is None
    one = {case: run for case, run in peers["other"].items() if case == ("p", 0)}
    single = compare(peers["wazir"], one, 20)
    assert (single.n_cases, single.difference.verdict, single.verdict) == (1, "won", "undecided")


def test_all_categories_together_are_a_section_where_there_are_several(tmp_path):
    path = tmp_path / "runs.jsonl"
    append(path, record("a", "p", 0, [0.5, 0.3]))
    assert ALL_ONE_BY_ONE not in load([path], KNOWN).sections()
    append(path, {**record("a", "q", 0, [0.5, 0.3]), "category": "tables"})
    append(path, {**record("a", "q", 1, [0.5, 0.3]), "category": "tables", "pending": 4})
    sections = load([path], KNOWN).sections()
    assert sorted(sections) == ["all together", "batch of 4", "mixed", "tables"]
    assert sorted(sections[ALL_ONE_BY_ONE]["a"]) == [("p", 0), ("q", 0)]


def test_ranks_share_ties_and_leave_out_who_ran_little(results):
    peers = dict(results.sections()["mixed"])
    peers["twin"] = peers["wazir"]
    peers["rare"] = {case: run for case, run in peers["other"].items() if case == ("p", 0)}
    found, n_cases = ranks(peers, 20)
    assert found == {"wazir": 1.5, "other": 3.0, "twin": 1.5}
    assert n_cases == 8


def test_stuck_runs_and_trials_to_reach(results):
    peers = results.sections()["mixed"]
    assert share_stuck(peers["other"], 20) == 0.0  # .5 is not above .5
    assert share_stuck(peers["other"], 5) == 0.0
    assert trials_to_reach(peers["wazir"], peers["other"], 20) == 2
    assert trials_to_reach(peers["other"], peers["wazir"], 20) == math.inf


def test_runs_with_points_pending_are_a_section_of_their_own(tmp_path):
    path = tmp_path / "runs.jsonl"
    for pending in (1, 4):
        append(path, record("a", "p", 0, [0.5], pending=pending))
    assert set(load([path], KNOWN).sections()) == {"mixed", "batch of 4"}


def test_the_report_says_all(results, tmp_path):
    report = Report("optimizer", "Title", ["x"], command="benchmarks/optimizer report")
    compose(report, results, "wazir", tmp_path / "figures")
    text = report.text()
    assert "`python benchmarks/optimizer report x`" in text
    assert "| other | 20 | won |" in text
    assert "0.500, 0.100, -0.400 [-0.400, -0.400] won" in text
    assert "2 of 20" in text
    assert "| other | 1 | `Boom\\|bang` |" in text
    assert "runs on unknown" in text
    assert "![](figures/convergence_mixed.svg)" in text


def test_figures_are_well_formed_and_hold_each_optimizer(results):
    sections = results.sections()
    svg = figures.convergence("mixed", sections["mixed"], {"wazir": 0, "other": 1}, [5, 10, 20])
    root = ET.fromstring(svg)
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"wazir", "other", "trials"} <= set(texts)
    assert svg.count("<polyline") == 4
    root = ET.fromstring(figures.quality_and_cost(results, "wazir", 20))
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 2


def test_the_failures_table_counts_by_error(results):
    assert tables.failures(results).count("\n") == 2


def test_goals_of_the_cost_are_judged():
    records = [
        {"part": "suggestion", "n": 50, "mean_ms": 9.0, "rss_mb": 60.0},
        {"part": "suggestion", "n": 50, "mean_ms": 11.0, "rss_mb": 60.0},
        {"part": "suggestion", "n": 1000, "mean_ms": 300.0, "rss_mb": 100.0},
        {"part": "first", "n": 20, "cpu_s": 1.3, "base_cpu_s": 0.65},
        {"part": "size", "n": 0, "mb": 186.0},
    ]
    lines = latency_table.goals(records).splitlines()
    assert "| CPU ms at n = 50 | 10 | 10 | met |" in lines
    assert "| CPU ms at n = 1,000 | 300 | 100 | **missed** |" in lines
    assert "| first suggestion to bare imports | 2 | 1.3 | **missed** |" in lines
    assert "| resident MB at n = 1,000 | 100 | 150 | met |" in lines
    assert "| installed MB | 186 | 220 | met |" in lines
