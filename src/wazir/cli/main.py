"""The command `wazir`: finds the subcommand, and turns errors into one clear message."""

import os
import sys
from collections.abc import Mapping
from importlib import import_module

import click

from wazir.domain.errors import InvalidInputError, WazirError

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

# name -> (module, attribute, one line of help). Modules are loaded when their command is used.
COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "tune": ("wazir.cli.tune", "tune", "Tune a program: run it with many hyperparameters."),
    "init": ("wazir.cli.init", "init", "Propose a hyperparam.yaml for a program."),
    "studies": ("wazir.cli.studies", "studies", "List the studies."),
    "show": ("wazir.cli.studies", "show", "Show a study: progress, best trial, failures."),
    "trials": ("wazir.cli.trials", "trials", "List the trials of a study."),
    "best": ("wazir.cli.trials", "best", "Show the best trial of a study."),
    "logs": ("wazir.cli.logs", "logs", "Print the output of a trial's program."),
    "rerun": ("wazir.cli.rerun", "rerun", "Run a trial again, in a folder of its own."),
    "edit": ("wazir.cli.edit", "edit", "Change a study, also while it runs."),
    "stop": ("wazir.cli.studies", "stop", "Stop a study: it takes no new trials."),
    "delete": ("wazir.cli.studies", "delete", "Delete a study with its trials and files."),
    "serve": ("wazir.cli.serve", "serve", "Serve studies to a team, over HTTP and gRPC."),
    "token": ("wazir.cli.token", "token", "Make, list and revoke the tokens of a server."),
    "storage": ("wazir.cli.storage", "storage", "Copy studies between databases."),
    "export": ("wazir.cli.export", "export", "Write a study to a JSON or CSV file."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used, so that --help stays fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, the most used first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; propose a near one for an unknown name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from wazir.domain.hints import did_you_mean  # noqa: PLC0415 - loads difflib

            hint = did_you_mean(args[0], COMMANDS)
            text = f"there is no command {args[0]!r}" + (f"; {hint}" if hint else "")
            raise click.UsageError(text, ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wazir", prog_name="wazir", message="%(prog)s %(version)s")
def wazir() -> None:
    """Give it a program and a search space; it finds the hyperparameters.

    \b
    Tune a program:
      wazir tune --minimize rmse -p learning_rate=1e-4..1e-1:log -- python train.py
    """


def main() -> None:
    """Run the command line and exit with its code."""
    try:
        code = wazir.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort:
        code = EXIT_INTERRUPTED
    except WazirError as error:
        click.echo(f"Error: {error}", err=True)
        code = EXIT_USAGE if isinstance(error, InvalidInputError) else EXIT_FAILED
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_FAILED
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
