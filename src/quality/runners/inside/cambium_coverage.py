# Runs inside the sandbox: notes which lines of the workspace run, and writes them down when the process ends.
import atexit
import json
import os
import sys
import threading
import time

SKIPPED = ("/site-packages/", "/node_modules/", "/.venv/", "/venv/")


def begin(folder):
    root = os.getcwd()
    while root != "/" and not os.path.exists(os.path.join(root, ".git")):
        root = os.path.dirname(root)
    seen = {}
    wanted = {}

    def lines_of(name):
        if name not in wanted:
            path = os.path.realpath(name) if name.startswith("/") else name
            own = path.startswith(root + "/") and not any(part in path for part in SKIPPED)
            wanted[name] = seen.setdefault(path, set()) if own else None
        return wanted[name]

    if hasattr(sys, "monitoring"):
        _monitor(lines_of)
    else:
        _trace(lines_of)
    atexit.register(_write, folder, seen)


def _monitor(lines_of):
    tool = sys.monitoring.COVERAGE_ID
    sys.monitoring.use_tool_id(tool, "cambium")

    def line(code, number):
        lines = lines_of(code.co_filename)
        if lines is not None:
            lines.add(number)
        return sys.monitoring.DISABLE

    sys.monitoring.register_callback(tool, sys.monitoring.events.LINE, line)
    sys.monitoring.set_events(tool, sys.monitoring.events.LINE)


def _trace(lines_of):
    def call(frame, event, _argument):
        lines = lines_of(frame.f_code.co_filename)
        if lines is None:
            return None
        lines.add(frame.f_lineno)

        def line(frame, event, _argument):
            if event == "line":
                lines.add(frame.f_lineno)
            return line

        return line

    sys.settrace(call)
    threading.settrace(call)


def _write(folder, seen):
    os.makedirs(folder, exist_ok=True)
    name = os.path.join(folder, "lines-%d-%d.json" % (os.getpid(), time.time_ns()))
    with open(name, "w", encoding="utf-8") as report:
        json.dump({"files": {path: sorted(lines) for path, lines in list(seen.items()) if lines}}, report)
