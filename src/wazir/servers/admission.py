"""Who is let in at a door that calls its handlers in threads, such as gRPC's."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from wazir.domain.errors import LimitError
from wazir.servers.audit import AuditLog
from wazir.servers.rates import TokenBuckets
from wazir.service.access import Principal, bearer_secret
from wazir.service.guarding import Access
from wazir.service.status import status_of

# Given the headers of a request, its method and its peer; a handler runs in the block.
Admit: TypeAlias = Callable[[Mapping[str, str], str, str], AbstractContextManager[None]]

_READING = ("Get", "List")


def admission(access: Access, audit: AuditLog, buckets: TokenBuckets) -> Admit:
    """Return what lets requests in.

    Who shows a token in the header `authorization` is the caller while the block runs. Methods whose
    names do not begin with Get or List have a line in the audit log. Entering the block raises
    InvalidTokenError, or LimitError for a token that comes too often.
    """
    lock = threading.Lock()

    def is_within_rate(principal: Principal) -> bool:
        with lock:
            if buckets.wait_s(principal.token_id) > 0:
                return False
            buckets.take(principal.token_id)
            return True

    @contextmanager
    def admit(headers: Mapping[str, str], method: str, peer: str) -> Iterator[None]:
        principal, status = None, "OK"
        try:
            given = headers.get("authorization")
            principal = access.guard.identify(bearer_secret([] if given is None else [given]))
            if principal.token_id and not is_within_rate(principal):
                raise LimitError("too many requests with this token")
            with access.caller.is_now(principal):
                yield
        except BaseException as error:
            status = status_of(error).name
            raise
        finally:
            if not method.startswith(_READING):
                audit.write(principal, "gRPC", method, status, peer)

    return admit
