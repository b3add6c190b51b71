// Tamper check: everything between base and commit that touches what judges the change, read from git's own objects.
import { posix } from 'node:path';
import { isOwnSource, languageOf } from '#code/languages.ts';
import { testPathKind } from '#code/test-files.ts';
import type { TamperFinding } from '#contracts/certificate.ts';
import type { TestPlan } from '#contracts/tests.ts';
import type { ChangedFile, Git } from '#sandbox/git.ts';
import { manifestChanges, namedFiles, pyprojectChanges, steeringPath } from './configuration-changes.ts';
import { findInterference } from './interference.ts';
import { compareTestFiles, holdsTests } from './test-changes.ts';

export interface TamperRequest {
  readonly repository: string;
  /** Full commit ids. */
  readonly base: string;
  readonly commit: string;
  readonly plan: TestPlan;
}

export interface TamperReport {
  readonly findings: readonly TamperFinding[];
  /** Test, support and configuration files that the change adds: fine, but left out of the control run. */
  readonly addedTestFiles: readonly string[];
}

/** Bounds: beyond them the check refuses instead of looking away. */
const MAX_CHANGED_FILES = 2_000;
const MAX_TEXT_BYTES = 2_097_152;
/** Deleted and added files that are compared, each; beyond them a rename is called a deletion. */
const MAX_RENAMES = 100;

interface Context extends TamperRequest {
  readonly git: Git;
  /** Regular files of the commit. */
  readonly files: ReadonlySet<string>;
  /** Files that the base's configuration and commands load. */
  readonly machinery: ReadonlySet<string>;
}

/** What the change did to tests, their configuration and their runner. Reads git only; runs nothing. */
export async function findTampering(git: Git, request: TamperRequest): Promise<TamperReport> {
  const { repository, base, commit } = request;
  const changed = await git.changedFiles(repository, base, commit);
  if (changed.length > MAX_CHANGED_FILES) {
    const detail = `${changed.length} changed files, more than the ${MAX_CHANGED_FILES} that can be checked`;
    return { findings: [{ kind: 'edited', file: '.', detail }], addedTestFiles: [] };
  }
  const context: Context = {
    ...request,
    git,
    files: new Set(await git.listFiles(repository, commit)),
    machinery: await machineryOf(git, request),
  };
  const findings: TamperFinding[] = [];
  for (const file of changed) findings.push(...(await inspect(context, file)));
  return {
    findings: nameRenames(findings, await renames(context, changed)),
    addedTestFiles: changed
      .filter(({ path, change }) => change === 'added' && testPathKind(path, request.plan) !== null)
      .map(({ path }) => path),
  };
}

async function machineryOf(git: Git, request: TamperRequest): Promise<Set<string>> {
  const { repository, base, plan } = request;
  const paths = await git.listFiles(repository, base);
  const configuration = new Map<string, string>();
  for (const path of paths) {
    if (testPathKind(path) !== 'configuration' || !isOwnSource(path)) continue;
    if (configuration.size >= MAX_CHANGED_FILES) break;
    const text = await textOf(git, { repository, treeish: base, path });
    if (text !== null) configuration.set(path, text);
  }
  return namedFiles({ plan, configuration, paths: new Set(paths) });
}

async function inspect(context: Context, file: ChangedFile): Promise<TamperFinding[]> {
  const { path, change } = file;
  const finding = (kind: TamperFinding['kind'], detail: string): TamperFinding[] => [
    { kind, file: path, detail },
  ];
  const steering = steeringPath(path);
  if (steering !== null) return finding('configuration', `${change}: ${steering}`);
  if (change === 'type-changed') return finding('configuration', 'the file became a link, or a link a file');
  if (change !== 'deleted' && !context.files.has(path)) {
    return finding('configuration', `${change}: not a regular file but a link or a submodule`);
  }
  const kind = testPathKind(path, context.plan);
  if (kind === 'configuration') return await inspectConfiguration(context, file);
  if (change !== 'added' && context.machinery.has(path) && kind !== 'test') {
    return finding('configuration', `${change}: the test command or its configuration loads it`);
  }
  if (kind === 'support') return await inspectSupport(context, file);
  return kind === 'test' ? await inspectTest(context, file) : await inspectSource(context, file);
}

async function inspectConfiguration(context: Context, file: ChangedFile): Promise<TamperFinding[]> {
  const name = posix.basename(file.path);
  const before = await sideText(context, 'base', file);
  const after = await sideText(context, 'commit', file);
  const finding = (detail: string): TamperFinding[] => [{ kind: 'configuration', file: file.path, detail }];
  if (name !== 'package.json' && name !== 'pyproject.toml')
    return finding(`${file.change}: it steers the tests`);
  const parts = name === 'package.json' ? manifestChanges(before, after) : pyprojectChanges(before, after);
  return parts.length === 0 ? [] : finding(`${file.change}: ${parts.slice(0, 8).join(', ')}`);
}

