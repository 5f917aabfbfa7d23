"""Who asks and what they may do: tokens, and the roles they give."""

import enum
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from wazir.domain.clock import Clock
from wazir.domain.errors import InvalidTokenError, NotAllowedError
from wazir.domain.tokens import ALL_PROJECTS, Role, Token
from wazir.storage.protocol import TokenStore

# Scanners for secrets find tokens by how they begin.
TOKEN_PREFIX = "wz_"  # noqa: S105 - no secret
_N_SECRET_BYTES = 32
_SECRET_LENGTH = len(TOKEN_PREFIX) + 43
_N_ID_BYTES = 5

# A token that was made or revoked elsewhere counts after at most this time.
RECHECK_S = 2.0
# Requests that run longer, such as streams of events, are asked again who they are.
_LONG_REQUEST_S = 30.0
_MAX_KNOWN = 10_000


class Action(enum.Enum):
    """What a use case does, as far as access is concerned."""

    READ = "read"
    WORK = "work"
    ADMIN = "administer"


MAY: Mapping[Role, frozenset[Action]] = {
    Role.READER: frozenset({Action.READ}),
    Role.WORKER: frozenset({Action.READ, Action.WORK}),
    Role.ADMIN: frozenset(Action),
}


@dataclass(frozen=True)
class Principal:
    """Who asks: the holder of a token, or anyone where no tokens are asked for (`token_id` "").

    `project_id` is `*` for all projects.
    """

    project_id: str
    role: Role
    token_id: str = ""
    secret_sha256: str = field(default="", repr=False)
    checked_at: float = 0.0

    def may(self, project_id: str, action: Action) -> bool:
        """Return whether the holder may do something in a project."""
        return self.project_id in (project_id, ALL_PROJECTS) and action in MAY[self.role]


ANYONE = Principal(ALL_PROJECTS, Role.ADMIN)


class Guard:
    """Makes tokens, and knows who asks; for several threads.

    Without tokens everything is allowed to anyone, unless `must_ask`. As soon as the store has
    one, even one that was revoked or has expired, everybody needs one.

    Args:
        store: where tokens are.
        clock: Unix seconds.
        must_ask: ask for tokens even if there are none, so that nobody may do anything then.
        recheck_s: how long what was read from the store counts.
    """

    def __init__(
        self, store: TokenStore, clock: Clock, *, must_ask: bool, recheck_s: float = RECHECK_S
    ) -> None:
        self._store = store
        self._clock = clock
        self._recheck_s = recheck_s
        self._lock = threading.Lock()
        self._asks = must_ask
        self._asked_at = float("-inf")
        self._known: OrderedDict[str, Principal] = OrderedDict()

    def create_token(
        self, project_id: str, role: Role, *, expires_in_s: float | None = None
    ) -> tuple[Token, str]:
        """Store a new token; return it and its secret, which is kept nowhere.

        Raises:
            InvalidInputError: the project is neither a valid name nor `*`.
        """
        secret = TOKEN_PREFIX + secrets.token_urlsafe(_N_SECRET_BYTES)
        now = self._clock()
        token = Token(
            token_id=secrets.token_hex(_N_ID_BYTES),
            secret_sha256=_hash(secret),
            project_id=project_id,
            role=role,
            created_at=now,
            expires_at=None if expires_in_s is None else now + expires_in_s,
        )
        self._store.add_token(token)
        return token, secret

    def identify(self, secret: str | None) -> Principal:
        """Return who shows a secret; None: nobody showed one.

        Raises:
            InvalidTokenError: a token is needed and there is none, or it is not valid. Whether it
                is unknown, revoked or expired is not told.
        """
        known = self.remembered(secret)
        if known is not None:
            return known
        if not self._must_ask():
            return ANYONE
        if secret is None:
            raise InvalidTokenError(
                "this server asks for a token, and the request has none",
                hint="set WAZIR_TOKEN, or send the header `Authorization: Bearer TOKEN`; "
                "`wazir token create` makes one",
            )
        return self._look_up(secret)

    def remembered(self, secret: str | None) -> Principal | None:
        """Return who shows a secret if that was read a moment ago, else None; never waits."""
        with self._lock:
            if not self._asks:
                return ANYONE if self._is_fresh(self._asked_at) else None
            known = None if secret is None else self._known.get(_hash(secret))
        return known if known is not None and self._is_fresh(known.checked_at) else None

    def has_seen(self, secret: str) -> bool:
        """Return whether a secret was valid when it was last looked up."""
        with self._lock:
            return _hash(secret) in self._known

    def require(self, principal: Principal, project_id: str, action: Action) -> None:
        """Let pass who may do something in a project.

        Raises:
            NotAllowedError: the holder of the token may not.
            InvalidTokenError: the token has been revoked or has expired since the request began.
        """
        if principal.token_id and self._is_old(principal):
            self._principal_of(principal.secret_sha256)
        if principal.may(project_id, action):
            return
        if principal.project_id not in (project_id, ALL_PROJECTS):
            raise NotAllowedError(
                f"this token is for project {principal.project_id!r}, not {project_id!r}",
                hint="use a token of that project",
            )
        able = " or ".join(role.value for role in Role if action in MAY[role])
        raise NotAllowedError(
            f"a token with the role {principal.role.value} may not {action.value} here",
            hint=f"use a token with the role {able}",
        )

    def _is_fresh(self, read_at: float) -> bool:
        return 0 <= self._clock() - read_at < self._recheck_s

    def _is_old(self, principal: Principal) -> bool:
        """Return whether a request runs so long that its token may have ended meanwhile."""
        return not 0 <= self._clock() - principal.checked_at < _LONG_REQUEST_S

    def _must_ask(self) -> bool:
        """Return whether tokens are asked for; once they are, they always are."""
        if self._asks:
            return True
        now = self._clock()
        has_tokens = self._store.has_tokens()
        with self._lock:
            self._asks |= has_tokens
            self._asked_at = now
            return self._asks

    def _look_up(self, secret: str) -> Principal:
        if len(secret) != _SECRET_LENGTH or not secret.startswith(TOKEN_PREFIX):
            raise _not_valid()
        return self._principal_of(_hash(secret))

    def _principal_of(self, secret_sha256: str) -> Principal:
        now = self._clock()
        token = self._store.token_with_hash(secret_sha256)
        # The search by hash gives nothing away about the secret; the comparison is for stores
        # that compare texts loosely.
        is_same = token is not None and hmac.compare_digest(token.secret_sha256, secret_sha256)
        if token is None or not is_same or not token.is_valid(now):
            with self._lock:
                self._known.pop(secret_sha256, None)
            raise _not_valid()
        found = Principal(token.project_id, token.role, token.token_id, secret_sha256, now)
        with self._lock:
            self._known[secret_sha256] = found
            self._known.move_to_end(secret_sha256)
            while len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)
        return found


def bearer_secret(headers: Sequence[str]) -> str | None:
    """Return the secret in the Authorization headers of a request; None: there is no header.

    What is no single `Bearer SECRET` becomes "", which is never valid: there is one answer to all
    that is not.
    """
    if not headers:
        return None
    kind, _, secret = headers[0].strip().partition(" ")
    return secret.strip() if len(headers) == 1 and kind.lower() == "bearer" else ""


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _not_valid() -> InvalidTokenError:
    return InvalidTokenError(
        "the token is not valid: it is unknown, revoked or expired",
        hint="ask whoever runs the server for another one; `wazir token create` makes it",
    )
