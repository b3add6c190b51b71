// Runs inside the sandbox: a mocha reporter that writes Cambium's report lines as the tests go.
const { appendFileSync } = require('node:fs');

const MAX_CHARS = 20_000;

module.exports = class CambiumReporter {
  constructor(runner) {
    const write = (value) => appendFileSync(process.env.CAMBIUM_REPORT, `${JSON.stringify(value)}\n`);
    const end = (test, status, error) =>
      write({
        k: 'end',
        file: test.file ?? test.parent?.file ?? null,
        path: test.titlePath(),
        status,
        ms: test.duration ?? null,
        message: error ? textOf(error) : null,
      });
    runner.on('test', (test) => write({ k: 'start', file: test.file ?? null, path: test.titlePath() }));
    runner.on('pass', (test) => end(test, 'passed'));
    runner.on('pending', (test) => end(test, 'skipped'));
    runner.on('fail', (test, error) => end(test, 'failed', error));
    runner.on('end', () => write({ k: 'done' }));
  }
};

function textOf(error) {
  const message = String(error?.message ?? error);
  const stack = String(error?.stack ?? '');
  return (stack.includes(message) ? stack : `${message}\n${stack}`).slice(0, MAX_CHARS);
}
