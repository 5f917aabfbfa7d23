"""Metadata of OSS Vizier, whose values are texts or messages, in ours, whose values are texts."""

import base64
from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError

from wazir.domain.errors import InvalidInputError
from wazir.domain.trials import Metadata

# Ours begin with this, and are none of a foreign client's business.
OWN_PREFIX = "wazir."
# Begins the text that stands for a message; a text that begins so gets one more of them.
_MARK = "\x01"


def metadata_from(entries: Iterable[Any], path: str) -> dict[str, dict[str, str]]:
    """Return KeyValue messages as metadata.

    Raises:
        InvalidInputError: a namespace of Wazir's own.
    """
    found: dict[str, dict[str, str]] = {}
    for index, entry in enumerate(entries):
        if entry.ns.startswith(OWN_PREFIX):
            raise InvalidInputError(
                f"{path}[{index}].ns: namespaces that begin with {OWN_PREFIX!r} are Wazir's own, "
                f"got {entry.ns!r}"
            )
        found.setdefault(entry.ns, {})[entry.key] = _text(entry)
    return found


def fill_metadata(target: Any, metadata: Metadata) -> None:
    """Append metadata to a field of KeyValue messages, without Wazir's own."""
    for namespace, entries in metadata.items():
        if namespace.startswith(OWN_PREFIX):
            continue
        for key, text in entries.items():
            _fill(target.add(key=key, ns=namespace), text)


def _fill(entry: Any, text: str) -> None:
    if text.startswith(_MARK + _MARK):
        entry.value = text[1:]
        return
    if text.startswith(_MARK):
        try:
            entry.proto.MergeFromString(base64.b64decode(text[1:], validate=True))
            return
        except (ValueError, DecodeError):
            # It came through another door, and is a text that begins so.
            entry.ClearField("proto")
    entry.value = text


def _text(entry: Any) -> str:
    if entry.WhichOneof("kind") == "proto":
        return _MARK + base64.b64encode(entry.proto.SerializeToString()).decode()
    value: str = entry.value
    return _MARK + value if value.startswith(_MARK) else value
