"""Fixtures of the fault tests: jobs whose processes are all gone when a test ends."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest


def _load_harness() -> ModuleType:
    path = Path(__file__).with_name("harness.py")
    spec = importlib.util.spec_from_file_location("wazir_fault_harness", path)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


HARNESS = _load_harness()


@pytest.fixture(scope="session")
def harness() -> ModuleType:
    """The shared module, which tests cannot import by name."""
    return HARNESS


@pytest.fixture
def make_job(tmp_path: Path, needs) -> Iterator:
    """Give a function that makes a job; its arguments are the fields of `Job`."""
    if not Path("/proc/self/environ").exists():
        needs("/proc")
    jobs = []

    def make(**fields: object):
        folder = Path(fields.pop("folder", tmp_path / f"work-{len(jobs) + 1}"))
        seen = fields.pop("seen", folder)
        logs = tmp_path / f"logs-{len(jobs) + 1}"
        seen.mkdir(exist_ok=True)
        logs.mkdir()
        journal = HARNESS.Journal(logs / "journal")
        jobs.append(HARNESS.Job(folder, journal, logs, seen, **fields))
        return jobs[-1]

    yield make
    for job in jobs:
        job.clean_up()
