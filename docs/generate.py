"""Write the pages that are made from the code: commands, Python names, states.

Run it after a change: python docs/generate.py. With --check nothing is written, and the exit code
is 1 if a page is not up to date.
"""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import click

import wazir
import wazir.reporting
from wazir.cli.main import COMMANDS
from wazir.cli.main import wazir as program
from wazir.cli.program import ProgramCommand
from wazir.domain.trials import TRANSITIONS as TRIAL_TRANSITIONS
from wazir.domain.trials import TrialState
from wazir.jobs.state import machine, messages

DOCS = Path(__file__).parent
MADE = "<!-- Made by docs/generate.py; do not edit. -->"
CLI_TEXT = (
    "`wazir COMMAND --help` says the same in the terminal. `-h` is short for `--help`. "
    "Exit codes are in [errors.md](errors.md), the language of `-p` is in "
    "[space.md](space.md)."
)
API_TEXT = (
    "`import wazir` gives these names. What begins with an underscore, and all modules below "
    "`wazir` but `wazir.reporting`, may change."
)
TRIAL_TABLE_TEXT = (
    "The table is `TRANSITIONS` in `wazir.domain.trials`. Every change of a trial is checked "
    "against it, whoever asks for it."
)
TRIAL_TEXT = (
    "REQUESTED goes straight to an end when a result is known without a run. ACTIVE goes back "
    "to REQUESTED when the run is stopped or its worker dies, and the trial is to be tried "
    "again. So it does when its budget is used up, in a study with a fidelity parameter: it is "
    "paused then, and nobody gets it until a larger budget is granted. A trial that has ended stays "
    "as it is."
)
JOB_TEXT = (
    "`wazir tune` keeps each trial that it works on in one phase. The table is `TRANSITIONS` in "
    "`wazir.jobs.state.machine`. An event comes in, instructions go out; nothing else happens "
    "there, so the whole job can be tested without a process. What is not in the table is a "
    "fault and raises an error."
)
HANDLES = ("Advice", "Recommendation", "Study", "Trial")
"""Classes whose objects are given, not made by their constructor."""
_SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Yields):")
_DEFAULT = re.compile(r": ([^:=]+)=")
_ITEM = re.compile(r"    (?! )([\w*, ]+): (.*)")


def main() -> None:
    """Write all pages, or check them."""
    stale = []
    for name, make in PAGES.items():
        path = DOCS / name
        text = make()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in sys.argv[1:]:
            path.write_text(text, encoding="utf-8")
    if stale and "--check" in sys.argv[1:]:
        sys.exit(f"not up to date: {', '.join(stale)}; run python docs/generate.py")


def cli_page() -> str:
    """Return the page of all commands and their options."""
    ctx = click.Context(program)
    parts = [
        "# The command line",
        MADE,
        CLI_TEXT,
        "\n".join(
            f"- [`wazir {name}`](#wazir-{name}): {line}" for name, (_, _, line) in COMMANDS.items()
        ),
    ]
    for name in program.list_commands(ctx):
        command = program.get_command(ctx, name)
        if command is not None:
            parts += command_parts(name, command)
    return "\n\n".join(parts) + "\n"


def command_parts(name: str, command: click.Command, level: int = 2) -> list[str]:
    """Return heading, usage, help and options of one command, or of each in a group."""
    heading = f"{'#' * level} wazir {name}"
    if isinstance(command, click.Group):
        parts = [heading, *help_paragraphs(command.help or "")]
        for below in command.commands:
            parts += command_parts(f"{name} {below}", command.commands[below], level + 1)
        return parts
    pieces = [
        str(p.metavar or f"[{(p.name or '').upper()}]")
        for p in command.params
        if isinstance(p, click.Argument)
    ]
    if isinstance(command, ProgramCommand):
        pieces.append("-- COMMAND [ARG]...")
    usage = " ".join(["wazir", name, "[OPTIONS]", *pieces])
    parts = [heading, f"    {usage}", *help_paragraphs(command.help or "")]
    rows = [
        (f"`{cell(option_text(p))}`", cell(p.help or ""))
        for p in command.params
        if isinstance(p, click.Option) and not p.hidden
    ]
    if rows:
        parts.append(table(("option", "meaning"), rows))
    if command.epilog:
        parts.append(command.epilog)
    return parts


