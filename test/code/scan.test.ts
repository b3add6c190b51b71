// The advisory scan: every rule fires on its planted sample, stays quiet on its neighbour, and its blind spots are written down.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadScanRules, scanSource } from '#code/scan.ts';
import type { Language } from '#contracts/project.ts';

const rules = (language: Language, text: string) =>
  scanSource({ path: language === 'python' ? 'a.py' : 'a.ts', language, text }).map((one) => one.rule);

const JS: readonly (readonly [rule: string, planted: string, harmless: string])[] = [
  ['js-eval', `(0, eval)('x'); const e = eval;`, `model.eval();`],
  ['js-function-constructor', `new Function('return 1')`, `new Functional('x')`],
  ['js-string-timer', `setTimeout('go()', 1)`, `setTimeout(() => {}, 1)`],
  ['js-vm', `import vm from 'node:vm';`, `const kind = 'vm';`],
  ['js-child-process', `const { exec } = require('child_process');`, `const child = processes[0];`],
  ['js-process-internals', `process.binding('fs')`, `process.cwd()`],
  ['js-computed-module', `require(name)`, `require('fs')`],
  ['js-computed-global', `globalThis['ev' + 'al']`, `globalThis.name`],
  ['js-inner-html', `el.innerHTML = x`, `el.textContent = x`],
  ['js-document-write', `document.write(x)`, `stream.write(x)`],
  ['js-network', `await fetch('http://x')`, `prefetch(1)`],
  ['js-files', `fs.readFileSync(p)`, `fs.existsSync(p)`],
  ['js-web-storage', `localStorage.setItem('a', 'b')`, `storage.setItem('a', 'b')`],
  ['js-location', `window.location.href = x`, `const place = location`],
];
const PY: typeof JS = [
  ['py-eval', `eval('1')`, `re.compile('x'); model.eval()`],
  ['py-builtins', `__builtins__['eval']`, `built = 1`],
  ['py-shell', `os.system('ls')`, `os.path.join('a')`],
  ['py-subprocess', `subprocess.Popen(['ls'])`, `process.run()`],
  ['py-deserialize', `pickle.loads(data)`, `json.loads(data)`],
  ['py-yaml-load', `yaml.load(text)`, `yaml.load(text, Loader=yaml.SafeLoader)`],
  ['py-network', `requests.post('http://x')`, `sqlite3.connect('a.db')`],
  ['py-dynamic-import', `importlib.import_module(name)`, `importlib.reload`],
  ['py-native', `from ctypes import CDLL`, `import types`],
  ['py-absolute-open', `open('/etc/passwd')`, `open('data.txt')`],
  ['py-os', `import os`, `import sys`],
];

describe('R31 R32: rules', () => {
  test.each(JS)('%s', (rule, planted, harmless) => {
    expect(rules('javascript', planted)).toContain(rule);
    expect(rules('typescript', planted)).toContain(rule);
    expect(rules('javascript', harmless)).not.toContain(rule);
  });

  test.each(PY)('%s', (rule, planted, harmless) => {
    expect(rules('python', planted)).toContain(rule);
    expect(rules('python', harmless)).not.toContain(rule);
  });

  test('every shipped rule has a sample here, a message and a weakness class', () => {
    const shipped = loadScanRules();
    expect(shipped.map((rule) => rule.id).sort()).toEqual([...JS, ...PY].map(([rule]) => rule).sort());
    for (const rule of shipped) expect(rule.cwe).toMatch(/^CWE-\d+$/);
  });
});

describe('R31: findings', () => {
  test('carry line, severity and source, in the order of lines', () => {
    const found = scanSource({ path: 'a.js', language: 'javascript', text: `fetch(u);\n\neval('x');` });
    expect(found).toMatchObject([
      { rule: 'js-network', severity: 'medium', line: 1, path: 'a.js', source: 'fetch(u)' },
      { rule: 'js-eval', severity: 'high', line: 3, cwe: 'CWE-95' },
    ]);
  });

  test('names built at run time, comments and strings are the documented misses', () => {
    expect(
      rules('javascript', `const n = 'ev' + 'al'; this[n]('x'); import('child' + '_process'); // eval('x')`),
    ).toEqual(['js-computed-module']);
    expect(rules('python', `getattr(o, 'sys' + 'tem')('ls')  # os.system('x')`)).toEqual([]);
  });

  test('are bounded, and hostile text never throws', () => {
    expect(rules('javascript', 'eval(1);'.repeat(2_000))).toHaveLength(500);
    for (const text of ['', '\u0000', '(((', '('.repeat(100_000)])
      expect(rules('typescript', text)).toEqual([]);
  });

  test('a malformed rule is refused by file and key', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cambium-rules-'));
    await writeFile(join(directory, 'bad.yaml'), 'id: js-x\nlanguage: Perl\n');
    expect(() => loadScanRules(pathToFileURL(`${directory}/`))).toThrowError(/bad\.yaml[\s\S]*language/);
    await rm(directory, { recursive: true });
  });
});
