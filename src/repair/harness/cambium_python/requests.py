# Runs inside the sandbox: the two requests of the host, every test once with coverage, and candidates tried.
import gc
import os
import sys
import time

from cambium_python.children import CHILD, in_child, in_test
from cambium_python.coverage import LOADED, publish_probe, tracer
from cambium_python.ground import NO_LIMIT, START, TickLimit, full, publish_ticks, test_name
from cambium_python.runners import run_test, run_test_afresh, why_unloaded
from cambium_python.state import State
from cambium_python.swapping import in_tree, install, swap_modules
from cambium_python.switching import Switcher

# One test of a survey, milliseconds.
SURVEY_TEST_MS = 3000
EMPTY = {"op": "try", "verdict": "fail", "fixed": [], "failed": None, "lines": []}


def survey(runner, message, reply_with):
    began = time.monotonic()
    outcomes = []
    rest = runner.tests()
    while rest:
        found, ending = in_child(lambda send, rest=rest: survey_some(runner, (rest, message), send),
                                 min(message["timeoutMs"], SURVEY_TEST_MS))
        outcomes += found
        for one in found:
            if one.pop("long", False):
                runner.long_way(one["file"], one["path"])
        if ending != "done" and len(found) < len(rest):
            error = "the time limit was passed" if ending == "hang" else "the process died"
            file, path = rest[len(found)]
            outcomes.append({"file": file, "path": path, "status": "failed", "error": error, "probes": []})
            found = [*found, None]
        rest = rest[len(found):]
    duration = (time.monotonic() - began) * 1000
    ended = [one["ticks"] for one in outcomes if "ticks" in one]
    reply_with({"op": "survey", "id": message["id"], "ok": True, "reason": why_unloaded(), "tests": outcomes,
                "ticks": max(ended, default=0), "loadProbes": sorted(LOADED), "durationMs": duration})


