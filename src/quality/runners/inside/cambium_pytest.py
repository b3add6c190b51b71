# Runs inside the sandbox: a pytest plugin that writes Cambium's report lines and narrows by name.
import json
import os

MAX_CHARS = 20000


def _write(value):
    with open(os.environ["CAMBIUM_REPORT"], "a", encoding="utf-8", errors="replace") as report:
        report.write(json.dumps(value) + "\n")


def _split(nodeid):
    """`dir/test_a.py::Class::name[a::b]` as its file and path; brackets may hold anything."""
    head, bracket, rest = nodeid.partition("[")
    parts = head.split("::")
    if bracket and len(parts) > 1:
        parts[-1] += bracket + rest
    return parts[0], parts[1:]


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Reporter(str(config.rootpath)), "cambium-reporter")


class _Reporter:
    def __init__(self, root):
        self.root = root

    def _file(self, relative):
        return os.path.join(self.root, relative)

    def pytest_collection_modifyitems(self, config, items):
        wanted = json.loads(os.environ.get("CAMBIUM_NAMES", "null"))
        if not wanted:
            return
        keep = [item for item in items if " › ".join(_split(item.nodeid)[1]) in wanted]
        config.hook.pytest_deselected(items=[item for item in items if item not in keep])
        items[:] = keep

    def pytest_runtest_logstart(self, nodeid, location):
        file, path = _split(nodeid)
        _write({"k": "start", "file": self._file(file), "path": path})

    def pytest_runtest_logreport(self, report):
        if report.when != "call" and report.outcome == "passed":
            return
        file, path = _split(report.nodeid)
        status = report.outcome
        if report.when == "teardown":
            path = [*path, "(teardown)"]
        message = None
        if status == "failed":
            message = (report.longreprtext or "")[-MAX_CHARS:]
        _write({
            "k": "end",
            "file": self._file(file),
            "path": path,
            "status": status,
            "ms": report.duration * 1000,
            "message": message,
        })

    def pytest_collectreport(self, report):
        if report.outcome == "passed":
            return
        file, _ = _split(report.nodeid)
        message = (report.longreprtext or "")[-MAX_CHARS:] if report.outcome == "failed" else None
        _write({
            "k": "file",
            "file": self._file(file),
            "status": report.outcome,
            "message": message,
            "load": report.outcome == "failed",
        })

    def pytest_sessionfinish(self, session):
        _write({"k": "done"})
