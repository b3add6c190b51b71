// Recorded traffic: what is on the disk, what a replay answers, and how the first difference is told.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TurnResult, turnRequest } from '#contracts/model.ts';
import { ok } from '#foundation/result.ts';
import type { Models } from '#models/port.ts';
import { firstDifference, recordTraffic, replayTraffic } from '#models/recording.ts';
import { createRedact } from '#models/redact.ts';

const SECRET = 'very-secret-value-1';
const redact = createRedact([SECRET]);

let directory = '';
let file = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cambium-recording-'));
  file = join(directory, 'traffic.jsonl');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const requestOf = (text: string) => turnRequest.parse({ messages: [{ role: 'user', text }] });

/** Answers each request by its own text, and counts how often it was asked. */
function echo(): Models & { asked: number } {
  const models = {
    asked: 0,
    turn: async (call: Parameters<Models['turn']>[0]) => {
      models.asked += 1;
      const said = call.request.messages.at(-1);
      const text = said?.role === 'user' ? `echo of ${said.text}` : 'nothing';
      const usage = { input: 1, cacheRead: null, cacheWrite: null, output: 1, reasoning: null };
      const value: TurnResult = {
        model: 'one/m',
        parts: [{ type: 'text', text }],
        end: 'answered',
        usage,
        costUsd: 0.5,
      };
      return ok(value);
    },
    count: () => 1,
    capabilities: () => ({ contextTokens: null, tools: true, answerSchema: true, parallelTools: true }),
    price: () => null,
    route: () => [],
    breakers: () => [],
  };
  return models;
}

const ask = (models: Models, text: string, role = 'coder') =>
  models.turn({ role, request: requestOf(text) }, {});

describe('recording', () => {
  test('a replay gives the recorded answers and asks nobody', async () => {
    const live = echo();
    const before = [];
    {
      using recorder = recordTraffic(live, file, redact);
      for (const text of ['a', 'b', 'a']) before.push(await ask(recorder.models, text));
    }
    const silent = echo();
    const { models, left } = replayTraffic(silent, file, redact);
    const after = [];
    for (const text of ['a', 'b', 'a']) after.push(await ask(models, text));
    expect(after).toEqual(before);
    expect([silent.asked, left()]).toEqual([0, 0]);
  });

  test('turns that were under way together may come in another order', async () => {
    {
      using recorder = recordTraffic(echo(), file, redact);
      await Promise.all(['a', 'b', 'c'].map((text) => ask(recorder.models, text)));
    }
    const { models } = replayTraffic(echo(), file, redact);
    for (const text of ['c', 'a', 'b'])
      expect(await ask(models, text)).toMatchObject({ value: { parts: [{ text: `echo of ${text}` }] } });
  });

  test('secrets are in neither the questions nor the answers, and a replay with them still fits', async () => {
    const form = `sk-ant-${'a1B2'.repeat(6)}`;
    const text = `my key is ${SECRET} and ${form}`;
    {
      using recorder = recordTraffic(echo(), file, redact);
      await ask(recorder.models, text);
    }
    const written = readFileSync(file, 'utf8');
    expect(written).not.toContain(SECRET);
    expect(written).not.toContain(form);
    expect(written.match(/\[redacted\]/g)).toHaveLength(4);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await ask(replayTraffic(echo(), file, redact).models, text)).ok).toBe(true);
  });

  test('the first difference is told with its place', async () => {
    {
      using recorder = recordTraffic(echo(), file, redact);
      await ask(recorder.models, 'fix the sum of the cart');
    }
    const { models } = replayTraffic(echo(), file, redact);
    await expect(ask(models, 'fix the sum of the card')).rejects.toMatchObject({
      code: 'REPLAY_DIVERGED',
      details: { seq: 1, path: 'request.messages.0.text[22]' },
    });
    await ask(models, 'fix the sum of the cart');
    await expect(ask(models, 'one more')).rejects.toThrow('holds no further turn');
  });

  test('a file that is there is never written over, and what is no recording is refused with its line', async () => {
    writeFileSync(file, 'mine');
    expect(() => recordTraffic(echo(), file, redact)).toThrow('is there already');
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(() => replayTraffic(echo(), file, redact)).toThrow(`${file}:1 is no recorded model traffic`);
    writeFileSync(file, '{"format":"cambium-model-traffic","version":1}\n{"seq":1}\n');
    expect(() => replayTraffic(echo(), file, redact)).toThrow(`${file}:2 is no recorded model traffic`);
    expect(() => replayTraffic(echo(), join(directory, 'absent'), redact)).toThrow('cannot be read');
  });
});

describe('the first difference', () => {
  test('there is none between equal values, and one between values that differ', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (left, right) => {
        const [a, b] = [JSON.parse(left), JSON.parse(right)];
        expect(firstDifference(a, structuredClone(a))).toBeNull();
        const differ = JSON.stringify(a) !== JSON.stringify(b);
        if (firstDifference(a, b) !== null) expect(differ).toBe(true);
      }),
    );
  });
});

describe('redaction', () => {
  test.each([
    'sk-proj-abcdefghijklmnop1234',
    'ghp_0123456789abcdefghijABCDEFGHIJ',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4',
    '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----',
  ])('%s is taken out', (key) => {
    expect(createRedact([])(`before ${key} after`)).toBe('before [redacted] after');
  });

  test('ordinary words and code stay', () => {
    const text = 'const skip = items.sk - 1; // task-based, disk-usage, eyJ is a word';
    expect(createRedact(['short'])(text)).toBe(text);
  });
});
