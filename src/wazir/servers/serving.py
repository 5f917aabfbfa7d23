"""A server from its start to its end: the doors, their addresses, and an orderly shutdown."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import uvicorn

from wazir.app.serving import open_server_service
from wazir.app.settings import StorageLocation
from wazir.domain.errors import InvalidInputError, JobError
from wazir.servers.http.app import make_app
from wazir.servers.http.parts import ServerParts

# A server has 10 s to end after SIGTERM; what still runs then is cut off.
_DRAIN_S = 8
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_N_WAITING = 2048


@dataclass(frozen=True)
class ServeOptions:
    """What `wazir serve` was asked for; ports in [0, 65535], 0 for any that is free.

    Raises:
        InvalidInputError: a certificate without its key, or the other way round.
    """

    location: StorageLocation
    host: str = "127.0.0.1"
    port: int = 8080
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def __post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InvalidInputError(
                "TLS needs a certificate and its key, got one of them",
                hint="give --tls-cert and --tls-key",
            )


def serve(options: ServeOptions, say: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; requests that run then are answered first.

    Raises:
        JobError: an address cannot be used.
        StorageError: the storage cannot be opened.
    """
    bound = _bind(options.host, options.port)
    with bound, open_server_service(options.location) as opened:
        parts = ServerParts(opened.service, opened.clients, options.location.runs_folder)
        server = _Server(_config(options, parts), parts, lambda: say(_greeting(options, bound)))
        server.run(sockets=[bound])


class _Server(uvicorn.Server):
    """Says when it serves, and tells streams that it ends."""

    def __init__(
        self, config: uvicorn.Config, parts: ServerParts, on_start: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._parts = parts
        self._on_start = on_start

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
        self._parts.closing.set()
        await super().shutdown(sockets)


def _config(options: ServeOptions, parts: ServerParts) -> uvicorn.Config:
    return uvicorn.Config(
        make_app(parts, version=version("wazir")),
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
        return socket.create_server((host, port), family=family, backlog=_N_WAITING)
    except OSError as error:
        raise JobError(
            f"the address {host}:{port} cannot be used: {error.strerror}",
            hint="choose another one with --port (0 for any that is free) and --host",
        ) from None


def _greeting(options: ServeOptions, bound: socket.socket) -> str:
    scheme = "http" if options.tls_cert is None else "https"
    host = f"[{options.host}]" if ":" in options.host else options.host
    address = f"{scheme}://{host}:{bound.getsockname()[1]}"
    return f"Wazir serves {options.location} at {address} (API: {address}/docs)"