def help_paragraphs(text: str) -> list[str]:
    r"""Return the paragraphs of a help text; one that \b keeps as it is becomes a block."""
    found = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            title, *lines = paragraph.splitlines()[1:]
            found += [title, textwrap.indent(textwrap.dedent("\n".join(lines)), "    ")]
        else:
            found.append(plain(paragraph))
    return found


def option_text(option: click.Option) -> str:
    """Return `-o, --output FILE`."""
    words = ", ".join(option.opts)
    if option.secondary_opts:
        words += ", " + ", ".join(option.secondary_opts)
    if option.is_flag:
        return words
    kind = option.type
    if isinstance(kind, click.Choice):
        metavar = "|".join(map(str, kind.choices))
    else:
        metavar = option.metavar or (
            "N" if isinstance(kind, click.IntRange) else kind.name.upper()
        )
    return f"{words} {metavar}"


def api_page() -> str:
    """Return the page of the public Python names."""
    parts = [
        "# Python",
        MADE,
        API_TEXT,
    ]
    for name in wazir.__all__:
        parts += name_parts("wazir", name, getattr(wazir, name))
    parts += ["## wazir.reporting", *docstring_parts(inspect.getdoc(wazir.reporting) or "")]
    for name in wazir.reporting.__all__:
        parts += name_parts("wazir.reporting", name, getattr(wazir.reporting, name))
    return "\n\n".join(parts) + "\n"


def name_parts(module: str, name: str, value: object) -> list[str]:
    """Return heading, signature and text of a class or function, and of a class's members."""
    documented = docstring_parts(inspect.getdoc(value) or "")
    if not inspect.isclass(value):
        return [f"### {module}.{name}", code(signature(value, name)), *documented]
    parts = [f"### {module}.{name}"]
    init = value.__dict__.get("__init__")
    if init is not None and name not in HANDLES and not issubclass(value, Exception):
        parts.append(code(signature(init, name)))
    parts += documented
    for member, found in value.__dict__.items():
        if member.startswith("_"):
            continue
        function = found.fget if isinstance(found, property) else found
        function = getattr(function, "__func__", function)
        text = inspect.getdoc(function) if callable(function) else None
        if text:
            what = member_text(name, member, found)
            lines = "\n\n".join(docstring_parts(text))
            parts.append(f"- {what}\n\n{textwrap.indent(lines, '  ')}")
    return parts


def member_text(owner: str, member: str, found: object) -> str:
    """Return a member as a reader writes it."""
    if isinstance(found, property):
        return f"`{owner}.{member}`"
    function = getattr(found, "__func__", found)
    return f"`{signature(function, f'{owner}.{member}')}`"


def signature(function: object, name: str) -> str:
    """Return the signature as it stands in the source, without `self`."""
    source = textwrap.dedent(inspect.getsource(function))  # type: ignore[arg-type]
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.FunctionDef):
        raise TypeError(f"{name} is no function")
    arguments = node.args
    if arguments.args and arguments.args[0].arg in ("self", "cls"):
        arguments.args = arguments.args[1:]
    returns = "" if node.returns is None else f" -> {ast.unparse(node.returns)}"
    if node.name == "__init__":
        returns = ""
    shown = _DEFAULT.sub(r": \1 = ", ast.unparse(arguments))
    return f"{name}({shown}){returns}".replace("'", '"')


def docstring_parts(text: str) -> list[str]:
    """Return a docstring as Markdown: sections become lists, indented tables become blocks."""
    parts = []
    for paragraph in text.split("\n\n"):
        title, _, rest = paragraph.partition("\n")
        section = _SECTION.fullmatch(title.strip())
        if section:
            parts += [f"{section[1]}:", "\n".join(section_items(rest))]
        elif paragraph.startswith("    "):
            parts.append(code(textwrap.dedent(paragraph)))
        else:
            parts.append(plain(paragraph))
    return parts


