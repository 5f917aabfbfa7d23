"""Requests to a server: repeated while it is away, and leases that are kept alive."""

import http.server
import json
import threading
from contextlib import contextmanager

import pytest

from wazir.client.http.connection import Patience, ServerConnection, Waiting
from wazir.client.http.leases import LeaseKeeper
from wazir.domain.errors import (
    InvalidInputError,
    LimitError,
    NotFoundError,
    StaleAttemptError,
    StorageError,
)
from wazir.domain.names import StudyName
from wazir.service.wire_errors import error_to_dict

NAME = StudyName("default", "s")


class Time:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now, self.pauses = 0.0, []

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    @property
    def waiting(self):
        return Waiting(lambda: self.now, self.sleep, lambda: 0.5)


@contextmanager
def answering(*answers):
    """Serve each answer once: (status, text), or None for a connection that is cut."""
    seen, left = [], list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            length = int(self.headers.get("Content-Length", 0))
            seen.append((self.path, dict(self.headers), self.rfile.read(length)))
            answer = left.pop(0)
            if answer is None:
                self.close_connection = True
                return
            status, text = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST  # noqa: N815 - the name that the library wants

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def connection(url, time, token="", **patience):
    return ServerConnection(url, token=token, waiting=time.waiting, patience=Patience(**patience))


def test_a_server_that_is_full_is_not_asked_again():
    full = (429, json.dumps(error_to_dict(LimitError("study 's' has 5 trials"))))
    with answering(full) as (url, seen):
        time = Time()
        connection = ServerConnection(url, token="", waiting=time.waiting)
        with pytest.raises(LimitError, match="has 5 trials"):
            connection.call("POST", "/x")
    assert (len(seen), time.pauses) == (1, [])


def test_a_request_has_its_token_its_body_and_an_id():
    with answering((200, '{"a": 1}')) as (url, seen):
        server = connection(f"{url}/behind", Time(), token="secret")
        assert server.call("POST", "/x", query={"q": "a b", "r": None}, body={"n": 1}) == {"a": 1}
        server.close()
    ((path, headers, body),) = seen
    assert path == "/behind/x?q=a+b"
    assert headers["Authorization"] == "Bearer secret"
    assert json.loads(body) == {"n": 1}
    assert len(headers["Wazir-Request-Id"]) == 32


def test_a_cut_connection_and_a_busy_server_are_tried_again_with_the_same_id():
    time = Time()
    with answering(None, (503, ""), (429, ""), (200, "2")) as (url, seen):
        server = connection(url, time)
        assert server.call("POST", "/x", body={}) == 2
        server.close()
    assert time.pauses == pytest.approx([0.2, 0.4, 0.8])
    assert len({headers["Wazir-Request-Id"] for _, headers, _ in seen}) == 1


def test_two_requests_have_two_ids():
    with answering((200, "1"), (200, "2")) as (url, seen):
        server = connection(url, Time())
        server.call("POST", "/x")
        server.call("POST", "/x")
        server.close()
    assert len({headers["Wazir-Request-Id"] for _, headers, _ in seen}) == 2


def test_patience_is_short_until_the_server_has_answered_once():
    time = Time()
    with answering((200, "1")) as (url, _):
        server = connection(url, time, before_contact_s=1, after_contact_s=100)
        server.call("GET", "/x")
        server.close()
    with pytest.raises(StorageError, match="cannot be reached"):
        server.call("GET", "/x")
    assert 50 < time.now <= 100
    other = Time()
    with pytest.raises(StorageError, match="cannot be reached"):
        connection(url, other, before_contact_s=1).call("GET", "/x")
    assert other.now <= 1


def test_an_error_of_the_server_is_raised_here_and_not_tried_again():
    text = json.dumps(error_to_dict(NotFoundError("there is no study", hint="look")))
    with answering((404, text)) as (url, _):
        server = connection(url, Time())
        with pytest.raises(NotFoundError, match="there is no study\nlook"):
            server.call("GET", "/x")
        server.close()


def test_another_server_is_told_apart():
    with answering((200, "<html>")) as (url, _):
        server = connection(url, Time())
        with pytest.raises(StorageError, match="not as a Wazir server"):
            server.call("GET", "/x")
        server.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http://:80",
        "http://a:x",
        "http://a:99999",
        "http://u:p@a",
        "http://a?q",
        "x://a",
    ],
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InvalidInputError, match="http://HOST:PORT"):
        connection(url, Time())


def test_leases_are_renewed_until_they_are_let_go_or_lost():
    renewed = []

    def renew(name, trial_id, attempt):
        renewed.append((trial_id, attempt))
        if trial_id == 2:
            raise StaleAttemptError("another worker has it")
        if trial_id == 3:
            raise StorageError("the server is away")

    keeper = LeaseKeeper(renew, lease_s=3600)
    for trial_id in (1, 2, 3, 4):
        keeper.hold(NAME, trial_id, 1)
    keeper.let_go(NAME, 4)
    keeper.renew_all()
    assert renewed == [(1, 1), (2, 1), (3, 1)]
    renewed.clear()
    keeper.hold(NAME, 1, 2)
    keeper.renew_all()
    assert renewed == [(1, 2), (3, 1)]
    keeper.close()


def test_leases_are_renewed_by_themselves():
    heard = threading.Event()
    keeper = LeaseKeeper(lambda *_: heard.set(), lease_s=0.02)
    keeper.hold(NAME, 1, 1)
    assert heard.wait(10)
    keeper.close()
