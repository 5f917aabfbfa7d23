"""The text of a configuration file, with clear errors where there is none to read."""

import re
from dataclasses import dataclass
from pathlib import Path

from wazir.domain.errors import InvalidConfigError, Problem
from wazir.domain.hints import did_you_mean

MAX_SIZE_BYTES = 1_000_000
SUFFIXES = (".yaml", ".yml", ".json")

_MAGIC = re.compile(r"\s*%%?[A-Za-z]\w*[^\n]*")
# A text in double quotes, or a tab outside of one.
_TEXT_OR_TAB = re.compile(r'"(?:\\.|[^"\\])*"|\t')


@dataclass(frozen=True)
class Source:
    """A file's text; lines and columns are those of the file, whatever was taken out."""

    name: str
    text: str
    notes: tuple[str, ...] = ()


def read_source(path: Path) -> Source:
    """Return the text of a configuration file.

    A first line such as `%writefile hyperparam.yaml`, which a notebook left, is blanked.

    Raises:
        InvalidConfigError: the file is missing, no file, too large, not UTF-8, or empty.
    """
    name = str(path)
    text = _decode(name, _read_bytes(name, path))
    notes: tuple[str, ...] = ()
    magic = _MAGIC.match(text)
    if magic and not text.lstrip().startswith(("%YAML", "%TAG")):
        line = text[: magic.start()].count("\n") + magic[0].count("\n") + 1
        notes = (f"line {line} is a notebook's and was skipped: {magic[0].strip()}",)
        text = re.sub(r"[^\n]", " ", magic[0]) + text[magic.end() :]
    if text.lstrip()[:1] in ("{", "["):
        text = _TEXT_OR_TAB.sub(lambda found: " " if found[0] == "\t" else found[0], text)
    return Source(name, text, notes)


def _read_bytes(name: str, path: Path) -> bytes:
    try:
        if path.is_dir():
            raise _failure(name, "it is a folder, not a file", _similar_files(path / "*"))
        with path.open("rb") as file:
            data = file.read(MAX_SIZE_BYTES + 1)
    except FileNotFoundError:
        raise _failure(name, "there is no such file", _similar_files(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _failure(name, f"the file cannot be read: {reason}") from None
    if len(data) > MAX_SIZE_BYTES:
        raise _failure(name, f"a configuration has at most {MAX_SIZE_BYTES} bytes, this has more")
    return data


def _decode(name: str, data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _failure(name, "the file must be UTF-8, got UTF-16", "save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        raise InvalidConfigError(
            name,
            [
                Problem(
                    f"the file must be UTF-8, got the byte 0x{data[error.start]:02x}",
                    before.count(b"\n") + 1,
                    len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1,
                    "save it as UTF-8",
                )
            ],
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _similar_files(path: Path) -> str:
    """Return a proposal among the configuration files that lie in the same folder."""
    try:
        found = sorted(p.name for p in path.parent.iterdir() if p.suffix in SUFFIXES)
    except OSError:
        return f"there is no folder {str(path.parent)!r}"
    near = did_you_mean(path.name, found)
    if near or not found:
        return near or f"no configuration file lies in {str(path.parent)!r}"
    return f"there are {', '.join(found[:5])}"


def _failure(name: str, message: str, hint: str = "") -> InvalidConfigError:
    return InvalidConfigError(name, [Problem(message, hint=hint)])
