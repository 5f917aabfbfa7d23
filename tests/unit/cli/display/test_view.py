import math
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from wazir.cli.display.glyphs import ASCII, UNICODE, glyphs_for
from wazir.cli.display.phrases import about_duration
from wazir.cli.display.progress import JobProgress
from wazir.cli.display.view import JobView
from wazir.domain.metrics import Goal, Measurement, Metric
from wazir.domain.studies import TrialCounts


def busy(script, n_running, n_ended=2, n_values=25, n_failed=1, scale=1.0):
    progress = JobProgress(script.started(TrialCounts(), n_parallel=32), script.now)
    for trial_id in range(1, n_ended + n_failed + n_running + 1):
        progress.trial_started(script.trial(trial_id), script.now)
        for step in range(n_values):
            value = math.nan if step == 3 else scale * (1 / (step + 1) + trial_id / 100)
            progress.measured(script.measured(trial_id, value, step=step))
        if trial_id <= n_ended:
            progress.trial_ended(script.succeeded(trial_id, scale * trial_id), script.now + 10)
        elif trial_id <= n_ended + n_failed:
            progress.trial_ended(script.failed(trial_id), script.now + 10)
    return progress


def drawn(progress, now, width=100, height=30, glyphs=UNICODE):
    return [line.plain for line in JobView(progress, glyphs).lines(now, width, height)]


def test_wide_view(script):
    lines = drawn(busy(script, n_running=2), script.now + 95, width=100)
    assert lines[:6] == [
        "",
        "taxi  RANDOM_SEARCH  3/30 trials, 1 infeasible  1m35s, about 10s left",
        "best 1 rmse (minimize)  trial 1  lr=0.0123457 units=64 layers='128 64'",
        "",
        "trial      rmse                           time  step  parameters",
        "    4      0.08  █▇▆▅▄▄▃▃▂▂▂▂▁▁▁▁▁▁▁▁ ◂  1m35s    24  lr=0.0123457 units=64 layers='128 64'",
    ]
    assert lines[6].split()[0] == "5"
    assert lines[7] == "ended"
    assert lines[8].split()[:2] == ["2", "2"]


def test_only_the_leader_has_the_arrow(script):
    lines = drawn(busy(script, n_running=5), script.now)
    assert sum("◂" in line for line in lines) == 1


def test_new_job_says_that_there_is_no_value_yet(script):
    progress = JobProgress(script.started(), script.now)
    assert drawn(progress, script.now)[1:] == [
        "taxi  RANDOM_SEARCH  0/30 trials  0.0s",
        "no value of rmse (minimize) yet",
    ]


def test_trial_without_values_has_a_dash(script):
    progress = JobProgress(script.started(), script.now)
    progress.trial_started(script.trial(1), script.now)
    assert drawn(progress, script.now + 3)[-1].split()[:3] == ["1", "-", "3.0s"]


def test_narrow_view_keeps_trial_value_curve_and_time(script):
    lines = drawn(busy(script, n_running=2), script.now + 95, width=40)
    title = next(line for line in lines if line.startswith("trial"))
    assert title.split() == ["trial", "rmse", "time"]
    assert any("▁" in line for line in lines)
    assert any("about 10s left" in line for line in lines)


def test_many_trials_leave_out_the_last(script):
    lines = drawn(busy(script, n_running=32), script.now, height=20)
    assert len(lines) == 20
    assert lines[-1] == "and 18 more running"


def test_ascii(script):
    lines = drawn(busy(script, n_running=2), script.now, glyphs=ASCII, width=60)
    assert all(line.isascii() for line in lines)
    assert any(" <" in line for line in lines)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    width=st.integers(1, 130),
    height=st.integers(1, 60),
    n_running=st.integers(0, 40),
    n_ended=st.integers(0, 6),
    n_values=st.integers(0, 5),
    scale=st.sampled_from([1.0, 1e300, -1.23456789e-300]),
    glyphs=st.sampled_from([UNICODE, ASCII]),
)
def test_any_size_is_kept(script, width, height, n_running, n_ended, n_values, scale, glyphs):
    progress = busy(script, n_running, n_ended, n_values, 1, scale)
    lines = drawn(progress, script.now + 1e5, width, height, glyphs)
    assert 1 <= len(lines) <= height
    assert max(map(cell_len, lines)) <= width
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize("text", ["größe", "学习率=0.01", "a" * 50, "", "e\u0301" * 9])
def test_fit(text):
    for width in range(60):
        assert cell_len(UNICODE.fit(text, width)) <= width
        shown = ASCII.fit(text, width)
        assert shown.isascii()
        assert len(shown) <= width
    assert UNICODE.fit(text, 60) == text


