"""Resource names: the only module that builds and reads them.

A `*_id` is one component, a `*_name` the full path. Ours is `projects/P/studies/S[/trials/N]`;
Vertex has `projects/P/locations/L/studies/S`, OSS Vizier `owners/O/studies/S`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from wazir.domain.errors import InvalidInputError

DEFAULT_PROJECT = "default"

# Ids are also names of folders: no separators, no leading dot or dash.
_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_PATTERNS = (
    re.compile(r"projects/(?P<project>[^/]+)(?:/locations/[^/]+)?/studies/(?P<study>[^/]+)"),
    re.compile(r"owners/(?P<project>[^/]+)/studies/(?P<study>[^/]+)"),
)


@dataclass(frozen=True, order=True)
class StudyName:
    """The full name of a study.

    Raises:
        InvalidInputError: a component holds a character that is not allowed.
    """

    project_id: str
    study_id: str

    def __post_init__(self) -> None:
        check_project_id(self.project_id)
        _check("study", self.study_id)

    def __str__(self) -> str:
        return f"projects/{self.project_id}/studies/{self.study_id}"

    def trial(self, trial_id: int) -> str:
        """Return the full name of one of the study's trials."""
        return f"{self}/trials/{trial_id}"


def check_project_id(text: str) -> None:
    """Raise InvalidInputError unless a text can be the id of a project."""
    _check("project", text)


def _check(what: str, text: str) -> None:
    if not _ID.fullmatch(text):
        raise InvalidInputError(
            f"the name of a {what} has 1 to 128 letters, digits, '_', '-' or '.', "
            f"and begins with a letter, a digit or '_'; got {text!r}"
        )


def parse_study_name(text: str, project_id: str = DEFAULT_PROJECT) -> StudyName:
    """Return the study named by a full name of any accepted form, or by its id in a project.

    Raises:
        InvalidInputError: the text is no study name.
    """
    for pattern in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return StudyName(match["project"], match["study"])
    return StudyName(project_id, text)


def in_project(names: Iterable[StudyName], project_id: str) -> tuple[StudyName, ...]:
    """Return names of which those of the default project are meant to be in another one."""
    return tuple(
        StudyName(project_id, name.study_id) if name.project_id == DEFAULT_PROJECT else name
        for name in names
    )


def study_id_from(text: str) -> str:
    """Return a valid study id made from any text, such as the name of a program."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:128]
    return cleaned or "study"
