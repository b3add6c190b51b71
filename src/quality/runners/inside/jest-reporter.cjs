// Runs inside the sandbox: a jest reporter that writes Cambium's report lines as the files and cases go.
const { appendFileSync } = require('node:fs');

const MAX_CHARS = 20_000;
const STATUS = { passed: 'passed', failed: 'failed' };

module.exports = class CambiumReporter {
  onTestStart(test) {
    write({ k: 'file-start', file: test.path });
  }

  onTestCaseStart(test, info) {
    write({ k: 'start', file: test.path, path: [...(info.ancestorTitles ?? []), info.title] });
  }

  onTestCaseResult(test, result) {
    write(endOf(test.path, result));
  }

  onTestResult(test, file) {
    write({ k: 'file-final', file: test.path });
    for (const result of file.testResults ?? []) write(endOf(test.path, result));
    const message = file.testExecError ? file.failureMessage || textOf(file.testExecError) : null;
    if (message) write({ k: 'file', file: test.path, status: 'failed', message: cut(message), load: true });
    write({ k: 'file-end', file: test.path });
  }

  onRunComplete() {
    write({ k: 'done' });
  }
};

function write(value) {
  appendFileSync(process.env.CAMBIUM_REPORT, `${JSON.stringify(value)}\n`);
}

function endOf(file, result) {
  return {
    k: 'end',
    file,
    path: [...(result.ancestorTitles ?? []), result.title],
    status: STATUS[result.status] ?? 'skipped',
    ms: result.duration ?? null,
    message: result.status === 'failed' ? cut((result.failureMessages ?? []).join('\n')) : null,
  };
}

function textOf(error) {
  return String(error.stack ?? error.message ?? error);
}

function cut(text) {
  return String(text).slice(0, MAX_CHARS);
}
