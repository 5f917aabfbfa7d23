"""`wazir serve`: one server for a team."""

from pathlib import Path
from typing import Any

import click

from wazir.app.settings import storage_location
from wazir.cli.common import storage_option
from wazir.cli.numbers import Duration

_AUDIT_LOG = "wazir-audit.log"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@storage_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port for HTTP; 0 for any that is free.",
)
@click.option(
    "--optimizer-processes",
    "n_processes",
    type=click.IntRange(1),
    metavar="N",
    help="How many processes compute suggestions; they start when they are needed. Default: one "
    "per processor, at most 4.",
)
@click.option(
    "--orphan-after",
    "orphan_after_s",
    type=Duration(),
    metavar="DURATION",
    help="After how long a trial of a client of another API that is not heard of goes to the next "
    "one, such as 2h. Default: ten times the median trial of its study, at least 1h.",
)
@click.option(
    "--grpc-port",
    type=click.IntRange(0, 65535),
    help="Port for clients of OSS Vizier. Default: 8081, if it is free and the extra grpc is there.",
)
@click.option("--tls-cert", type=_FILE, help="Certificate (PEM) for HTTPS.")
@click.option("--tls-key", type=_FILE, help="Its key (PEM).")
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A name by which clients ask for this server, besides --host and localhost.",
)
@click.option(
    "--insecure",
    is_flag=True,
    help="Listen on any address although there is no token: everyone who reaches it may read, "
    "change and delete everything.",
)
@click.option(
    "--audit-log",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="File for one line per write, - for standard error. Default: wazir-audit.log beside the "
    "database.",
)
def serve(storage: str | None, audit_log: Path | None, **options: Any) -> None:
    """Serve the studies of a storage to a team, over HTTP and gRPC.

    Everything else works with it as with a file: --storage http://HOST:PORT. SIGTERM and Ctrl-C
    end it after running requests are answered. On an address that others reach it asks for
    tokens; `wazir token create` makes them.
    """
    from wazir.servers.serving import ServeOptions  # noqa: PLC0415 - loads the web framework
    from wazir.servers.serving import serve as run  # noqa: PLC0415

    location = storage_location(storage)
    if audit_log is None and location.runs_folder is not None:
        audit_log = location.runs_folder / _AUDIT_LOG
    run(ServeOptions(location, audit_log=audit_log, **options), click.echo)
