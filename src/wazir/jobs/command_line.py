"""The argument list of a trial: placeholders filled, or parameters appended."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from wazir.domain.errors import InvalidInputError
from wazir.domain.hints import did_you_mean
from wazir.domain.parameters import ParameterValue, value_text
from wazir.domain.space import SearchSpace
from wazir.jobs.passing import Passing

TRIAL = "trial"
TRIAL_DIR = "trial_dir"
JOB_DIR = "job_dir"
_NEGATIVE_NUMBER = re.compile(r"-(\d+\.?\d*|\.\d+)")
_TRUE_TEXTS = ("true", "yes", "on", "1")


@dataclass(frozen=True)
class CommandTemplate:
    """How the command of each trial is made from the user's command.

    Without placeholders the parameters follow the command as `--name value`, two elements each,
    then `--job-dir` if there is one. If the command holds `{name}` of any parameter, it must hold
    all of them, and nothing is appended. `{trial}`, `{trial_dir}` and `{job_dir}` may stand in
    both kinds. `{{name}}` stands for a literal `{name}`; braces around anything else stay.

    Raises:
        InvalidInputError: the command is empty, or places some parameters and not others.
    """

    command: tuple[str, ...]
    space: SearchSpace
    passing: Mapping[str, Passing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.command:
            raise InvalidInputError(
                "there is no program to run", hint="write it behind --, as in: -- python train.py"
            )
        placed = self.placed_names()
        missing = [name for name in self._names() if name not in placed]
        if placed and missing:
            raise InvalidInputError(
                "a command with placeholders must place every parameter; missing: "
                + ", ".join(f"{{{name}}}" for name in missing),
                hint="add them, or remove all placeholders to have --name value appended",
            )

    def placed_names(self) -> set[str]:
        """Return the parameters that stand in the command as placeholders."""
        pattern = _placeholder_pattern(self._names())
        found = (match for element in self.command for match in pattern.finditer(element))
        return {match["name"] for match in found if match["name"]}

    def stray_names(self) -> list[str]:
        """Return a line for each `{word}` that looks like a misspelt parameter."""
        known = [*self._names(), TRIAL, TRIAL_DIR, JOB_DIR]
        words = {w for element in self.command for w in re.findall(r"\{([\w.-]+)\}", element)}
        hints = {word: did_you_mean(word, known) for word in sorted(words) if word not in known}
        return [f"{{{word}}} is left as it is: {hint}" for word, hint in hints.items() if hint]

    def render(
        self,
        values: Mapping[str, ParameterValue],
        *,
        trial_label: str,
        trial_dir: str,
        job_dir: str = "",
    ) -> list[str]:
        """Return the argument list of one trial.

        Args:
            values: the active parameters.
            trial_label: the trial's number as a text.
            trial_dir: the folder for the program's output.
            job_dir: this trial's folder below the job's directory, "" if there is none.
        """
        context = {TRIAL: trial_label, TRIAL_DIR: trial_dir, JOB_DIR: job_dir}
        argv: list[str] = []
        for element in self.command:
            argv.extend(self._fill(element, values, context))
        if self.placed_names():
            return argv
        for name, value in values.items():
            argv.extend(self._option(name, value))
        if job_dir and not self._places(JOB_DIR):
            argv.extend(("--job-dir", job_dir))
        return argv

    def _names(self) -> list[str]:
        return list(dict(self.space.walk()))

    def _places(self, word: str) -> bool:
        return any(f"{{{word}}}" in element for element in self.command)

    def _passing(self, name: str) -> Passing:
        return self.passing.get(name, Passing.ONE)

    def _option(self, name: str, value: ParameterValue) -> list[str]:
        text = argument_text(value)
        match self._passing(name):
            case Passing.FLAG:
                return [f"--{name}"] if is_true(text) else []
            case Passing.SPLIT:
                return [f"--{name}", *text.split()]
            case Passing.ONE:
                # argparse takes a text that begins with a dash for another option.
                if text.startswith("-") and not _NEGATIVE_NUMBER.fullmatch(text):
                    return [f"--{name}={text}"]
                return [f"--{name}", text]

    def _fill(
        self, element: str, values: Mapping[str, ParameterValue], context: Mapping[str, str]
    ) -> list[str]:
        """Return what one element of the command becomes: mostly one element."""
        name = element[1:-1] if element[:1] == "{" and element[-1:] == "}" else ""
        if name in values and name not in context:
            text = argument_text(values[name])
            match self._passing(name):
                case Passing.SPLIT:
                    return text.split()
                case Passing.FLAG:
                    return [f"--{name}"] if is_true(text) else []
                case Passing.ONE:
                    return [text]
        placed = _placeholder_pattern(self._names()).finditer(element)
        if any(match["name"] and match["name"] not in values for match in placed):
            return []
        texts = dict.fromkeys(self._names(), "")
        texts |= {known: argument_text(value) for known, value in values.items()}
        return [_substitute(element, {**texts, **context})]


def argument_text(value: ParameterValue) -> str:
    """Return a value as a program reads it: shortest exact, negatives without an exponent."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = repr(value)
        return format(Decimal(text), "f") if value < 0 else text
    return value_text(value)


def is_true(text: str) -> bool:
    """Return whether a flag with this value is passed."""
    return text.strip().lower() in _TRUE_TEXTS


def _placeholder_pattern(names: Sequence[str]) -> re.Pattern[str]:
    words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"\{{\{{(?P<literal>{words})\}}\}}|\{{(?P<name>{words})\}}")


def _substitute(element: str, texts: Mapping[str, str]) -> str:
    replacement: Callable[[re.Match[str]], str] = lambda match: (  # noqa: E731
        f"{{{match['literal']}}}" if match["literal"] else texts[match["name"]]
    )
    return _placeholder_pattern(list(texts)).sub(replacement, element)
