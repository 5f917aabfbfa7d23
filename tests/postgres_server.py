"""A PostgreSQL server of the tests' own: found, started, restarted, killed."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

PASSWORD = "geheim-7f3a"


class NoPostgresError(Exception):
    """There is no PostgreSQL here."""


def binaries() -> Path:
    """Return the folder of `initdb` and `postgres`: the system's, or that of `pgserver`."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3])
    )
    if found:
        return found[-1].parent
    package = importlib.util.find_spec("pgserver")
    if package is None or package.origin is None:
        raise NoPostgresError
    return Path(package.origin).parent / "pginstall" / "bin"


class PostgresServer:
    """A server in a folder of its own: user `postgres`, with a password over TCP only."""

    def __init__(self) -> None:
        self.bin = binaries()
        # The folders of pytest are closed to other users, and PostgreSQL refuses root.
        self.folder = Path(tempfile.mkdtemp(prefix="wazir-pg-", dir="/tmp"))
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._as_user: dict[str, object] = {}
        if os.geteuid() == 0:
            user = _other_user()
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        word = self.folder / "password"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        self._call(
            [
                "initdb",
                "-D",
                "data",
                "-U",
                "postgres",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--pwfile=password",
            ]
        )
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\nfsync = off\n"
                f"unix_socket_directories = '{self.folder}'\nmax_connections = 200\n"
                "shared_buffers = 32MB\nlogging_collector = off\n"
            )

    def start(self) -> None:
        """Start the server and wait until it lets clients in."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", "data"],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                **self._as_user,
            )
        self._wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: SIGINT ends all sessions, SIGQUIT ends it without a checkpoint."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it and start it again."""
        self.stop(how)
        self.start()

    def remove(self) -> None:
        """Stop it and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, schema: str | None = None, *, database: str = "postgres") -> str:
        """Return where it is, through its socket; unqualified names are those of a schema."""
        options = f"&options=-csearch_path%3D{schema}" if schema else ""
        return f"postgresql://postgres@/{database}?host={self.folder}&port={self.port}{options}"

    def tcp_url(self, password: str, *, database: str = "postgres") -> str:
        """Return where it is over the network, where a password is asked for."""
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/{database}"

    def new_schema(self) -> str:
        """Make a schema of a fresh name and return its name."""
        import psycopg

        name = f"test_{secrets.token_hex(6)}"
        with closing(psycopg.connect(self.url(), autocommit=True)) as connection:
            connection.execute(f"create schema {name}")
        return name

    def drop_schema(self, name: str) -> None:
        """Remove a schema with all that is in it."""
        import psycopg

        with closing(psycopg.connect(self.url(), autocommit=True)) as connection:
            connection.execute(f"drop schema {name} cascade")

    def _call(self, words: Sequence[str]) -> None:
        done = subprocess.run(
            [self.bin / words[0], *words[1:]],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            **self._as_user,
        )
        if done.returncode:
            raise RuntimeError(f"{words[0]} failed:\n{done.stderr[-2000:]}")

    def _wait(self) -> None:
        import psycopg

        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url(), autocommit=True).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
            else:
                return
            time.sleep(0.02)


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _other_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgresError
