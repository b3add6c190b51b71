# Runs inside the sandbox: which lines a test runs, which ran while files were loaded, and branches inside a line.
import os
import sys

from cambium_python.ground import START, full

# As on the host: probe = number of the file × this + line; branches inside a line have numbers from BRANCHES on.
LINES_PER_FILE = 1000000

LOADED = set()


def file_numbers():
    if not NUMBERS:
        for index, path in enumerate(sorted(START["sources"])):
            NUMBERS[os.path.realpath(full(path))] = index
    return NUMBERS


NUMBERS = {}


def tracer(seen):
    """For `sys.settrace`: adds the probes of lines of the source files to `seen`."""
    files = dict(file_numbers())

    def local(frame, event, _arg):
        if event == "line":
            seen.add(files[frame.f_code.co_filename] * LINES_PER_FILE + frame.f_lineno)
        return local

    def call(frame, _event, _arg):
        name = frame.f_code.co_filename
        if name not in files:
            files[name] = files.get(os.path.realpath(name), -1)
        return None if files[name] < 0 else local

    return call


def load_traced(run, path):
    """Runs a module's own code; of files that may be repaired, the lines are kept."""
    if os.path.realpath(path) not in file_numbers() or sys.gettrace() is not None:
        return run()
    sys.settrace(tracer(LOADED))
    try:
        return run()
    finally:
        sys.settrace(None)


def publish_probe(seen):
    """`__cambiumProbe__(n)` for the branches woven into expressions; gives true, as the guard does."""
    import builtins

    def probe(number):
        seen.add(number)
        return True

    builtins.__cambiumProbe__ = probe
