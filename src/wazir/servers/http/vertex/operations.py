"""Long-running operations: here they are done at once, and their names tell all about them.

A client that asks for one later gets the trials as they are then, from any server of the database.
"""

import re
from dataclasses import dataclass

from wazir.domain.errors import NotFoundError

_PREFIX = "type.googleapis.com/google.cloud.aiplatform.v1."
_SUGGEST = re.compile(r"suggest-(\d{1,19}(?:\.\d{1,19})*|none)", re.ASCII)
_CHECK = re.compile(r"check-(\d{1,19})-(yes|no)", re.ASCII)


@dataclass(frozen=True)
class SuggestOperation:
    """An operation that suggested trials."""

    trial_ids: tuple[int, ...]

    kind = "SuggestTrials"

    @property
    def id(self) -> str:
        """The last part of its name."""
        return "suggest-" + (".".join(map(str, self.trial_ids)) or "none")


@dataclass(frozen=True)
class CheckOperation:
    """An operation that asked whether a trial is to stop."""

    trial_id: int
    should_stop: bool

    kind = "CheckTrialEarlyStoppingState"

    @property
    def id(self) -> str:
        """The last part of its name."""
        return f"check-{self.trial_id}-{'yes' if self.should_stop else 'no'}"


def parse_operation(operation_id: str) -> SuggestOperation | CheckOperation:
    """Return the operation of an id. Raises NotFoundError."""
    suggested = _SUGGEST.fullmatch(operation_id)
    if suggested is not None:
        ids = () if suggested[1] == "none" else tuple(map(int, suggested[1].split(".")))
        return SuggestOperation(ids)
    checked = _CHECK.fullmatch(operation_id)
    if checked is not None:
        return CheckOperation(int(checked[1]), checked[2] == "yes")
    raise NotFoundError(f"there is no operation {operation_id[:80]!r}")


def response_type(kind: str) -> str:
    """Return the type of an operation's response."""
    return f"{_PREFIX}{kind}Response"


def metadata_type(kind: str) -> str:
    """Return the type of an operation's metadata."""
    return f"{_PREFIX}{kind}{'Metadata' if kind == 'SuggestTrials' else 'Metatdata'}"
