"""One BLAS thread, also when several threads compute at different times."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from wazir.app.blas import BlasThreads

WAIT_S = 10.0


def blas_threads() -> set[int]:
    assert np.__version__
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_the_setting_comes_back_when_the_last_one_leaves():
    threads, second_is_in, first_has_left = BlasThreads(), Event(), Event()
    seen = []

    def second() -> None:
        with threads.one():
            second_is_in.set()
            assert first_has_left.wait(WAIT_S)
            seen.append(blas_threads())

    with threadpool_limits(2, user_api="blas"), ThreadPoolExecutor(1) as pool:
        before = blas_threads()
        with threads.one():
            future = pool.submit(second)
            assert second_is_in.wait(WAIT_S)
        first_has_left.set()
        future.result(WAIT_S)
        assert seen == [{1}]
        assert blas_threads() == before


def test_many_threads_leave_it_as_it_was():
    threads, start = BlasThreads(), Barrier(8)

    def work(_: int) -> set[int]:
        start.wait(WAIT_S)
        for _ in range(50):
            with threads.one():
                seen = blas_threads()
        return seen

    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()
        with ThreadPoolExecutor(8) as pool:
            assert set().union(*pool.map(work, range(8))) == {1}
        assert blas_threads() == before
