# Runs inside the sandbox: `python -m unittest` with a result class that writes Cambium's report lines.
import json
import os
import re
import sys
import time
import unittest

MAX_CHARS = 20000
sys.path[0] = os.getcwd()


def _write(value):
    with open(os.environ["CAMBIUM_REPORT"], "a", encoding="utf-8", errors="replace") as report:
        report.write(json.dumps(value) + "\n")


def _place(test):
    """File and path of a test; a module that failed to load is a file without a path."""
    case = type(test)
    if case.__name__ == "_FailedTest":
        relative = str(test._testMethodName).replace(".", os.sep)
        for candidate in (relative + ".py", os.path.join(relative, "__init__.py")):
            for folder in (os.getcwd(), *sys.path):
                if os.path.exists(os.path.join(folder, candidate)):
                    return os.path.join(folder, candidate), []
        return None, [str(test._testMethodName)]
    held = re.match(r"(\w+) \((.+)\)$", getattr(test, "description", ""))
    if held:
        return _held(held.group(1), held.group(2))
    module = sys.modules.get(case.__module__)
    file = getattr(module, "__file__", None)
    method = getattr(test, "_testMethodName", None)
    if method is None:
        return file, [str(test)]
    return (os.path.abspath(file) if file else None), [case.__qualname__, method]


def _held(hook, owner):
    """`setUpClass (package.module.Class)` and `setUpModule (package.module)` stand for tests that never ran."""
    parts = owner.split(".")
    for length in range(len(parts), 0, -1):
        file = getattr(sys.modules.get(".".join(parts[:length])), "__file__", None)
        if file:
            return os.path.abspath(file), [*parts[length:], f"({hook})"]
    return None, [f"{owner} ({hook})"]


class _Result(unittest.TextTestResult):
    def startTest(self, test):
        super().startTest(test)
        self._began = time.perf_counter()
        self._subtest_failed = False
        file, path = _place(test)
        if path:
            _write({"k": "start", "file": file, "path": path})

    def _end(self, test, status, message=None):
        file, path = _place(test)
        if not path:
            _write({"k": "file", "file": file, "status": "failed", "message": message, "load": True})
            return
        took = (time.perf_counter() - self._began) * 1000 if hasattr(self, "_began") else None
        _write({"k": "end", "file": file, "path": path, "status": status, "ms": took, "message": message})

    def addSuccess(self, test):
        super().addSuccess(test)
        self._end(test, "passed")

    def addError(self, test, err):
        super().addError(test, err)
        self._end(test, "failed", self._exc_info_to_string(err, test)[-MAX_CHARS:])

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._end(test, "failed", self._exc_info_to_string(err, test)[-MAX_CHARS:])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._end(test, "skipped")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self._end(test, "skipped")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._end(test, "failed", "unexpected success")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None and not self._subtest_failed:
            self._subtest_failed = True
            text = self._exc_info_to_string(err, test)
            self._end(test, "failed", f"{subtest.id()}\n{text}"[-MAX_CHARS:])


class _Runner(unittest.TextTestRunner):
    resultclass = _Result

    def run(self, test):
        wanted = json.loads(os.environ.get("CAMBIUM_NAMES", "null"))
        if wanted:
            test = unittest.TestSuite(
                one for one in _flat(test) if not _place(one)[1] or " › ".join(_place(one)[1]) in wanted
            )
        return super().run(test)


def _flat(suite):
    for one in suite:
        if isinstance(one, unittest.TestSuite):
            yield from _flat(one)
        else:
            yield one


program = unittest.main(
    module=None, argv=["python3 -m unittest", *sys.argv[1:]], testRunner=_Runner, exit=False
)
_write({"k": "done"})
sys.exit(not program.result.wasSuccessful())
