# Runs inside the sandbox: the state that candidates of one process would share; put back where that is simple, else reported.
import builtins
import functools
import gc
import operator
import os
import sys
import threading

from cambium_python.swapping import tree_modules

ATOMS = (int, float, complex, str, bytes, bool, type(None))
CONTAINERS = (list, dict, set, bytearray)
MAX_ITEMS = 20000
MAX_DEPTH = 5
FUNCTION = type(tree_modules)
# The bytes below `os.environ`: decoding every variable for every candidate takes as long as a test.
ENVIRONMENT = getattr(os.environ, "_data", os.environ)


class State:
    """A picture of names, classes, containers and caches of the tree, taken before any candidate ran."""

    def __init__(self):
        self.names = []
        self.containers = []
        self.caches = []
        seen = set()
        modules = tree_modules()
        for module in modules:
            self.names.append((vars(module), dict(vars(module))))
        for module in modules:
            for value in list(vars(module).values()):
                self.note(value, seen, 0)
        self.builtin_count = len(vars(builtins))
        self.builtins = tuple(zip(*((k, v) for k, v in vars(builtins).items() if not k.startswith("__"))))
        names = {module.__name__ for module in modules}
        for one in gc.get_objects():
            if type(one) is functools._lru_cache_wrapper and getattr(one, "__module__", None) in names:
                self.caches.append(one)
        self.random = sys.modules["random"] if any(uses_random(module) for module in modules) else None
        self.random_state = self.random and self.random.getstate()
        self.outside = None

    def begin(self):
        """In a new process, before its first candidate."""
        self.outside = outside()

    def note(self, value, seen, depth):
        """Walks what the tree's own classes, functions and objects hold; foreign objects are left alone."""
        if depth > MAX_DEPTH or isinstance(value, ATOMS) or id(value) in seen:
            return
        seen.add(id(value))
        if isinstance(value, CONTAINERS):
            self.note_container(value)
        elif isinstance(value, FUNCTION):
            for one in (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()):
                self.note(one, seen, depth + 1)
            for cell in value.__closure__ or ():
                try:
                    self.note(cell.cell_contents, seen, depth + 1)
                except ValueError:
                    continue
            if value.__dict__:
                self.note(value.__dict__, seen, depth + 1)
        elif isinstance(value, type) and of_tree(value):
            self.names.append((value, dict(vars(value))))
            for one in list(vars(value).values()):
                self.note(getattr(one, "__func__", one), seen, depth + 1)
        elif of_tree(type(value)) and isinstance(getattr(value, "__dict__", None), dict):
            self.names.append((value.__dict__, dict(value.__dict__)))
            for one in list(value.__dict__.values()):
                self.note(one, seen, depth + 1)

    def note_container(self, value):
        budget = [MAX_ITEMS]
        flat = all(isinstance(one, ATOMS) for one in parts(value)) and len(value) <= MAX_ITEMS
        plain = flat or is_plain(value, 0, budget)
        if plain:
            self.containers.append((value, frozen(value), flat))
        else:
            self.containers.append((value, len(value), None))

    def restore(self):
        """False when something stays changed: the process must not judge another candidate."""
        for cache in self.caches:
            cache.cache_clear()
        for holder, before in self.names:
            now = holder if isinstance(holder, dict) else vars(holder)
            if len(now) == len(before) and same_values(now, before, before.values()):
                continue
            if not rebind(holder, now, before):
                return False
        for value, before, flat in self.containers:
            if flat is None:
                if len(value) != before:
                    return False
            elif value != before:
                if not flat:
                    return False
                refill(value, before)
        if self.random is not None:
            self.random.setstate(self.random_state)
        if len(vars(builtins)) != self.builtin_count or not same_values(vars(builtins), *self.builtins):
            return False
        return outside() == self.outside


def same_values(now, names, values):
    return all(map(operator.is_, map(now.get, names), values))


def outside():
    """What lies outside the modules: environment, place, path, descriptors, threads."""
    try:
        probe = os.dup(0)
        os.close(probe)
    except OSError:
        probe = -1
    return (ENVIRONMENT.copy(), os.getcwd(), tuple(sys.path), probe, threading.active_count(),
            os.stat(".").st_mtime_ns, sys.getrecursionlimit())


def uses_random(module):
    name = "random"
    return name in sys.modules and any(
        value is sys.modules[name] or getattr(value, "__self__", None) is sys.modules[name]._inst
        for value in vars(module).values() if not isinstance(value, ATOMS))


def of_tree(kind):
    module = sys.modules.get(getattr(kind, "__module__", None))
    return module in tree_modules()


def parts(value):
    return value.values() if isinstance(value, dict) else value


def is_plain(value, depth, budget):
    budget[0] -= 1
    if isinstance(value, ATOMS):
        return True
    if depth > MAX_DEPTH or budget[0] < 0 or type(value) not in (list, dict, set, tuple, frozenset, bytearray):
        return False
    return all(is_plain(one, depth + 1, budget) for one in parts(value))


def frozen(value):
    """A copy that shares nothing that can change."""
    if type(value) is list:
        return [frozen(one) for one in value]
    if type(value) is tuple:
        return tuple(frozen(one) for one in value)
    if isinstance(value, dict):
        return {key: frozen(one) for key, one in value.items()}
    return type(value)(value) if isinstance(value, (set, bytearray)) else value


def refill(value, before):
    if isinstance(value, (list, bytearray)):
        value[:] = before
    else:
        value.clear()
        value.update(before)


def rebind(holder, now, before):
    try:
        if isinstance(holder, dict):
            holder.clear()
            holder.update(before)
            return True
        for name in [name for name in now if name not in before]:
            delattr(holder, name)
        for name, value in before.items():
            if vars(holder).get(name) is not value:
                setattr(holder, name, value)
        return True
    except (AttributeError, TypeError):
        return False
