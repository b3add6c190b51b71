// Logs: one JSON object a line, with what is needed to follow one run, and without secrets.
import { expect, test } from 'vitest';
import { createLog } from '#foundation/log.ts';

function recorded(level: 'info' | 'warn'): {
  lines: () => Record<string, unknown>[];
  log: ReturnType<typeof createLog>;
} {
  const written: string[] = [];
  const log = createLog({ level, destination: { write: (line: string) => void written.push(line) } });
  return { log, lines: () => written.map((line) => JSON.parse(line)) };
}

test('R48: a child carries run and step into every line, so that one run can be followed', () => {
  const { log, lines } = recorded('info');
  const step = log.child({ run: 'RUN-3', step: 'CODING' });
  step.info({ tried: 12 }, 'searching');
  log.info('elsewhere');
  expect(lines()[0]).toMatchObject({ run: 'RUN-3', step: 'CODING', tried: 12, msg: 'searching' });
  expect(lines()[1]).not.toHaveProperty('run');
  expect(String(lines()[0]?.['time'])).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

test('R48: what is less severe than the level is not written', () => {
  const { log, lines } = recorded('warn');
  log.info('quiet');
  log.warn('loud');
  expect(lines().map((line) => line['msg'])).toEqual(['loud']);
});

test('R48: secrets are masked, at the top and one level down', () => {
  const { log, lines } = recorded('info');
  log.info({ token: 'abc', request: { authorization: 'Bearer abc', url: '/x' } }, 'called');
  expect(JSON.stringify(lines())).not.toContain('abc');
  expect(lines()[0]).toMatchObject({ token: '[redacted]', request: { url: '/x' } });
});
