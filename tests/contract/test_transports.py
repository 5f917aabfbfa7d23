"""Every way to the service does the same: in this process, and over HTTP."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import served

from wazir.app.compose import make_service
from wazir.client.http.transport import connect_http
from wazir.servers.http.parts import ServerParts
from wazir.service.foreign import ForeignClients
from wazir.service.transport import Transport
from wazir.storage.memory import MemoryStore
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


class TestHttp(TransportContract):
    @pytest.fixture
    def transport(self) -> Iterator[Transport]:
        service = make_service(MemoryStore())
        clients = ForeignClients(service, new_seed=itertools.count().__next__)
        with served(ServerParts(service, clients)) as url:
            yield connect_http(url)
