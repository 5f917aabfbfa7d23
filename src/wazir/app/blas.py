"""Loading numpy and scipy with one BLAS thread: small matrices are slower with more."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let numerical libraries that are first imported in this block use one thread.

    They read these variables when they are loaded; afterwards the variables are as before, so
    that programs started later do not inherit them. What the user has set stays.
    """
    missing = [name for name in _VARIABLES if name not in os.environ]
    os.environ.update(dict.fromkeys(missing, "1"))
    try:
        yield
    finally:
        for name in missing:
            os.environ.pop(name, None)
