// models.yaml: what it says when nothing is wrong, and where each mistake stands.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadModels } from '#config/models.ts';

let userDirectory = '';
let file = '';
beforeEach(() => {
  userDirectory = mkdtempSync(join(tmpdir(), 'cambium-models-'));
  file = join(userDirectory, 'models.yaml');
});
afterEach(() => rmSync(userDirectory, { recursive: true, force: true }));

const load = (text: string | null, environment: Record<string, string> = {}) => {
  if (text !== null) writeFileSync(file, text);
  return loadModels({ userDirectory, environment });
};

describe('models.yaml', () => {
  test('without one everything has its default, and keys come from the environment by the provider’s name', async () => {
    const environment = {
      ANTHROPIC_API_KEY: 'a',
      MY_OWN_API_KEY: 'b',
      GOOGLE_GENERATIVE_AI_API_KEY: 'g',
      OTHER: 'x',
    };
    const loaded = await load(null, environment);
    expect(loaded).toMatchObject({
      ok: true,
      value: {
        file,
        keys: { anthropic: 'a', 'my-own': 'b', google: 'g' },
        settings: {
          parameters: { temperature: 0.2, maxOutputTokens: 4096 },
          fallback: { auth: 'stop', overload: 'next' },
        },
      },
    });
  });

  test('values of the environment are put in, and one that is missing is named', async () => {
    const reference = ['$', '{MINE}'].join('');
    const text = `providers:\n  mine:\n    kind: openai-compatible\n    url: http://127.0.0.1:9/v1\n    key: ${reference}\n`;
    expect(await load(text, { MINE: 'k' })).toMatchObject({
      ok: true,
      value: { settings: { providers: { mine: { key: 'k' } } } },
    });
    expect(await load(text)).toMatchObject({
      ok: false,
      error: [{ message: `${reference} is not in the environment` }],
    });
  });

  test.each([
    ['tires:\n  strong: []\n', '1:1', 'unknown key "tires"; did you mean "tiers"?'],
    ['tiers:\n  strong:\n    - claude\n', '3:7', 'tiers.strong.0: write a model as provider/name'],
    ['providers:\n  mine:\n    kind: openay\n', '3:11', 'providers.mine.kind:'],
    ['parameters:\n  temprature: 1\n', '2:3', 'did you mean "parameters.temperature"?'],
    ['limits:\n  retries: -1\n', '2:12', 'limits.retries:'],
    ['fallback:\n  auth: perhaps\n', '2:9', 'fallback.auth:'],
    ['tiers: [\n', '2:1', ''],
  ])('%j is refused at %s', async (text, place, message) => {
    const loaded = await load(text);
    if (loaded.ok) throw new Error('it was taken');
    expect(loaded.error[0]?.origin).toBe(`${file}:${place}`);
    expect(loaded.error[0]?.message).toContain(message);
  });
});
