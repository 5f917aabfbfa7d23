"""What requests pass before they reach a route, on a tiny application."""

import asyncio
import json
import logging

import pytest
from asgi import AsgiClient
from fake_tokens import FakeTokens, SetClock
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse
from starlette.routing import Route

from wazir.domain.errors import InvalidInputError, InvalidTokenError
from wazir.domain.tokens import Role
from wazir.servers.audit import LOGGER_NAME, AuditLog
from wazir.servers.hosts import KnownHosts
from wazir.servers.http.limiting import LimitRequestsAtOnce
from wazir.servers.http.protection import HttpLimits, protection
from wazir.service.access import Guard
from wazir.service.guarding import Access, Caller

LIMITS = HttpLimits(max_bytes=1000, max_running=3, rate=1.0, burst=5.0)


class Place:
    """A server under test: its clock, its tokens, and a client."""

    def __init__(self, *, must_ask=True):
        self.clock, self.store, self.caller = SetClock(), FakeTokens(), Caller()
        self.guard = Guard(self.store, self.clock, must_ask=must_ask)
        self.bodies = []
        routes = [
            Route(path, self.answer, methods=["GET", "POST", "PUT", "DELETE"])
            for path in ("/thing", "/healthz", "/readyz", "/metrics")
        ]
        cached = PlainTextResponse("x", headers={"Cache-Control": "max-age=9"})
        routes.append(Route("/docs", lambda _: HTMLResponse("<h1>docs</h1>")))
        routes.append(Route("/cached", lambda _: cached))
        self.app = Starlette(
            routes=routes,
            middleware=protection(
                Access(self.guard, self.caller),
                KnownHosts("127.0.0.1", ["wazir.example.com"]),
                AuditLog(self.clock),
                now=self.clock,
                limits=LIMITS,
            ),
        )
        self.client = AsgiClient(self.app, "http://127.0.0.1:8080")

    async def answer(self, request: Request):
        try:
            self.bodies.append(await request.body())
        except Exception:
            # As frameworks do.
            return PlainTextResponse("the body cannot be read", 400)
        try:
            role = self.caller.principal().role.value
        except InvalidTokenError:
            role = "unknown"
        return JSONResponse({"role": role})

    def token(self, role=Role.WORKER, **more):
        token, secret = self.guard.create_token("p", role, **more)
        return token, {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def open_place():
    return Place(must_ask=False)


def problem(answer, code, status):
    assert answer.status_code == code, answer.text
    body = answer.json()["error"]
    assert (body["code"], body["status"]) == (code if code != 413 else 400, status)
    return body["message"]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost:8080", "LOCALHOST", "[::1]:80", "wazir.example.com:9", "127.0.0.9"],
)
def test_names_of_the_server_are_let_in(open_place, host):
    assert open_place.client.get("/thing", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.com",
        "evil.com:8080",
        "localhost.evil.com",
        "127.0.0.1.evil.com",
        "evil.com@localhost",
        "localhost, evil.com",
        "10.0.0.7",
        "",
        " ",
        "[::1",
    ],
)
@pytest.mark.parametrize("path", ["/thing", "/healthz"])
def test_other_names_are_refused_so_that_no_page_gets_here_by_rebinding(open_place, host, path):
    answer = open_place.client.get(path, headers={"Host": host})
    text = problem(answer, 403, "PERMISSION_DENIED")
    assert "--allowed-host" in text
    assert open_place.bodies == []