def survey_some(runner, work, send):
    """The tests in one process, in the order of a real run; it ends after a test that left traces in the tree."""
    tests, message = work
    if runner.preloads and message["cover"] and message["sources"]:
        swap_modules(message["sources"])
    for file, path in tests:
        seen = set()
        publish_probe(seen)
        ticks = publish_ticks(max(1, message["ticks"] // 10))
        if not runner.preloads:
            place_afresh({**START["sources"], **(message["sources"] if message["cover"] else {})})
        began = time.process_time()
        with in_test(min(message["timeoutMs"], SURVEY_TEST_MS)):
            if message["cover"]:
                sys.settrace(tracer(seen))
            outcome = run_test(runner, file, path)
            sys.settrace(None)
        outcome["probes"] = sorted(seen)
        if ticks.over():
            outcome.update(status="failed", error="the tick limit was passed")
        elif not CHILD["late"]:
            outcome["ticks"] = max(ticks.used(), native_ticks(time.process_time() - began))
        if outcome["status"] == "failed" and getattr(runner, "doubtful", False):
            outcome = by_long_way(runner, outcome, message)
        send(outcome)
        if CHILD["wrote"]:
            return
    runner.finish()


def native_ticks(seconds):
    """What takes long without turning a loop of ours is as dear; short times are noise, and would change the order."""
    return int(seconds * TICKS_PER_SECOND) if seconds > NOTABLE_S else 0


TICKS_PER_SECOND = 10000000
NOTABLE_S = 0.1


def by_long_way(runner, outcome, message):
    """What fails by the short way may pass with the hooks of a plugin."""
    test = outcome["file"], outcome["path"]
    runner.long_way(*test)
    publish_ticks(max(1, message["ticks"] // 10))
    with in_test(min(message["timeoutMs"], SURVEY_TEST_MS)):
        again = run_test(runner, *test)
        if again["status"] == "passed":
            return {**outcome, **again, "long": True}
    return outcome


def selection(runner, wanted):
    """The wanted tests in the order of the message."""
    chosen = []
    by_file = {}
    for file, path in runner.tests():
        by_file.setdefault(file, {})[" › ".join(path)] = (file, path)
    for one in wanted:
        known = by_file.get(one["file"], {})
        names = known if one["names"] is None else one["names"]
        chosen += [known[name] for name in names if name in known]
    return chosen


class Bench:
    """What a `try` message is judged with: its tests in order, the limits of each, and the place of candidates."""

    def __init__(self, runner, message):
        self.runner = runner
        self.failing = selection(runner, message["failing"])
        first = {test_name(*one) for one in self.failing}
        self.passing = [one for one in selection(runner, message["passing"]) if test_name(*one) not in first]
        self.message = message
        self.usual = message.get("usual") or {}
        self.state = None
        if runner.preloads and not SHARED:
            SHARED["switcher"] = Switcher()
            SHARED["state"] = State()
            gc.collect()
            gc.freeze()
        self.switcher = SHARED.get("switcher")
        self.state = SHARED.get("state")

    def limit_of(self, name):
        if self.message["ticks"] >= PATIENT_TICKS:
            return NO_LIMIT
        return max(self.message["ticks"], TICK_FACTOR * self.usual.get(name, 0))


SHARED = {}
TICK_FACTOR = 4
# From here on processor time alone decides.
PATIENT_TICKS = 1000000


def attempt(runner, message, reply_with):
    bench = Bench(runner, message)
    rest = message["candidates"]
    while rest and message["ticks"] >= PATIENT_TICKS:
        # A slow one is judged once, as it must be in the end.
        reply_with(judge_batch(bench, rest[:1], True)[0])
        rest = rest[1:]
    while rest:
        told = []

        def hear(reply, told=told, rest=rest):
            # At once: whatever the next candidate does to this process, the host knows how far it came. Nothing is told
            # after a pass, which is asked again first.
            if len(told) >= len(rest) or reply.get("id") != rest[len(told)]["id"]:
                return
            told.append(reply)
            if all(one["verdict"] != "pass" for one in told):
                reply_with(reply)

        judge_batch(bench, rest, False, hear)
        passed = next((index for index, one in enumerate(told) if one["verdict"] == "pass"), None)
        if passed is None:
            rest = rest[len(told):]
            continue
        # Said in a process that others had used before, by the short way: asked again in one of its own, by the long.
        reply_with(judge_batch(bench, [rest[passed]], True)[0])
        rest = rest[passed + 1:]


def judge_batch(bench, candidates, afresh, hear=lambda reply: None):
    """Replies for the first candidates, at least one: a child ends when a candidate passes, hangs, dies or leaves traces."""
    def work(send):
        if bench.state is not None:
            bench.state.begin()
        for candidate in candidates:
            reply, clean = judge(bench, candidate, afresh)
            send(reply)
            if not clean or reply["verdict"] == "pass":
                return

    replies, ending = in_child(work, bench.message["timeoutMs"], hear)
    if ending != "done" and len(replies) < len(candidates):
        verdict = "hang" if ending == "hang" else "died"
        replies.append({**EMPTY, "id": candidates[len(replies)]["id"], "verdict": verdict})
        hear(replies[-1])
    return replies


def judge(bench, candidate, afresh):
    """The verdict, and whether the process may judge another candidate."""
    reply = {**EMPTY, "id": candidate["id"], "fixed": []}
    publish_ticks(NO_LIMIT)
    place = place_of(bench, candidate["edits"])
    if place is None:
        return reply, True
    try:
        with in_test(bench.message["timeoutMs"]):
            run_tests(bench, reply, afresh)
            bench.runner.finish()
    except TickLimit:
        # It came when the tests were over.
        reply["verdict"] = "slow"
    finally:
        if place == "switched":
            bench.switcher.undo()
    clean = place != "swapped" and not CHILD["wrote"] and (bench.state is None or bench.state.restore())
    return reply, clean


def place_of(bench, edits):
    """How the candidate was put in place; None when it cannot be compiled or loaded."""
    if bench.switcher is not None:
        switched = bench.switcher.place(edits) if edits else True
        if switched is None:
            return None
        if switched:
            return "switched"
    texts = edited(edits)
    try:
        for path, text in texts.items():
            compile(text, path, "exec", dont_inherit=True)
        if not bench.runner.preloads:
            place_afresh({**START["sources"], **texts})
            return "loaded"
        # What is loaded only when a test asks for it.
        install({**START["sources"], **texts})
        swap_modules(texts)
    except BaseException:
        return None
    return "swapped"


def place_afresh(texts):
    for name, module in list(sys.modules.items()):
        if in_tree(module) and name != "__main__":
            del sys.modules[name]
    install(texts)


def run_tests(bench, reply, afresh):
    run = run_test_afresh if afresh else lambda runner, file, path: run_test(runner, file, path, brief=True)
    clean = True
    spent = 0
    for index, (file, path) in enumerate([*bench.failing, *bench.passing]):
        name = test_name(file, path)
        if not clean and (index >= len(bench.failing) or index >= MAX_FAILING or spent > CHEAP_TICKS or
                          bench.usual.get(name, 0) > CHEAP_TICKS):
            break
        ticks = publish_ticks(bench.limit_of(name) if clean else CHEAP_TICKS)
        outcome = run(bench.runner, file, path)
        spent += ticks.used()
        over = ticks.over() or CHILD["late"]
        if outcome["status"] == "passed" and not over:
            if index < len(bench.failing):
                reply["fixed"].append(name)
            continue
        if outcome["status"] == "skipped" and index >= len(bench.failing):
            continue
        if over:
            # A test that fails for another reason says more than one that needs more time.
            reply["verdict"] = "slow" if clean else "fail"
            return
        if clean:
            reply["failed"] = name
            reply["lines"] = lines_in(outcome["error"] or "", file)
        clean = False
    reply["verdict"] = "pass" if clean else "fail"


# After the first failing test, others are run only to see how far the candidate comes.
MAX_FAILING = 4
CHEAP_TICKS = 2000


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
    for path, begin, end, text in reversed(sorted(edits, key=lambda one: (one[1], one[2]))):
        now = result.get(path, START["sources"][path])
        if now.isascii():
            result[path] = now[:begin] + text + now[end:]
        else:
            units = now.encode("utf-16-le")
            head, tail = units[:2 * begin], units[2 * end:]
            result[path] = head.decode("utf-16-le") + text + tail.decode("utf-16-le")
    return result
