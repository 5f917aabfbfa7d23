"""The part of the contract suite of stores that is about turns in suggesting."""
# ruff: noqa: D102  the names of the tests say what they test

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from wazir.domain.errors import StorageError
from wazir.domain.names import StudyName
from wazir.storage.protocol import Store
from wazir.testing.store_values import NAME, add_trials, make_study, make_trial

_OTHER = StudyName("default", "other")
_LONG_S = 30.0


class TurnContract:
    """What every store must do; `StoreContract` has it all."""

    def test_turns_of_a_study_come_one_after_the_other(self, store: Store) -> None:
        n_threads, n_each = 6, 5
        n_inside, largest, lock = 0, 0, threading.Lock()
        barrier = threading.Barrier(n_threads)

        def take_turns(_: int) -> int:
            nonlocal n_inside, largest
            barrier.wait()
            n_waited = 0
            for _ in range(n_each):
                with store.suggesting(NAME, _LONG_S) as has_waited:
                    with lock:
                        n_inside += 1
                        largest = max(largest, n_inside)
                    n_waited += has_waited
                    store.has_tokens()
                    with lock:
                        n_inside -= 1
            return n_waited

        with ThreadPoolExecutor(n_threads) as pool:
            n_waited = sum(pool.map(take_turns, range(n_threads)))
        assert largest == 1
        # Somebody was the first.
        assert n_waited < n_threads * n_each

    def test_who_waited_for_a_turn_is_told(self, store: Store) -> None:
        begun = threading.Event()

        def wait() -> bool:
            begun.set()
            with store.suggesting(NAME, _LONG_S) as has_waited:
                return has_waited

        with ThreadPoolExecutor(1) as pool:
            with store.suggesting(NAME, _LONG_S) as has_waited:
                assert not has_waited
                waiting = pool.submit(wait)
                begun.wait()
                # It may not have come to the lock yet, but it cannot have passed it.
                with pytest.raises(TimeoutError):
                    waiting.result(0.05)
            waiting.result(_LONG_S)
        with store.suggesting(NAME, _LONG_S) as has_waited:
            assert not has_waited

    def test_a_turn_that_does_not_come_is_not_waited_for(self, store: Store) -> None:
        def try_it() -> bool:
            with store.suggesting(NAME, 0.01) as has_waited:
                return has_waited

        with ThreadPoolExecutor(1) as pool:
            with store.suggesting(NAME, _LONG_S):
                assert pool.submit(try_it).result(_LONG_S)
            # Who had no turn has given none back, and left nothing behind.
            assert not pool.submit(try_it).result(_LONG_S)

    def test_turns_of_other_studies_and_all_else_go_on(self, store: Store) -> None:
        make_study(store)

        def use_it() -> bool:
            with store.suggesting(_OTHER, _LONG_S) as has_waited:
                add_trials(store, make_trial(1).state)
            return has_waited

        with ThreadPoolExecutor(1) as pool, store.suggesting(NAME, _LONG_S):
            assert not pool.submit(use_it).result(_LONG_S)
            add_trials(store, make_trial(1).state)
            store.delete_study(NAME)

    def test_a_thread_does_not_wait_for_itself(self, store: Store) -> None:
        with store.suggesting(NAME, _LONG_S), store.suggesting(NAME, _LONG_S) as has_waited:
            assert has_waited
        with store.suggesting(NAME, 0) as has_waited:
            assert not has_waited

    def test_a_block_that_raises_ends_its_turn(self, store: Store) -> None:
        for error in (ValueError, KeyboardInterrupt):
            with pytest.raises(error), store.suggesting(NAME, _LONG_S):
                raise error
        with store.suggesting(NAME, 0.01) as has_waited:
            assert not has_waited

    def test_no_turn_within_a_transaction_or_after_the_end(self, store: Store) -> None:
        make_study(store)
        with store.write(NAME), pytest.raises(RuntimeError, match="do not nest"):
            store.suggesting(NAME).__enter__()
        store.close()
        with pytest.raises(StorageError, match="closed"):
            store.suggesting(NAME).__enter__()
