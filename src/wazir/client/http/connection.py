"""Requests to a Wazir server, repeated while the connection is lost, with growing pauses."""

import http.client
import json
import os
import ssl
import threading
import uuid
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit

from wazir.domain.errors import InvalidInputError, StorageError
from wazir.domain.json_fields import to_json
from wazir.service.wire_errors import error_from_dict

REQUEST_ID_HEADER = "Wazir-Request-Id"
# Answers after which the same request may succeed: too many requests, and servers that start or end.
_TOO_MANY = 429
_TRY_AGAIN = frozenset({_TOO_MANY, 502, 503, 504})
_LOST = (OSError, http.client.HTTPException)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0

Query = Mapping[str, str | int | None]
# The process that opened a connection, and the connection.
_Known = tuple[int, http.client.HTTPConnection]


@dataclass(frozen=True)
class Patience:
    """How long a request is repeated, in seconds.

    `before_contact_s` counts until the server has answered once: an address may be wrong.
    """

    before_contact_s: float = 3.0
    after_contact_s: float = 300.0
    answer_s: float = 120.0


@dataclass(frozen=True)
class Waiting:
    """How time passes: seconds of a clock that never jumps, a way to sleep, and a random share."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    share: Callable[[], float]


@dataclass(frozen=True)
class _Outcome:
    """What came of sending a request: an answer, or status 0 and what went wrong."""

    status: int = 0
    answer: bytes = b""
    problem: str = ""
    is_final: bool = False


class ServerConnection:
    """Sends requests to one server and reads its JSON answers; for several threads and forks.

    Each request has an id, which is the same when it is repeated: the server does nothing twice.

    Args:
        url: the server's address, such as http://host:8080.
        token: what says who asks, "" for none.
        waiting: how time passes.
        patience: how long to repeat.

    Raises:
        InvalidInputError: the address is none.
    """

    def __init__(
        self, url: str, *, token: str, waiting: Waiting, patience: Patience | None = None
    ) -> None:
        self._url, self._address = url, _address(url)
        self._token = token
        self._waiting = waiting
        self._patience = patience or Patience()
        self._has_answered = False
        self._local = threading.local()
        self._open: dict[int, _Known] = {}
        # For callers that drop it without closing.
        weakref.finalize(self, _close_all, self._open)

    def call(
        self, method: str, path: str, *, query: Query | None = None, body: object = None
    ) -> object:
        """Return the JSON answer of a request.

        Raises:
            WazirError: the error that the server answered with.
            StorageError: the server cannot be reached, or its answers are not those of Wazir.
        """
        target = self._address.path + path + _query_text(query or {})
        content = None if body is None else to_json(body).encode()
        headers = self._headers(has_body=content is not None)
        begun, n_tries = self._waiting.now(), 0
        while True:
            outcome = self._try(method, target, content, headers)
            if outcome.is_final:
                return self._result(outcome)
            n_tries += 1
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (n_tries - 1))
            pause *= 0.5 + self._waiting.share()
            if self._waiting.now() + pause - begun > self._time():
                if outcome.status:
                    return self._result(outcome)
                raise self._unreachable(outcome.problem)
            self._waiting.sleep(pause)

    def close(self) -> None:
        """Close the connections of all threads; the next request opens another one."""
        _close_all(self._open)

    def _time(self) -> float:
        patience = self._patience
        return patience.after_contact_s if self._has_answered else patience.before_contact_s

    def _headers(self, *, has_body: bool) -> dict[str, str]:
        headers = {"Accept": "application/json", REQUEST_ID_HEADER: uuid.uuid4().hex}
        if has_body:
            headers["Content-Type"] = "application/json"
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def _try(
        self, method: str, target: str, content: bytes | None, headers: Mapping[str, str]
    ) -> _Outcome:
        """Send a request once."""
        connection = self._connection()
        try:
            connection.request(method, target, content, dict(headers))
            response = connection.getresponse()
            answer = response.read()
        except ssl.SSLCertVerificationError as error:
            self._drop()
            raise StorageError(
                f"the certificate of {self._url} cannot be verified: {error.verify_message}",
                hint="set SSL_CERT_FILE to the certificate of its authority",
            ) from None
        except _LOST as error:
            self._drop()
            return _Outcome(problem=str(error) or type(error).__name__)
        self._has_answered = True
        # A server that is full stays full; one that is asked too often says when to come again.
        is_full = response.status == _TOO_MANY and answer and "Retry-After" not in response.headers
        is_final = response.status not in _TRY_AGAIN or bool(is_full)
        return _Outcome(response.status, answer, is_final=is_final)

    def _connection(self) -> http.client.HTTPConnection:
        """Return the connection of this thread of this process."""
        known: _Known | None = getattr(self._local, "connection", None)
        if known is not None and known[0] == os.getpid():
            return known[1]
        host, port = self._address.hostname or "", self._address.port
        is_secret = self._address.scheme == "https"
        kind = http.client.HTTPSConnection if is_secret else http.client.HTTPConnection
        connection = kind(host, port, timeout=self._patience.answer_s)
        self._local.connection = self._open[id(connection)] = (os.getpid(), connection)
        return connection

    def _drop(self) -> None:
        """Close the connection of this thread; the next request opens another one."""
        known: _Known | None = getattr(self._local, "connection", None)
        if known is not None:
            self._local.connection = None
            self._open.pop(id(known[1]), None)
            known[1].close()

    def _result(self, outcome: _Outcome) -> object:
        status, answer = outcome.status, outcome.answer
        try:
            data = json.loads(answer) if answer else None
        except ValueError:
            data = None
            if status < 300:
                raise StorageError(
                    f"{self._url} answers, but not as a Wazir server does",
                    hint="is it the address that `wazir serve` printed?",
                ) from None
        if status < 300:
            return data
        raise error_from_dict(data, status)

    def _unreachable(self, problem: str) -> StorageError:
        return StorageError(
            f"the server {self._url} cannot be reached: {problem}",
            hint="start it with `wazir serve`, or correct the address in --storage "
            "(storage= in Python)",
        )


def _close_all(connections: Mapping[int, _Known]) -> None:
    for _, connection in list(connections.values()):
        connection.close()


def _address(url: str) -> SplitResult:
    try:
        address = urlsplit(url)
        has_place = address.scheme in ("http", "https") and bool(address.hostname)
        # Reading the port checks it.
        is_plain = address.port != 0 and not (address.query or address.fragment)
    except ValueError:
        has_place = is_plain = False
        address = SplitResult("", "", "", "", "")
    if not has_place or not is_plain or address.username is not None:
        raise InvalidInputError(
            f"the address of a server is http://HOST:PORT, got {url!r}",
            hint="a token is given in the variable WAZIR_TOKEN",
        )
    return address


def _query_text(query: Query) -> str:
    given = {key: value for key, value in query.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""
