"""Commands that take a program behind `--`."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

_PROGRAM = "wazir.program"
_ORDER = "wazir.option_order"


class ProgramCommand(click.Command):
    """A command that takes a program behind `--`, as it is; see `program_of`.

    `headings` orders the options in its help: the names of those under each heading. Others come last.
    """

    def __init__(
        self, *args: Any, headings: Mapping[str, Sequence[str]] | None = None, **attributes: Any
    ) -> None:
        super().__init__(*args, **attributes)
        self.headings = headings or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, under headings if there are any."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        rows = {option.name: option.get_help_record(ctx) for option in options}
        for heading, names in self.headings.items():
            found = [record for name in names if (record := rows.pop(name)) is not None]
            with formatter.section(heading):
                formatter.write_dl(found)
        with formatter.section("Other options" if self.headings else "Options"):
            formatter.write_dl([record for record in rows.values() if record is not None])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set the program aside and parse what stands before it."""
        if "--" in args:
            place = args.index("--")
            ctx.meta[_PROGRAM] = tuple(args[place + 1 :])
            args = args[:place]
        # Options of several names do not say by themselves which of them came first.
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[_ORDER] = tuple(parameter.name for parameter in order)
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Add the program to the usage line."""
        return [*super().collect_usage_pieces(ctx), "-- COMMAND [ARG]..."]


def program_of(ctx: click.Context) -> tuple[str, ...]:
    """Return the program that stood behind `--`, () if there was none."""
    program: tuple[str, ...] = ctx.meta.get(_PROGRAM, ())
    return program


def option_order(ctx: click.Context) -> tuple[str, ...]:
    """Return the names of the options and arguments as they were given, repeated ones too."""
    order: tuple[str, ...] = ctx.meta[_ORDER]
    return order
