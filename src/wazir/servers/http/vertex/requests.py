"""A request of Vertex's API: its names, its body, its page, and how its client wants enums."""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from starlette.requests import Request

from wazir.domain.errors import InvalidInputError, NotFoundError
from wazir.domain.json_fields import JsonObject
from wazir.domain.names import StudyName
from wazir.servers.http.vertex.reading import Table, read_message
from wazir.servers.http.vertex.trials import Location, Writer

# Google's SDK reads the first page of trials alone, so a page holds all that a client can take.
_MAX_PAGE = 100_000
_LOCATION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_ID = re.compile(r"[1-9]\d{0,15}", re.ASCII)


@dataclass(frozen=True)
class VertexRequest:
    """What a handler needs of a request; `content` is the body."""

    request: Request
    content: bytes

    @cached_property
    def location(self) -> Location:
        """Project and location. Raises InvalidInputError for what is no such name."""
        params = self.request.path_params
        location_id = str(params["location"])
        if not _LOCATION.fullmatch(location_id):
            raise InvalidInputError(
                f"a location is a name such as us-central1, got {location_id!r}"
            )
        # The name of a project is checked as a part of a study's.
        StudyName(params["project"], "any")
        return Location(params["project"], location_id)

    @property
    def study_name(self) -> StudyName:
        """The study that the path names."""
        return StudyName(self.location.project_id, self.request.path_params["study"])

    @property
    def trial_id(self) -> int:
        """The trial that the path names. Raises NotFoundError for what is no id."""
        text = str(self.request.path_params["trial"])
        if not _ID.fullmatch(text):
            raise NotFoundError(f"there is no trial {text[:80]!r}: ids are numbers from 1 on")
        return int(text)

    @property
    def writer(self) -> Writer:
        """What writes messages as the client wants them."""
        # $alt=json;enum-encoding=int
        wanted = self.request.query_params.get("$alt", "")
        return Writer(self.location, "enum-encoding=int" in wanted)

    def read(self, table: Table) -> dict[str, Any]:
        """Return the body, read by a table. Raises InvalidInputError."""
        return read_message(self.json, table, "")

    def page(self) -> tuple[int, int]:
        """Return what the last page gave as its token, 0 at first, and the size of the page.

        Raises:
            InvalidInputError: a page size or a token that is none.
        """
        query = self.request.query_params
        size = query.get("pageSize") or query.get("page_size") or "0"
        token = query.get("pageToken") or query.get("page_token") or "0"
        for name, text in (("pageSize", size), ("pageToken", token)):
            if not re.fullmatch(r"\d{1,16}", text, re.ASCII):
                raise InvalidInputError(
                    f"{name}: must be a number that a page gave, got {text[:40]!r}"
                )
        return int(token), min(int(size) or _MAX_PAGE, _MAX_PAGE)

    @cached_property
    def json(self) -> JsonObject:
        """The body as it is. Raises InvalidInputError if it is no JSON."""
        if not self.content.strip():
            return {}
        try:
            data: JsonObject = json.loads(self.content)
        except RecursionError:
            raise InvalidInputError("the body is nested too deeply") from None
        except ValueError as error:
            raise InvalidInputError(f"the body is no JSON: {error}") from None
        return data
