// Configuration: precedence, places of mistakes, and what a repository may not decide.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${NAME} is the configuration's own reference syntax
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConfigRequest, loadConfig } from '../../src/config/load.ts';
import { configKeys } from '../../src/config/schema.ts';

let root: string;
let request: ConfigRequest;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cambium-config-'));
  await mkdir(join(root, 'repo', '.cambium'), { recursive: true });
  await mkdir(join(root, 'user'));
  request = { repository: join(root, 'repo'), userDirectory: join(root, 'user'), environment: {}, flags: [] };
});
afterEach(() => rm(root, { recursive: true, force: true }));

const shared = (text: string) => writeFile(join(root, 'repo', '.cambium', 'config.yaml'), text);
const local = (text: string) => writeFile(join(root, 'repo', '.cambium', 'config.local.yaml'), text);
const user = (text: string) => writeFile(join(root, 'user', 'config.yaml'), text);

async function problems(): Promise<string[]> {
  const loaded = await loadConfig(request);
  return loaded.ok ? [] : loaded.error.map((p) => `${p.origin.replace(`${root}/`, '')} ${p.message}`);
}

async function attempts(): Promise<number> {
  const loaded = await loadConfig(request);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return loaded.value.config.solve.limits.attempts;
}

describe('precedence', () => {
  test('R47: without any file the documented defaults hold', async () => {
    const loaded = await loadConfig(request);
    expect(loaded.ok && loaded.value.config.solve.limits).toEqual({
      attempts: 15,
      warnAtAttempt: 12,
      wallMs: 1_800_000,
      noProgressAttempts: 4,
    });
  });

  test('S9: flag beats environment beats local file beats shared file beats user file', async () => {
    await user('solve: { limits: { attempts: 2 } }');
    expect(await attempts()).toBe(2);
    await shared('solve: { limits: { attempts: 3 } }');
    expect(await attempts()).toBe(3);
    await local('solve: { limits: { attempts: 4 } }');
    expect(await attempts()).toBe(4);
    request = { ...request, environment: { CAMBIUM_SOLVE__LIMITS__ATTEMPTS: '5' } };
    expect(await attempts()).toBe(5);
    request = { ...request, flags: [{ path: 'solve.limits.attempts', value: 6, flag: '--attempts' }] };
    expect(await attempts()).toBe(6);
  });

  test('S9: the origins of a key name the winner first and every loser after it', async () => {
    await user('log: { level: info }');
    await shared('log:\n  level: debug\n');
    const loaded = await loadConfig(request);
    const level = loaded.ok ? loaded.value.origins.find((o) => o.path === 'log.level') : undefined;
    expect(level?.candidates.map((c) => [c.value, c.origin.replace(`${root}/`, '')])).toEqual([
      ['debug', 'repo/.cambium/config.yaml:2:10'],
      ['info', 'user/config.yaml:1:15'],
      ['warn', 'default'],
    ]);
  });

  test('R47: string values take ${NAME:fallback} from the environment', async () => {
    await shared('tests: { command: "${RUNNER:node --test} a.js" }');
    const command = async () => {
      const loaded = await loadConfig(request);
      return loaded.ok && loaded.value.config.tests.command;
    };
    expect(await command()).toBe('node --test a.js');
    request = { ...request, environment: { RUNNER: 'vitest run' } };
    expect(await command()).toBe('vitest run a.js');
  });
});

describe('mistakes', () => {
  test('S9: an unknown key is named with file, line, column and the nearest known key', async () => {
    await shared('solve:\n  review: true\n  limit:\n    attempts: 3\n');
    expect(await problems()).toEqual([
      'repo/.cambium/config.yaml:3:3 unknown key "solve.limit"; did you mean "solve.limits"?',
    ]);
  });

  test('S9: a wrong value is named with its place and what the key is for', async () => {
    await shared('solve:\n  limits:\n    attempts: lots\n');
    const [problem] = await problems();
    expect(problem).toMatch(
      /^repo\/\.cambium\/config\.yaml:3:15 solve\.limits\.attempts: .*number.*Rounds of coding/,
    );
  });

  test('S9: every mistake is reported, not only the first', async () => {
    await shared('nope: 1\nlog: { level: loud }\n');
    await user('tests: 5\n');
    expect(await problems()).toHaveLength(3);
  });

  test('S9: broken YAML, a duplicate key and a list at the top are each one clear problem with a place', async () => {
    await shared('solve: [unclosed\n');
    expect((await problems())[0]).toMatch(/config\.yaml:\d+:\d+ /);
    await shared('log: { level: info }\nlog: { level: warn }\n');
    expect((await problems())[0]).toMatch(/config\.yaml:2:1 .*unique/i);
    await shared('- a\n');
    expect((await problems())[0]).toContain('expected a mapping');
  });

  test('S9: an unknown environment setting is named', async () => {
    request = { ...request, environment: { CAMBIUM_SOLVE__REVEIW: 'true' } };
    expect(await problems()).toEqual([
      'environment CAMBIUM_SOLVE__REVEIW unknown key "solve.reveiw"; did you mean "solve.review"?',
    ]);
  });

  test('R47: a reference to a variable that does not exist is an error, not an empty string', async () => {
    await shared('tests:\n  command: "${NOWHERE} x"\n');
    expect((await problems())[0]).toContain('config.yaml:2:3 tests.command refers to ${NOWHERE}');
  });
});

test('S9: a repository cannot turn off its own sandbox, move the data or name a database server', async () => {
  await shared('sandbox: { isolation: none }\nhome: /tmp/x\n');
  await local('database: { url: "postgres://elsewhere/db" }\nsolve: { allowTestChanges: true }\n');
  const found = await problems();
  expect(found).toHaveLength(4);
  expect(found.every((p) => p.includes('may not be set by a repository'))).toBe(true);
  await user('sandbox: { isolation: none }\n');
  await shared('');
  await local('');
  expect(await problems()).toEqual([]);
});

test('every key of the schema is described, and the loaded value is frozen', async () => {
  expect(configKeys().filter((key) => key.description === '')).toEqual([]);
  const loaded = await loadConfig(request);
  expect(loaded.ok && Object.isFrozen(loaded.value.config.solve.limits)).toBe(true);
});
