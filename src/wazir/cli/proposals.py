"""The candidates that were found in a program, as text for the terminal."""

import shlex

from wazir.domain.space import describe
from wazir.jobs.discovery.proposal import Proposal
from wazir.jobs.passing import Passing
from wazir.jobs.space_text import format_space


def candidates_text(proposal: Proposal) -> str:
    """Return the candidates as `-p` flags that can be copied, "" if there are none."""
    if not proposal.candidates:
        return ""
    flags = [
        shlex.join(["-p", f"{one.option.name}={format_space(one.parameter, one.passing)}"])
        for one in proposal.candidates
    ]
    width = max(len(flag) for flag in flags)
    lines = ["found in the program:"]
    for flag, one in zip(flags, proposal.candidates, strict=True):
        how = "" if one.passing is Passing.ONE else f", {one.passing.value.lower()}"
        lines.append(f"  {flag:<{width}}  {describe(one.parameter)}{how}")
    return "\n".join(lines)


def left_out_text(proposal: Proposal) -> str:
    """Return what was left out and why, one line each."""
    return "\n".join(f"  --{one.option.name}: {one.reason}" for one in proposal.left_out)
