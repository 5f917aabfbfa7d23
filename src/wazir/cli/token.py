"""`wazir token`: make, list and revoke the tokens of those who may use a server."""

from collections.abc import Sequence

import click

from wazir.app.clock import system_clock
from wazir.app.settings import own_project, storage_location
from wazir.app.tokens import create_token, list_tokens, revoke_token
from wazir.cli.json_text import json_text
from wazir.cli.tables import Column, make_table, shown_time, terminal_width
from wazir.domain.durations import parse_duration
from wazir.domain.tokens import ALL_PROJECTS, Role, Token

_database = click.option(
    "--storage",
    metavar="URL",
    help="The server's database, as for `wazir serve`. Default: wazir-runs/wazir.db here.",
)


@click.group()
def token() -> None:
    """Make, list and revoke tokens: what a server asks for.

    They live in the server's database, so these commands run where it is, with the server's
    --storage. A running server knows of a change within a few seconds.
    """


@token.command()
@click.option(
    "--project",
    "project_id",
    metavar="NAME",
    help="What the token is for; '*' for all projects. Default: that of WAZIR_PROJECT, or default.",
)
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    required=True,
    help="What its holder may do; docs/how-to/access.md has the table.",
)
@click.option("--expires", metavar="DURATION", help="How long it is valid, such as 90d.")
@_database
def create(project_id: str | None, role: str, expires: str | None, storage: str | None) -> None:
    """Make a token and print its secret, this once.

    The secret is all that goes to standard output. Only its hash is kept.

    \b
    Examples:
      wazir token create --role worker --expires 90d
      WAZIR_TOKEN=$(wazir token create --project '*' --role admin)
    """
    expires_in_s = None if expires is None else parse_duration(expires)
    location = storage_location(storage)
    project_id = own_project() if project_id is None else project_id
    made, secret = create_token(location, project_id, Role(role), expires_in_s=expires_in_s)
    where = "all projects" if project_id == ALL_PROJECTS else f"project {project_id}"
    until = "" if made.expires_at is None else f" until {shown_time(made.expires_at)}"
    click.echo(
        f"token {made.token_id}: {role} in {where}{until}. Its secret is shown this once; "
        "clients read it from the variable WAZIR_TOKEN.",
        err=True,
    )
    click.echo(secret)


@token.command("list")
@_database
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_them(storage: str | None, as_json: bool) -> None:
    """List the tokens, oldest first, without their secrets."""
    listed, now = list_tokens(storage_location(storage)), system_clock()
    if as_json:
        click.echo(json_text([_fields(one, now) for one in listed]))
    elif listed:
        click.echo("\n".join(make_table(_columns(listed, now), terminal_width()).lines))
    else:
        click.echo("there are no tokens; `wazir token create` makes one", err=True)


@token.command()
@click.argument("token_id", metavar="ID")
@_database
def revoke(token_id: str, storage: str | None) -> None:
    """Revoke the token ID: nobody can use it any more."""
    revoked = revoke_token(storage_location(storage), token_id)
    click.echo(f"token {revoked.token_id} is revoked")


def _fields(one: Token, now: float) -> dict[str, object]:
    """Return what other programs may know of a token; times are Unix seconds."""
    return {
        "id": one.token_id,
        "project": one.project_id,
        "role": one.role.value,
        "state": _state(one, now),
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
    }


def _state(one: Token, now: float) -> str:
    if one.revoked_at is not None:
        return "revoked"
    return "valid" if one.is_valid(now) else "expired"


def _columns(listed: Sequence[Token], now: float) -> list[Column]:
    expires = ["never" if one.expires_at is None else shown_time(one.expires_at) for one in listed]
    return [
        Column("ID", [one.token_id for one in listed]),
        Column("PROJECT", [one.project_id for one in listed], min_width=10),
        Column("ROLE", [one.role.value for one in listed]),
        Column("STATE", [_state(one, now) for one in listed]),
        Column("EXPIRES", expires),
        Column("CREATED", [shown_time(one.created_at) for one in listed], optional=True),
    ]
