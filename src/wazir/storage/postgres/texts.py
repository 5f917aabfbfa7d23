"""Texts as PostgreSQL can keep them: it knows no NUL character, so that is written in two others."""

from psycopg.abc import Buffer
from psycopg.adapt import AdaptersMap
from psycopg.postgres import adapters as default_adapters
from psycopg.types.string import StrDumper, TextLoader

# SUBSTITUTE stands before another of its kind, or before a zero in place of a NUL.
_ESCAPE = "\x1a"


def escaped(text: str) -> str:
    """Return a text without NUL; different texts stay different."""
    if "\0" not in text and _ESCAPE not in text:
        return text
    return text.replace(_ESCAPE, _ESCAPE * 2).replace("\0", _ESCAPE + "0")


def unescaped(text: str) -> str:
    """Return what `escaped` was given."""
    if _ESCAPE not in text:
        return text
    parts = text.split(_ESCAPE * 2)
    return _ESCAPE.join(part.replace(_ESCAPE + "0", "\0") for part in parts)


class _TextDumper(StrDumper):
    def dump(self, obj: str) -> Buffer | None:
        return super().dump(escaped(obj))


class _TextLoader(TextLoader):
    def load(self, data: Buffer) -> str | bytes:
        text = super().load(data)
        return unescaped(text) if isinstance(text, str) else text


def text_adapters() -> AdaptersMap:
    """Return what tells a connection to write and read texts so."""
    adapters = AdaptersMap(default_adapters)
    adapters.register_dumper(str, _TextDumper)
    adapters.register_loader("text", _TextLoader)
    return adapters
