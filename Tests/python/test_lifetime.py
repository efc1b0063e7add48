"""Threads, garbage collection and the end of the interpreter."""

import copy
import gc
import itertools
import os
import pickle
import sys
import threading
import weakref

import dlrt
import numpy as np
import pytest
from images import digits, same_bits


def test_any_order_of_dropping(paths):
    """Model, pool and session are collected in every order; what is left still works."""
    image = digits(4)
    expected = dlrt.load(paths["lenet5"]).session().run(image)["probabilities"]
    content = paths["lenet5"].read_bytes()
    for order in itertools.permutations(["model", "pool", "session"]):
        for source in (paths["lenet5"], bytes(bytearray(content))):
            held = {"model": dlrt.load(source), "pool": dlrt.Pool(3)}
            held["session"] = held["model"].session(pool=held["pool"])
            del source
            for name in order:
                if "session" in held:
                    assert same_bits(held["session"].run(image)["probabilities"], expected)
                del held[name]
                gc.collect()


def test_any_order_of_closing(paths):
    image = digits(4)
    for order in itertools.permutations(range(3)):
        model, pool = dlrt.load(paths["lenet5"].read_bytes()), dlrt.Pool(2)
        session = model.session(pool=pool)
        handles = [model, pool, session]
        for i in order:
            handles[i].close()
            if not session.closed:
                session.run(image)


def test_cycles(paths):
    """A cycle is collected although it holds a session, its model and the array the library reads."""

    class Holder:
        pass

    holder = Holder()
    holder.itself = holder
    holder.model = dlrt.load(paths["lenet5"].read_bytes())
    holder.session = holder.model.session(threads=2)
    holder.image = digits(2)
    holder.session.run(holder.image)
    gone = [weakref.ref(x) for x in (holder, holder.model, holder.session)]
    del holder
    gc.collect()
    assert all(x() is None for x in gone)


def test_the_session_lets_the_inputs_go(session):
    image, target = digits(2), np.empty((2, 10), np.float32)
    session.run(image, out={"probabilities": target})
    gone = weakref.ref(image), weakref.ref(target)
    del image, target
    gc.collect()
    assert gone[0]() is not None and gone[1]() is not None  # the library still points to them
    session.run(digits(1))
    gc.collect()
    assert gone[0]() is None and gone[1]() is None


def test_a_failed_run_keeps_what_is_bound(session):
    """The input that the library points to stays alive when the next one is refused."""
    image = digits(2)
    expected = session.run(image)["probabilities"]
    gone = weakref.ref(image)
    del image
    with pytest.raises(dlrt.ShapeMismatchError):
        session.run(np.zeros((2, 1, 28, 29), np.float32))
    gc.collect()
    assert gone() is not None
    assert same_bits(session.run(digits(2))["probabilities"], expected)


def test_no_copies(lenet, session):
    with dlrt.Pool(1) as pool:
        for handle in (lenet, session, pool):
            for way in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match="cannot be copied"):
                    way(handle)


def test_memory_does_not_grow(paths):
    """Loading, running and failing a thousand times takes no more memory than a hundred times did."""

    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    def round_trip():
        with dlrt.load(paths["lenet5"]) as model, model.session(threads=2) as session:
            session.run(digits(8))
            for wrong in (digits(1)[:, :, :5], digits(1).astype(np.float64)):
                with pytest.raises(dlrt.Error):
                    session.run(wrong)
            with pytest.raises(dlrt.InvalidImageError):
                session.run_jpeg(b"no")
        with pytest.raises(dlrt.InvalidModelError):
            dlrt.load(b"no")
        with pytest.raises(dlrt.MemoryLimitError):
            dlrt.load(paths["lenet5"], memory_limit=1)

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("no /proc/self/statm")
    for _ in range(100):
        round_trip()
    gc.collect()
    before = resident()
    for _ in range(1000):
        round_trip()
    gc.collect()
    assert resident() - before < 2_000_000  # a leak of one model each time would be 200 MB


def in_threads(count, work):
    """Runs work(i) in threads at once; raises what one of them raised."""
    problems = []

    def guarded(i):
        try:
            work(i)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(i,)) for i in range(count)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    if problems:
        raise problems[0]


def test_one_session_from_many_threads(lenet):
    session = lenet.session(threads=2)
    images = [digits(1 + i % 3, seed=i) for i in range(6)]
    expected = [lenet.session().run(image)["probabilities"] for image in images]

    def work(i):
        for _ in range(200):
            assert same_bits(session.run(images[i])["probabilities"], expected[i])
            assert session.memory > 0

    in_threads(6, work)


