# Runs inside the sandbox: how a plain script, pytest and unittest run one test.
import copy
import os
import sys
import traceback

from cambium_python.ground import START, TickLimit, full, relative

MAX_ERROR_CHARS = 4000


class ScriptRunner:
    """A plain script: its exit decides."""

    preloads = False

    def tests(self):
        return [(entry["file"], []) for entry in START["entries"]]

    def run_one(self, file, _path):
        import runpy
        entry = next(one for one in START["entries"] if one["file"] == file)
        sys.argv = [full(file), *entry["args"]]
        sys.path[0] = os.path.dirname(full(file))
        try:
            runpy.run_path(full(file), run_name="__main__")
        except SystemExit as stop:
            if stop.code not in (None, 0):
                return "failed", "exit code %r" % (stop.code,)
            frames = traceback.extract_tb(stop.__traceback__)
            if frames and os.path.realpath(frames[-1].filename) != os.path.realpath(full(file)):
                return "failed", "exit called in %s" % frames[-1].filename
        return "passed", None


class PytestRunner:
    preloads = True

    def __init__(self, session):
        self.items = {}
        for item in session.items:
            file, *path = item.nodeid.split("::")
            name = relative(os.path.join(str(session.config.rootpath), file))
            self.items[(name, " › ".join(path))] = item

    def tests(self):
        return [(file, name.split(" › ")) for file, name in self.items]

    def run_one(self, file, path):
        item = self.items[(file, " › ".join(path))]
        if is_plain(item):
            params = item.callspec.params if hasattr(item, "callspec") else {}
            item.obj(**copy.deepcopy(params))
            return "passed", None
        if item.get_closest_marker("xfail"):
            return by_report(item)
        try:
            run_unreported(item)
        except BaseException as stop:
            if type(stop).__name__ == "Skipped":
                return "skipped", None
            raise
        return "passed", None


def by_report(item):
    from _pytest.runner import runtestprotocol
    item.config.option.tbstyle = "native"
    for report in runtestprotocol(item, log=False, nextitem=None):
        if report.failed:
            return "failed", report.longreprtext
        if report.skipped and report.when != "teardown":
            return "skipped", None
    return "passed", None


def run_unreported(item):
    """What pytest does for a test, without the report, which takes longer to write than most tests to run."""
    if hasattr(item, "_request") and not item._request:
        item._initrequest()
    try:
        try:
            item.ihook.pytest_runtest_setup(item=item)
            item.ihook.pytest_runtest_call(item=item)
        finally:
            item.ihook.pytest_runtest_teardown(item=item, nextitem=None)
    finally:
        item._request = False
        item.funcargs = None


def is_plain(item):
    """A function without fixtures and marks, but for its parameters: it can be called as it is."""
    if type(item).__name__ != "Function" or item.cls is not None or item.get_closest_marker("skip"):
        return False
    if any(mark.name != "parametrize" for mark in item.iter_markers()):
        return False
    import inspect
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return set(item.fixturenames) <= set(params) and not inspect.iscoroutinefunction(item.obj)


class UnittestRunner:
    preloads = True

    def __init__(self):
        import unittest
        self.cases = {}
        loader = unittest.TestLoader()
        for entry in START["entries"]:
            module = load_file(full(entry["file"]))
            for case in flatten(loader.loadTestsFromModule(module)):
                path = [type(case).__qualname__, case._testMethodName]
                self.cases[(entry["file"], " › ".join(path))] = case

    def tests(self):
        return [(file, name.split(" › ")) for file, name in self.cases]

    def run_one(self, file, path):
        import unittest
        result = unittest.TestResult()
        unittest.TestSuite([self.cases[(file, " › ".join(path))]]).run(result)
        bad = result.failures + result.errors
        if bad:
            return "failed", bad[0][1]
        return ("skipped", None) if result.skipped else ("passed", None)


def flatten(suite):
    for one in suite:
        if hasattr(one, "__iter__"):
            yield from flatten(one)
        else:
            yield one


def load_file(path):
    import importlib
    name = os.path.relpath(path, os.getcwd())[:-3].replace(os.sep, ".")
    return importlib.import_module(name)


def run_test(runner, file, path, brief=False):
    try:
        status, error = runner.run_one(file, path)
    except TickLimit as limit:
        status, error = "failed", str(limit)
    except BaseException as thrown:
        status, error = "failed", frames_of(thrown) if brief else traceback.format_exc()
    return {"file": file, "path": path, "status": status, "error": error and error[-MAX_ERROR_CHARS:]}


def frames_of(thrown):
    """The places of a traceback without the source lines, which take longer to find than the test to run."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(thrown.__traceback__)]
    return "\n".join('  File "%s", line %d, in it' % one for one in frames[:20])
