// Verifying: whatever was changed in a certificate or in its repository is said in words; a true one is confirmed.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Certificate } from '#contracts/certificate.ts';
import { digestOf } from '#foundation/digest.ts';
import { checkCertificate, readCertificateFile, writeCertificateFile } from '#quality/certificate-file.ts';
import { claim, type Laboratory, LIMITS, openLaboratory, planOf, type Repository } from './laboratory.ts';

const PLAN = planOf('node', 'node', '--test');
const FILES = {
  'package.json': '{"scripts":{"test":"node --test"}}',
  'math.js': 'exports.add = (a, b) => a - b;\n',
  'math.test.js': `const { test } = require('node:test');
const assert = require('node:assert');
test('adds', () => { assert.strictEqual(require('./math.js').add(1, 2), 3); });
test('fails anyway', () => { assert.ok(false); });
`,
};

let laboratory: Laboratory;
let repository: Repository;
let certificate: Certificate;
beforeAll(async () => {
  laboratory = await openLaboratory();
  repository = await laboratory.repository([FILES, { 'math.js': 'exports.add = (a, b) => a + b;\n' }]);
  const request = await claim(laboratory, repository, { plan: PLAN });
  const targets = request.targets.filter((id) => id.endsWith('adds'));
  certificate = await laboratory.certifier.certify({ ...request, targets });
});
afterAll(async () => {
  await laboratory[Symbol.asyncDispose]();
});

/** A body changed by somebody who knows how to compute the digest. */
function resealed(change: (body: Certificate['body']) => void): Certificate {
  const body = structuredClone(certificate.body);
  change(body);
  return { digest: digestOf(body), body };
}

test('a failure that the base already had is listed apart and does not refuse', () => {
  expect(certificate.body.reasons).toEqual([]);
  expect(certificate.body.failingBefore).toEqual(['math.test.js › fails anyway']);
  expect(certificate.body.fixed).toEqual(['math.test.js › adds']);
});

test('a true certificate is confirmed by running everything again', async () => {
  const report = await laboratory.certifier.verify(certificate, repository.path);
  expect(report).toMatchObject({ confirmed: true, differences: [], notes: [] });
  expect(report.fresh.body.subject).toEqual(certificate.body.subject);
});

test('a test command that is not the repository’s own is pointed out', async () => {
  const narrow = resealed((body) => {
    body.plan.argv = ['node', '--test', 'math.test.js'];
  });
  const report = await laboratory.certifier.verify(narrow, repository.path);
  expect(report.notes.join('\n')).toMatch(
    /certified with `node --test math\.test\.js`, the repository's own command is `node --test`/,
  );
});

test('any changed character breaks the digest', () => {
  const text = JSON.stringify(certificate);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom('0', '1', 'a', 'x', ' '), (at, character) => {
      const changed = text.slice(0, at) + character + text.slice(at + 1);
      let value: unknown;
      try {
        value = JSON.parse(changed);
      } catch {
        return; // No JSON any more: refused before the digest is looked at.
      }
      if (JSON.stringify(value) === text) return;
      expect(() => checkCertificate(value)).toThrow(expect.objectContaining({ code: 'CERTIFICATE_INVALID' }));
    }),
    { numRuns: 500 },
  );
});

test.each<[string, (body: Certificate['body']) => void, string]>([
  [
    'claims more than its table says',
    (body) => void body.fixed.push('math.test.js › fails anyway'),
    'was fixed',
  ],
  [
    'passed with a refused check',
    (body) =>
      void body.checks.forEach((check) => {
        check.verdict = 'refused';
      }),
    'refused',
  ],
  [
    'passed without a canary',
    (body) => {
      body.checks = body.checks.filter((check) => check.name !== 'canary');
    },
    'without the check canary',
  ],
  [
    'fixed nothing',
    (body) => {
      body.fixed = [];
    },
    'fixed no test',
  ],
  [
    'refused without a reason',
    (body) => {
      body.verdict = 'refused';
    },
    'without a reason',
  ],
])('a sealed body that contradicts itself is refused: %s', async (_name, change, words) => {
  await expect(laboratory.certifier.verify(resealed(change), repository.path)).rejects.toThrow(words);
});

test('a sealed lie that is consistent in itself is found out by the re-run', async () => {
  const lie = resealed((body) => {
    body.failingBefore = [];
    for (const row of body.tests) if (row.commit === 'failed') row.commit = 'passed';
    for (const check of body.checks) if (check.name === 'tests') check.exitCode = 0;
  });
  const report = await laboratory.certifier.verify(lie, repository.path);
  expect(report.confirmed).toBe(false);
  expect(report.differences.join('\n')).toContain('fails anyway: on the commit passed, now failed');
  expect(report.differences.join('\n')).toContain('ended with 0, now with 1');
});

test('a certificate of another commit says so', async () => {
  const other = resealed((body) => {
    body.subject.tree = '0'.repeat(40);
  });
  await expect(laboratory.certifier.verify(other, repository.path)).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
  });
  const gone = resealed((body) => {
    body.subject.commit = '1'.repeat(40);
  });
  await expect(laboratory.certifier.verify(gone, repository.path)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  const named = resealed((body) => {
    body.subject.commit = '--output=x';
  });
  await expect(laboratory.certifier.verify(named, repository.path)).rejects.toMatchObject({
    code: 'CERTIFICATE_INVALID',
  });
});

test('a certificate file is canonical and survives writing and reading', async () => {
  const home = await mkdtemp(join(tmpdir(), 'cambium-file-'));
  const path = join(home, 'certificate.json');
  await writeCertificateFile(path, certificate);
  expect(await readCertificateFile(path)).toEqual(certificate);
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace('"verdict":"passed"', '"verdict":"refused"'));
  await expect(readCertificateFile(path)).rejects.toMatchObject({ code: 'CERTIFICATE_INVALID' });
  await writeFile(path, text.slice(0, -20));
  await expect(readCertificateFile(path)).rejects.toMatchObject({ code: 'CERTIFICATE_INVALID' });
  await expect(readCertificateFile(join(home, 'none'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(writeCertificateFile(join(home, 'no/where'), certificate)).rejects.toMatchObject({
    code: 'NOT_WRITABLE',
  });
  await rm(home, { recursive: true });
});

test.each([0, 1, 3, 4, 5])('R6: cancelled at step %i, no workspace stays behind', async (stopAt) => {
  const controller = new AbortController();
  let steps = 0;
  const certified = laboratory.certifier.certify(
    {
      ...{ ...certificate.body.subject, repository: repository.path, plan: PLAN, limits: LIMITS },
      ...{ targets: certificate.body.targets, allowTestChanges: false, build: ['node', '-e', '0'] },
      onProgress: () => {
        if (steps === stopAt) controller.abort();
        steps += 1;
      },
    },
    controller.signal,
  );
  await expect(certified).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(await laboratory.parts.workspaces.list()).toEqual([]);
});
