"""Fixtures for all tests, and the one way to say that something cannot run here."""

import os
import sys

# Read when numpy is loaded: several threads are slower for small matrices, and their rounding
# depends on their number.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default",
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("thorough", parent=settings.get_profile("default"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

ROOT = Path(__file__).parents[1]
# For modules that tests share.
sys.path.append(str(ROOT / "tests"))


def not_run(needs: str) -> None:
    """Skip a test for lack of something; a failure where everything must run."""
    if os.environ.get("WAZIR_TEST_ALL"):
        pytest.fail(f"not run: needs {needs}")
    pytest.skip(f"not run: needs {needs}")


@pytest.fixture
def needs():
    """Give `not_run` to tests, which cannot import this file."""
    return not_run


@pytest.fixture
def repository() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[object]:
    """A PostgreSQL server for all tests of this process (`postgres_server.PostgresServer`)."""
    from postgres_server import NoPostgresError, PostgresServer

    try:
        server = PostgresServer()
    except NoPostgresError:
        not_run("PostgreSQL: initdb and postgres on PATH or in /usr/lib/postgresql, or pgserver")
        return
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres_server) -> Iterator[str]:
    """The URL of an empty schema, which is removed after the test."""
    schema = postgres_server.new_schema()
    yield postgres_server.url(schema)
    postgres_server.drop_schema(schema)
