# Runs inside the sandbox: notes the arguments that tests give to functions, and makes the same calls of the functions of
# another program, in a child of its own.
import builtins
import inspect
import os
import sys
import time

from cambium_python.children import in_child
from cambium_python.ground import START, TickLimit, encode, full, real
from cambium_python.requests import selection
from cambium_python.runners import run_test
from cambium_python.swapping import in_tree, install, swap_modules, tree_modules
from cambium_python.values import Lost, decode_value, encode_value, iterated

MAX_CALL_CHARS = 40000
MAX_RECORD_CHARS = 600000
MAX_ENDINGS = 3
VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def record(runner, message, reply_with):
    def work(send):
        load(runner, message["sources"])
        Turns(message["ticks"])
        notes = Notes(message, send)
        for failing in (True, False):
            notes.failing = failing
            for file, path in selection(runner, message["failing" if failing else "passing"]):
                sys.setprofile(notes.profile)
                run_test(runner, file, path, brief=True)
                sys.setprofile(None)
                send({"alive": True})

    found, _ending = in_child(work, message["timeoutMs"])
    calls = [one["call"] for one in found if "call" in one]
    reply_with({"op": "record", "id": message["id"], "calls": calls})


def load(runner, texts):
    """The given texts in place of the files, in a child that nobody uses afterwards."""
    if runner.preloads:
        swap_modules(texts)
        return
    for name, module in list(sys.modules.items()):
        if in_tree(module) and name != "__main__":
            del sys.modules[name]
    install({**START["sources"], **texts})


class Turns:
    """Loop turns and calls, counted where guarded code finds it; begun anew for each observed call."""

    def __init__(self, limit):
        self.used = 0
        self.limit = limit
        builtins.__cambiumTick__ = self.tick

    def tick(self):
        self.used += 1
        if self.used > self.limit:
            raise TickLimit("the tick limit was passed")
        return True

    def over(self):
        return self.used > self.limit


class Notes:
    """Arguments of the calls from outside: a function's own recursion does not count."""

    def __init__(self, message, send):
        self.wanted = {(real(full(one["file"])), one["name"]): number for number, one in enumerate(message["functions"])}
        self.max_calls = message["maxCalls"]
        self.send = send
        self.failing = True
        self.files = {}
        self.active = {}
        self.counts = {}
        self.seen = set()
        self.chars = 0

    def profile(self, frame, event, _arg):
        if event not in ("call", "return"):
            return
        code = frame.f_code
        if code.co_filename not in self.files:
            self.files[code.co_filename] = real(code.co_filename)
        number = self.wanted.get((self.files[code.co_filename], code.co_qualname))
        if number is None:
            return
        depth = self.active.get(number, 0)
        self.active[number] = depth + 1 if event == "call" else max(0, depth - 1)
        if event == "call" and depth == 0 and not code.co_flags & VARIADIC:
            self.note(number, frame)

    def note(self, number, frame):
        if self.counts.get(number, 0) >= self.max_calls or self.chars > MAX_RECORD_CHARS:
            return
        code = frame.f_code
        names = code.co_varnames[:code.co_argcount]
        if code.co_kwonlyargcount or any(name not in frame.f_locals for name in names):
            return
        args = [encode_value(frame.f_locals[name]) for name in names]
        call = {"fn": number, "receiver": None, "args": args, "failing": self.failing}
        text = encode(call)
        if len(text) > MAX_CALL_CHARS or '{"$": "cut"}' in text or text in self.seen:
            return
        self.seen.add(text)
        self.chars += len(text)
        self.counts[number] = self.counts.get(number, 0) + 1
        self.send({"call": call})


def observe(runner, message, reply_with):
    calls = message["calls"]
    begun = 0
    ends = time.monotonic() + message["budgetMs"] / 1000
    for _ in range(MAX_ENDINGS + 1):
        def work(send, begun=begun):
            turns = Turns(message["ticks"])
            load(runner, message["sources"])
            if not runner.preloads:
                for file, path in runner.tests():
                    run_test(runner, file, path, brief=True)
            functions = [function_of(one) for one in message["functions"]]
            for call in calls[begun:]:
                send({"result": observe_call(functions[call["fn"]], call, turns, time.monotonic() > ends)})

        found, ending = in_child(work, message["timeoutMs"])
        results = [one["result"] for one in found if "result" in one]
        if ending != "done" and begun + len(results) < len(calls):
            results.append({"kind": "endless" if ending == "hang" else "unknown"})
        reply_with({"op": "observe", "id": message["id"], "from": begun, "results": results, "done": False})
        begun += len(results)
        if ending == "done" or begun >= len(calls):
            break
    reply_with({"op": "observe", "id": message["id"], "from": begun, "results": [], "done": True})


def function_of(wanted):
    """The function as the program has it now, or None; the names of methods are `Class.method`."""
    origin = real(full(wanted["file"]))
    for module in [*tree_modules(), sys.modules.get("__main__")]:
        if module is None or real(getattr(module, "__file__", None) or os.devnull) != origin:
            continue
        found = module
        for name in wanted["name"].split("."):
            found = found.__dict__.get(name) if hasattr(found, "__dict__") else None
        if isinstance(found, (staticmethod, classmethod)):
            found = found.__func__
        return found if callable(found) else None
    return None


def observe_call(function, call, turns, late):
    if function is None or late:
        return {"kind": "unknown"}
    try:
        args = [decode_value(one) for one in call["args"]]
    except Lost:
        return {"kind": "unknown"}
    turns.used = 0
    try:
        value = iterated(function(*args))
    except BaseException as thrown:
        return {"kind": "endless"} if turns.over() else {"kind": "throws", "name": type(thrown).__name__}
    if turns.over():
        return {"kind": "endless"}
    result = {"kind": "value", "value": encode_value(value)}
    after = [encode_value(one) for one in args]
    return result if after == call["args"] else {**result, "after": after}
