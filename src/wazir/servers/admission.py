"""Who is let in at a door that calls its handlers in threads, such as gRPC's."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from wazir.domain.errors import InvalidTokenError, LimitError
from wazir.servers.audit import AuditLog
from wazir.servers.rates import TokenBuckets
from wazir.service.access import Principal, bearer_secret
from wazir.service.guarding import Access
from wazir.service.status import status_of

# Given the headers of a request, its method and its peer; a handler runs in the block.
Admit: TypeAlias = Callable[[Mapping[str, str], str, str], AbstractContextManager[None]]

_READING = ("Get", "List")


def admission(
    access: Access, audit: AuditLog, buckets: TokenBuckets, failures: TokenBuckets
) -> Admit:
    """Return what lets requests in.

    Who shows a token in the header `authorization` is the caller while the block runs. Methods whose
    names do not begin with Get or List have a line in the audit log. Entering the block raises
    InvalidTokenError, or LimitError where a token, or tokens that are not valid from one address,
    come too often.
    """
    identify = _Identifying(access, buckets, failures)

    @contextmanager
    def admit(headers: Mapping[str, str], method: str, peer: str) -> Iterator[None]:
        principal, status = None, "OK"
        try:
            principal = identify(headers, peer)
            with access.caller.is_now(principal):
                yield
        except BaseException as error:
            status = status_of(error).name
            raise
        finally:
            if not method.startswith(_READING):
                audit.write(principal, "gRPC", method, status, peer)

    return admit


class _Identifying:
    """Finds out who asks, within the rates; for several threads."""

    def __init__(self, access: Access, buckets: TokenBuckets, failures: TokenBuckets) -> None:
        self._guard = access.guard
        self._buckets = buckets
        self._failures = failures
        self._lock = threading.Lock()

    def __call__(self, headers: Mapping[str, str], peer: str) -> Principal:
        given = headers.get("authorization")
        secret = bearer_secret([] if given is None else [given])
        # A peer is an address and a port, which is another one for each connection.
        address = peer.rpartition(":")[0]
        is_new = secret is not None and not self._guard.has_seen(secret)
        if is_new:
            self._check_left(self._failures, address, "tokens that are not valid")
        try:
            principal = self._guard.identify(secret)
        except InvalidTokenError:
            if is_new:
                with self._lock:
                    self._failures.take(address)
            raise
        if principal.token_id:
            self._check_left(self._buckets, principal.token_id, "this token", takes=True)
        return principal

    def _check_left(
        self, buckets: TokenBuckets, key: str, what: str, *, takes: bool = False
    ) -> None:
        with self._lock:
            if buckets.wait_s(key) > 0:
                raise LimitError(f"too many requests with {what}")
            if takes:
                buckets.take(key)
