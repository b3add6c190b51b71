// Canaries: proof that on this very commit the test command can fail, and fails for the reasons that the tests give.
import { languageOfFile } from '#code/syntax.ts';
import { testPathKind } from '#code/test-files.ts';
import type { TestReport } from '#contracts/tests.ts';
import { plural } from '#foundation/text.ts';
import { namedFiles } from './configuration-changes.ts';
import { both, type HostParts, type HostTask, type Overlay, runOverlay } from './host-run.ts';
import { addNothing, plantCase, plantFailure, type TurnedFile, turnAssertions } from './turn.ts';
import { type CanaryOutcome, fileOfTest, isWholeFile, listed, targetStatus } from './verdict.ts';

export interface CanaryRequest extends HostTask {
  readonly base: string;
  /** Claimed tests that pass on the commit. */
  readonly targets: readonly string[];
  /** The host's own report of the commit. */
  readonly report: TestReport;
  /** Test files that the change adds: the control run goes without them. */
  readonly addedTestFiles: readonly string[];
  /** Test changes were allowed: the control run keeps them. */
  readonly allowTestChanges: boolean;
}

export interface CanaryRun extends CanaryOutcome {
  /** The last report in which a failure was planted; null when nothing could be planted. */
  readonly report: TestReport | null;
}

/** At most so many test files get a canary: those of the first targets by name. */
const MAX_CANARY_FILES = 4;

interface Probe {
  readonly overlay: Overlay;
  /** Names (or parts of ids) that have to be reported as failed. */
  readonly planted: readonly { readonly word: string; readonly file: string }[];
  /** Targets that have to fail. */
  readonly turned: readonly string[];
}

interface Source {
  readonly path: string;
  /** The file as reports name it: another than `path` where tests are built before they run. */
  readonly reported: string;
  readonly text: string;
  /** The runner sees the file as a whole: it has an exit status and no cases. */
  readonly script: boolean;
}

/**
 * Three kinds of proof, each in a clean workspace: a planted failure must be reported; the claimed tests must fail
 * when their assertions are turned around (so replaced assertions, forged reports and early exits show); and they
 * must still pass after an addition to the test files that changes nothing, without test files that the change adds.
 * @throws AppError CANCELLED.
 */
export async function runCanaries(
  parts: HostParts,
  request: CanaryRequest,
  signal?: AbortSignal,
): Promise<CanaryRun> {
  const word = wordFrom(parts.ids.next('crt'));
  const sources = await chooseSources(parts, request);
  const probes = sources.files.flatMap((source) => probesOf(source, request, word));
  const merged = mergeCaseProbes(probes);
  if (merged.length === 0) {
    const text =
      'No test file was found in which a failure could be planted, so nothing shows that the tests can fail.';
    return { summary: text, reasons: [text], report: null };
  }
  const [outcomes, control] = await both(
    runProbes(parts, { request, probes: merged }, signal),
    runControl(parts, { request, sources: sources.files, word }, signal),
  );
  const failures = outcomes.flatMap((outcome) => outcome.reasons);
  // Scripts that were only guessed to be run by the command: one that fails is proof enough.
  const guessedAndSeen = sources.guessed && outcomes.some((outcome) => outcome.reasons.length === 0);
  const reasons = [...(guessedAndSeen ? [] : failures), ...control];
  return { summary: summary(merged, reasons), reasons, report: outcomes.at(-1)?.report ?? null };
}

interface ProbeOutcome {
  readonly report: TestReport;
  readonly reasons: readonly string[];
}

async function runProbes(
  parts: HostParts,
  input: { readonly request: CanaryRequest; readonly probes: readonly Probe[] },
  signal?: AbortSignal,
): Promise<ProbeOutcome[]> {
  const outcomes: ProbeOutcome[] = [];
  for (const probe of input.probes) {
    const report = await runOverlay(parts, { ...input.request, overlay: probe.overlay }, signal);
    outcomes.push({ report, reasons: unseen(probe, report) });
  }
  return outcomes;
}

