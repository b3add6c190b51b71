// No new findings: what the host's own rules find at the commit and did not find at the base, told apart without lines.
import { isOwnSource, languageOf } from '#code/languages.ts';
import { type Finding, loadScanRules, type ScanRule, scanSource } from '#code/scan.ts';
import { canonicalJson } from '#foundation/digest.ts';
import { plural } from '#foundation/text.ts';
import type { ChangedFile } from '#sandbox/git.ts';
import { listed } from '../verdict.ts';
import { type CheckContext, observed, passed, type RunCheck, refused } from './check.ts';
import { diffOf } from './reproduce.ts';

const MAX_CHANGED_FILES = 2_000;
const MAX_TEXT_BYTES = 2_000_000;
/** As many as the scan gives back for one file; with more, what is new could be among those left out. */
const MAX_FINDINGS = 500;
const RANK = { low: 0, medium: 1, high: 2 } as const satisfies Record<Finding['severity'], number>;

export const runFindingsCheck: RunCheck<'findings'> = async (context, check) => {
  const { subject, parts } = context;
  const { repository, base, commit } = subject;
  const changed = await parts.git.changedFiles(repository, base, commit);
  const all = { reproduce: diffOf(subject) };
  if (changed.length > MAX_CHANGED_FILES) {
    return refused(
      [`${changed.length} files changed, more than the ${MAX_CHANGED_FILES} that are read.`],
      all,
    );
  }
  const rules = loadScanRules();
  const sources = changed.filter(({ path }) => languageOf(path) !== null && isOwnSource(path));
  const scans = await Promise.all(sources.map((file) => scanBoth(context, file, rules)));
  const unread = scans.flatMap((scan) => scan.unread);
  if (unread.length > 0)
    return refused([`Not readable, so nobody knows what is in it: ${listed(unread)}.`], all);
  const counted = (finding: Finding): boolean => RANK[finding.severity] >= RANK[check.at_least];
  const fresh = newFindings(scans).filter(counted);
  const files = [...new Set(fresh.map((finding) => finding.path))];
  const seen = {
    reproduce: files.length === 0 ? all.reproduce : diffOf(subject, ...files.slice(0, 10)),
    evidence: [observed('findings', canonicalJson(fresh))],
  };
  const read = `${plural(sources.length, 'changed source file')} read by ${plural(rules.length, 'rule')}`;
  const told = fresh.map(({ path, line, rule, message }) => `${path}:${line} ${rule} (${message})`);
  if (fresh.length > check.max_new) {
    return refused(
      [`${plural(fresh.length, 'new finding')}, more than ${check.max_new}: ${listed(told)}.`],
      seen,
    );
  }
  return passed(`${plural(fresh.length, 'new finding')}; ${read}.`, seen);
};

interface BothScans {
  readonly before: readonly Finding[];
  readonly after: readonly Finding[];
  readonly deleted: boolean;
  readonly unread: readonly string[];
}

async function scanBoth(
  context: CheckContext,
  file: ChangedFile,
  rules: readonly ScanRule[],
): Promise<BothScans> {
  const { base, commit } = context.subject;
  const at = { path: file.path, rules };
  const before = file.change === 'added' ? [] : await scanAt(context, { ...at, treeish: base });
  const after = file.change === 'deleted' ? [] : await scanAt(context, { ...at, treeish: commit });
  return {
    // What cannot be read in the base counts as if nothing had been found there.
    before: before ?? [],
    after: after ?? [],
    deleted: file.change === 'deleted',
    unread: after === null ? [file.path] : [],
  };
}

/** Null when the file is too large, no regular text file, or holds more findings than are counted. */
async function scanAt(
  { parts, subject }: CheckContext,
  {
    path,
    treeish,
    rules,
  }: { readonly path: string; readonly treeish: string; readonly rules: readonly ScanRule[] },
): Promise<Finding[] | null> {
  const language = languageOf(path);
  const bytes = await parts.git.readBlob(subject.repository, treeish, path);
  if (language === null || bytes === null || bytes.byteLength > MAX_TEXT_BYTES || bytes.includes(0))
    return null;
  const found = scanSource({ path, language, text: bytes.toString('utf8') }, rules);
  return found.length >= MAX_FINDINGS ? null : found;
}

/** What the commit holds more of than the base; a finding that moved with its file, or within it, is not new. */
function newFindings(scans: readonly BothScans[]): Finding[] {
  const here = counts(
    scans.flatMap((scan) => scan.before),
    inPlace,
  );
  const gone = counts(
    scans.filter((scan) => scan.deleted).flatMap((scan) => scan.before),
    anywhere,
  );
  return scans
    .flatMap((scan) => scan.after)
    .filter((finding) => !take(here, inPlace(finding)))
    .filter((finding) => !take(gone, anywhere(finding)));
}

const anywhere = ({ rule, source }: Finding): string => `${rule}\u0000${source.replace(/\s+/g, ' ')}`;
const inPlace = (finding: Finding): string => `${finding.path}\u0000${anywhere(finding)}`;

function counts(findings: readonly Finding[], key: (finding: Finding) => string): Map<string, number> {
  const found = new Map<string, number>();
  for (const finding of findings) found.set(key(finding), (found.get(key(finding)) ?? 0) + 1);
  return found;
}

function take(from: Map<string, number>, key: string): boolean {
  const left = from.get(key) ?? 0;
  if (left > 0) from.set(key, left - 1);
  return left > 0;
}
