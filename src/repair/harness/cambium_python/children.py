# Runs inside the sandbox: one forked child for a few candidates; what it wrote is put back, and it ends when it stands still.
import contextlib
import os
import resource
import select
import signal
import sys
import time

from cambium_python.ground import START, TickLimit, decode, encode

CHILD_BYTES = 768 * 1024 * 1024
MAX_CHILD_OUTPUT = 1 << 26
# Time-outs count processor time, which a busy machine does not change; who only waits gets this much more of the clock.
WAITING_FACTOR = 4
# A child stops its own tests; the parent ends the child when it cannot.
OUTER_FACTOR = 1.5
# The way to the host: never left open in a child.
CHANNEL = (3, 4)


def journal(pipe):
    """Tells the parent of every path before its first change, so that it can be put back."""
    root = os.path.realpath(START["directory"]) + os.sep
    seen = set()

    def note(path):
        if not isinstance(path, (str, bytes)):
            return
        name = os.path.realpath(os.fsdecode(path))
        if not name.startswith(root) or name in seen or "__pycache__" in name:
            return
        seen.add(name)
        content = None
        if os.path.isfile(name):
            with open(name, "rb") as old:
                content = old.read().decode("latin-1")
        elif os.path.isdir(name):
            return
        CHILD["wrote"] = True
        pipe({"wrote": name, "content": content})

    def hook(event, args):
        if event == "open":
            mode, flags = args[1], args[2]
            if (isinstance(mode, str) and any(c in mode for c in "wax+")) or (mode is None and flags & 3):
                note(args[0])
        elif event in ("os.remove", "os.truncate", "os.mkdir", "os.rmdir", "shutil.rmtree"):
            note(args[0])
        elif event in ("os.rename", "os.link", "os.symlink"):
            note(args[0])
            note(args[1])

    sys.addaudithook(hook)


def put_back(written):
    import shutil
    for name, content in reversed(written):
        if content is None:
            if os.path.isdir(name) and not os.path.islink(name):
                shutil.rmtree(name, ignore_errors=True)
            elif os.path.lexists(name):
                os.unlink(name)
        else:
            with open(name, "wb") as old:
                old.write(content.encode("latin-1"))


# --- one child -----------------------------------------------------------------------------------------------------

def in_child(work, timeout_ms, hear=None):
    """Runs `work(send)` in a fork; returns what it sent and how it ended: done, hang or died. Each message that
    comes buys the child another time-out, and is heard at once."""
    key = os.urandom(12).hex()
    fill_standard_descriptors()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        run_child(work, write_end, key)
    os.close(write_end)
    found, ending = listen(read_end, timeout_ms * OUTER_FACTOR / 1000, (child, key, hear))
    os.close(read_end)
    for end in (os.killpg, os.kill):
        try:
            end(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    os.waitpid(child, 0)
    put_back([(one["wrote"], one["content"]) for one in found if "wrote" in one])
    return [one for one in found if "wrote" not in one], ending


def fill_standard_descriptors():
    """A test file may have closed them while it was loaded; the pipe must not take their numbers."""
    number = 0
    while number <= 2:
        number = os.open(os.devnull, os.O_RDWR)
    os.close(number)


def run_child(work, write_end, key):
    try:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        for number in CHANNEL:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_DATA, (CHILD_BYTES, CHILD_BYTES))
        # The pipe is in no variable that code under test can come by easily; every line carries the child's own key, and
        # begins after a line break, so that what others write between spoils nothing.

        def send(message):
            data = ("\n" + key + encode(message) + "\n").encode("utf-8", "replace")
            while data:
                data = data[os.write(write_end, data):]

        signal.signal(signal.SIGVTALRM, late)
        journal(send)
        work(send)
        send({"done": True})
    except BaseException:
        pass
    finally:
        os._exit(0)


CHILD = {"wrote": False, "late": False, "testing": False}


def late(_signal, _frame):
    if not CHILD["testing"]:
        return
    CHILD["late"] = True
    raise TickLimit("the time limit was passed")


@contextlib.contextmanager
def in_test(limit_ms):
    """Stops Python code after so much processor time of this process, again and again while it does not end; what stands
    still inside native code is left to the parent."""
    CHILD["late"] = False
    try:
        CHILD["testing"] = True
        signal.setitimer(signal.ITIMER_VIRTUAL, limit_ms / 1000, AGAIN_S)
        yield
    except TickLimit:
        # Raised between two tests, or while one was torn down.
        CHILD["late"] = True
    finally:
        CHILD["testing"] = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


AGAIN_S = 0.05


def listen(read_end, seconds, source):
    """Messages of the child until it ends or stands still for the time: of the processor, or four times of the clock."""
    child, key, hear = source
    buffer = b""
    found = []
    size = 0
    marks = {"clock": time.monotonic(), "cpu": cpu_of(child)}
    while True:
        ready, _, _ = select.select([read_end], [], [], min(0.1, seconds / 4))
        if not ready:
            if cpu_of(child) - marks["cpu"] > seconds or time.monotonic() - marks["clock"] > seconds * WAITING_FACTOR:
                return found, "hang"
            continue
        chunk = os.read(read_end, 1 << 16)
        size += len(chunk)
        if not chunk or size > MAX_CHILD_OUTPUT:
            return found, "died"
        buffer += chunk
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace")
            if not text.startswith(key):
                continue
            marks = {"clock": time.monotonic(), "cpu": cpu_of(child)}
            size = 0
            message = decode(text[len(key):])
            if "done" in message:
                return found, "done"
            found.append(message)
            if hear is not None and "wrote" not in message:
                hear(message)


def cpu_of(child):
    """Processor time of another process, seconds; the number of its clock is made as Linux makes it."""
    try:
        return time.clock_gettime((~child << 3) | 2)
    except OSError:
        return 0.0
