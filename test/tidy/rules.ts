// The tidy rules: what no file of this repository may contain, each with what to write instead.
import { child, children, dottedName, type Module, type Node, walk } from '../architecture/source.ts';

export interface Finding {
  readonly rule: string;
  readonly at: string;
  readonly message: string;
}

type Report = (rule: string, node: Pick<Node, 'start'>, message: string) => void;

/** Programs that run inside the sandbox meet its clock, its environment and the forms that test runners ask for. */
const GUEST = /^src\/(repair\/harness|quality\/runners\/inside)\//;

const MOST_FILE_LINES = 400;
const MOST_FUNCTION_LINES = 70;
const MOST_PARAMETERS = 4;

/** Calls that are banned by name. `where` matches the path they are banned in. */
const BANNED_CALLS: readonly { rule: string; where: RegExp; call: RegExp; instead: string }[] = [
  {
    rule: 'module-mock',
    where: /^test\//,
    call: /^(vi|jest)\.(mock|doMock|unstable_mockModule)$|^mock\.module$/,
    instead: 'hand a fake to the factory',
  },
  {
    rule: 'skipped-test',
    where: /^test\//,
    call: /^(x(it|test|describe)|f(it|describe))$|^(test|it|describe|suite|bench)\.(.+\.)?(skip|only|todo|fails|skipIf|runIf)$/,
    instead: 'make the test run everywhere, or delete it',
  },
  {
    rule: 'skipped-test',
    where: /^test\//,
    call: /^(ctx|context|task|t)\.(skip|todo)$/,
    instead: 'make the test run everywhere, or delete it',
  },
  {
    rule: 'console',
    where: /^src\/(?!surfaces\/)/,
    call: /^console\./,
    instead: 'log through the Log that the room is given, or return what surfaces should print',
  },
  {
    rule: 'exit',
    where: /^src\/(?!surfaces\/|main\.ts)/,
    call: /^process\.(exit|abort|reallyExit)$/,
    instead: 'throw an AppError; the command line turns its code into an exit status',
  },
  {
    rule: 'time',
    where: /^src\/(?!foundation\/)/,
    call: /^(Date|Date\.now|performance\.now|process\.(hrtime|hrtime\.bigint|uptime)|AbortSignal\.timeout)$/,
    instead: 'take a Clock',
  },
  {
    rule: 'chance',
    where: /^src\/(?!foundation\/)/,
    call: /^(Math\.random|(\w+\.)?(randomUUID|randomBytes|randomInt|randomFillSync|randomFill|getRandomValues))$/,
    instead: 'take Ids, or a seeded generator',
  },
  {
    rule: 'environment-write',
    where: /^(src|test)\//,
    call: /^(process\.chdir|process\.umask|vi\.stubEnv|vi\.stubGlobal)$/,
    instead: 'pass the value down',
  },
];

/** Everything that is untidy in `module`. */
export function tidyFindings(module: Module): Finding[] {
  const found: Finding[] = [];
  const report: Report = (rule, { start }, message) => {
    found.push({ rule, at: `${module.path}:${module.lineOf(start)}`, message });
  };
  checkFile(module, report);
  for (const node of module.body) checkTopLevel(node, module, report);
  walk(module.body, (node, ancestors) => {
    checkSize(node, module, report);
    checkCatch(node, report);
    if (!GUEST.test(module.path)) checkCall(node, module, report);
    checkSleep(node, ancestors, module, report);
  });
  return found;
}