def test_sparkline_levels():
    assert UNICODE.sparkline([0, 1, 2, 3, 4, 5, 6, 7], 20) == "▁▂▃▄▅▆▇█"
    assert UNICODE.sparkline([5, 5], 20) == "▅▅"
    assert UNICODE.sparkline([1, math.nan, 2, math.inf], 20) == "▁x█x"
    assert UNICODE.sparkline([math.nan], 20) == "x"
    assert UNICODE.sparkline([1, 2, 3], 2) == "▁█"
    assert UNICODE.sparkline([1, 2, 3], 0) == ""
    assert UNICODE.sparkline([], 20) == ""


@given(st.lists(st.floats(), max_size=30), st.integers(0, 25))
def test_sparkline_has_one_character_per_value(values, width):
    curve = ASCII.sparkline(values, width)
    assert len(curve) == min(len(values), width)
    assert set(curve) <= set(ASCII.levels + "x")


@pytest.mark.parametrize(
    ("encoding", "glyphs"), [("utf-8", UNICODE), ("ascii", ASCII), ("latin-1", ASCII), ("", ASCII)]
)
def test_glyphs_for(encoding, glyphs):
    assert glyphs_for(encoding) is glyphs


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "5s"), (11, "15s"), (54, "55s"), (56, "1m"), (200, "3m"), (3569, "59m"), (7800, "2h10m")],
)
def test_about_duration(seconds, text):
    assert about_duration(seconds) == text


def compromises(script):
    """Return a job with two objectives: trials 1 and 2 are optimal, 3 is beaten, 4 runs."""
    progress = JobProgress(script.started(more=(Metric("size", Goal.MINIMIZE),)), script.now)
    for trial_id, rmse, size in ((1, 0.5, 20.0), (2, 0.25, 30.0), (3, 0.75, 40.0)):
        progress.trial_started(script.trial(trial_id), script.now)
        ended = script.succeeded(trial_id, rmse)
        final = Measurement({"rmse": rmse, "size": size})
        ended = replace(ended, trial=replace(ended.trial, final_measurement=final))
        is_best = progress.trial_ended(ended, script.now + 10).is_best
        assert is_best is (trial_id < 3)
    progress.trial_started(script.trial(4), script.now)
    progress.measured(script.measured(4, 0.375, step=1))
    return progress


def test_with_several_objectives_all_values_and_the_front_are_shown(script):
    lines = [line.rstrip() for line in drawn(compromises(script), script.now + 20, width=90)]
    assert lines[2] == "2 optimal trials  rmse (minimize), size (minimize)"
    assert lines[4].split() == ["trial", "rmse", "size", "time", "step", "parameters"]
    assert lines[5].split()[:3] == ["4", "0.375", "-"]
    assert [line.split()[:4] for line in lines[7:]] == [
        ["3", "0.75", "40", "10s"],
        ["2", "0.25", "30", UNICODE.arrow],
        ["1", "0.5", "20", UNICODE.arrow],
    ]


@pytest.mark.parametrize("width", range(1, 60, 4))
def test_several_objectives_fit_any_width(script, width):
    lines = drawn(compromises(script), script.now, width=width)
    assert all(cell_len(line) <= width for line in lines)


def test_paused_trials_are_counted_and_shown(script):
    script.fidelity = "units"
    progress = JobProgress(script.started(), script.now)
    progress.trial_ended(script.paused(3, 0.5), script.now)
    lines = drawn(progress, script.now)
    assert lines[1] == "taxi  RANDOM_SEARCH  0/30 trials, 1 paused  0.0s"
    assert lines[2].startswith("best 0.5 rmse (minimize)  trial 3")
    assert lines[-1].split()[:2] == ["3", "0.5"]


def test_advice_has_lines_of_its_own(script):
    progress = busy(script, n_running=1)
    progress.advice = script.advised().advice
    assert drawn(progress, script.now, width=120)[3] == (
        "going on: 12 % chance that 10 more trials improve rmse by more than 0.002  "
        "expected 0.0004 per hour"
    )
    narrow = drawn(progress, script.now, width=80)
    assert narrow[3].endswith("by more than 0.002")
    assert narrow[4] == "expected 0.0004 per hour"


def test_unsafe_trials_are_marked(script):
    progress = JobProgress(script.started(more=(Metric("size", Goal.MINIMIZE, 25.0),)), script.now)
    for trial_id, size in ((1, 20.0), (2, 30.0)):
        progress.trial_started(script.trial(trial_id), script.now)
        ended = script.succeeded(trial_id, 0.5)
        final = Measurement({"rmse": 0.5, "size": size})
        ended = replace(ended, trial=replace(ended.trial, final_measurement=final))
        progress.trial_ended(ended, script.now + 10)
    lines = drawn(progress, script.now + 20, width=90)
    marked = [line.split()[0] for line in lines if "unsafe lr=" in line]
    assert marked == ["2"]
