# Runs inside the sandbox: what the parts of the Python harness share. The session's start message, paths, loop guards, JSON.
import itertools
import json
import os

# Taken before foreign code is loaded, which may change the module.
encode = json.JSONEncoder().encode
decode = json.JSONDecoder().decode
START = {}


class TickLimit(BaseException):
    """A loop turned too often, or time ran out; no `except Exception` of the code under test swallows it."""


class Raiser:
    def __iter__(self):
        return self

    def __next__(self):
        raise TickLimit("the tick limit was passed")


NO_LIMIT = 1 << 60


class Ticks:
    """Counts loop turns and calls. The function that code calls is made of iterators written in C: it costs about 30 ns."""

    def __init__(self, limit):
        self.limit = limit
        self.rest = itertools.repeat(True, limit)
        self.tick = itertools.chain(self.rest, Raiser()).__next__

    def used(self):
        return self.limit - self.rest.__length_hint__()

    def over(self):
        return self.rest.__length_hint__() == 0


def publish_ticks(limit):
    """Puts a fresh counter where guarded code finds it."""
    import builtins
    ticks = Ticks(limit)
    # Not `__cambiumTick`: inside a class that would be another name.
    builtins.__cambiumTick__ = ticks.tick
    return ticks


def full(path):
    return os.path.join(START["directory"], path)


def relative(path):
    return os.path.relpath(os.path.realpath(path), os.path.realpath(START["directory"]))


def real(path):
    """The real path, remembered: asking the system for every module of every candidate takes longer than a test."""
    if path not in REAL:
        REAL[path] = os.path.realpath(path)
    return REAL[path]


REAL = {}


def test_name(file, path):
    return file + " › " + " › ".join(path)
