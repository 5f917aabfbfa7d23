import sys

import pytest

from wazir.cli.display.live import LiveDisplay
from wazir.jobs.news import Warned

HIDE_CURSOR = "\x1b[?25l"
SHOW_CURSOR = "\x1b[?25h"


@pytest.fixture
def display(terminal, script):
    made = LiveDisplay(terminal, script.clock)
    yield made
    made.close()


@pytest.fixture
def written(terminal):
    """Return what was written since the last call."""
    position = 0

    def new_text():
        nonlocal position
        text = terminal.getvalue()[position:]
        position += len(text)
        return text

    return new_text


def test_draws_at_once_and_hides_the_cursor(display, written, script):
    display.tell(script.started())
    text = written()
    assert HIDE_CURSOR in text
    assert "0/30 trials" in text


def test_news_are_drawn_at_most_eight_times_a_second(display, written, script):
    display.tell(script.started())
    display.tick()
    written()
    n_drawn = 0
    for _ in range(100):
        script.now += 0.01
        display.tell(script.trial(1))
        display.tick()
        n_drawn += "trials" in written()
    assert 7 <= n_drawn <= 8


def test_without_news_the_times_are_drawn_once_a_second(display, written, script):
    display.tell(script.started())
    script.now += 1
    display.tick()
    written()
    n_drawn = 0
    for _ in range(99):
        script.now += 0.1
        display.tick()
        n_drawn += "trials" in written()
    assert 9 <= n_drawn <= 10


def test_clock_that_was_set_back_does_not_stop_it(display, written, script):
    display.tell(script.started())
    display.tick()
    written()
    script.now -= 3600
    display.tick()
    assert "0/30 trials" in written()


def test_failures_and_warnings_stay_above(display, written, script):
    display.tell(script.started())
    written()
    display.tell(script.failed(4, "exit code 1: ValueError: bad\nadvice"))
    text = written()
    failure, view = text.index("trial 4 INFEASIBLE: exit code 1"), text.index("1/30 trials")
    assert failure < text.index("    advice") < view
    display.tell(Warned("the metric is constant"))
    assert "warning: the metric is constant" in written()
    display.tell(script.trial(5))
    display.tell(script.put_back(5))
    assert "trial 5 was stopped" in written()


def test_end_removes_the_view_and_shows_the_cursor(display, written, script):
    stdout = sys.stdout
    display.tell(script.started())
    display.tell(script.trial(1))
    display.tell(script.measured(1, 0.5, step=1))
    display.tell(script.succeeded(1))
    script.now += 9
    written()
    display.tell(script.job_ended(succeeded=1))
    text = written()
    assert SHOW_CURSOR in text
    assert text.rstrip().endswith("ended after 9.0s")
    assert sys.stdout is stdout
    script.now += 9
    display.tick()
    assert written() == ""


def test_close_may_be_called_at_any_time(display, written, script):
    display.close()
    display.tick()
    display.tell(script.started())
    written()
    display.close()
    assert SHOW_CURSOR in written()
    display.close()
    assert written() == ""


def test_terminal_that_goes_away_does_not_end_the_job(terminal, script, monkeypatch):
    def fail(text):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(terminal, "write", fail)
    display = LiveDisplay(terminal, script.clock)
    display.tell(script.started())
    for trial_id in range(1, 4):
        script.now += 1
        display.tell(script.trial(trial_id))
        display.tell(script.failed(trial_id))
        display.tick()
    display.tell(script.job_ended(infeasible=3))


def test_no_color(terminal, script, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    display = LiveDisplay(terminal, script.clock)
    display.tell(script.started())
    display.tell(script.failed(1))
    display.close()
    assert "\x1b[31m" not in terminal.getvalue()
    assert "trial 1 INFEASIBLE" in terminal.getvalue()


def test_job_that_ends_by_an_error_gets_its_cursor_back(display, written, script, monkeypatch):
    at_exit = []
    monkeypatch.setattr("atexit.register", at_exit.append)
    display.tell(script.started())
    assert SHOW_CURSOR not in written()
    for action in at_exit:
        action()
    assert SHOW_CURSOR in written()


def test_trials_that_are_stopped_early_are_counted_and_not_told_one_by_one(
    display, written, script
):
    display.tell(script.started())
    for trial_id in (1, 2):
        display.tell(script.trial(trial_id))
        display.tell(script.stopping(trial_id))
        display.tell(script.stopped(trial_id))
    script.now += 1
    display.tick()
    text = written()
    assert "2 stopped early" in text
    assert "its best value" not in text
