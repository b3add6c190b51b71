# Judges candidates by a case's own check, all its assertions, apart from the engine's harness; and compares them with the
# reference on mutated arguments. Reads one JSON object on standard input, writes one on standard output.
import copy
import json
import os
import random
import resource
import signal
import sys

SECONDS = 5
CALL_SECONDS = 0.25
MAX_INPUTS = 400
SEED = 7777


class Late(BaseException):
    pass


def late(_signum, _frame):
    raise Late()


def apart(work, seconds):
    """Runs `work` in a fork; its JSON answer, or None."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read_end)
            resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, 1)
            os.dup2(null, 2)
            signal.signal(signal.SIGALRM, late)
            signal.setitimer(signal.ITIMER_REAL, seconds)
            answer = json.dumps(work()).encode()
            signal.setitimer(signal.ITIMER_REAL, 0)
            with os.fdopen(write_end, "wb") as out:
                out.write(answer)
        except BaseException:
            os._exit(1)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as answer:
        data = answer.read()
    os.waitpid(child, 0)
    return json.loads(data) if data else None


def load(program):
    names = {"__name__": "solution"}
    exec(compile(program, "solution", "exec"), names)
    return names


def passes_all(program, task):
    def work():
        names = load(program)
        random.seed(SEED)
        exec(compile(task["test"], "test", "exec"), names)
        return True
    return apart(work, SECONDS) is True


def recorded(task):
    def work():
        names = load(task["reference"])
        entry = names[task["entry"]]
        seen = []

        def wrapped(*args):
            if len(seen) < 200:
                try:
                    seen.append(repr(copy.deepcopy(args)))
                except Exception:
                    pass
            return entry(*args)
        names[task["entry"]] = wrapped
        random.seed(SEED)
        try:
            exec(compile(task["test"], "test", "exec"), names)
        except Exception:
            return seen
        return seen
    return apart(work, SECONDS) or []


def mutated(value, chance):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return chance.choice([value + 1, value - 1, 0, -value, value * 2, 7])
    if isinstance(value, float):
        return chance.choice([value + 1, value - 1, 0.5, -value, value * 2, value / 3])
    if isinstance(value, str):
        at = chance.randrange(len(value) + 1)
        other = chance.choice(value) if value else "a"
        return chance.choice([value[:at] + value[at + 1:], value[:at] + other + value[at:], value[::-1], value + value,
                              value.upper(), ""])
    if isinstance(value, (list, tuple)):
        items = list(value)
        at = chance.randrange(len(items)) if items else 0
        without = items[:at] + items[at + 1:]
        changed = [mutated(one, chance) if index == at else one for index, one in enumerate(items)]
        more = (items + items[at:at + 1])[:60]
        return type(value)(chance.choice([without, changed, changed, items[::-1], more]))
    if isinstance(value, dict) and value:
        key = chance.choice(list(value))
        return {**value, key: mutated(value[key], chance)}
    return value


def inputs_of(calls):
    chance = random.Random(SEED)
    found = dict.fromkeys(calls[:MAX_INPUTS // 2])
    for turn in range(MAX_INPUTS * 3):
        if len(found) >= MAX_INPUTS or not calls:
            break
        args = list(parse(calls[turn % len(calls)]))
        if args:
            at = chance.randrange(len(args))
            args[at] = mutated(args[at], chance)
        found[repr(tuple(args))] = None
    return list(found)


def parse(text):
    import math
    return eval(text, {"nan": math.nan, "inf": math.inf})


def answers(program, inputs, entry):
    def work():
        function = load(program)[entry]
        found = []
        slow = 0
        for text in inputs:
            if slow > 5:
                found.append(None)
                continue
            signal.setitimer(signal.ITIMER_REAL, CALL_SECONDS)
            try:
                found.append(repr(function(*parse(text))))
            except Late:
                slow += 1
                found.append(None)
            except BaseException:
                found.append(None)
        return found
    return apart(work, SECONDS) or [None] * len(inputs)


def main():
    task = json.load(sys.stdin)
    usable = []
    wanted = []
    inputs = []
    for text in recorded(task):
        try:
            parse(text)
            inputs.append(text)
        except Exception:
            continue
    inputs = inputs_of(inputs)
    for text, value in zip(inputs, answers(task["reference"], inputs, task["entry"])):
        if value is not None and "nan" not in value:
            usable.append(text)
            wanted.append(value)
    judged = []
    for program in task["programs"]:
        same = bool(usable) and answers(program, usable, task["entry"]) == wanted
        judged.append({"right": passes_all(program, task), "same": same, "compared": len(usable)})
    json.dump(judged, sys.stdout)


main()