async function inspectSupport(context: Context, file: ChangedFile): Promise<TamperFinding[]> {
  const { path, change } = file;
  if (change === 'deleted') return [{ kind: 'deleted', file: path, detail: 'a file that tests use is gone' }];
  if (change !== 'added')
    return [{ kind: 'edited', file: path, detail: 'a file that tests use was changed' }];
  const shadowed = shadowedModule(context, path);
  if (shadowed === null) return [];
  return [
    { kind: 'configuration', file: path, detail: `added: tests would load it in place of ${shadowed}` },
  ];
}

/** Python puts the tests' own folder first: a new module there hides the one of the same name under test. */
function shadowedModule(context: Context, path: string): string | null {
  if (!path.endsWith('.py')) return null;
  const name = posix.basename(path);
  if (name === '__init__.py') return null;
  const others = [...context.files].filter((other) => other !== path && posix.basename(other) === name);
  return others.find((other) => testPathKind(other, context.plan) === null) ?? null;
}

async function inspectTest(context: Context, file: ChangedFile): Promise<TamperFinding[]> {
  const { path, change } = file;
  if (change === 'added') return [];
  if (change === 'deleted') return [{ kind: 'deleted', file: path, detail: 'the test file is gone' }];
  const language = languageOf(path);
  const before = await sideText(context, 'base', file);
  const after = await sideText(context, 'commit', file);
  if (language === null || before === null || after === null) {
    return before === after && before !== null
      ? []
      : [{ kind: 'edited', file: path, detail: 'the test file was changed' }];
  }
  return compareTestFiles({ file: path, language, before, after });
}

async function inspectSource(context: Context, file: ChangedFile): Promise<TamperFinding[]> {
  const language = languageOf(file.path);
  if (language === null) return [];
  const before = await sideText(context, 'base', file);
  const after = await sideText(context, 'commit', file);
  if (before !== null && holdsTests(language, before)) return await inspectTest(context, file);
  if (file.change === 'deleted') return [];
  if (after === null) {
    return [
      { kind: 'interference', file: file.path, detail: 'source that is too large or not text to be read' },
    ];
  }
  return findInterference({ file: file.path, language, before: before ?? '', after });
}

/** Deleted test files whose very content appears under another name. */
async function renames(context: Context, changed: readonly ChangedFile[]): Promise<Map<string, string>> {
  const added = changed.filter(({ change, path }) => change === 'added' && context.files.has(path));
  const deleted = changed.filter(
    ({ change, path }) => change === 'deleted' && testPathKind(path, context.plan) !== null,
  );
  const byText = new Map<string, string>();
  for (const file of deleted.length === 0 ? [] : added.slice(0, MAX_RENAMES)) {
    const text = await sideText(context, 'commit', file);
    if (text !== null && !byText.has(text)) byText.set(text, file.path);
  }
  const found = new Map<string, string>();
  for (const file of byText.size === 0 ? [] : deleted.slice(0, MAX_RENAMES)) {
    const text = await sideText(context, 'base', file);
    const to = text === null ? undefined : byText.get(text);
    if (to !== undefined) found.set(file.path, to);
  }
  return found;
}

function nameRenames(findings: TamperFinding[], renamed: ReadonlyMap<string, string>): TamperFinding[] {
  return findings.map((finding) => {
    const to = renamed.get(finding.file);
    if (to === undefined || finding.kind !== 'deleted') return finding;
    return { ...finding, kind: 'renamed', detail: `the file is now ${to}` };
  });
}

async function sideText(
  context: Context,
  side: 'base' | 'commit',
  file: ChangedFile,
): Promise<string | null> {
  if ((side === 'base' && file.change === 'added') || (side === 'commit' && file.change === 'deleted'))
    return null;
  return await textOf(context.git, {
    repository: context.repository,
    treeish: context[side],
    path: file.path,
  });
}

/** Text of a blob; null when it is absent, beyond 2 MiB or not UTF-8. */
async function textOf(
  git: Git,
  blob: { repository: string; treeish: string; path: string },
): Promise<string | null> {
  const content = await git.readBlob(blob.repository, blob.treeish, blob.path);
  if (content === null || content.byteLength > MAX_TEXT_BYTES) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    // Not UTF-8: callers treat it as unreadable, which is a finding wherever reading matters.
    return null;
  }
}
