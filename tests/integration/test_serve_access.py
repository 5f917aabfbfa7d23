"""`wazir serve` with tokens, asked by programs, by our own clients, and by those who mean ill."""

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest
from servers import server_process, start_server

import wazir
from wazir.domain.errors import InvalidTokenError, NotAllowedError

TRAIN = 'import sys\nprint("rmse=%f" % (float(sys.argv[2]) - 0.4) ** 2)\n'
TUNE = ("tune", "--minimize", "rmse", "-p", "x=0.0..1.0", "--algorithm", "RANDOM_SEARCH")
STUDIES = "/api/v1/projects/default/studies"
# A change by another process is known after 2 s; the machine may be slow.
SOON_S = 20


def make_token(wazir_in, *arguments):
    """Return (id, secret) of a new token in the database of the folder."""
    made = wazir_in("token", "create", *arguments)
    assert made.stdout.strip() not in made.stderr
    return made.stderr.split()[1].rstrip(":"), made.stdout.strip()


def ask(url, path, secret=None, *, method="GET", body=None, headers=None):
    """Return (status, text) of a request."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data=content, method=method)
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    if secret is not None:
        request.add_header("Authorization", f"Bearer {secret}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def becomes(status, action):
    """Wait until a request has a status."""
    until = time.monotonic() + SOON_S
    while (got := action()) != status:
        assert time.monotonic() < until, got
        time.sleep(0.1)


def raw(url, data, *, ends=False, n_bytes=65_536):
    """Send bytes as they are; return what came back until the server closed.

    `ends`: say that nothing more follows, for what is no whole request.
    """
    host, _, port = url.rpartition("//")[2].partition(":")
    received = b""
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        try:
            connection.sendall(data)
            if ends:
                connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # It may have hung up already; its answer still counts.
        try:
            while len(received) < n_bytes and (part := connection.recv(65_536)):
                received += part
        except OSError:
            pass
    return received


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_others_are_let_in_by_a_token_or_by_word_alone(wazir_in, host):
    refused = wazir_in("serve", "--host", host, "--port", "0", code=2)
    assert "wazir token create" in refused.stderr
    assert "--insecure" in refused.stderr
    assert list(wazir_in.folder.iterdir()) == []


def test_a_server_for_others_asks_everybody(wazir_in):
    token_id, secret = make_token(wazir_in, "--role", "worker")
    with server_process(wazir_in.folder, "--host", "0.0.0.0") as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert ask(url, "/healthz")[0] == 200
        assert ask(url, STUDIES)[0] == 401
        assert ask(url, STUDIES, secret)[0] == 200
        assert ask(url, "/metrics")[0] == 401
        assert wazir_in("token", "revoke", token_id).stdout
        becomes(401, lambda: ask(url, STUDIES, secret)[0])
        assert ask(url, STUDIES)[0] == 401


def test_an_insecure_server_asks_once_there_is_a_token(wazir_in):
    with server_process(wazir_in.folder, "--host", "0.0.0.0", "--insecure") as server:
        url = server.url.replace("0.0.0.0", "127.0.0.1")
        assert ask(url, STUDIES)[0] == 200
        _, secret = make_token(wazir_in, "--role", "reader")
        becomes(401, lambda: ask(url, STUDIES)[0])
        assert ask(url, STUDIES, secret)[0] == 200


def test_our_clients_work_with_a_token_and_are_told_what_they_may_not(wazir_in, monkeypatch):
    wazir_in.write("train.py", TRAIN)
    _, worker = make_token(wazir_in, "--role", "worker")
    _, reader = make_token(wazir_in, "--role", "reader")
    _, admin = make_token(wazir_in, "--role", "admin")
    with server_process(wazir_in.folder) as server:
        storage, program = ("--storage", server.url), ("--", "python3", "train.py")
        nobody = wazir_in("studies", *storage, code=1)
        assert "WAZIR_TOKEN" in nobody.stderr
        wazir_in(*TUNE, *storage, "--trials", "3", *program, env={"WAZIR_TOKEN": worker})
        shown = wazir_in("show", *storage, env={"WAZIR_TOKEN": reader})
        assert "3 of 3 done" in shown.text
        refused = wazir_in(
            "delete", "train", "--yes", *storage, env={"WAZIR_TOKEN": worker}, code=1
        )
        assert "role worker may not administer here" in refused.stderr
        monkeypatch.setenv("WAZIR_TOKEN", reader)
        study = wazir.load_study("train", storage=server.url)
        assert len(study.trials) == 3
        with pytest.raises(NotAllowedError, match="role reader may not work here"):
            study.suggest()
        monkeypatch.delenv("WAZIR_TOKEN")
        with pytest.raises(InvalidTokenError):
            wazir.load_study("train", storage=server.url)
        wazir_in("delete", "train", "--yes", *storage, env={"WAZIR_TOKEN": admin})


def test_secrets_are_nowhere_and_each_write_has_its_line(wazir_in):
    _, secret = make_token(wazir_in, "--role", "worker")
    wrong = "wz_" + "B" * 43
    server = start_server(wazir_in.folder)
    said = []
    for token in (secret, wrong, None):
        for method, path, body in (
            ("GET", STUDIES, None),
            ("POST", STUDIES, {"study_id": "a/b", "config": {}}),
            ("DELETE", f"{STUDIES}/s", None),
            ("POST", "/nothing%0d%0afake%20line", {}),
        ):
            said.append(ask(server.url, path, token, method=method, body=body)[1])
    _, printed = server.end()
    audit = (wazir_in.runs / "wazir-audit.log").read_text()
    lines = [json.loads(line) for line in audit.splitlines()]
    assert len(lines) == 9
    assert [line["status"] for line in lines] == [400, 403, 404, 401, 401, 401, 401, 401, 401]
    files = b"".join(path.read_bytes() for path in wazir_in.runs.iterdir())
    for token in (secret, wrong):
        part = token.removeprefix("wz_")[:24]
        assert part not in printed
        assert part not in "".join(said)
        assert part.encode() not in files


def test_the_audit_log_goes_where_it_is_told(wazir_in):
    with server_process(wazir_in.folder, "--audit-log", "-") as server:
        assert ask(server.url, f"{STUDIES}/s", method="DELETE")[0] == 404
        _, printed = server.end()
    assert '"method":"DELETE"' in printed
    assert not (wazir_in.runs / "wazir-audit.log").exists()
    wazir_in.write("file", "")
    refused = wazir_in("serve", "--port", "0", "--audit-log", "file/audit.log", code=2)
    assert "audit log" in refused.stderr


@pytest.fixture(scope="module")
def open_server(tmp_path_factory):
    with server_process(tmp_path_factory.mktemp("open"), "--allowed-host", "wazir.lan") as server:
        yield server.url


def request(path=STUDIES, *, method="GET", headers=(), body=b"", host="127.0.0.1"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def test_names_and_origins_of_others_are_refused(open_server):
    url = open_server
    assert status_of(raw(url, request())) == 200
    assert status_of(raw(url, request(host="wazir.lan:99"))) == 200
    assert status_of(raw(url, request(host="evil.com"))) == 403
    both = (
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n"
    )
    assert status_of(raw(url, both)) in (400, 403)
    assert status_of(raw(url, b"GET /healthz HTTP/1.0\r\n\r\n")) == 403
    assert status_of(raw(url, request("http://evil.com/healthz", host="evil.com"))) == 403  # fmt: skip
    body = b'{"study_id":"s","config":{}}'
    length = f"Content-Length: {len(body)}"
    for origin in ("http://evil.com", "null", "http://127.0.0.1:1"):
        # As a form or a script of another site sends it: no preflight, and no answer is needed.
        headers = (f"Origin: {origin}", "Content-Type: text/plain", length)
        answer = raw(url, request(method="POST", headers=headers, body=body))
        assert status_of(answer) == 403
        assert b"access-control" not in answer.lower()
    site = ("Sec-Fetch-Site: cross-site", length)
    assert status_of(raw(url, request(method="POST", headers=site, body=body))) == 403


def test_large_bodies_are_refused_with_and_without_their_length(open_server):
    url, piece = open_server, b"x" * 65_536
    claimed = ("Content-Length: 99999999999",)
    answer = raw(url, request(method="POST", headers=claimed, body=piece))
    assert status_of(answer) == 413
    assert b"at most 16,777,216 bytes" in answer
    chunk = b"%x\r\n" % len(piece) + piece + b"\r\n"
    chunked = ("Transfer-Encoding: chunked", "Content-Type: application/json")
    sent = request(method="POST", headers=chunked, body=chunk * 300 + b"0\r\n\r\n")
    assert status_of(raw(url, sent)) == 413
    assert status_of(raw(url, request())) == 200


@pytest.mark.parametrize(
    "data",
    [
        request(headers=("X: a\nInjected: b",)),
        request(headers=("X: a\rInjected: b",)),
        request(headers=("X: a\0b",)),
        request(headers=("X y: a",)),
        request(headers=("Content-Length: 5", "Content-Length: 6"), method="POST", body=b"hello"),
        request(headers=("Content-Length: -5",), method="POST"),
        request(
            headers=("Content-Length: 5", "Transfer-Encoding: chunked"),
            method="POST",
            body=b"0\r\n\r\n",
        ),
        request(headers=("Transfer-Encoding: gzip, chunked",), method="POST", body=b"0\r\n\r\n"),
        request("/a b"),
        request("/\0"),
        request(STUDIES + "\r\nX: y"),
        request(headers=("X: " + "y" * 200_000,)),
        request(headers=tuple(f"X{n}: y" for n in range(20_000))),
        request("/" + "a" * 200_000),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n" * 1000,
        b"GET\r\n\r\n",
    ],
)
def test_malformed_requests_end_and_the_server_goes_on(open_server, data):
    answer = raw(open_server, data, ends=True)
    assert status_of(answer) in (0, 200, 400, 401, 403, 404, 405, 413, 431, 501), answer[:200]
    assert b"\r\ninjected:" not in answer.lower()
    assert b"Traceback" not in answer
    assert status_of(raw(open_server, request("/healthz"))) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../etc/passwd",
        "/docs/../../../etc/passwd",
        "/api/v1/../../etc/passwd",
        "/api/v1/projects/../studies",
        "/api/v1/projects/default/studies/..",
        "/api/v1/projects/default/studies/../../x/studies",
        "/api/v1/projects/default/studies/s/trials/../../../..",
        "/api/v1/projects/default/studies/s/trials/..%2f..%2f..%2fwazir.db/log",
        "/v1/projects/../locations/../studies",
        "//etc/passwd",
        "/api/v1/projects/default/studies/%2e%2e%2f%2e%2e",
        "/static/..%5c..%5cetc",
    ],
)
def test_paths_lead_nowhere(open_server, path):
    answer = raw(open_server, request(path))
    assert status_of(answer) in (400, 404, 405), answer[:300]
    assert b"root:" not in answer
    assert b"SQLite format" not in answer


@pytest.fixture
def certificate(wazir_in, needs):
    """Make a certificate for 127.0.0.1 and its key."""
    if shutil.which("openssl") is None:
        needs("openssl")
    for name, passphrase in (("key", ()), ("locked", ("-passout", "pass:secret"))):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-days", "2", "-subj", "/CN=wazir",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.pem",
             "-out", f"{name}-cert.pem", *(passphrase or ("-nodes",))],
            cwd=wazir_in.folder, check=True, capture_output=True,
        )  # fmt: skip
    return wazir_in.folder / "key-cert.pem"


def test_https_with_the_files_that_it_is_given(wazir_in, certificate):
    files = ("--tls-cert", "key-cert.pem", "--tls-key")
    with server_process(wazir_in.folder, *files, "key.pem") as server:
        assert server.url.startswith("https://")
        trusting = {"SSL_CERT_FILE": str(certificate)}
        shown = wazir_in("studies", "--storage", server.url, env=trusting)
        assert "no studies yet" in shown.stderr
        refused = wazir_in("studies", "--storage", server.url, code=1)
        assert "certificate of" in refused.stderr
        assert status_of(raw(server.url, request())) == 0
    wazir_in.write("nothing.pem", "nothing")
    for key, text in (
        ("nothing.pem", "no certificate and key in PEM"),
        ("locked.pem", "has a passphrase"),
    ):
        refused = wazir_in("serve", "--port", "0", *files, key, code=2)
        assert text in refused.stderr
    other = wazir_in(
        "serve", "--port", "0", "--tls-cert", "locked-cert.pem", "--tls-key", "key.pem", code=2
    )
    assert "does not belong to the certificate" in other.stderr
