// Runs inside the sandbox: a vitest reporter that writes Cambium's report lines as the modules and cases go.
import { appendFileSync } from 'node:fs';

const MAX_CHARS = 20_000;

// biome-ignore lint/style/noDefaultExport: vitest loads reporters by their default export.
export default class CambiumReporter {
  modern = false;

  onTestModuleStart(module) {
    write({ k: 'file-start', file: module.moduleId });
  }

  onTestCaseReady(test) {
    write({ k: 'start', file: test.module.moduleId, path: pathOf(test) });
  }

  onTestCaseResult(test) {
    write(endOf(test));
  }

  onTestModuleEnd(module) {
    this.modern = true;
    write({ k: 'file-final', file: module.moduleId });
    const tests = [...module.children.allTests()];
    for (const test of tests) write(endOf(test));
    writeFile(module.moduleId, tests.length, module.errors(), module.state?.() === 'failed');
    for (const suite of module.children.allSuites()) {
      const errors = suite.errors();
      if (errors.length > 0) write({ ...hooksOf(module.moduleId, pathOf(suite)), message: textOf(errors) });
    }
    write({ k: 'file-end', file: module.moduleId });
  }

  // Versions before 3 know this event only; later ones may send it besides the others.
  onFinished(files = []) {
    if (this.modern) return;
    for (const file of files) {
      const tests = legacyTests(file.tasks ?? [], []);
      for (const { task, path } of tests) write(legacyEnd(file.filepath, task, path));
      writeFile(file.filepath, tests.length, file.result?.errors ?? [], file.result?.state === 'fail');
    }
    write({ k: 'done' });
  }

  onTestRunEnd() {
    this.modern = true;
    write({ k: 'done' });
  }
}

function write(value) {
  appendFileSync(process.env.CAMBIUM_REPORT, `${JSON.stringify(value)}\n`);
}

function writeFile(file, tests, errors, failed) {
  if (errors.length > 0)
    write({ k: 'file', file, status: 'failed', message: textOf(errors), load: tests === 0 });
  else if (failed && tests === 0)
    write({ k: 'file', file, status: 'failed', message: 'No tests in it.', load: true });
}

function hooksOf(file, path) {
  return { k: 'end', file, path: [...path, '(hooks)'], status: 'failed', ms: null };
}

function pathOf(test) {
  const path = [test.name];
  for (let parent = test.parent; parent?.type === 'suite'; parent = parent.parent) path.unshift(parent.name);
  return path;
}

function endOf(test) {
  const { state, errors = [] } = test.result() ?? {};
  const status = state === 'passed' || state === 'failed' ? state : 'skipped';
  const ms = test.diagnostic?.()?.duration ?? null;
  const message = status === 'failed' ? textOf(errors) : null;
  return { k: 'end', file: test.module.moduleId, path: pathOf(test), status, ms, message };
}

function legacyTests(tasks, path) {
  return tasks.flatMap((task) =>
    task.type === 'suite'
      ? legacyTests(task.tasks, [...path, task.name])
      : [{ task, path: [...path, task.name] }],
  );
}

function legacyEnd(file, task, path) {
  const state = task.result?.state;
  const status = state === 'pass' ? 'passed' : state === 'fail' ? 'failed' : 'skipped';
  const message = status === 'failed' ? textOf(task.result?.errors ?? []) : null;
  return { k: 'end', file, path, status, ms: task.result?.duration ?? null, message };
}

function textOf(errors) {
  const texts = errors.map((error) => {
    const stack = String(error?.stack ?? '');
    const message = String(error?.message ?? error);
    const text = stack.includes(message) ? stack : `${message}\n${stack}`;
    return error?.diff ? `${text}\n${error.diff}` : text;
  });
  return texts.join('\n').slice(0, MAX_CHARS);
}