def section_items(text: str) -> Iterator[str]:
    """Yield the items of a section, one line each."""
    item = ""
    for line in text.splitlines():
        found = _ITEM.fullmatch(line)
        if found is None:
            item += " " + line.strip()
            continue
        if item:
            yield item
        item = f"- `{found[1]}`: {found[2]}"
    yield item.strip()


def states_page() -> str:
    """Return the page of the state machines."""
    return (
        "\n\n".join(
            [
                "# States",
                MADE,
                "## A trial",
                TRIAL_TABLE_TEXT,
                diagram(
                    (str(start), str(finish), "")
                    for start, finishes in TRIAL_TRANSITIONS.items()
                    for finish in ordered(finishes)
                ),
                table(
                    ("from", "to"),
                    [
                        (str(start), ", ".join(map(str, ordered(finishes))) or "it stays")
                        for start, finishes in TRIAL_TRANSITIONS.items()
                    ],
                ),
                TRIAL_TEXT,
                "## A trial in a running job",
                JOB_TEXT,
                *phase_texts(),
                table(("phase", "event", "next phase", "instructions"), list(job_rows())),
                "The job itself is RUNNING, then ENDING (nothing new starts), then ENDED.",
                "## The events",
                table(("event", "meaning"), list(message_rows(messages.Event))),
                "## The instructions",
                table(("instruction", "meaning"), list(message_rows(messages.Instruction))),
            ]
        )
        + "\n"
    )


def ordered(states: frozenset[TrialState]) -> list[TrialState]:
    """Return states in the order of their definition."""
    return [state for state in TrialState if state in states]


def diagram(edges: Iterator[tuple[str, str, str]]) -> str:
    """Return a Mermaid diagram; GitHub draws it."""
    lines = [
        f"  {start} --> {end}" + (f": {label}" if label else "") for start, end, label in edges
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def phase_texts() -> Iterator[str]:
    """Yield the table of phases that the module's text holds."""
    for paragraph in (machine.__doc__ or "").split("\n\n"):
        if paragraph.startswith("    "):
            yield code(textwrap.dedent(paragraph))


def job_rows() -> Iterator[tuple[str, ...]]:
    """Yield what each event does in each phase, found by carrying it out."""
    for (phase, event_type), step in machine.TRANSITIONS.items():
        died = event_type is messages.AttemptDied and phase is not machine.Phase.STOPPING
        for n_lost, note in ((0, " (first time)"), (1, " (last attempt)")) if died else ((0, ""),):
            run = machine.TrialRun(attempt=1, phase=phase, n_lost=n_lost)
            limits = machine.Limits(n_trials=9, max_attempts=2)
            state = machine.JobState(limits, n_succeeded=1, runs={1: run})
            wanted = step(state, run, example_event(event_type))
            yield (
                phase.value,
                event_type.__name__ + note,
                run.phase.value if 1 in state.runs else "gone",
                ", ".join(type(instruction).__name__ for instruction in wanted) or "none",
            )


def example_event(kind: Callable[..., messages.TrialEvent]) -> messages.TrialEvent:
    """Return an event of a kind for trial 1."""
    values = {"trial_id": 1, "reason": "", "attempt": 2}
    names = inspect.signature(kind).parameters
    return kind(**{name: values[name] for name in names})


def message_rows(union: object) -> Iterator[tuple[str, str]]:
    """Yield name and text of each type in a union."""
    for kind in union.__args__:  # type: ignore[attr-defined]
        yield kind.__name__, cell(inspect.getdoc(kind) or "")


def code(text: str) -> str:
    """Return a block of Python or plain text."""
    return f"```text\n{text}\n```"


def plain(text: str) -> str:
    """Return a paragraph on one line."""
    return " ".join(text.split())


def cell(text: str) -> str:
    """Return a text that fits into a table."""
    return plain(text).replace("|", "\\|")


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/cli.md": cli_page,
    "reference/api.md": api_page,
    "explanation/states.md": states_page,
}

if __name__ == "__main__":
    main()
