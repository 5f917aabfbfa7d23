"""Commands that take a program behind `--`."""

import click

_PROGRAM = "wazir.program"


class ProgramCommand(click.Command):
    """A command that takes a program behind `--`, as it is; see `program_of`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Set the program aside and parse what stands before it."""
        if "--" in args:
            place = args.index("--")
            ctx.meta[_PROGRAM] = tuple(args[place + 1 :])
            args = args[:place]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Add the program to the usage line."""
        return [*super().collect_usage_pieces(ctx), "-- COMMAND [ARG]..."]


def program_of(ctx: click.Context) -> tuple[str, ...]:
    """Return the program that stood behind `--`, () if there was none."""
    program: tuple[str, ...] = ctx.meta.get(_PROGRAM, ())
    return program