function probesOf(source: Source, request: CanaryRequest, word: string): Probe[] {
  const input = { path: source.path, text: source.text, word };
  const inFile = request.targets.filter((id) => fileOfTest(id, request.report) === source.reported);
  if (source.script) {
    const thrown = plantFailure(input);
    const turned = turnAssertions(input);
    const targets = request.plan.runner === 'command' ? [...request.targets] : inFile;
    return [
      ...(thrown === null ? [] : [scriptProbe(source.path, thrown, targets)]),
      ...(turned === null || turned.certain === 0 ? [] : [scriptProbe(source.path, turned.text, targets)]),
    ];
  }
  const turned = turnAssertions({ ...input, casesOnly: true });
  const planted = plantCase(request.plan.runner, { ...input, text: turned?.text ?? source.text });
  if (planted === null) return [];
  return [
    {
      overlay: new Map([[source.path, planted]]),
      planted: [{ word, file: source.reported }],
      turned: turned === null ? [] : inFile.filter((id) => mustFail(id, turned)),
    },
  ];
}

function scriptProbe(path: string, text: string, targets: readonly string[]): Probe {
  return { overlay: new Map([[path, text]]), planted: [], turned: targets };
}

/** Files with cases are probed in one run: each failure is reported by its own name. */
function mergeCaseProbes(probes: readonly Probe[]): Probe[] {
  const named = probes.filter((probe) => probe.planted.length > 0);
  const scripts = probes.filter((probe) => probe.planted.length === 0);
  if (named.length === 0) return scripts;
  const merged: Probe = {
    overlay: new Map(named.flatMap((probe) => [...probe.overlay])),
    planted: named.flatMap((probe) => probe.planted),
    turned: named.flatMap((probe) => probe.turned),
  };
  return [merged, ...scripts];
}

/** A target fails for certain when every case of its name has an assertion that runs unconditionally. */
function mustFail(id: string, turned: TurnedFile): boolean {
  const title = (id.split(' › ').at(-1) ?? id).replace(/ \(\d+\)$/, '').replace(/\[.*\]$/s, '');
  const cases = turned.cases.filter((one) => one.title === title || id.endsWith(` › ${one.title}`));
  return cases.length > 0 && cases.every((one) => one.certain > 0);
}

function unseen(probe: Probe, report: TestReport): string[] {
  const reasons: string[] = [];
  for (const { word, file } of probe.planted) {
    const seen = report.tests.some(
      (test) => test.status === 'failed' && test.id.includes(word) && (test.file ?? file) === file,
    );
    if (!seen) reasons.push(`A failing test planted at the end of ${file} was not reported as failed.`);
  }
  const passing = probe.turned.filter((id) => targetStatus(report, id) === 'passed');
  if (passing.length > 0) {
    reasons.push(`Still passing when it is made to fail, so a pass means nothing: ${listed(passing)}.`);
  }
  const unreported = probe.turned.filter((id) => targetStatus(report, id) === null);
  if (unreported.length > 0) {
    reasons.push(`Not reported when made to fail: ${listed(unreported)}.`);
  }
  if (report.exitCode === 0)
    reasons.push('The test command ended with 0 although a failure had been planted.');
  return reasons;
}

interface ControlInput {
  readonly request: CanaryRequest;
  readonly sources: readonly Source[];
  readonly word: string;
}

async function runControl(parts: HostParts, input: ControlInput, signal?: AbortSignal): Promise<string[]> {
  const { request, sources, word } = input;
  const overlay = new Map<string, string | null>();
  if (!request.allowTestChanges) for (const path of request.addedTestFiles) overlay.set(path, null);
  for (const { path } of sources) {
    if (overlay.has(path)) continue;
    const side = request.allowTestChanges ? request.commit : request.base;
    const text = await readText(parts, request.repository, side, path);
    if (text !== null) overlay.set(path, addNothing({ path, text, word: word.toUpperCase() }));
  }
  const report = await runOverlay(parts, { ...request, overlay }, signal);
  const failing = request.targets.filter((id) => targetStatus(report, id) !== 'passed');
  if (failing.length === 0) return [];
  const without = overlay.size > sources.length ? ' and without added test files' : '';
  return [
    `Not passing any more after an addition to the test files that changes nothing${without}: ${listed(failing)}.`,
  ];
}

