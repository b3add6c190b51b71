# Runs inside the sandbox: how pytest's items are run, by the short way where it is the same, else by pytest's own protocol.
import contextlib
import os

from cambium_python.fixtures import fresh, plan_of
from cambium_python.ground import START, relative

HOOKS = ("pytest_runtest_setup", "pytest_runtest_call", "pytest_runtest_teardown", "pytest_runtest_protocol",
         "pytest_pyfunc_call", "pytest_fixture_setup", "pytest_fixture_post_finalizer")
# Marks that pytest's own hooks act on; other marks do nothing by themselves.
MARKS_WITH_HOOKS = {"skip", "skipif", "xfail"}


class PytestRunner:
    preloads = True

    def __init__(self, session):
        self.session = session
        self.items = {}
        self.ways = {}
        for item in session.items:
            file, *path = item.nodeid.split("::")
            name = relative(os.path.join(str(session.config.rootpath), file))
            self.items[(name, " › ".join(path))] = item
        self.state = getattr(session, "_setupstate", None)
        plugins = {file for name in HOOKS for file in foreign(session.config.hook, name)}
        own_hooks = any(inside(file) for file in plugins)
        self.short = not own_hooks and hasattr(self.state, "teardown_exact") and hasattr(self.state, "stack")
        # Installed plugins mostly do nothing to a plain test; where one does, the survey finds out.
        self.doubtful = self.short and bool(plugins)

        if any(name.startswith("tmp") for item in session.items for name in getattr(item, "fixturenames", ())):
            # Made once, here: every child would make a directory of its own, and clear away those of others.
            getattr(session.config, "_tmp_path_factory").getbasetemp()

    def tests(self):
        return [(file, name.split(" › ")) for file, name in self.items]

    def run_one(self, file, path):
        item = self.items[(file, " › ".join(path))]
        way = self.ways.get(item)
        if way is None:
            way = self.ways[item] = self.way_of(item)
        return way(item)

    def way_of(self, item):
        # What other kinds of items raise, those of unittest among them, is known to their reports only.
        if type(item).__name__ != "Function" or item.get_closest_marker("xfail") or item.get_closest_marker("filterwarnings"):
            return self.by_report
        if self.short and is_function(item):
            plan = plan_of(item)
            return self.by_fixtures if plan is None else lambda _item: by_plan(plan)
        return self.unreported

    def long_way(self, file, path):
        """From here on this test is run with all hooks."""
        self.ways[self.items[(file, " › ".join(path))]] = self.unreported

    def run_afresh(self, file, path):
        return self.by_report(self.items[(file, " › ".join(path))])

    def by_report(self, item):
        """pytest's own protocol and report."""
        from _pytest.runner import runtestprotocol
        self.leave(item)
        item.config.option.tbstyle = "native"
        renew(item)
        with watched_warnings(item):
            reports = runtestprotocol(item, log=False, nextitem=item.parent)
        for report in reports:
            if report.failed:
                return "failed", report.longreprtext
            if report.skipped and report.when != "teardown":
                return "skipped", None
        return "passed", None

    def unreported(self, item):
        """What pytest does for a test, without the report, which takes longer to write than most tests to run."""
        self.leave(item)
        renew(item)
        try:
            try:
                item.ihook.pytest_runtest_setup(item=item)
                item.ihook.pytest_runtest_call(item=item)
            finally:
                item.ihook.pytest_runtest_teardown(item=item, nextitem=item.parent)
        except BaseException as stop:
            return skipped_or_raise(stop)
        return "passed", None

    def by_fixtures(self, item):
        """Fixtures by pytest's own state, without the hooks of its plugins."""
        self.leave(item)
        renew(item)
        try:
            try:
                self.state.setup(item)
                arguments = item.funcargs
                given = item.obj(**{name: arguments[name] for name in item._fixtureinfo.argnames})
                if given is not None:
                    # Something is to be awaited, or a plugin takes it from here.
                    raise TypeError("the test returned a value")
            finally:
                self.state.teardown_exact(item.parent)
        except BaseException as stop:
            return skipped_or_raise(stop)
        return "passed", None

    def leave(self, item):
        """Tears down what the next test does not share with the last one. Fixtures of classes, modules and the session stay
        for the other tests of the same candidate, as they do in a real run."""
        try:
            self.state.teardown_exact(item)
        except Exception:
            # It belongs to no test any more; the tests have had their say.
            return

    def finish(self):
        """Tears down what outlived the last test."""
        self.leave(None)


def foreign(hooks, name):
    """Files of those who, besides pytest itself, have a say in how a test is run."""
    caller = getattr(hooks, name, None)
    for one in caller.get_hookimpls() if caller is not None else []:
        if not (getattr(one.function, "__module__", "") or "").startswith("_pytest."):
            code = getattr(one.function, "__code__", None)
            yield code.co_filename if code is not None else ""


def inside(file):
    return os.path.realpath(file).startswith(os.path.realpath(START["directory"]) + os.sep)


def is_function(item):
    import inspect
    if inspect.iscoroutinefunction(item.obj):
        return False
    return not any(mark.name in MARKS_WITH_HOOKS for mark in item.iter_markers())


def by_plan(plan):
    try:
        given = plan.run()
        if given is not None:
            raise TypeError("the test returned a value")
    except BaseException as stop:
        return skipped_or_raise(stop)
    return "passed", None


def renew(item):
    """A test's own request, instance and parameters, as before its first run."""
    if item not in PARAMETERS:
        PARAMETERS[item] = parameters_of(item)
    for holder, before in PARAMETERS[item]:
        holder.update({name: fresh(value) for name, value in before.items()})
    if item.cls is not None:
        item.__dict__.pop("_instance", None)
        item.__dict__.pop("_obj", None)
    if hasattr(item, "_initrequest"):
        item._initrequest()
    key = tmp_path_key()
    if key is not None:
        # The teardown of `tmp_path` looks for what a report would have left here.
        item.stash[key] = {}


PARAMETERS = {}


def parameters_of(item):
    """Where pytest keeps them (it depends on its version), and copies that no test has seen."""
    callspec = getattr(item, "callspec", None)
    holders = [getattr(callspec, name, None) for name in ("params", "funcargs")]
    return [(one, {name: fresh(value) for name, value in one.items()}) for one in holders if isinstance(one, dict)]


def watched_warnings(item):
    """The warning filters of the configuration and of marks, which pytest sets round its protocol."""
    try:
        from _pytest.warnings import catch_warnings_for_item
        return catch_warnings_for_item(config=item.config, ihook=item.ihook, when="runtest", item=item)
    except (ImportError, TypeError):
        return contextlib.nullcontext()


def tmp_path_key():
    try:
        from _pytest.tmpdir import tmppath_result_key
        return tmppath_result_key
    except ImportError:
        return None


def skipped_or_raise(stop):
    if type(stop).__name__ == "Skipped":
        return "skipped", None
    raise stop
