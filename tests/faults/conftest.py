"""Fixtures of the fault tests: jobs whose processes are all gone when a test ends."""

import importlib.util
import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
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
sys.path.append(str(Path(__file__).parents[1]))


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


@pytest.fixture
def small_disk(tmp_path: Path, needs, request):
    """A disk of 3 MB, or as many as the parameter says, in a name space of its own.

    Gives (words before a command, folder inside, folder outside).
    """
    size_mb = getattr(request, "param", 3)
    inside = tmp_path / "disk"
    inside.mkdir()
    script = f'mount -t tmpfs -o size={size_mb}m tmpfs "$1" && echo ready && exec sleep 600'
    words = ["unshare", "-rm", "sh", "-c", script, "sh", str(inside)]
    try:
        holder = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        needs("unshare")
    with holder:
        try:
            if holder.stdout.readline() != b"ready\n" or shutil.which("nsenter") is None:
                needs("user name spaces (unshare -rm, nsenter)")
            enter = ("nsenter", f"--target={holder.pid}", "--user", "--mount")
            enter += ("--preserve-credentials", f"--wd={inside}")
            yield enter, inside, Path(f"/proc/{holder.pid}/root{inside}")
        finally:
            holder.kill()


@pytest.fixture
def fill_disk() -> Callable[[Path], None]:
    """Fill a disk to its last byte, and prove that it is full."""

    def fill(disk: Path) -> None:
        with (disk / "filler").open("wb", buffering=0) as file:
            for size in (65536, 1):
                with pytest.raises(OSError, match="No space left"):
                    file.writelines(itertools.repeat(bytes(size)))
        with pytest.raises(OSError, match="No space left"):
            (disk / "probe").write_bytes(bytes(5000))

    return fill


@pytest.fixture
def own_postgres(needs) -> Iterator[object]:
    """A PostgreSQL server of one test, which may be restarted."""
    from postgres_server import NoPostgresError, PostgresServer

    try:
        server = PostgresServer()
    except NoPostgresError:
        needs("PostgreSQL")
    try:
        server.start()
        yield server
    finally:
        server.remove()