/** The files in which failures are planted: those of the targets, or the scripts that the command runs. */
async function chooseSources(
  parts: HostParts,
  request: CanaryRequest,
): Promise<{ files: Source[]; guessed: boolean }> {
  const command = request.plan.runner === 'command';
  const chosen = command
    ? await chooseScripts(parts, request)
    : { paths: await targetSources(parts, request), guessed: false };
  const files: Source[] = [];
  for (const { path, reported } of chosen.paths.slice(0, MAX_CANARY_FILES)) {
    const text = await readText(parts, request.repository, request.commit, path);
    if (text === null) continue;
    const whole = request.report.tests.some((test) => test.file === reported && isWholeFile(test.id));
    files.push({ path, reported, text, script: command || whole });
  }
  return { files, guessed: chosen.guessed };
}

type NamedSource = Pick<Source, 'path' | 'reported'>;

/** The tracked files of the targets; for one that a build writes, the source it is built from. */
async function targetSources(parts: HostParts, request: CanaryRequest): Promise<NamedSource[]> {
  const tracked = await parts.git.listFiles(request.repository, request.commit);
  const known = new Set(tracked);
  const tests = tracked.filter((path) => testPathKind(path, request.plan) === 'test');
  return targetFiles(request).flatMap((reported) => {
    const path = known.has(reported) ? reported : sourceOfBuilt(reported, tests);
    return path === null ? [] : [{ path, reported }];
  });
}

/**
 * `dist/test/a.test.js` is built from `test/a.test.ts`: the one test file whose path, without its extension, ends
 * as much of the built path as any does. Null when there is none, or more than one.
 */
export function sourceOfBuilt(built: string, tests: readonly string[]): string | null {
  const stem = (path: string): string => path.replace(/\.[^./]+$/, '');
  const parts = stem(built).split('/');
  for (let from = 0; from < parts.length; from += 1) {
    const tail = parts.slice(from).join('/');
    const found = tests.filter((path) => stem(path) === tail || stem(path).endsWith(`/${tail}`));
    if (found.length > 0) return found.length === 1 ? (found[0] ?? null) : null;
  }
  return null;
}

function targetFiles(request: CanaryRequest): string[] {
  const files = request.targets.map((id) => fileOfTest(id, request.report));
  return [...new Set(files.filter((file) => file !== null))].sort();
}

async function chooseScripts(
  parts: HostParts,
  request: CanaryRequest,
): Promise<{ paths: NamedSource[]; guessed: boolean }> {
  const { repository, commit, plan } = request;
  const paths = (await parts.git.listFiles(repository, commit)).filter(
    (path) => languageOfFile(path) !== null,
  );
  const manifest = plan.directory === '.' ? 'package.json' : `${plan.directory}/package.json`;
  const text = await readText(parts, repository, commit, manifest);
  const named = namedFiles({
    plan,
    configuration: new Map(text === null ? [] : [[manifest, text]]),
    paths: new Set(paths),
  });
  const typed = namedFiles({ plan, configuration: new Map(), paths: new Set(paths) });
  const first = typed.size > 0 ? typed : named;
  if (first.size > 0) {
    const tests = [...first].filter((path) => testPathKind(path, plan) === 'test');
    return { paths: (tests.length > 0 ? tests : [...first]).sort().map(asReported), guessed: false };
  }
  const guessed = paths.filter((path) => testPathKind(path, plan) === 'test');
  return { paths: guessed.map(asReported), guessed: true };
}

const asReported = (path: string): NamedSource => ({ path, reported: path });

async function readText(
  parts: HostParts,
  repository: string,
  treeish: string,
  path: string,
): Promise<string | null> {
  const content = await parts.git.readBlob(repository, treeish, path);
  return content === null || content.byteLength > 2_097_152 ? null : content.toString('utf8');
}

/** Letters and digits, unforeseeable for the code under test. */
function wordFrom(id: string): string {
  return `k${id.slice(-12)}`;
}

function summary(probes: readonly Probe[], reasons: readonly string[]): string {
  const turned = new Set(probes.flatMap((probe) => probe.turned)).size;
  const planted = probes.reduce((sum, probe) => sum + Math.max(1, probe.planted.length), 0);
  const what = `${plural(planted, 'failure')} planted, ${plural(turned, 'claimed test')} made to fail`;
  return reasons.length === 0
    ? `${what}: all were reported; one control run passed`
    : `${what}: ${reasons[0] ?? ''}`;
}
