# Runs inside the sandbox: a warm Python that forks children for candidates. Requests come on descriptor 3, answers with the
# session's token go to 4. The parent imports the tests once (pytest, unittest) or nothing (a plain script).
import os
import sys

from cambium_python.coverage import publish_probe
from cambium_python.ground import NO_LIMIT, START, decode, encode, full, publish_ticks
from cambium_python.observe import observe, record
from cambium_python.pytest_runner import PytestRunner
from cambium_python.requests import attempt, survey
from cambium_python.runners import ScriptRunner, UnittestRunner, unloaded
from cambium_python.swapping import install

IN, OUT = 3, 4


def writer(token):
    """Only this function knows the token. A line break on both sides: what others write between spoils no answer."""
    def write(message):
        data = ("\n" + encode({"token": token, **message}) + "\n").encode()
        while data:
            data = data[os.write(OUT, data):]
    return write


def messages():
    buffer = b""
    while True:
        while b"\n" in buffer:
            line, buffer = buffer.split(b"\n", 1)
            yield decode(line.decode())
        chunk = os.read(IN, 1 << 16)
        if not chunk:
            return
        buffer += chunk


def serve(runner, stream, write):
    for message in stream:
        if message["op"] == "survey":
            survey(runner, message, write)
        elif message["op"] == "try":
            attempt(runner, message, write)
        elif message["op"] == "record":
            record(runner, message, write)
        elif message["op"] == "observe":
            observe(runner, message, write)


def serve_pytest(stream, write):
    import pytest

    class Loop:
        def pytest_runtestloop(self, session):
            serve(PytestRunner(session), stream, write)
            os._exit(0)

        def pytest_collectreport(self, report):
            if report.failed:
                lines = [line for line in str(report.longrepr).splitlines() if line.startswith("E ")]
                unloaded(report.nodeid.split("::")[0], lines[-1][1:] if lines else "it cannot be collected")

    install(START["sources"])
    files = [full(entry["file"]) for entry in START["entries"]]
    # Explanations of failed assertions, and watching for warnings, cost more than the tests.
    quiet = ["-q", "-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception",
             "--capture=no", "--assert=plain"]
    status = pytest.main([*quiet, *START["options"], *files], plugins=[Loop()])
    # Nothing was collected at all: a conftest that does not load, most often.
    for message in stream:
        if message["op"] == "survey":
            write({"op": "survey", "id": message["id"], "ok": False, "tests": [], "loadProbes": [], "ticks": 0, "durationMs": 0,
                   "reason": "pytest ended with status %d before it came to the tests" % status})


def main():
    stream = messages()
    START.update(next(stream))
    write = writer(START.pop("token"))
    sys.dont_write_bytecode = True
    publish_ticks(NO_LIMIT)
    publish_probe(set())
    sys.path[0] = os.getcwd()
    if START["runner"] == "pytest":
        serve_pytest(stream, write)
    elif START["runner"] == "unittest":
        install(START["sources"])
        serve(UnittestRunner(), stream, write)
    else:
        serve(ScriptRunner(), stream, write)


main()
