"""A server from its start to its end: the doors, their addresses, and an orderly shutdown."""

import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from wazir.app.clock import system_clock
from wazir.app.serving import open_server_service
from wazir.app.settings import StorageLocation
from wazir.app.tokens import has_tokens
from wazir.domain.errors import InvalidInputError, JobError
from wazir.domain.limits import Limits
from wazir.servers.admission import Admit, admission
from wazir.servers.audit import AuditLog, audit_lines_to
from wazir.servers.hosts import KnownHosts, check_bind, is_loopback
from wazir.servers.http.app import make_app
from wazir.servers.http.parts import ServerParts
from wazir.servers.http.protection import HttpLimits, protection
from wazir.servers.rates import TokenBuckets, failure_buckets
from wazir.servers.tls import check_tls
from wazir.service.foreign import ForeignClients

# A server has 10 s to end after SIGTERM; what still runs then is cut off.
_DRAIN_S = 8
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_N_WAITING = 2048
_GRPC_PORT = 8081


@dataclass(frozen=True)
class ServeOptions:
    """What `wazir serve` was asked for; ports in [0, 65535], 0 for any that is free.

    Attributes:
        location: where studies and tokens live.
        host: the address to listen on.
        port: for HTTP.
        tls_cert: certificate of HTTPS.
        tls_key: its key.
        allowed_hosts: names by which the server may be asked for, besides `host` and those of
            loopback.
        grpc_port: for clients of OSS Vizier; None: 8081, unless that cannot be.
        insecure: listen on any address although there is no token.
        audit_log: file for one line per write; `-` is standard error, None: no file.
        n_processes: how many optimizer processes there may be, see `open_server_service`.
        orphan_after_s: when a trial of a foreign client is abandoned, see there.

    Raises:
        InvalidInputError: a certificate without its key, or the other way round, or files that
            cannot be used for TLS.
    """

    location: StorageLocation
    host: str = "127.0.0.1"
    port: int = 8080
    tls_cert: Path | None = None
    tls_key: Path | None = None
    allowed_hosts: tuple[str, ...] = ()
    insecure: bool = False
    grpc_port: int | None = None
    audit_log: Path | None = None
    n_processes: int | None = None
    orphan_after_s: float | None = None

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InvalidInputError(
                "TLS needs a certificate and its key, got one of them",
                hint="give --tls-cert and --tls-key",
            )
        if self.tls_cert is not None and self.tls_key is not None:
            check_tls(self.tls_cert, self.tls_key)

    @property
    def must_ask(self) -> bool:
        """Whether nobody may do anything without a token, even if there is none."""
        return not (is_loopback(self.host) or self.insecure)


