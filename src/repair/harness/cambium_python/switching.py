# Runs inside the sandbox: a candidate that changes one function is compiled as that function, and its code is switched.
import __future__
import ast
import gc
import os

from cambium_python.ground import START, full

FUNCTION = type(full)
FUTURE = 0
for name in __future__.all_feature_names:
    FUTURE |= getattr(__future__, name).compiler_flag
# What a decorator may be without holding the function's results, or the function itself, in a place of its own.
TRANSPARENT = {"staticmethod", "classmethod", "property", "abstractmethod", "override", "wraps"}


class Unit:
    """An outermost function or a method: its place in the text, and the loaded functions that run it."""

    def __init__(self, place, head, holders):
        self.begin, self.end = place
        self.head = head
        self.functions = holders
        self.base = None


class SourceFile:
    """One file of the start message, cut into units. Offsets count UTF-16 units, as the host's do."""

    def __init__(self, path, index):
        self.path = path
        self.name = full(path)
        self.text = START["sources"][path]
        self.wide = None if self.text.isascii() else self.text.encode("utf-16-le")
        self.flags = 0
        self.units = []
        functions = index.get(os.path.realpath(self.name), {})
        if not functions:
            return
        try:
            tree = ast.parse(self.text)
        except (SyntaxError, ValueError):
            return
        for code in (one.__code__ for group in functions.values() for one in group):
            self.flags |= code.co_flags & FUTURE
        self.starts = line_starts(self.text)
        self.collect(tree, [], functions)

    def collect(self, node, above, functions):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.add(child, above, functions)
            elif isinstance(child, ast.ClassDef):
                self.collect(child, [*above, ("class %s:" % child.name, child.col_offset)], functions)
            elif isinstance(child, (ast.If, ast.Try, ast.With)):
                self.collect(child, [*above, ("if 1:", child.col_offset)], functions)

    def add(self, node, above, functions):
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        holders = functions.get((first, node.name), [])
        known = all(decorator_name(one) in TRANSPARENT for one in node.decorator_list)
        own_line = not self.text[self.starts[node.lineno - 1]:][:node.col_offset].strip()
        if not holders or not known or not own_line or node.end_lineno is None:
            return
        # Decorators stay out of the unit: the function below them is compiled alone.
        begin = self.starts[node.lineno - 1]
        end = self.starts[node.end_lineno - 1] + len(
            self.text[self.starts[node.end_lineno - 1]:].encode()[:node.end_col_offset].decode())
        lines = ["%s%s\n" % (" " * indent, line) for line, indent in above]
        head = "\n" * max(0, node.lineno - 1 - len(lines)) + "".join(lines)
        self.units.append(Unit((wide_offset(self.text, begin), wide_offset(self.text, end)), head, holders))

    def cut(self, begin, end):
        if self.wide is None:
            return self.text[begin:end]
        return self.wide[2 * begin:2 * end].decode("utf-16-le")

    def compiled(self, text):
        return compile(text, self.name, "exec", self.flags, dont_inherit=True)


def decorator_name(node):
    while isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return "property" if node.attr in ("setter", "getter", "deleter") else node.attr
    return getattr(node, "id", None)


def line_starts(text):
    starts = [0]
    for at, letter in enumerate(text):
        if letter == "\n":
            starts.append(at + 1)
    return starts


def wide_offset(text, offset):
    return offset if text.isascii() else len(text[:offset].encode("utf-16-le")) // 2


def function_index():
    """File → (first line, name) → loaded functions."""
    index = {}
    wanted = {os.path.realpath(full(path)) for path in START["sources"]}
    places = {}
    for one in gc.get_objects():
        if type(one) is not FUNCTION:
            continue
        code = one.__code__
        name = places.get(code.co_filename)
        if name is None:
            name = places[code.co_filename] = os.path.realpath(code.co_filename)
        if name in wanted:
            index.setdefault(name, {}).setdefault((code.co_firstlineno, code.co_name), []).append(one)
    return index


class Switcher:
    """Made in the parent once everything is loaded; children use it."""

    def __init__(self):
        index = function_index()
        self.files = {path: SourceFile(path, index) for path in START["sources"]}
        self.switched = []

    def place(self, edits):
        """True when the edits lie in functions whose code alone they change; None when they do not compile."""
        plan = []
        for unit, file, own in self.grouped(edits) or ():
            text = edited_part(file, unit, own)
            try:
                code = file.compiled(unit.head + text)
            except (SyntaxError, ValueError, MemoryError, RecursionError):
                return None
            if unit.base is None:
                unit.base = file.compiled(unit.head + file.cut(unit.begin, unit.end))
            inner = only_difference(unit.base, code)
            if inner is None:
                return False
            plan.append((unit, inner))
        if not plan:
            return False
        for unit, code in plan:
            for function in unit.functions:
                if len(function.__code__.co_freevars) != len(code.co_freevars):
                    self.undo()
                    return False
                self.switched.append((function, function.__code__))
                function.__code__ = code
        return True

    def undo(self):
        for function, code in self.switched:
            function.__code__ = code
        self.switched.clear()

    def grouped(self, edits):
        found = {}
        for path, begin, end, text in edits:
            file = self.files[path]
            unit = next((one for one in file.units if one.begin <= begin and end <= one.end), None)
            if unit is None:
                return None
            found.setdefault(id(unit), (unit, file, []))[2].append((begin, end, text))
        return found.values()


def edited_part(file, unit, edits):
    parts = []
    at = unit.begin
    for begin, end, text in sorted(edits, key=lambda one: (one[0], one[1])):
        parts += [file.cut(at, begin), text]
        at = end
    return "".join([*parts, file.cut(at, unit.end)])


def only_difference(base, code):
    """The function's new code, when the code round it (defaults, annotations, a class) stayed what it was."""
    kind = type(code)
    while True:
        if base.co_code != code.co_code or base.co_names != code.co_names:
            return None
        if len(base.co_consts) != len(code.co_consts):
            return None
        inner = [index for index, one in enumerate(code.co_consts) if isinstance(one, kind)]
        for index, one in enumerate(code.co_consts):
            if index not in inner and not same_constant(one, base.co_consts[index]):
                return None
        if len(inner) != 1 or not isinstance(base.co_consts[inner[0]], kind):
            return None
        base, code = base.co_consts[inner[0]], code.co_consts[inner[0]]
        if base.co_flags & 0x1 and code.co_flags & 0x1:
            same = base.co_name == code.co_name and base.co_varnames[:argument_count(base)] == code.co_varnames[
                :argument_count(code)] and base.co_flags & 0xC == code.co_flags & 0xC
            return code if same else None


def argument_count(code):
    return code.co_argcount + code.co_kwonlyargcount


def same_constant(a, b):
    return type(a) is type(b) and repr(a) == repr(b)
