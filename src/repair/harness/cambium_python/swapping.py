# Runs inside the sandbox: a candidate's text in place of a module that is loaded, or about to be.
import os
import sys

from cambium_python.coverage import load_traced
from cambium_python.ground import START, full, real


class Override:
    """A meta path finder that loads given texts in place of files."""

    def __init__(self, texts):
        from importlib.machinery import PathFinder, SourceFileLoader
        self.texts = {os.path.realpath(full(path)): text for path, text in texts.items()}
        self.finder = PathFinder
        override = self

        class Loader(SourceFileLoader):
            def get_code(self, fullname):
                return compiled(override.texts[os.path.realpath(self.path)], self.path)

            def exec_module(self, module):
                load_traced(lambda: super(Loader, self).exec_module(module), self.path)

        self.loader = Loader

    def find_spec(self, name, path=None, target=None):
        spec = self.finder.find_spec(name, path, target)
        origin = os.path.realpath(spec.origin) if spec is not None and spec.origin else None
        if origin in self.texts:
            spec.loader = self.loader(name, spec.origin)
            spec.cached = None
        return spec


def compiled(text, path):
    """Compiled once for the same text: most files are the same in every candidate."""
    key = (path, text)
    if key not in COMPILED:
        if len(COMPILED) > MAX_COMPILED:
            COMPILED.clear()
        COMPILED[key] = compile(text, path, "exec", dont_inherit=True)
    return COMPILED[key]


COMPILED = {}
MAX_COMPILED = 2000


def install(texts):
    sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, Override)]
    sys.meta_path.insert(0, Override(texts))


def swap_modules(texts):
    """Runs the new text inside modules that are already loaded, and hands its functions to who imported the old ones.
    True when every text found its module."""
    files = {real(full(path)): text for path, text in texts.items()}
    found = set()
    for module in list(tree_modules()):
        origin = real(module.__file__)
        if origin not in files:
            continue
        found.add(origin)
        before = dict(vars(module))
        exec(compiled(files[origin], module.__file__), vars(module))
        hand_over(module, before)
    return len(found) == len(files)


def hand_over(module, before):
    names = vars(module)
    moved = {}
    for name, old in before.items():
        new = names.get(name)
        if name.startswith("__") or new is old:
            continue
        if isinstance(old, FUNCTION) and isinstance(new, FUNCTION) and same_cells(old, new):
            # The old object stays, with the new code: whoever holds it calls the candidate.
            old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
            names[name] = old
        elif isinstance(old, type) and isinstance(new, type) and refit(old, new):
            names[name] = old
        else:
            moved[id(old)] = (old, new)
    if not moved:
        return
    for other in tree_modules():
        if other is module:
            continue
        for name, value in list(vars(other).items()):
            if id(value) in moved and moved[id(value)][0] is value and not isinstance(value, (int, str, bool, type(None))):
                vars(other)[name] = moved[id(value)][1]


def same_cells(old, new):
    return len(old.__code__.co_freevars) == 0 and len(new.__code__.co_freevars) == 0


def refit(old, new):
    try:
        for name, value in list(vars(new).items()):
            if name not in ("__dict__", "__weakref__", "__doc__"):
                setattr(old, name, value)
    except (AttributeError, TypeError):
        return False
    return True


def in_tree(module):
    origin = getattr(module, "__file__", None)
    if not isinstance(origin, str):
        return False
    if origin not in INSIDE:
        INSIDE[origin] = os.path.realpath(origin).startswith(os.path.realpath(START["directory"]) + os.sep)
    return INSIDE[origin]


def tree_modules():
    """Loaded modules of the tree; looked for again only when another number of modules is loaded."""
    if TREE["count"] != len(sys.modules):
        TREE["count"] = len(sys.modules)
        TREE["modules"] = [module for module in list(sys.modules.values()) if in_tree(module)]
    return TREE["modules"]


INSIDE = {}
TREE = {"count": -1, "modules": []}


FUNCTION = type(real)