function checkFile(module: Module, report: Report): void {
  const text = module.text.replace(/^#!.*\n/, '');
  if (!/^(\/\/ \S|\/\*)/.test(text))
    report('header', { start: 0 }, 'begin the file with one line that says what it is for');
  const lines = text.split('\n').length - 1;
  if (lines > MOST_FILE_LINES)
    report('file-size', { start: 0 }, `${lines} lines, at most ${MOST_FILE_LINES}: split it`);
  for (const { value, start } of module.comments) {
    const marker = /\b(TODO|FIXME|XXX|HACK)\b/.exec(value);
    if (marker) report('leftover', { start }, `${marker[1]}: do it, or open an issue`);
    if (
      /\b(biome-ignore|@ts-ignore|@ts-nocheck|oxlint-disable|eslint-disable)\b/.test(value) &&
      !/: \S/.test(value)
    )
      report('silenced', { start }, 'say after a colon why this rule does not hold here');
    if (/@ts-(ignore|nocheck)\b/.test(value))
      report('silenced', { start }, 'the types are wrong or the code is: mend one of them');
  }
}

function checkTopLevel(node: Node, module: Module, report: Report): void {
  const declaration = node.type === 'ExportNamedDeclaration' ? child(node, 'declaration') : node;
  if (declaration?.type === 'VariableDeclaration' && /^(let|var)$/.test(String(declaration['kind']))) {
    const isTest = /^(test|bench)\//.test(module.path);
    if (!isTest) report('top-level-state', node, 'keep state inside what a factory returns');
  }
  const isTool = GUEST.test(module.path) || /^[^/]+\.config\.ts$|^knip\.ts$/.test(module.path);
  if (node.type === 'ExportDefaultDeclaration' && !isTool)
    report('default-export', node, 'export it by its name');
}

function checkSize(node: Node, module: Module, report: Report): void {
  if (!/^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type)) return;
  const parameters = children(node, 'params').length;
  if (parameters > MOST_PARAMETERS)
    report('parameters', node, `${parameters} parameters, at most ${MOST_PARAMETERS}: take an object`);
  if (/^(test|bench)\//.test(module.path)) return;
  const text = module.text.slice(node.start, node.end);
  const lines = text.split('\n').filter((line) => line.trim() !== '').length;
  if (lines > MOST_FUNCTION_LINES)
    report('function-size', node, `${lines} lines, at most ${MOST_FUNCTION_LINES}: split it`);
}

function checkCatch(node: Node, report: Report): void {
  if (node.type === 'CatchClause' && children(child(node, 'body'), 'body').length === 0)
    report('empty-catch', node, 'handle the error, log it, or let it pass up');
  if (node.type !== 'CallExpression' || !isMember(child(node, 'callee'), 'catch')) return;
  const handler = children(node, 'arguments')[0];
  const body = child(handler, 'body');
  if (body?.type === 'BlockStatement' && children(body, 'body').length === 0)
    report('empty-catch', node, 'handle the error, log it, or let it pass up');
}

function checkCall(node: Node, module: Module, report: Report): void {
  const calls = node.type === 'CallExpression' || node.type === 'TaggedTemplateExpression';
  const callee = child(node, node.type === 'TaggedTemplateExpression' ? 'tag' : 'callee');
  const name = dottedName(callee).replace(/^(globalThis|window)\./, '');
  if (node.type === 'NewExpression' && name === 'Date' && children(node, 'arguments').length === 0) {
    if (/^src\/(?!foundation\/)/.test(module.path)) report('time', node, 'new Date(): take a Clock');
  }
  if (!calls || name === '') return;
  for (const { rule, where, call, instead } of BANNED_CALLS)
    if (where.test(module.path) && call.test(name)) report(rule, node, `${name}: ${instead}`);
  // test.skip.each([...])('…') and the like: the banned name is in the middle of the chain.
  if (/^test\//.test(module.path) && /^(test|it|describe)\.(skip|only|todo|fails)\./.test(name))
    report('skipped-test', node, `${name}: make the test run everywhere, or delete it`);
  const options = children(node, 'arguments').find(({ type }) => type === 'ObjectExpression');
  if (/^test\//.test(module.path) && /^(test|it|describe)$/.test(name)) {
    const keys = children(options, 'properties').map((property) => dottedName(child(property, 'key')));
    if (keys.some((key) => /^(skip|only|todo|fails)$/.test(key)))
      report('skipped-test', node, `${name}: make the test run everywhere, or delete it`);
  }
}

/** A timer whose only work is to settle a promise is a sleep; a timer that ends something else is a limit. */
function checkSleep(node: Node, ancestors: readonly Node[], module: Module, report: Report): void {
  const inSource = /^src\/(?!foundation\/)/.test(module.path);
  const inTest = /^test\/(?!support\/|fixtures\/)/.test(module.path);
  if (!inSource && !inTest) return;
  const instead = inTest
    ? 'wait for an event, or poll with the bounded helper'
    : 'take a Clock and its sleep';
  if (node.type === 'ImportDeclaration' && /node:timers/.test(String(child(node, 'source')?.['value'])))
    report('sleep', node, `timers module: ${instead}`);
  if (node.type !== 'CallExpression') return;
  if (!/^(globalThis\.)?set(Timeout|Interval|Immediate)$/.test(dottedName(child(node, 'callee')))) return;
  const settlers = executorParameters(ancestors);
  const handler = children(node, 'arguments')[0];
  if (settlers.has(dottedName(handler)) || settlers.has(dottedName(child(onlyCall(handler), 'callee'))))
    report('sleep', node, instead);
}

/** Names of the parameters of the `new Promise(…)` executors around a node. */
function executorParameters(ancestors: readonly Node[]): ReadonlySet<string> {
  const names = ancestors.flatMap((ancestor, index) => {
    const outer = ancestors[index + 1];
    const isExecutor = outer?.type === 'NewExpression' && dottedName(child(outer, 'callee')) === 'Promise';
    return isExecutor ? children(ancestor, 'params').map(dottedName) : [];
  });
  return new Set(names.filter((name) => name !== ''));
}

/** The call that is all there is in a function's body. */
function onlyCall(handler: Node | undefined): Node | undefined {
  const body = child(handler, 'body');
  if (body?.type === 'CallExpression') return body;
  const statements = children(body, 'body');
  const expression = statements.length === 1 ? child(statements[0], 'expression') : undefined;
  return expression?.type === 'CallExpression' ? expression : undefined;
}

function isMember(node: Node | undefined, name: string): boolean {
  return node?.type === 'MemberExpression' && dottedName(child(node, 'property')) === name;
}
