"""Every page of the documentation does what it says, and every link leads somewhere."""

import re
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

sys.path.append(str(Path(__file__).parents[1]))
from documents import Reader, blocks_of, commands_of, matches

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    ]
)
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def names(pages):
    return [str(page.relative_to(ROOT)) for page in pages]


def runs(page):
    return any(
        block.language == "console" or block.language == "python" or block.option("file")
        for block in blocks_of(page)
        if "norun" not in block.words
    )


RUN_PAGES = [page for page in PAGES if runs(page)]


@pytest.mark.parametrize("page", RUN_PAGES, ids=names(RUN_PAGES))
def test_a_page_does_what_it_says(page, tmp_path):
    home = tmp_path / "work"
    home.mkdir()
    shutil.copytree(
        ROOT / "examples", home / "examples", ignore=shutil.ignore_patterns("__pycache__")
    )
    assert Reader(home).follow(page) > 0


def test_the_tutorial_and_the_how_to_pages_are_run():
    wanted = [*(ROOT / "docs/tutorial").glob("*.md"), *(ROOT / "docs/how-to").glob("*.md")]
    assert len(wanted) >= 23
    assert set(wanted) <= set(RUN_PAGES)


def anchors(page):
    """Return the anchors that GitHub gives to the headings of a page."""
    found = set()
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for heading in _HEADING.findall(text):
        kept = re.sub(r"[^\w\s-]", "", heading.replace("`", "")).strip().lower()
        found.add(re.sub(r"\s", "-", kept))
    return found


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_links_of_a_page_lead_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for groups in _LINK.findall(text):
        link = groups[0] or groups[1]
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.relative_to(ROOT)} links to {link}"
        if anchor:
            assert anchor in anchors(target), f"{page.relative_to(ROOT)} links to {link}"


def test_every_page_is_reached_from_the_index():
    pages = set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs/README.md"}
    index = (ROOT / "docs/README.md").read_text()
    listed = {(ROOT / "docs" / groups[0]).resolve() for groups in _LINK.findall(index)}
    assert pages <= listed


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_a_page_names_no_private_place(page):
    text = page.read_text()
    for word in (str(ROOT), str(Path.home()) + "/", "/tmp/"):
        assert word not in text


def test_the_picture_of_the_live_view_is_whole_and_names_no_private_place():
    text = (ROOT / "docs/images/tune.svg").read_text()
    root = ET.fromstring(text)
    shown = "".join(root.itertext()).replace("\xa0", " ")
    assert "wazir tune hyperparam.yaml --trials 16 --parallel 2" in shown
    assert "best 5" in shown
    for word in (str(ROOT), str(Path.home()) + "/", "/tmp/"):
        assert word not in text


def test_blocks_and_commands_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text\n```console exit=3\n$ one \\\n    more\nprinted\n\n$ two\n```\n")
    [block] = blocks_of(page)
    assert (block.language, block.option("exit"), block.line) == ("console", "3", 2)
    first, second = commands_of(block)
    assert (first.text, first.output, first.code) == ("one \\\n    more", "printed\n", 0)
    assert (second.text, second.output, second.code) == ("two", None, 3)


def test_a_block_without_an_end_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)\n")
    with pytest.raises(AssertionError, match="has no end"):
        blocks_of(page)


@pytest.mark.parametrize(
    ("wanted", "printed", "same"),
    [
        ("rmse 0.31", "rmse  0.31\n", True),
        ("rmse 0.31", "rmse 0.32", False),
        ("rmse 0.31", "rmse 0.315", False),
        ("rmse 0...", "rmse 0.31", True),
        ("a\n...\nd", "a\nb\nc\nd", True),
        ("a\n...\nd", "a\nb\nc\ne", False),
        ("a.c", "abc", False),
    ],
)
def test_what_is_printed_is_compared(wanted, printed, same):
    assert matches(wanted, printed) is same


def test_a_page_that_says_something_wrong_fails(tmp_path):
    home = tmp_path / "work"
    home.mkdir()
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo one\ntwo\n```\n")
    with pytest.raises(AssertionError, match="the page says"):
        Reader(home).follow(page)
    page.write_text("```console\n$ exit 4\n```\n")
    with pytest.raises(AssertionError, match="exit code 4"):
        Reader(home).follow(page)
