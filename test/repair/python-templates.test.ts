// The space of single changes holds the mistakes that are Python's own: one example of each class.
import { expect, test } from 'vitest';
import { ideasFor, reasonFor } from './reached.ts';

type Example = readonly [before: string, after: string];

const CLASSES: Readonly<Record<string, Example>> = {
  'a whole sequence for its part': [
    'def f(rows, start):\n    return total(rows)\n',
    'def f(rows, start):\n    return total(rows[start:])\n',
  ],
  'one item for all of them together': [
    'def f(rows):\n    return rows[0]\n',
    'def f(rows):\n    return sum(rows)\n',
  ],
  'indices in the wrong order': [
    'def f(grid, x, y):\n    return grid[x, y]\n',
    'def f(grid, x, y):\n    return grid[y, x]\n',
  ],
  'nested indices in the wrong order': [
    'def f(grid, x, y):\n    return grid[x][y]\n',
    'def f(grid, x, y):\n    return grid[y][x]\n',
  ],
  'a key that may be missing': [
    'def f(counts, name):\n    return counts[name]\n',
    'def f(counts, name):\n    return counts.get(name, 0)\n',
  ],
  'a comprehension without its filter': [
    'def f(rows):\n    return [row for row in rows]\n',
    'def f(rows):\n    return [row for row in rows if row > 0]\n',
  ],
  'loops of a comprehension in the wrong order': [
    'def f(rows):\n    return [x for x in row for row in rows]\n',
    'def f(rows):\n    return [x for row in rows for x in row]\n',
  ],
  'a second value that was never compared': [
    "def f(kind):\n    return kind == 'a' or 'b'\n",
    "def f(kind):\n    return kind == 'a' or kind == 'b'\n",
  ],
  'a forgotten self': [
    'class A:\n    def set(self, size):\n        self.size = size\n    def get(self):\n        return size\n',
    'class A:\n    def set(self, size):\n        self.size = size\n    def get(self):\n        return self.size\n',
  ],
  'a method that is not called': [
    'def f(text):\n    return text.strip\n',
    'def f(text):\n    return text.strip()\n',
  ],
  'a loop that goes the wrong way': [
    'def f(n):\n    for i in range(n):\n        show(i)\n',
    'def f(n):\n    for i in range(n - 1, -1, -1):\n        show(i)\n',
  ],
  'ties that keep no order': [
    'def f(rows):\n    return sorted(rows, key=lambda row: len(row))\n',
    'def f(rows):\n    return sorted(rows, key=lambda row: (len(row), row))\n',
  ],
  'rows that are one list': [
    'def f(n, m):\n    return [[0] * n] * m\n',
    'def f(n, m):\n    return [[0] * n for _ in range(m)]\n',
  ],
  'floating-point numbers compared for equality': [
    'def f(a, b):\n    return a == b\n',
    'def f(a, b):\n    return abs(a - b) < 1e-9\n',
  ],
  'the wrong bracket': [
    "def f(letter):\n    return letter == '{'\n",
    "def f(letter):\n    return letter == '['\n",
  ],
  'the wrong type': [
    'def f(x):\n    return isinstance(x, list)\n',
    'def f(x):\n    return isinstance(x, (list, tuple))\n',
  ],
  'a result that is not kept': [
    "def f(text):\n    text.replace('a', 'b')\n    return text\n",
    "def f(text):\n    text = text.replace('a', 'b')\n    return text\n",
  ],
  'a recursion whose result is not returned': [
    'def f(node):\n    if node:\n        f(node.next)\n',
    'def f(node):\n    if node:\n        return f(node.next)\n',
  ],
  'sorting that gives nothing': [
    'def f(rows):\n    return rows.sort()\n',
    'def f(rows):\n    return sorted(rows)\n',
  ],
  'several values in the wrong order': [
    'def f(low, high):\n    return low, high\n',
    'def f(low, high):\n    return high, low\n',
  ],
  'a statement after the loop that belongs into it': [
    'def f(rows):\n    for row in rows:\n        show(row)\n    count(row)\n',
    'def f(rows):\n    for row in rows:\n        show(row)\n        count(row)\n',
  ],
  'an elif that must be tested in any case': [
    'def f(a):\n    if a > 1:\n        b()\n    elif a > 2:\n        c()\n',
    'def f(a):\n    if a > 1:\n        b()\n    if a > 2:\n        c()\n',
  ],
  'values that are given one by one': [
    'def f(rows):\n    for row in rows:\n        yield f(row)\n',
    'def f(rows):\n    for row in rows:\n        yield from f(row)\n',
  ],
  'an operator typed backwards': [
    'def f(n):\n    n =+ 1\n    return n\n',
    'def f(n):\n    n += 1\n    return n\n',
  ],
  'a default that all calls share': [
    'def f(x, seen=[]):\n    seen.append(x)\n    return seen\n',
    'def f(x, seen=None):\n    if seen is None:\n        seen = []\n    seen.append(x)\n    return seen\n',
  ],
  'a name of the module that is assigned to': [
    'count = 0\n\n\ndef f():\n    count += 1\n    return count\n',
    'count = 0\n\n\ndef f():\n    global count\n    count += 1\n    return count\n',
  ],
  'a function that returns nothing': [
    'def f(rows):\n    total = 0\n    for row in rows:\n        total += row\n',
    'def f(rows):\n    total = 0\n    for row in rows:\n        total += row\n    return total\n',
  ],
  'an item that is never collected': [
    'def f(rows):\n    found = []\n    for row in rows:\n        if row:\n            show(row)\n    return found\n',
    'def f(rows):\n    found = []\n    for row in rows:\n        if row:\n            show(row)\n            found.append(row)\n    return found\n',
  ],
  'a loop that changes nothing it looks at': [
    'def f(n):\n    while n > 0:\n        show(n)\n',
    'def f(n):\n    while n > 0:\n        show(n)\n        n -= 1\n',
  ],
};

for (const [what, [before, after]] of Object.entries(CLASSES)) {
  test(`${what} is mended by one change`, () => {
    expect(reasonFor(before, after, { language: 'python' })).not.toBeNull();
  });
}

test('they are not proposed for other languages', () => {
  const text = 'function f(rows, start) { return rows[start].sort(); }\n';
  const python =
    /^(?:part|aggregate|index-order|lookup|comprehension|attribute|dropped-result|in-place|collect)$/;
  expect(ideasFor(text).filter((idea) => python.test(idea.template))).toEqual([]);
});

test('a file that begins with empty lines has the same space of changes', () => {
  const text = 'def f(rows):\n    for row in rows:\n        show(row)\n    return rows\n';
  const count = (source: string) => ideasFor(source, { language: 'python' }).length;
  expect(count(`\n\n${text}`)).toBe(count(text));
  const guarded = `\n\n${text.replace('    for', '    if not rows:\n        return rows\n    for')}`;
  expect(reasonFor(`\n\n${text}`, guarded, { language: 'python' })).not.toBeNull();
});
