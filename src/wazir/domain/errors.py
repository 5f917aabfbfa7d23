"""All errors that Wazir raises on purpose, as one tree.

WazirError                      anything below; its text says rule, what was got, what to do
├── InvalidInputError           a value given by the user breaks a rule
│   ├── InvalidConfigError      a configuration file, with all of its problems at once
│   └── InvalidExpressionError  a filter or constraint that cannot be read
├── NotFoundError               no such study or trial
├── ConflictError               the request does not fit what is stored
│   ├── AlreadyExistsError      the name is taken
│   ├── StudyMismatchError      a study of that name exists with another definition
│   ├── InvalidTransitionError  a trial cannot go from its state to the wanted one
│   └── StaleAttemptError       a write by an attempt that has been replaced
├── StorageError                the database cannot be read or written
│   ├── ConnectionLostError     it went away before anything was changed; it may be done again
│   └── SchemaVersionError      the database was written by a newer Wazir
├── AccessError                 the request is not allowed
│   ├── InvalidTokenError       who asks is not known: no token, or none that is valid
│   ├── NotAllowedError         who asks may not do this
│   └── LimitError              too much at once, or too often
├── ComputationError            a suggestion or an analysis could not be computed
└── JobError                    a tuning job cannot go on
"""

from collections.abc import Sequence
from dataclasses import dataclass


class WazirError(Exception):
    """Base of all errors of Wazir; `hint` says what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def __reduce__(self) -> "tuple[object, ...]":
        return (_rebuild, (type(self), self.__dict__.copy()))


def _rebuild(kind: type[WazirError], fields: dict[str, object]) -> WazirError:
    error = kind.__new__(kind)
    error.__dict__.update(fields)
    error.args = (fields["message"], fields["hint"])
    return error


class InvalidInputError(WazirError):
    """A value given by the user breaks a rule."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a configuration file; lines and columns count from 1."""

    message: str
    line: int | None = None
    column: int | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}, column {self.column}: "
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")


class InvalidConfigError(InvalidInputError):
    """A configuration file cannot be used; `problems` holds everything wrong in it."""

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = f"{len(problems)} problem" + ("" if len(problems) == 1 else "s")
        rows = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{source}: {count}\n{rows}")


class InvalidExpressionError(InvalidInputError):
    """A filter or constraint expression cannot be read."""


class NotFoundError(WazirError):
    """There is no such study or trial."""


class ConflictError(WazirError):
    """The request does not fit what is stored."""


class AlreadyExistsError(ConflictError):
    """The name is taken."""


class StudyMismatchError(ConflictError):
    """A study of that name exists with another definition."""


class InvalidTransitionError(ConflictError):
    """A trial cannot go from its state to the wanted one."""


class StaleAttemptError(ConflictError):
    """A write came from an attempt that has been replaced by a newer one."""


class StorageError(WazirError):
    """The database cannot be read or written."""


class ConnectionLostError(StorageError):
    """The database is not there or went away; what was begun changed certainly nothing."""


class SchemaVersionError(StorageError):
    """The database was written by a newer version of Wazir."""


class AccessError(WazirError):
    """The request is not allowed."""


class InvalidTokenError(AccessError):
    """Who asks is not known: there is no token, or none that is valid."""


class NotAllowedError(AccessError):
    """Who asks may not do this."""


class LimitError(AccessError):
    """Too much was asked for at once, or too often."""


class ComputationError(WazirError):
    """A suggestion or an analysis could not be computed: the process for it died, or took too long."""


class JobError(WazirError):
    """A tuning job cannot go on."""
