// Runs inside the sandbox: a node:test reporter that turns its events into Cambium's report lines.
const MAX_CHARS = 20_000;
const LOAD_ERROR =
  /SyntaxError|ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND|ERR_UNKNOWN_FILE_EXTENSION|ERR_REQUIRE_ESM|ERR_INVALID_TYPESCRIPT_SYNTAX|ERR_UNSUPPORTED/;

const line = (value) => `${JSON.stringify(value)}\n`;

function messageOf(error) {
  const cause = error?.cause ?? error;
  if (cause === undefined || cause === null) return null;
  if (typeof cause !== 'object') return String(cause).slice(0, MAX_CHARS);
  const message = String(cause.message ?? '');
  const stack = String(cause.stack ?? '');
  return (stack.includes(message) ? stack : `${message}\n${stack}`).slice(0, MAX_CHARS);
}

// biome-ignore lint/style/noDefaultExport: node:test loads reporters by their default export.
export default async function* report(source) {
  const nodes = new Map();
  const errors = new Map();
  const key = (data, id) => `${data.entryFile ?? data.file}#${id}`;
  const isFile = (data) => data.nesting === 0 && !data.entryFile && Boolean(data.file?.endsWith(data.name));
  const pathOf = (data) => {
    const path = [data.name];
    for (let node = nodes.get(key(data, data.testId)); node?.parentId > 0; ) {
      node = nodes.get(key(data, node.parentId));
      if (node) path.unshift(node.name);
    }
    return path;
  };
  for await (const { type, data } of source) {
    if (type === 'test:stderr') {
      const before = errors.get(data.file) ?? '';
      if (before.length < MAX_CHARS) errors.set(data.file, before + data.message);
    } else if (type === 'test:enqueue') {
      if (!isFile(data)) nodes.set(key(data, data.testId), { name: data.name, parentId: data.parentId });
    } else if (type === 'test:dequeue') {
      if (isFile(data)) yield line({ k: 'file-start', file: data.file });
      else if (data.type !== 'suite')
        yield line({ k: 'start', file: data.entryFile ?? data.file, path: pathOf(data) });
    } else if (type === 'test:complete') {
      if (isFile(data)) yield line({ k: 'file-end', file: data.file });
    } else if (type === 'test:pass' || type === 'test:fail') {
      const error = data.details?.error;
      const failed = type === 'test:fail';
      if (isFile(data)) {
        // Output comes under the name of the file as it was given, events under its full path.
        const text = errors.get(data.name) ?? errors.get(data.file) ?? '';
        const message = failed ? `${text}\n${messageOf(error) ?? ''}`.slice(0, MAX_CHARS) : null;
        const status = failed ? 'failed' : 'passed';
        yield line({ k: 'file', file: data.file, status, message, load: failed && LOAD_ERROR.test(text) });
        continue;
      }
      const suite = data.details?.type === 'suite';
      if (suite && (!failed || error?.failureType === 'subtestsFailed')) continue;
      const skipped = (data.skip ?? false) !== false || (data.todo ?? false) !== false;
      yield line({
        k: 'end',
        file: data.entryFile ?? data.file,
        path: suite ? [...pathOf(data), '(hooks)'] : pathOf(data),
        status: skipped ? 'skipped' : failed ? 'failed' : 'passed',
        ms: data.details?.duration_ms ?? null,
        message: failed ? messageOf(error) : null,
      });
    }
  }
  yield line({ k: 'done' });
}