def test_many_sessions_on_one_pool(lenet, jpeg):
    images = [digits(1 + i % 3, seed=i) for i in range(6)]
    expected = [lenet.session().run(image)["probabilities"] for image in images]
    of_jpeg = lenet.session().run_jpeg(jpeg)["probabilities"]
    pool = dlrt.Pool(3)

    def work(i):
        for _ in range(20):
            session = lenet.session(pool=pool)
            for _ in range(10):
                assert same_bits(session.run(images[i])["probabilities"], expected[i])
            assert same_bits(session.run_jpeg(jpeg)["probabilities"], of_jpeg)

    in_threads(6, work)


def test_each_thread_has_its_message(session):
    def work(i):
        for _ in range(200):
            with pytest.raises(dlrt.ShapeMismatchError, match=str(1000 + i)):
                session.run(np.zeros((1, 1, 28, 1000 + i), np.float32))

    in_threads(6, work)


def test_closing_while_others_run(paths):
    """close() waits for the run under way; later calls find the session closed."""
    for _ in range(20):
        model = dlrt.load(paths["lenet5"])
        session = model.session(threads=2)
        image = digits(16)
        expected = session.run(image)["probabilities"]

        def work(i):
            if i == 0:
                session.close()
                model.close()
            for _ in range(20):
                try:
                    assert same_bits(session.run(image)["probabilities"], expected)
                except ValueError as problem:
                    assert "closed" in str(problem)

        in_threads(4, work)


def test_collecting_while_others_run(paths):
    """Sessions and models that die in one thread while others run theirs."""
    expected = dlrt.load(paths["lenet5"]).session().run(digits(2))["probabilities"]
    done = threading.Event()

    def work(i):
        if i == 0:
            while not done.is_set():
                gc.collect()
            return
        try:
            for _ in range(60):
                session = dlrt.load(paths["lenet5"]).session(threads=i)
                session.itself = session  # only the collector can free it
                assert same_bits(session.run(digits(2))["probabilities"], expected)
        finally:
            if i == 1:
                done.set()

    in_threads(4, work)


EXIT = """
import sys, threading, dlrt, numpy as np
model = dlrt.load(sys.argv[1])
pool = dlrt.Pool(2)
sessions = [model.session(threads=2), model.session(pool=pool)]
image = np.zeros((64, 1, 28, 28), np.float32)
def work(session):
    while True:
        session.run(image)
for session in sessions:
    session.run(image)
    threading.Thread(target=work, args=(session,), daemon=True).start()
sys.modules["keep"] = sessions, model, pool
print("end")
"""


def test_exit_while_a_thread_runs(paths, run_script):
    for _ in range(5):
        assert run_script(EXIT, paths["lenet5"]) == "end\n"


def test_exit_with_everything_alive(paths, run_script):
    code = """
import sys, dlrt
model = dlrt.load(sys.argv[1])
session = model.session(threads=3)
print(session.run([1, 2, 3, 4])["y"])
"""
    assert run_script(code, paths["trivial"]) == "[1. 2. 3. 4.]\n"


FORK = """
import os, sys, signal, dlrt, numpy as np
model = dlrt.load(sys.argv[1])
session = model.session(threads=3)
image = np.ones((64, 1, 28, 28), np.float32)
expected = session.run(image)["probabilities"].tobytes()
child = os.fork()
if child == 0:
    signal.alarm(300)
    same = session.run(image)["probabilities"].tobytes() == expected
    same &= model.session(threads=2).run(image)["probabilities"].tobytes() == expected
    os._exit(0 if same else 1)
assert os.waitpid(child, 0)[1] == 0
assert session.run(image)["probabilities"].tobytes() == expected
"""


def test_fork(paths, run_script):
    run_script(FORK, paths["lenet5"])


def test_multiprocessing(paths, run_script):
    code = """
import multiprocessing, sys, dlrt, numpy as np
def work(seed):
    session = dlrt.load(sys.argv[1]).session(threads=2)
    return session.run(np.full((3, 1, 28, 28), seed, np.float32))["probabilities"].sum()
if __name__ == "__main__":
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(sum(pool.map(work, range(4))).round(3))
"""
    assert run_script(code, paths["lenet5"]) == "12.0\n12.0\n"
