# Runs inside the sandbox: what the parts of the Python harness share. The session's start message, paths, loop guards, JSON.
import json
import os

# Taken before foreign code is loaded, which may change the module.
encode = json.JSONEncoder().encode
decode = json.JSONDecoder().decode
START = {}


class TickLimit(BaseException):
    """A loop turned too often; no `except Exception` of the code under test swallows it."""


def make_tick(limit, state):
    def tick():
        state["used"] += 1
        if state["used"] > limit:
            state["over"] = True
            raise TickLimit("the tick limit was passed")
        return True
    return tick


def publish_tick(limit, state):
    import builtins
    # Not `__cambiumTick`: inside a class that would be another name.
    builtins.__cambiumTick__ = make_tick(limit, state)


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
