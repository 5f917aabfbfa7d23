"""Opening two storages to copy studies from one to the other."""

from wazir.app.compose import open_store
from wazir.app.settings import StorageLocation
from wazir.domain.errors import InvalidInputError
from wazir.service.copying import Copied, OnCopied, copy_studies


def copy_storage(source: StorageLocation, target: StorageLocation, on_copied: OnCopied) -> Copied:
    """Copy all studies of a database to another one, which is made where it is missing.

    Raises:
        InvalidInputError: they are one and the same, or one is in memory or a server.
        NotFoundError: the source is not there.
        AlreadyExistsError: see `wazir.service.copying.copy_studies`.
    """
    for location in (source, target):
        if location.is_memory:
            raise InvalidInputError(
                "studies are copied between databases: what is in memory ends with its process",
                hint="name a file or the URL of a database",
            )
    if source == target:
        raise InvalidInputError(f"the two storages are the same one: {source.shown}")
    left = open_store(source, create=False)
    try:
        right = open_store(target, create=True)
        try:
            return copy_studies(left, right, on_copied)
        finally:
            right.close()
    finally:
        left.close()
