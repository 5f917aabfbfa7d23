"""`wazir serve`: one server for a team."""

from pathlib import Path

import click

from wazir.app.settings import storage_location
from wazir.cli.common import storage_option

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
@click.option("--tls-cert", type=_FILE, help="Certificate (PEM) for HTTPS.")
@click.option("--tls-key", type=_FILE, help="Its key (PEM).")
def serve(
    storage: str | None, host: str, port: int, tls_cert: Path | None, tls_key: Path | None
) -> None:
    """Serve the studies of a storage to a team, over HTTP.

    Everything else works with it as with a file: --storage http://HOST:PORT. SIGTERM and Ctrl-C
    end it after running requests are answered.
    """
    from wazir.servers.serving import ServeOptions  # noqa: PLC0415 - loads the web framework
    from wazir.servers.serving import serve as run  # noqa: PLC0415

    options = ServeOptions(storage_location(storage), host, port, tls_cert, tls_key)
    run(options, click.echo)
