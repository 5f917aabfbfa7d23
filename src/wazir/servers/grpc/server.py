"""The gRPC server: calls handlers in threads, and turns errors into statuses."""

import logging
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from wazir.domain.errors import InvalidInputError, JobError, WazirError
from wazir.servers.admission import Admit
from wazir.servers.grpc.handlers import HANDLERS, Handler
from wazir.servers.grpc.messages import SERVICE, methods
from wazir.service.foreign import ForeignClients
from wazir.service.status import Status, status_of

_LOG = logging.getLogger("wazir.server")
_N_THREADS = 32
# Who waits for a suggestion waits in threads of its own, and keeps no measurement from being taken.
_WAITING = frozenset({"SuggestTrials"})
_N_WAITING_THREADS = 64
_MAX_MESSAGE_BYTES = 16 << 20
# Clients take 8 KiB of headers.
_MAX_DETAILS_BYTES = 2_000
_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True)
class GrpcServer:
    """A server that runs; `port` is the one it got."""

    server: grpc.Server
    port: int
    waiting: ThreadPoolExecutor

    def drain(self, grace_s: float) -> None:
        """Take no new requests from now on; those that run are cut off after `grace_s` seconds."""
        self.server.stop(grace_s)

    def close(self) -> None:
        """Wait for the end of what runs, as long as `drain` lets it, and end."""
        self.server.wait_for_termination()
        self.waiting.shutdown(wait=False)


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate and its key, in PEM."""

    cert: Path
    key: Path


def _everyone(
    _headers: Mapping[str, str], _method: str, _peer: str
) -> AbstractContextManager[None]:
    return nullcontext()


def start(
    clients: ForeignClients,
    host: str,
    port: int,
    *,
    admit: Admit = _everyone,
    certificate: Certificate | None = None,
) -> GrpcServer:
    """Start to serve on an address; port 0 is any that is free.

    Raises:
        JobError: the address cannot be used.
    """
    waiting = ThreadPoolExecutor(_N_WAITING_THREADS, thread_name_prefix="wazir-grpc-suggest")
    server = grpc.server(
        ThreadPoolExecutor(_N_THREADS, thread_name_prefix="wazir-grpc"),
        handlers=[
            grpc.method_handlers_generic_handler(
                SERVICE,
                {
                    name: grpc.unary_unary_rpc_method_handler(
                        _behaviour(
                            clients, name, _Reading(request, HANDLERS[name]), admit, waiting
                        ),
                        response_serializer=response.SerializeToString,
                    )
                    for name, (request, response) in methods().items()
                },
            )
        ],
        options=[
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            # Another server on the port is an error, not a rival.
            ("grpc.so_reuseport", 0),
        ],
    )
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        _check_free(host, port)
        bound = _bind(server, place, certificate)
    except (OSError, RuntimeError):
        raise JobError(
            f"the address {place} cannot be used for gRPC",
            hint="choose another one with --grpc-port (0 for any that is free)",
        ) from None
    server.start()
    return GrpcServer(server, bound, waiting)


def _check_free(host: str, port: int) -> None:
    """Raise OSError if a port is taken: gRPC would write a line of its own to standard error."""
    if port:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()


def _bind(server: grpc.Server, place: str, certificate: Certificate | None) -> int:
    if certificate is None:
        return int(server.add_insecure_port(place))
    pair = (certificate.key.read_bytes(), certificate.cert.read_bytes())
    return int(server.add_secure_port(place, grpc.ssl_server_credentials([pair])))


def _shortened(details: str) -> str:
    """Return details that arrive: they travel in a header, each byte as up to three."""
    data = details.encode(errors="replace")
    if len(data) <= _MAX_DETAILS_BYTES:
        return details
    return f"{data[:_MAX_DETAILS_BYTES].decode(errors='ignore')}..."


@dataclass(frozen=True)
class _Reading:
    """Reads a request and handles it; gRPC itself answers INTERNAL to what it cannot read."""

    request: Any
    handler: Handler

    def __call__(self, clients: ForeignClients, data: bytes) -> Any:
        try:
            read = self.request.FromString(data)
        except DecodeError:
            name = self.request.DESCRIPTOR.full_name
            raise InvalidInputError(f"the request is no message {name}") from None
        return self.handler(clients, read)


def _behaviour(
    clients: ForeignClients,
    name: str,
    handle: _Reading,
    admit: Admit,
    waiting: ThreadPoolExecutor,
) -> Callable[[bytes, grpc.ServicerContext], Any]:
    def behaviour(data: bytes, context: grpc.ServicerContext) -> Any:
        try:
            headers = {key: str(value) for key, value in context.invocation_metadata()}
            with admit(headers, name, context.peer()):
                return handle(clients, data)
        except WazirError as error:
            status = status_of(error)
            if status is Status.INTERNAL:
                _LOG.error("%s: %s", name, error)
            context.abort(_CODES[status.code], _shortened(str(error)))
        except RecursionError:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the message is nested too deeply")
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            _LOG.exception("%s failed", name, exc_info=error)
            context.abort(grpc.StatusCode.INTERNAL, "the server failed; its log says how")
        raise AssertionError("abort raises")

    if name in _WAITING:
        # gRPC calls a function that has this attribute in that pool.
        behaviour.experimental_thread_pool = waiting  # type: ignore[attr-defined]
    return behaviour
