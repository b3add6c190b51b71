// Families of changes for JavaScript: from the wrong text to the right one, with the reason that people read.
import { expect, test } from 'vitest';
import { applyEdits } from '#repair/edits.ts';
import { ideasFor, reasonFor } from './reached.ts';

/** Body of a function with the usual names in sight. */
const f = (body: string) => `function f(list, options, key) {\n  ${body}\n}\n`;

test.each([
  // values that may be missing
  [
    'return options.name.length;',
    'return options.name?.length;',
    'replace options.name.length by options.name?.length',
  ],
  ['return options[key];', 'return options?.[key];', 'replace options[key] by options?.[key]'],
  ['return options.on(key);', 'return options.on?.(key);', 'replace options.on(key) by options.on?.(key)'],
  ['const all = options.all;', 'const all = options.all || [];', 'use [] when options.all is empty'],
  ['return options.size;', 'return options.size ?? 0;', 'use 0 when options.size is missing'],
  [
    'return options.a.b;',
    'return (options.a && options.a.b);',
    'only when there is options.a: (options.a && options.a.b)',
  ],
  [
    'if (options.name) return 1;',
    "if (typeof options.name === 'string') return 1;",
    "replace options.name by typeof options.name === 'string'",
  ],
  [
    'if (options.n) return 1;',
    'if (options.n !== undefined) return 1;',
    'replace options.n by options.n !== undefined',
  ],
  ['if (key === null) return 1;', 'if (key == null) return 1;', 'replace === by =='],
  // promises
  [
    'const all = list.map(async (x) => x.load());',
    'const all = await Promise.all(list.map(async (x) => x.load()));',
    /Promise\.all/,
  ],
  [
    'list.forEach(async (x) => { await x.save(); });',
    'for (const x of list) { await x.save(); }',
    /by for \(const x of list\)/,
  ],
  ['options.load(key);', 'return options.load(key);', 'return options.load(key)'],
  // what is shared is changed in place
  ['return list.sort();', 'return [...list].sort();', 'replace list.sort() by [...list].sort()'],
  ['const own = options;', 'const own = { ...options };', 'replace options by { ...options }'],
  [
    'return Object.assign(options, key);',
    'return Object.assign({}, options, key);',
    /Object\.assign\(\{\}, options/,
  ],
  // keys
  [
    'return key in options;',
    'return Object.hasOwn(options, key);',
    'replace key in options by Object.hasOwn(options, key)',
  ],
  ['const seen = {};', 'const seen = Object.create(null);', 'replace {} by Object.create(null)'],
  ['for (const x in list) key(x);', 'for (const x of list) key(x);', 'loop over values'],
  [
    'for (const x of options) key(x);',
    'for (const x of Object.keys(options)) key(x);',
    'loop over the own keys of options',
  ],
  // calls
  ['return parseInt(key);', 'return parseInt(key, 10);', 'pass 10 to parseInt too'],
  ['return isNaN(key);', 'return Number.isNaN(key);', 'replace isNaN by Number.isNaN'],
  ['return list.sort();', 'return list.sort((a, b) => a - b);', 'replace () by ((a, b) => a - b)'],
  ['return Math.max(list);', 'return Math.max(...list);', 'replace list by ...list'],
  ['return key.apply(list);', 'return key.apply(null, list);', 'replace (list) by (null, list)'],
  [
    'return list.map(options.read);',
    'return list.map((value) => options.read(value));',
    'hand on the first argument only: (value) => options.read(value)',
  ],
  [
    "return key.slice(1 + ']');",
    "return key.slice(1) + ']';",
    /replace key\.slice\(1 \+ '\]'\) by key\.slice\(1\) \+/,
  ],
  ["return key.replace('.', '');", "return key.replace(/\\./g, '');", /by \/\\\.\/g/],
  ['return list.filter(x > key);', 'return list.filter(x => key);', 'pass a function of x: replace > by =>'],
  // objects and texts
  [
    'return g({ sort: false });',
    'return g({ sort: false, ...options });',
    'take over the members of options',
  ],
  [
    'return { a: 1, ...options };',
    'return { ...options, a: 1 };',
    'let the other members count more than ...options',
  ],
  ['return { a: 1, b: 2 };', 'return { a: 1 };', 'leave b: 2 out'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
  ['return `${key}${list}`;', 'return `${key}-${list}`;', 'put - into the text'],
  // first values
  ['let best = 0;\n  return best;', 'let best = list[0];\n  return best;', 'let best begin with list[0]'],
  ['let best = 0;\n  return best;', 'let best = -Infinity;\n  return best;', 'let best begin with -Infinity'],
  ['if (key > 100) return 1;', 'if (key > 91) return 1;', 'replace 100 by 91'],
  ["return key + '--';", "return key + '-';", "replace '--' by '-'"],
  [
    "if (key === 'a') return 1;\n  return key === 'b';",
    "if (key === 'a' || key === 'b') return 1;\n  return key === 'b';",
    /replace the condition key === 'a' by/,
  ],
])('%s becomes %s', (before, after, reason) => {
  const found = reasonFor(f(before), f(after));
  if (typeof reason === 'string') expect(found).toBe(reason);
  else expect(found).toMatch(reason);
});

test.each([
  [
    'a branch without braces runs under a condition',
    'for (const a of list)\n    for (const b of options)\n      key.add(a);',
    'for (const a of list)\n    for (const b of options)\n      if (a === b) { key.add(a); }',
    'do key.add(a); only when a === b',
  ],
  [
    'pieces of a text are kept apart',
    "let t = '';\n  for (let i = 0; i < list.length; i++) {\n    t += list[i];\n  }\n  return t;",
    "let t = '';\n  for (let i = 0; i < list.length; i++) {\n    if (i > 0) {\n      t += ' ';\n    }\n    t += list[i];\n  }\n  return t;",
    "put ' ' between the pieces of t",
  ],
  [
    'a value takes over what is computed from it',
    'let n = key;\n  while (n) {\n    list.push(n % options.base);\n    n -= 1;\n  }',
    'let n = key;\n  while (n) {\n    list.push(n % options.base);\n    n = n % options.base;\n    n -= 1;\n  }',
    'add n = n % options.base;',
  ],
  [
    'one more case between two',
    'if (key % 3 === 0) { list.push(key * key); }\n  else { list.push(key); }',
    'if (key % 3 === 0) { list.push(key * key); }\n  else if (key === 0) { list.push(key * key); }\n  else { list.push(key); }',
    'otherwise, when key === 0: { list.push(key * key); }',
  ],
  [
    'a case of a switch ends',
    "switch (key) {\n    case 'a':\n      list.push(1);\n    default:\n      list.push(2);\n  }",
    "switch (key) {\n    case 'a':\n      list.push(1);\n      break;\n    default:\n      list.push(2);\n  }",
    "end case 'a': list.push(1); with break",
  ],
  [
    'what may throw gives a value',
    'return JSON.parse(key);',
    'try {\n    return JSON.parse(key);\n  } catch {\n    return null;\n  }',
    'return null when return JSON.parse(key); throws',
  ],
  [
    'a missing key is passed over',
    'for (const k of list) {\n    options.push(k.name);\n  }',
    'for (const k of list) {\n    if (k == null) {\n      continue;\n    }\n    options.push(k.name);\n  }',
    'when k == null: continue;',
  ],
])('%s', (_what, before, after, reason) => {
  expect(reasonFor(f(before), f(after))).toBe(reason);
});

test('the rest of the file gives helpers, predicates, patterns, arguments and expressions', () => {
  const file = (body: string) =>
    `const DASH = /-/;\nfunction isEmpty(x) { return x.length === 0; }\nfunction decode(text, how) { return how.read(text); }\nfunction other(text, how) { return decode(text.trim(), how); }\n${f(body)}`;
  const reason = (before: string, after: string) => reasonFor(file(before), file(after));
  expect(reason('return key + 1;', 'return decode(key, how) + 1;')).toBeNull();
  expect(reason('return g(key);', 'return g(isEmpty(key));')).toBe('replace key by isEmpty(key)');
  expect(reason('return decode(key);', 'return decode(key, how);')).toBeNull();
  expect(reason('return decode(key);', 'return decode(key, options);')).toBe('pass options to decode too');
  expect(reason('if (list) return 1;', 'if (list && !isEmpty(key)) return 1;')).toMatch(
    /condition list by list && !isEmpty\(key\)/,
  );
  expect(reason('if (list) return 1;', 'if (list || DASH.test(key)) return 1;')).toMatch(/DASH\.test\(key\)/);
});

test('a condition that is asked nearby is asked here too, also when only its truth counts', () => {
  const text = (condition: string) =>
    f(`if (!options['groups'] && key.isLong()) return 1;\n  if (${condition}) return 2;\n  return list;`);
  expect(reasonFor(text('list.isShort()'), text("options['groups'] && list.isShort()"))).toBe(
    "replace the condition list.isShort() by options['groups'] && list.isShort()",
  );
  expect(reasonFor(text('list.isShort()'), text('list.isShort() || !(key.isLong())'))).toMatch(
    /!\(key\.isLong\(\)\)/,
  );
});

test('the same is done to every expression of a shape', () => {
  const body = (a: string, b: string) => f(`return ${a} === ${b};`);
  expect(
    reasonFor(
      body('[...new Set(list)]', '[...new Set(key)]'),
      body('[...new Set(list)].sort()', '[...new Set(key)].sort()'),
    ),
  ).toBe('replace [...new Set(list)] by [...new Set(list)].sort(), and 1 like it');
});

test('parameters get values for when they are left out', () => {
  const text = (parameters: string) => `function f(${parameters}) {\n  return g(1);\n}\n`;
  expect(reasonFor(text('a, options'), text('a, options = {}'))).toBe(
    'let options be {} when it is left out',
  );
  expect(reasonFor(text('{ a, b }'), text('{ a, b } = {}'))).toBe('let { a, b } be {} when it is left out');
  expect(reasonFor(text('{ a, b }'), text('{ a, b = [] }'))).toBe('let b be [] when it is left out');
});

test('await brings the async that it needs', () => {
  expect(
    reasonFor(
      'function f(a) {\n  return g(a.load());\n}',
      'async function f(a) {\n  return g(await a.load());\n}',
    ),
  ).toBe('wait for a.load(), in an async function');
  expect(
    reasonFor(
      'async function f(a) {\n  const x = a.load();\n}',
      'async function f(a) {\n  const x = await a.load();\n}',
    ),
  ).toBe('wait for a.load()');
});

test('every idea for a file of many constructs can be parsed, but for few', () => {
  const source = `import { a } from 'b';\nexport class C {\n  #n = 1;\n  get size() { return this.#n; }\n  async run(x = {}, ...rest) {\n    for await (const y of x.items ?? []) { if (!y) continue; await a(y, { ...x, k: [1, 2] }); }\n    return rest.map((z) => \`\${z}-\${x.name}\`).filter((w) => /^a+$/i.test(w));\n  }\n}\n`;
  const broken = ideasFor(source).filter((idea) => {
    try {
      // Module syntax aside, the text must be a program.
      new Function(
        `return async () => { ${applyEdits(source, idea.edits)
          .replace(/^import.*\n/, '')
          .replace('export ', '')} }`,
      );
      return false;
    } catch {
      return true;
    }
  });
  expect(broken.length / ideasFor(source).length).toBeLessThan(0.05);
});
