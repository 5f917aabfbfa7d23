"""docs/how-to/access.md says what the code does."""

import re
from dataclasses import fields

import pytest

from wazir.domain.limits import Limits
from wazir.domain.tokens import Role
from wazir.servers.http.access import OPEN_PATHS
from wazir.servers.http.protection import HttpLimits
from wazir.servers.rates import FAILURES_AT_ONCE, FAILURES_PER_S
from wazir.service.access import MAY, RECHECK_S
from wazir.service.guarding import NEEDS


@pytest.fixture
def page(repository):
    return (repository / "docs/how-to/access.md").read_text()


def rows(page, title):
    """Return the cells of the table whose first title is given."""
    table = page[page.index(f"| {title} |") :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.split("\n")]


def test_the_table_of_roles_is_that_of_the_code(page):
    header, _, *table = rows(page, "what | use cases")
    roles = [Role(word) for word in header[2:]]
    told = {}
    for _, use_cases, *allowed in table:
        for name in re.findall(r"`(\w+)`", use_cases):
            told[name] = {role for role, word in zip(roles, allowed, strict=True) if word == "yes"}
    assert told == {
        name: {role for role in Role if action in MAY[role]} for name, action in NEEDS.items()
    }


def test_the_table_of_limits_is_that_of_the_code(page):
    _, _, *table = rows(page, "what | at most")
    numbers = {
        int(text.replace(",", "")) for row in table for text in re.findall(r"\d[\d,]*", row[1])
    }
    limits = Limits()
    told = [int(row[1].replace(",", "")) for row in table if re.fullmatch(r"[\d,]+", row[1])]
    assert sorted(told) == sorted(
        [*(getattr(limits, one.name) for one in fields(limits)), HttpLimits().max_running]
    )
    http = HttpLimits()
    assert numbers >= {
        int(http.rate),
        int(http.burst),
        http.max_bytes >> 20,
        int(FAILURES_PER_S),
        int(FAILURES_AT_ONCE),
    }


def test_open_paths_and_times_are_those_of_the_code(page):
    everyone = page[page.index("Without a token everyone gets") :].split(", which")[0]
    assert set(re.findall(r"`(/\S+)`", everyone)) == OPEN_PATHS
    assert f"within {RECHECK_S:g} s" in page
