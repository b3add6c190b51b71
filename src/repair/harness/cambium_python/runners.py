# Runs inside the sandbox: how a plain script and unittest run one test.
import os
import sys
import traceback

from cambium_python.ground import START, TickLimit, full
from cambium_python.swapping import compiled

MAX_ERROR_CHARS = 4000
MAX_FRAMES = 20


# Why test files could not be loaded, by file: their tests are not among those of the runner.
UNLOADED = {}
MAX_REASON_CHARS = 300


def unloaded(file, why):
    UNLOADED.setdefault(file, why.strip()[:MAX_REASON_CHARS])


def why_unloaded():
    for file, why in UNLOADED.items():
        return "%s does not load: %s" % (file, why)
    return None


class ScriptRunner:
    """A plain script: its exit decides."""

    preloads = False

    def tests(self):
        return [(entry["file"], []) for entry in START["entries"]]

    def run_one(self, file, _path):
        entry = next(one for one in START["entries"] if one["file"] == file)
        name = full(file)
        sys.argv = [name, *entry["args"]]
        sys.path[0] = os.path.dirname(name)
        with open(name, "rb") as script:
            code = compiled(script.read(), name)
        main = type(sys)("__main__")
        main.__file__ = name
        main.__builtins__ = __builtins__
        before = sys.modules["__main__"]
        sys.modules["__main__"] = main
        try:
            exec(code, vars(main))
        except SystemExit as stop:
            if stop.code not in (None, 0):
                return "failed", "exit code %r" % (stop.code,)
            frames = traceback.extract_tb(stop.__traceback__)
            if frames and os.path.realpath(frames[-1].filename) != os.path.realpath(name):
                return "failed", "exit called in %s" % frames[-1].filename
        finally:
            sys.modules["__main__"] = before
        return "passed", None

    def run_afresh(self, file, path):
        return self.run_one(file, path)

    def finish(self):
        """Nothing outlives a test."""


class UnittestRunner:
    preloads = True

    def __init__(self):
        import unittest
        self.cases = {}
        self.plain = {}
        self.result = quiet_result()
        self.suite = unittest.TestSuite
        loader = unittest.TestLoader()
        for entry in START["entries"]:
            try:
                module = load_file(full(entry["file"]))
            except BaseException as thrown:
                unloaded(entry["file"], "%s: %s" % (type(thrown).__name__, thrown))
                continue
            for case in flatten(loader.loadTestsFromModule(module)):
                path = [type(case).__qualname__, case._testMethodName]
                self.cases[(entry["file"], " › ".join(path))] = case

    def tests(self):
        return [(file, name.split(" › ")) for file, name in self.cases]

    def run_one(self, file, path):
        """A case of its own for every run, as unittest makes one; alone when its class and module prepare nothing."""
        case = self.cases[(file, " › ".join(path))]
        fresh = again(case)
        result = self.result()
        if self.needs_suite(type(case)):
            self.suite([fresh]).run(result)
        else:
            fresh.run(result)
        if result.bad:
            raise result.bad[0]
        return ("skipped", None) if result.skips else ("passed", None)

    def needs_suite(self, kind):
        import unittest
        if kind not in self.plain:
            module = sys.modules.get(kind.__module__)
            own = any(getattr(kind, name).__func__ is not getattr(unittest.TestCase, name).__func__
                      for name in ("setUpClass", "tearDownClass") if hasattr(getattr(kind, name), "__func__"))
            self.plain[kind] = own or hasattr(module, "setUpModule") or hasattr(module, "tearDownModule") or getattr(
                kind, "__unittest_skip__", False)
        return self.plain[kind]

    def run_afresh(self, file, path):
        """By the standard suite and result."""
        import unittest
        result = unittest.TestResult()
        unittest.TestSuite([again(self.cases[(file, " › ".join(path))])]).run(result)
        if not result.wasSuccessful():
            bad = result.failures + result.errors
            return "failed", bad[0][1] if bad else "an unexpected success"
        return ("skipped", None) if result.skipped else ("passed", None)

    def finish(self):
        """The suites have torn down what they set up."""


def quiet_result():
    """A result that keeps what was raised, and writes no report: writing takes longer than most tests."""
    import unittest

    class QuietResult(unittest.TestResult):
        def __init__(self):
            super().__init__()
            self.bad = []
            self.skips = 0

        def addFailure(self, test, err):
            self.bad.append(err[1])

        addError = addFailure

        def addSubTest(self, test, subtest, err):
            if err is not None:
                self.bad.append(err[1])

        def addUnexpectedSuccess(self, test):
            self.bad.append(AssertionError("an unexpected success"))

        def addExpectedFailure(self, test, err):
            return None

        def addSkip(self, test, reason):
            self.skips += 1

    return QuietResult


def again(case):
    try:
        return type(case)(case._testMethodName)
    except TypeError:
        import copy
        return copy.copy(case)


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
    run = runner.run_one
    return outcome_of(lambda: run(file, path), (file, path), brief)


def run_test_afresh(runner, file, path):
    """A second time, by the runner's own protocol: what passed by a short way must pass by the long one."""
    return outcome_of(lambda: runner.run_afresh(file, path), (file, path), True)


def outcome_of(run, test, brief):
    try:
        status, error = run()
    except TickLimit as limit:
        status, error = "failed", str(limit)
    except BaseException as thrown:
        status = "failed"
        error = frames_of(thrown) if brief else "".join(
            traceback.format_exception(type(thrown), thrown, thrown.__traceback__))
    return {"file": test[0], "path": test[1], "status": status, "error": error and error[-MAX_ERROR_CHARS:]}


def frames_of(thrown):
    """The places of a traceback without the source lines, which take longer to find than the test to run."""
    rows = []
    at = thrown.__traceback__
    while at is not None and len(rows) < MAX_FRAMES:
        rows.append('  File "%s", line %d, in it' % (at.tb_frame.f_code.co_filename, at.tb_lineno))
        at = at.tb_next
    return "\n".join(rows)
