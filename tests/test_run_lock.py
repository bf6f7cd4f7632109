"""The lock of a run: one holder, any number who ask, and nobody taken for the holder."""

from __future__ import annotations

import os
import threading

from kpod.errors import InputError
from kpod.run_lock import LOCK, hold, is_alive, is_locked, take_lock
from kpod.run_process import read_record, record_of, write_record


def test_the_holder_is_named_and_may_hold_again_inside(tmp_path):
    assert not is_locked(tmp_path) and not is_alive(tmp_path)
    with hold(tmp_path):
        assert is_locked(tmp_path) and is_alive(tmp_path)
        assert read_record(tmp_path).pid == os.getpid()
        with hold(tmp_path):
            assert is_locked(tmp_path)
        assert is_locked(tmp_path)
    assert not is_locked(tmp_path)


def test_a_holder_for_a_moment_does_not_stand_for_who_worked_on_the_run(tmp_path):
    """Whoever is named there may be ended by a cancel, with all that it started: never the app."""
    worker = record_of(1)
    write_record(tmp_path, worker)
    with hold(tmp_path, named=False):
        assert is_locked(tmp_path) and is_alive(tmp_path)
        with hold(tmp_path):
            pass
    assert read_record(tmp_path) == worker and not is_alive(tmp_path)


def test_another_thread_is_another_holder(tmp_path):
    refused = []

    def try_it():
        try:
            with hold(tmp_path):
                pass
        except InputError as error:
            refused.append(str(error))

    with hold(tmp_path):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
        assert is_locked(tmp_path)
    assert "is running in another process" in refused[0]


def test_those_who_ask_do_not_see_each_other(tmp_path):
    with hold(tmp_path):
        pass
    wrong, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            if is_locked(tmp_path):
                wrong.append(True)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):  # and they never keep a holder out
        descriptor = take_lock(tmp_path / "other", 1.0)
        os.close(descriptor)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_holder_is_not_kept_out_by_those_who_ask(tmp_path):
    (tmp_path / LOCK).touch()
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            is_locked(tmp_path)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    held = 0
    try:
        for _ in range(20):
            with hold(tmp_path):
                held += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert held == 20 and not is_locked(tmp_path)


def test_a_run_is_alive_while_its_process_is_starting(tmp_path):
    write_record(tmp_path, record_of(starting=True))
    assert is_alive(tmp_path) and not is_locked(tmp_path)
    with hold(tmp_path):
        assert not read_record(tmp_path).starting
