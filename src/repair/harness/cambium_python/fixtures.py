# Runs inside the sandbox: pytest fixtures of the simple kind, run without pytest's bookkeeping, which takes longer than most tests.
import copy
import inspect

from cambium_python.state import ATOMS


class Plan:
    """The fixtures of one test in the order in which pytest makes them: each a function of others, with the test's scope."""

    def __init__(self, item, steps, arguments):
        self.item = item
        self.steps = steps
        self.arguments = arguments

    def run(self):
        values = {}
        open_ones = []
        try:
            for name, make, needs, kind in self.steps:
                given = make(**{one: values[one] for one in needs}) if kind != "value" else fresh(make)
                if kind == "generator":
                    open_ones.append(given)
                    given = next(given)
                values[name] = given
            return self.item.obj(**{name: values[name] for name in self.arguments})
        finally:
            close(open_ones)


def close(generators):
    """Teardown in the opposite order; what it raises is the test's failure, as in pytest."""
    trouble = None
    for one in reversed(generators):
        try:
            next(one, None)
        except Exception as error:
            trouble = trouble or error
    if trouble is not None:
        raise trouble


def plan_of(item):
    """Null when a fixture has another scope, parameters, or a wish to see the request: then pytest makes it."""
    if item.cls is not None:
        return None
    callspec = getattr(item, "callspec", None)
    # Before pytest 8, direct parameters are kept apart from those that fixtures are given.
    direct = getattr(callspec, "funcargs", None)
    params = {**getattr(callspec, "params", {}), **(direct or {})}
    steps = [(name, value, (), "value") for name, value in (direct or {}).items()]
    known = {name for name, *_ in steps}
    for name in item.fixturenames:
        if not add_step(item, (name, params), (steps, known)):
            return None
    return Plan(item, steps, item._fixtureinfo.argnames)


def add_step(item, wanted, found):
    name, params = wanted
    steps, known = found
    if name in known:
        return True
    definitions = item._fixtureinfo.name2fixturedefs.get(name) or ()
    if name in params and all(getattr(one.func, "__module__", "") == "_pytest.python" for one in definitions):
        known.add(name)
        steps.append((name, params[name], (), "value"))
        return True
    if len(definitions) != 1 or name in params:
        return False
    one = definitions[0]
    function = one.func
    if one.scope != "function" or getattr(one, "params", None) or "request" in one.argnames:
        return False
    if inspect.ismethod(function) or not inspect.isfunction(function) or inspect.iscoroutinefunction(
            function) or inspect.isasyncgenfunction(function):
        return False
    if list(inspect.signature(function).parameters) != list(one.argnames):
        return False
    if not all(add_step(item, (need, params), found) for need in one.argnames):
        return False
    known.add(name)
    steps.append((name, function, one.argnames, "generator" if inspect.isgeneratorfunction(function) else "function"))
    return True


def fresh(value):
    """Parameters are made once for a run; a candidate must not find what another did to them."""
    return value if isinstance(value, ATOMS) else copied(value)


def copied(value):
    if type(value) is list:
        return [fresh(one) for one in value]
    if type(value) is tuple:
        return tuple(fresh(one) for one in value)
    return copy.deepcopy(value)
