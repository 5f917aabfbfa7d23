"""Every way to the service does the same: in this process, and over HTTP."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import served

from wazir.app.clock import system_clock
from wazir.app.compose import make_service
from wazir.client.http.transport import connect_http
from wazir.domain.limits import Limits
from wazir.domain.tokens import ALL_PROJECTS, Role
from wazir.servers.audit import AuditLog
from wazir.servers.hosts import KnownHosts
from wazir.servers.http.parts import ServerParts
from wazir.servers.http.protection import protection
from wazir.service.access import Guard
from wazir.service.foreign import ForeignClients
from wazir.service.guarding import Access, Caller, guarded
from wazir.service.limiting import limited
from wazir.service.transport import Transport
from wazir.storage.memory import MemoryStore
from wazir.storage.postgres.store import PostgresStore
from wazir.storage.sqlite.store import SqliteStore
from wazir.testing.transports import TransportContract


class TestServiceInMemory(TransportContract):
    @pytest.fixture
    def transport(self) -> Transport:
        return make_service(MemoryStore())


class TestServiceOnSqlite(TransportContract):
    @pytest.fixture
    def transport(self, tmp_path: Path) -> Iterator[Transport]:
        store = SqliteStore(tmp_path / "wazir.db")
        yield make_service(store)
        store.close()


class TestServiceOnPostgres(TransportContract):
    @pytest.fixture
    def transport(self, postgres_url: str) -> Iterator[Transport]:
        store = PostgresStore(postgres_url)
        yield make_service(store)
        store.close()


class TestHttp(TransportContract):
    @pytest.fixture
    def transport(self) -> Iterator[Transport]:
        service = make_service(MemoryStore())
        clients = ForeignClients(service, new_seed=itertools.count().__next__)
        with served(ServerParts(service, clients)) as url:
            yield connect_http(url)


class TestHttpWithTokens(TransportContract):
    """The whole of a server that asks for tokens, by one who may do everything in a project."""

    @pytest.fixture
    def transport(self) -> Iterator[Transport]:
        store = MemoryStore()
        access = Access(Guard(store, system_clock, must_ask=True), Caller())
        _, secret = access.guard.create_token(ALL_PROJECTS, Role.ADMIN)
        service = guarded(limited(make_service(store), Limits(), system_clock), access)
        clients = ForeignClients(service, new_seed=itertools.count().__next__)
        hosts, audit = KnownHosts("127.0.0.1"), AuditLog(system_clock)
        passed = protection(access, hosts, audit, now=time.monotonic)
        with served(ServerParts(service, clients), passed) as url:
            yield connect_http(url, token=secret)
