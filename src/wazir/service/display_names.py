"""Display names of foreign clients, which may be any text, and the study ids that stand for them."""

import hashlib
import re

from wazir.domain.errors import InvalidInputError
from wazir.domain.names import StudyName, study_id_from
from wazir.domain.studies import Study

MAX_DISPLAY_NAME = 512
# Where a display name stands in a study's metadata, if it is not the study's id.
_NAMESPACE, _KEY = "wazir.foreign", "display_name"
_N_SLUG, _N_HASH = 80, 12


def study_name_for(project_id: str, display_name: str) -> StudyName:
    """Return the name of the study that a display name stands for, always the same.

    A display name that is a valid id stays as it is; any other becomes a readable text with a hash.

    Raises:
        InvalidInputError: the display name is empty or too long, or the project is no valid id.
    """
    if not display_name or len(display_name) > MAX_DISPLAY_NAME:
        raise InvalidInputError(
            f"a display name has 1 to {MAX_DISPLAY_NAME} characters, got {len(display_name)}"
        )
    try:
        return StudyName(project_id, display_name)
    except InvalidInputError:
        digest = hashlib.sha256(display_name.encode("utf-8", "surrogatepass")).hexdigest()
        slug = re.sub(r"^[.-]+", "", study_id_from(display_name)[:_N_SLUG])
        return StudyName(project_id, f"{slug}-{digest[:_N_HASH]}")


def display_name_metadata(name: StudyName, display_name: str) -> dict[str, dict[str, str]]:
    """Return the metadata that keeps a display name, empty where the id says it already."""
    return {} if name.study_id == display_name else {_NAMESPACE: {_KEY: display_name}}


def display_name_of(study: Study) -> str:
    """Return the name under which foreign clients know a study."""
    return study.metadata.get(_NAMESPACE, {}).get(_KEY, study.name.study_id)
