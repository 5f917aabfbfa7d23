"""What every request over HTTP passes before it reaches a route, in its order."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.middleware import Middleware

from wazir.domain.errors import InvalidInputError
from wazir.servers.audit import AuditLog
from wazir.servers.hosts import KnownHosts
from wazir.servers.http.access import Authenticate, RefuseForeignOrigins, RefuseUnknownHosts
from wazir.servers.http.auditing import AuditWrites
from wazir.servers.http.headers import AddSecurityHeaders
from wazir.servers.http.limiting import LimitBodies, LimitRates, LimitRequestsAtOnce
from wazir.servers.rates import TokenBuckets, failure_buckets
from wazir.service.guarding import Access


@dataclass(frozen=True)
class HttpLimits:
    """How much may come in; all numbers are greater than 0.

    Attributes:
        max_bytes: of a request's body.
        max_running: requests that are answered at a time.
        rate: requests per second of one token, in the long run.
        burst: requests of one token at once.
    """

    max_bytes: int = 16 << 20
    max_running: int = 2_000
    rate: float = 1_000.0
    burst: float = 10_000.0

    def __post_init__(self) -> None:
        if not min(self.max_bytes, self.max_running, self.rate, self.burst) > 0:
            raise InvalidInputError(f"the limits of a server are greater than 0, got {self}")


def protection(
    access: Access,
    hosts: KnownHosts,
    audit: AuditLog,
    *,
    now: Callable[[], float],
    limits: HttpLimits | None = None,
) -> list[Middleware]:
    """Return the middlewares, outermost first; `now`: seconds of a clock that does not jump."""
    limits = limits or HttpLimits()
    failures = failure_buckets(now)
    buckets = TokenBuckets(limits.rate, limits.burst, now)
    return [
        Middleware(AddSecurityHeaders),
        Middleware(AuditWrites, log=audit),
        Middleware(LimitRequestsAtOnce, max_running=limits.max_running),
        Middleware(RefuseUnknownHosts, hosts=hosts),
        Middleware(RefuseForeignOrigins),
        Middleware(Authenticate, guard=access.guard, caller=access.caller, failures=failures),
        Middleware(LimitRates, buckets=buckets),
        Middleware(LimitBodies, max_bytes=limits.max_bytes),
    ]
