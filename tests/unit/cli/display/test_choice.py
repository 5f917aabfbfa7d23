import io
import os
import subprocess
import sys

import pytest

from wazir.cli.display import listener_for
from wazir.cli.display.json_lines import JsonLinesDisplay
from wazir.cli.display.live import LiveDisplay
from wazir.cli.display.output import SafeStream
from wazir.cli.display.plain import PlainDisplay


def test_json_wins_over_a_terminal(terminal, script):
    display = listener_for(json=True, stream=terminal, clock=script.clock)
    assert isinstance(display, JsonLinesDisplay)


def test_terminal_is_live(terminal, script):
    display = listener_for(json=False, stream=terminal, clock=script.clock)
    assert isinstance(display, LiveDisplay)


def test_pipe_is_plain(script):
    display = listener_for(json=False, stream=io.StringIO(), clock=script.clock)
    assert isinstance(display, PlainDisplay)


@pytest.mark.parametrize("term", ["dumb", "", "unknown"])
def test_terminal_that_can_do_nothing_is_plain(terminal, script, monkeypatch, term):
    monkeypatch.setenv("TERM", term)
    display = listener_for(json=False, stream=terminal, clock=script.clock)
    assert isinstance(display, PlainDisplay)


def test_plain_and_json_do_not_load_rich():
    code = (
        "import io, sys; from wazir.cli.display import listener_for\n"
        "for json in (True, False): listener_for(json=json, stream=io.StringIO(), clock=float)\n"
        "print([name for name in ('rich', 'numpy') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False
    )
    assert found.stdout == b"[]\n", found.stderr


def test_characters_that_the_encoding_lacks_become_escapes(script):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    display = listener_for(json=False, stream=stream, clock=script.clock)
    display.tell(script.started())
    display.tell(script.failed(1, "exit code 1: größe"))
    assert b"gr\\xf6\\xdfe" in raw.getvalue()


def test_lost_reader_does_not_end_the_job(script):
    reading, writing = os.pipe()
    with open(writing, "w") as stream:
        display = listener_for(json=False, stream=stream, clock=script.clock)
        display.tell(script.started())
        os.close(reading)
        for trial_id in range(1, 5):
            display.tell(script.trial(trial_id))
            display.tell(script.succeeded(trial_id))
        with open(os.devnull, "w") as sink:
            os.dup2(sink.fileno(), stream.fileno())


def test_closed_stream_is_silent():
    stream = io.StringIO()
    stream.close()
    out = SafeStream(stream)
    assert out.write("abc") == 3
    out.flush()