def serve(options: ServeOptions, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that run then are answered first.

    Raises:
        InvalidInputError: others could reach the server without a token, or a name of a host or
            the audit log cannot be used.
        JobError: an address cannot be used.
        StorageError: the storage cannot be opened.
    """
    hosts = KnownHosts(options.host, options.allowed_hosts)
    is_asking = has_tokens(options.location)
    check_bind(options.host, has_tokens=is_asking, insecure=options.insecure)
    with (
        _bind(options.host, options.port) as bound,
        audit_lines_to(options.audit_log),
        open_server_service(
            options.location,
            n_processes=options.n_processes,
            orphan_after_s=options.orphan_after_s,
            must_ask=options.must_ask,
            limits=Limits(),
        ) as opened,
    ):
        parts = ServerParts(opened.service, opened.clients, options.location.runs_folder)
        passed = protection(opened.access, hosts, AuditLog(system_clock), now=time.monotonic)
        app = make_app(parts, version=version("wazir"), middleware=passed)
        # Both doors count what a token asks for in the same way, each by itself.
        buckets = TokenBuckets(HttpLimits().rate, HttpLimits().burst, time.monotonic)
        failures = failure_buckets(time.monotonic)
        admit = admission(opened.access, AuditLog(system_clock), buckets, failures)
        with _grpc_door(options, opened.clients, admit) as door:
            said = [_greeting(options, bound), door.told, *notes(options, is_asking)]
            server = _Server(_config(options, app), [parts.closing.set, door.drain])
            server.run_in(bound, lambda: say("\n".join(said)))


@dataclass(frozen=True)
class _GrpcDoor:
    """What to say of gRPC, and how it begins to end."""

    told: str
    drain: Callable[[], None] = lambda: None


class _Server(uvicorn.Server):
    """Says when it serves, and tells others when it begins to end."""

    def __init__(self, config: uvicorn.Config, on_end: Sequence[Callable[[], None]]) -> None:
        super().__init__(config)
        self._on_end = on_end
        self._on_start: Callable[[], None] = lambda: None

    def run_in(self, bound: socket.socket, on_start: Callable[[], None]) -> None:
        """Serve on a socket until a signal comes."""
        self._on_start = on_start
        self.run(sockets=[bound])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in good order at SIGTERM and SIGINT, and let the process end with code 0."""
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what runs, and end."""
        for tell in self._on_end:
            tell()
        await super().shutdown(sockets)


@contextmanager
def _grpc_door(
    options: ServeOptions, clients: ForeignClients, admit: Admit
) -> Iterator[_GrpcDoor]:
    """Serve gRPC while the block runs, if that can be.

    Raises:
        InvalidInputError: a port was asked for, and the extra is not installed.
        JobError: that port cannot be used.
    """
    try:
        from wazir.servers.grpc.server import Certificate, start  # noqa: PLC0415 - an extra
    except ImportError:
        if options.grpc_port is not None:
            raise InvalidInputError(
                "gRPC needs the extra grpc, which is not installed",
                hint='pip install "wazir[grpc]", or leave --grpc-port out',
            ) from None
        yield _GrpcDoor('gRPC is off; pip install "wazir[grpc]" turns it on')
        return
    cert, key = options.tls_cert, options.tls_key
    pair = None if cert is None or key is None else Certificate(cert, key)
    port = _GRPC_PORT if options.grpc_port is None else options.grpc_port
    try:
        door = start(clients, options.host, port, admit=admit, certificate=pair)
    except JobError as error:
        if options.grpc_port is not None:
            raise
        yield _GrpcDoor(f"gRPC is off: {error.message}")
        return
    try:
        told = f"gRPC for OSS Vizier at {_place(options.host, door.port)}"
        yield _GrpcDoor(told, lambda: door.drain(_DRAIN_S))
    finally:
        door.drain(_DRAIN_S)
        door.close()


def _place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _config(options: ServeOptions, app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_DRAIN_S,
        ssl_certfile=options.tls_cert,
        ssl_keyfile=options.tls_key,
    )


def _bind(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, port), family=family, backlog=_N_WAITING)
    except OSError as error:
        raise JobError(
            f"the address {host}:{port} cannot be used: {error.strerror}",
            hint="choose another one with --port (0 for any that is free) and --host",
        ) from None
    # Its connections inherit that. asyncio leaves sockets of others alone, and then the body of an
    # answer waits 40 ms for the acknowledgement of its head.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return bound


def _greeting(options: ServeOptions, bound: socket.socket) -> str:
    scheme = "http" if options.tls_cert is None else "https"
    address = f"{scheme}://{_place(options.host, bound.getsockname()[1])}"
    return f"Wazir serves {options.location} at {address} (API: {address}/docs)"


def notes(options: ServeOptions, is_asking: bool) -> list[str]:
    """Return what whoever starts a server that others reach should know."""
    said = []
    if not is_asking and (options.insecure or options.allowed_hosts):
        said.append(
            "Note: until a token is made, everyone who reaches this server, through a proxy too, "
            "may read, change and delete everything"
        )
    if options.tls_cert is None and not is_loopback(options.host):
        said.append(
            "Note: tokens and data travel unencrypted; give --tls-cert and --tls-key, or put a "
            "proxy with TLS before it"
        )
    return said