def test_two_host_headers_are_refused(open_place):
    headers = [("Host", "127.0.0.1"), ("Host", "evil.com")]
    problem(open_place.client.get("/thing", headers=headers), 403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.com"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://localhost:8080"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:8080.evil.com"},
        {"Origin": "http://evil.com@127.0.0.1:8080"},
        {"Origin": "http://127.0.0.1:8080:1"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8080"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_page_of_another_site_cannot_write(open_place, headers, method):
    answer = open_place.client.request(method, "/thing", headers=headers)
    assert "another site" in problem(answer, 403, "PERMISSION_DENIED")
    assert open_place.bodies == []
    # It may ask, but its reader's browser shows it nothing.
    answer = open_place.client.get("/thing", headers=headers)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://127.0.0.1:8080"},
        {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        # A proxy ends TLS: the page is https, and what arrives is not.
        {"Origin": "https://wazir.example.com", "Host": "wazir.example.com"},
        {"Origin": "https://wazir.example.com", "Host": "wazir.example.com:443"},
        {"Origin": "https://wazir.example.com:8443", "Host": "wazir.example.com:8443"},
    ],
)
def test_programs_and_pages_of_the_server_itself_write(open_place, headers):
    assert open_place.client.post("/thing", headers=headers).status_code == 200


def test_cors_is_off(open_place):
    asked = {"Origin": "http://evil.com", "Access-Control-Request-Method": "POST"}
    answer = open_place.client.options("/thing", headers=asked)
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_who_has_a_token_is_known_to_the_code_that_answers(place):
    _, headers = place.token(Role.READER)
    assert place.client.get("/thing", headers=headers).json() == {"role": "reader"}
    headers["Authorization"] = headers["Authorization"].replace("Bearer", "bearer ")
    assert place.client.get("/thing", headers=headers).json() == {"role": "reader"}


def test_without_tokens_anyone_is_an_admin(open_place):
    assert open_place.client.get("/thing").json() == {"role": "admin"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wz_"},
        {"Authorization": "Bearer wz_" + "A" * 43},
        {"Authorization": "Basic d3o6d3o="},
        {"Authorization": "Bearer \xff\xfe"},
        {"Authorization": "Bearer " + "x" * 10_000},
    ],
)
def test_without_a_valid_token_nothing_is_answered(place, headers):
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    for method in ("GET", "POST"):
        answer = place.client.request(method, "/thing", headers=raw)
        problem(answer, 401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert place.bodies == []


def test_two_authorization_headers_are_refused(place):
    _, headers = place.token()
    twice = [("Authorization", headers["Authorization"])] * 2
    problem(place.client.get("/thing", headers=twice), 401, "UNAUTHENTICATED")


def test_expired_and_revoked_tokens_are_refused_in_the_same_words(place):
    revoked, revoked_headers = place.token()
    _, expired_headers = place.token(expires_in_s=60)
    assert place.client.get("/thing", headers=revoked_headers).status_code == 200
    place.store.change(revoked.token_id, revoked_at=place.clock.now)
    place.clock.now += 61
    unknown_headers = {"Authorization": "Bearer wz_" + "A" * 43}
    answers = [
        problem(place.client.get("/thing", headers=headers), 401, "UNAUTHENTICATED")
        for headers in (revoked_headers, expired_headers, unknown_headers)
    ]
    assert len(set(answers)) == 1


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs"])
def test_some_paths_are_open_for_reading(place, path):
    assert place.client.get(path).status_code == 200
    problem(place.client.post(path), 401, "UNAUTHENTICATED")


def test_metrics_are_not_open(place):
    problem(place.client.get("/metrics"), 401, "UNAUTHENTICATED")
    _, headers = place.token(Role.READER)
    assert place.client.get("/metrics", headers=headers).status_code == 200


def test_whoever_guesses_tokens_is_told_to_wait_and_others_go_on(place):
    _, headers = place.token()
    assert place.client.get("/thing", headers=headers).status_code == 200
    guess = {"Authorization": "Bearer wz_" + "A" * 43}
    codes = [place.client.get("/thing", headers=guess).status_code for _ in range(70)]
    assert codes[:60] == [401] * 60
    assert set(codes[60:]) == {429}
    n_reads = place.store.n_reads
    answer = place.client.get("/thing", headers=guess)
    problem(answer, 429, "RESOURCE_EXHAUSTED")
    assert int(answer.headers["retry-after"]) >= 1
    assert place.store.n_reads == n_reads
    # The token that was valid is looked up again, although it comes from the same address.
    place.clock.now += 0.5
    place.guard._recheck_s = 0.1
    assert place.client.get("/thing", headers=headers).status_code == 200
    assert place.store.n_reads == n_reads + 1
    place.clock.now += 0.6
    assert place.client.get("/thing", headers=guess).status_code == 401


def test_a_token_may_ask_only_so_often(place):
    _, headers = place.token()
    _, other = place.token()
    codes = [place.client.get("/thing", headers=headers).status_code for _ in range(6)]
    assert codes == [200] * 5 + [429]
    answer = place.client.get("/thing", headers=headers)
    assert "too many requests" in problem(answer, 429, "RESOURCE_EXHAUSTED")
    assert answer.headers["retry-after"] == "1"
    assert place.client.get("/thing", headers=other).status_code == 200
    place.clock.now += 1
    assert place.client.get("/thing", headers=headers).status_code == 200


def test_without_tokens_nobody_is_counted(open_place):
    assert {open_place.client.get("/thing").status_code for _ in range(20)} == {200}


@pytest.mark.parametrize("size", [1, 999, 1000])
def test_bodies_up_to_the_limit_arrive_whole(open_place, size):
    body = b"x" * size
    open_place.client.post("/thing", content=body)
    open_place.client.post("/thing", content=iter([body[:1], body[1:]]))
    assert open_place.bodies == [body, body]


@pytest.mark.parametrize("size", [1001, 100_000])
def test_bodies_beyond_it_are_refused_with_and_without_their_length(open_place, size):
    for content in (b"x" * size, iter([b"x" * 600] * (size // 600 + 1))):
        answer = open_place.client.post("/thing", content=content)
        assert "at most 1,000 bytes" in problem(answer, 413, "INVALID_ARGUMENT")
        assert answer.headers["connection"] == "close"
    assert open_place.bodies == []


@pytest.mark.parametrize("length", ["-1", "1e3", "", "9" * 5000, "٣"])
def test_a_length_that_is_no_number_is_refused(open_place, length):
    headers = {"Content-Length": length.encode()}
    assert open_place.client.post("/thing", headers=headers).status_code == 413


def test_answers_tell_browsers_what_not_to_do(place):
    refused, page = place.client.get("/thing"), place.client.get("/docs")
    for answer in (refused, page):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in refused.headers["content-security-policy"]
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "script" not in page.headers["content-security-policy"]
    _, headers = place.token()
    answer = place.client.get("/cached", headers=headers)
    assert answer.headers["cache-control"] == "max-age=9"


def test_a_socket_is_closed(place):
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    scope = {"type": "websocket", "path": "/thing", "headers": [(b"host", b"127.0.0.1")]}
    asyncio.run(place.app(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


def lines_of(caplog):
    return [one.getMessage() for one in caplog.records if one.name == LOGGER_NAME]


def test_each_write_has_a_line_and_no_secret_is_in_it(place, caplog):
    caplog.set_level(logging.INFO, LOGGER_NAME)
    token, headers = place.token()
    place.client.get("/thing", headers=headers)
    place.client.post("/thing?key=query-secret", headers=headers, content=b"body-secret")
    place.client.post("/thing", headers={"Authorization": "Bearer wz_" + "B" * 43})
    place.client.delete("/nothing", headers=headers)
    place.client.post("/thing", headers={**headers, "Origin": "http://evil.com"})
    lines = [json.loads(line) for line in lines_of(caplog)]
    assert [(one["method"], one["path"], one["status"]) for one in lines] == [
        ("POST", "/thing", 200),
        ("POST", "/thing", 401),
        ("DELETE", "/nothing", 404),
        ("POST", "/thing", 403),
    ]
    assert lines[0] == {
        "time": place.clock.now,
        "token": token.token_id,
        "project": "p",
        "role": "worker",
        "method": "POST",
        "path": "/thing",
        "status": 200,
        "address": "192.0.2.7",
    }
    assert "token" not in lines[1]
    said = "\n".join(lines_of(caplog))
    for secret in (headers["Authorization"].split()[1], "B" * 43, "query-secret", "body-secret"):
        assert secret not in said


@pytest.mark.parametrize(
    "name", ["a%0d%0afake line", "a%00b", "%E2%80%A8", "a%22,%22token%22:%22x", "%1b[2J"]
)
def test_a_name_makes_no_line_of_its_own(place, caplog, name):
    caplog.set_level(logging.INFO, LOGGER_NAME)
    place.client.post(f"/{name}")
    (line,) = lines_of(caplog)
    assert line.isascii()
    assert line.isprintable()
    assert set(json.loads(line)) == {"time", "method", "path", "status", "address"}


def test_a_path_is_cut(place, caplog):
    caplog.set_level(logging.INFO, LOGGER_NAME)
    place.client.post("/" + "x" * 5000)
    assert len(lines_of(caplog)[0]) < 1200


def test_only_so_many_requests_are_answered_at_a_time():
    inner = []

    async def answer(request):
        # While this request is answered, another one comes.
        if not inner:
            inner.append(None)
            inner.append((await asyncio.to_thread(client.get, "/")).status_code)
        return PlainTextResponse("ok")

    limit = Middleware(LimitRequestsAtOnce, max_running=1)
    client = AsgiClient(Starlette(routes=[Route("/", answer)], middleware=[limit]), "http://a")
    assert client.get("/").status_code == 200
    assert inner == [None, 429]
    assert client.get("/").status_code == 200


def test_limits_are_positive():
    with pytest.raises(InvalidInputError):
        HttpLimits(max_bytes=0)
