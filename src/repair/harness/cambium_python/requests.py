# Runs inside the sandbox: the two requests of the host, every test once with coverage, and candidates tried.
import os
import sys
import time

from cambium_python.children import CHILD, in_child
from cambium_python.ground import START, full, publish_tick, real
from cambium_python.runners import run_test
from cambium_python.swapping import Override, in_tree, install, swap_modules, tree_modules


def tracer(state, files):
    def local(frame, event, _arg):
        if event == "line":
            state.add(files[frame.f_code.co_filename] * 1000000 + frame.f_lineno)
        return local

    def call(frame, _event, _arg):
        name = frame.f_code.co_filename
        if name not in files:
            real = os.path.realpath(name)
            files[name] = files.get(real, -1)
        if files[name] < 0:
            return None
        return local

    return call


def survey(runner, message, reply_with):
    began = time.monotonic()
    outcomes = []
    files = {os.path.realpath(full(path)): index for index, path in enumerate(sorted(START["sources"]))}
    for file, path in runner.tests():
        def work(send, file=file, path=path):
            lines = set()
            state = {"used": 0, "over": False}
            publish_tick(message["ticks"] // 10, state)
            if not runner.preloads:
                install(START["sources"])
            if message["cover"]:
                sys.settrace(tracer(lines, dict(files)))
            outcome = run_test(runner, file, path)
            sys.settrace(None)
            if state["over"]:
                outcome.update(status="failed", error="the tick limit was passed")
            outcome["probes"] = sorted(lines)
            outcome["ticks"] = 0 if state["over"] else state["used"]
            send(outcome)
        found, ending = in_child(work, min(message["timeoutMs"], 3000))
        if found:
            outcomes.append(found[0])
        else:
            error = "the time limit was passed" if ending == "hang" else "the process died"
            outcomes.append({"file": file, "path": path, "status": "failed", "error": error, "probes": []})
    duration = (time.monotonic() - began) * 1000
    ticks = max((one.pop("ticks", 0) for one in outcomes), default=0)
    reply_with({"op": "survey", "id": message["id"], "ok": True, "reason": None, "tests": outcomes, "ticks": ticks,
                 "loadProbes": [], "durationMs": duration})


def selection(runner, wanted):
    known = runner.tests()
    chosen = []
    for one in wanted:
        names = None if one["names"] is None else set(one["names"])
        for file, path in known:
            if file == one["file"] and (names is None or " › ".join(path) in names):
                chosen.append((file, path))
    return chosen


def attempt(runner, message, reply_with):
    failing = selection(runner, message["failing"])
    first = {(file, " › ".join(path)) for file, path in failing}
    passing = [one for one in selection(runner, message["passing"]) if (one[0], " › ".join(one[1])) not in first]
    rest = message["candidates"]
    while rest:
        replies = judge_batch(runner, rest, (failing, passing), message)
        for index, reply in enumerate(replies):
            if reply["verdict"] == "pass" and index > 0:
                # Said in a process that others had used before: asked again in one of its own.
                reply = judge_batch(runner, [rest[index]], (failing, passing), message)[0]
            reply_with(reply)
        rest = rest[len(replies):]


def judge_batch(runner, candidates, tests, message):
    """Replies for the first candidates, at least one: a child ends when a candidate hangs, dies or leaves traces."""
    def work(send):
        clean = fingerprint()
        for candidate in candidates:
            send(judge(runner, candidate, tests, message))
            if CHILD["wrote"] or fingerprint() != clean:
                return

    replies, ending = in_child(work, message["timeoutMs"])
    if ending != "done" and len(replies) < len(candidates):
        verdict = "hang" if ending == "hang" else "died"
        replies.append({**EMPTY, "id": candidates[len(replies)]["id"], "verdict": verdict})
    return replies


EMPTY = {"op": "try", "verdict": "fail", "fixed": [], "failed": None, "lines": []}


def fingerprint():
    """A shallow picture of the state that candidates share: plain values of the tree's modules, environment, cwd."""
    parts = [repr(sorted(os.environ.items())), os.getcwd(), str(len(sys.path)), str(len(os.listdir("."))),
             str(len(os.listdir("/proc/self/fd")))]
    for module in tree_modules():
        for key, value in list(vars(module).items()):
            if key.startswith("__") or not isinstance(value, (int, str, float, list, dict, set, tuple, bytearray)):
                continue
            if real(module.__file__) in SOURCE_FILES and isinstance(value, (int, str, float, tuple)):
                continue
            text = repr(value)
            parts.append(key + (text if len(text) < 10000 else str(hash(text))))
    return hash("|".join(parts))


SOURCE_FILES = set()


def judge(runner, candidate, tests, message):
    failing, passing = tests
    reply = {**EMPTY, "id": candidate["id"], "fixed": []}
    state = {"used": 0, "over": False}
    try:
        texts = {**START["sources"], **edited(candidate["edits"])} if not runner.preloads else edited(candidate["edits"])
        for path, text in texts.items():
            compile(text, path, "exec", dont_inherit=True)
        publish_tick(message["ticks"], state)
        place(runner, texts)
    except BaseException:
        return reply
    clean = True
    for index, (file, path) in enumerate([*failing, *passing]):
        if index >= len(failing) and not clean:
            break
        state.update(used=0)
        outcome = run_test(runner, file, path, brief=True)
        name = file + " › " + " › ".join(path)
        if outcome["status"] == "passed" and not state["over"]:
            if index < len(failing):
                reply["fixed"].append(name)
            continue
        if outcome["status"] == "skipped" and index >= len(failing):
            continue
        clean = False
        if reply["failed"] is None:
            reply["failed"] = name
            reply["lines"] = lines_in(outcome["error"] or "", file)
        if state["over"] or index >= MAX_FAILING:
            break
    reply["verdict"] = "slow" if state["over"] else "pass" if clean else "fail"
    return reply


MAX_FAILING = 4
LAST = {"paths": set()}


def place(runner, texts):
    """The candidate's texts in place, and the original ones where the candidate before it had changed a file."""
    if runner.preloads:
        for path in LAST["paths"] - set(texts):
            swap_modules({path: START["sources"][path]})
        LAST["paths"] = set(texts)
        swap_modules(texts)
        return
    for name, module in list(sys.modules.items()):
        if in_tree(module) and name != "__main__":
            del sys.modules[name]
    sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, Override)]
    install(texts)


def lines_in(error, file):
    lines = []
    base = full(file)
    for row in error.split("\n"):
        row = row.strip()
        if row.startswith('File "') and (base in row or row.startswith('File "' + file)):
            number = row.split(", line ", 1)[-1].split(",")[0].strip()
            if number.isdigit():
                lines.append(int(number))
    return lines


def edited(edits):
    """Offsets count UTF-16 units; texts outside the basic plane are cut in that encoding."""
    result = {}
    for path, begin, end, text in sorted(edits, key=lambda one: (-one[1], -one[2])):
        now = result.get(path, START["sources"][path])
        if now.isascii():
            result[path] = now[:begin] + text + now[end:]
        else:
            units = now.encode("utf-16-le")
            head, tail = units[:2 * begin], units[2 * end:]
            result[path] = head.decode("utf-16-le") + text + tail.decode("utf-16-le")
    return result
