"""What the commands on studies share: the storage option, and finding a study or trial."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from wazir.app.compose import connect
from wazir.app.settings import named_study, own_project
from wazir.domain.errors import NotFoundError
from wazir.domain.hints import did_you_mean
from wazir.domain.studies import Study
from wazir.service.transport import Transport

Command = TypeVar("Command", bound=Callable[..., Any])


def storage_option(command: Command) -> Command:
    """Add --storage to a command."""
    return click.option(
        "--storage",
        metavar="URL",
        default=None,
        help="sqlite:///FILE, a path, or a server: http://HOST:PORT. Default: wazir-runs/wazir.db here.",
    )(command)


def find_study(service: Transport, study_id: str | None) -> Study:
    """Return the study of that name, or the latest one.

    Raises:
        NotFoundError: there is none.
    """
    wanted = None if study_id is None else named_study(study_id)
    project_id = own_project() if wanted is None else wanted.project_id
    studies = service.studies(project_id)
    if not studies:
        raise NotFoundError("there are no studies yet", hint="make one with `wazir tune`")
    if wanted is None:
        return studies[-1]
    names = [study.name.study_id for study in studies]
    if wanted.study_id not in names:
        raise NotFoundError(
            f"there is no study {study_id!r}",
            hint=did_you_mean(wanted.study_id, names) or "`wazir studies` lists them",
        )
    return service.study(wanted)


def open_study(storage: str | None, study_id: str | None) -> tuple[Transport, Study]:
    """Return the service and a study of a storage; the latest study without a name."""
    service = connect(storage)
    return service, find_study(service, study_id)
