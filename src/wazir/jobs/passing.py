"""How the value of a parameter becomes part of a program's argument list."""

import enum


class Passing(enum.Enum):
    """How a parameter without a placeholder is passed.

    ONE gives `--name value`, two elements. SPLIT splits a categorical value at its spaces, so that
    "128 64 32" gives `--name 128 64 32`, four elements. FLAG gives `--name` where the value is
    true and nothing where it is false.
    """

    ONE = "ONE"
    SPLIT = "SPLIT"
    FLAG = "FLAG"
