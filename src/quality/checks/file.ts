// Files that must be in the commit, with a rule for what they hold; read from git's objects, never from a work tree.
import { posix } from 'node:path';
import type { GateCheckOf, GateEvidence } from '#contracts/gate.ts';
import { plural } from '#foundation/text.ts';
import { listed } from '../verdict.ts';
import { type CheckContext, observed, passed, type RunCheck, refused } from './check.ts';
import { filesIn } from './reproduce.ts';

/** Beyond it, a glob means too much to be read. */
const MAX_FILES = 1_000;
const MAX_TEXT_BYTES = 2_097_152;
const GLOB = /[*?[\]{}]/;

export const runFileCheck: RunCheck<'file'> = async (context, check) => {
  const seen = { reproduce: filesIn(context.subject, check.path) };
  const paths = await matching(context, check);
  const since = check.changed ? ' added or changed since the base' : '';
  if (paths.length === 0) return refused([`No file${since} matches ${check.path}.`], seen);
  if (paths.length > MAX_FILES) {
    return refused(
      [`${check.path} matches ${paths.length} files, more than the ${MAX_FILES} that are read.`],
      seen,
    );
  }
  const good: GateEvidence[] = [];
  const faults: string[] = [];
  for (const path of paths) {
    const { fault, evidence } = await look(context, check, path);
    if (fault === null) good.push(evidence);
    else faults.push(`${path}: ${fault}`);
  }
  const wanted = plural(check.min_count, 'file');
  // A plain path is one file, and every rule is about it; of a glob, as many as were asked for must be right.
  if (good.length >= check.min_count) {
    return passed(`${plural(good.length, 'file')} of ${check.path} as wanted.`, { ...seen, evidence: good });
  }
  const short = `${good.length} of ${check.path} as wanted, not ${wanted}.`;
  return refused(faults.length === 0 ? [short] : [short, `${listed(faults)}.`], { ...seen, evidence: good });
};

async function matching({ parts, subject }: CheckContext, check: GateCheckOf<'file'>): Promise<string[]> {
  const { repository, base, commit } = subject;
  const files = await parts.git.listFiles(repository, commit);
  const found = files.filter((file) =>
    GLOB.test(check.path) ? posix.matchesGlob(file, check.path) : file === posix.normalize(check.path),
  );
  if (!check.changed) return found;
  const changed = new Set((await parts.git.changedFiles(repository, base, commit)).map(({ path }) => path));
  return found.filter((file) => changed.has(file));
}

async function look(
  { parts, subject }: CheckContext,
  check: GateCheckOf<'file'>,
  path: string,
): Promise<{ fault: string | null; evidence: GateEvidence }> {
  const bytes = (await parts.git.readBlob(subject.repository, subject.commit, path)) ?? Buffer.alloc(0);
  const evidence = observed('file', bytes, path);
  if (bytes.byteLength > MAX_TEXT_BYTES) {
    return { fault: `${bytes.byteLength} bytes, more than the ${MAX_TEXT_BYTES} that are read`, evidence };
  }
  return { fault: faultOf(bytes.toString('utf8'), check), evidence };
}

function faultOf(text: string, check: GateCheckOf<'file'>): string | null {
  // White space is no content, however much there is of it.
  const chars = text.replace(/\s+/g, ' ').trim().length;
  if (chars < check.min_chars) return `${chars} characters of text, fewer than ${check.min_chars}`;
  if (check.matches !== undefined && !new RegExp(check.matches, 'mu').test(text)) {
    return `nothing in it matches /${check.matches}/`;
  }
  const sections = sectionsOf(text);
  const missing = check.headings.filter((heading) => !sections.has(plain(heading)));
  if (missing.length > 0) return `no heading ${listed(missing)}`;
  const empty = check.headings.filter((heading) => sections.get(plain(heading)) === '');
  return empty.length > 0 ? `nothing below the heading ${listed(empty)}` : null;
}

/** Text below each heading, sub-headings included: Markdown's `#`, underlines, and reStructuredText's. */
function sectionsOf(text: string): ReadonlyMap<string, string> {
  const lines = withoutFences(text).split('\n');
  const heads: { at: number; level: number; title: string }[] = [];
  lines.forEach((line, at) => {
    const hashes = /^ {0,3}(#{1,6})\s+(.+?)\s*#*\s*$/.exec(line);
    const under = /^ {0,3}([=\-~^"'*+])\1{2,}\s*$/.exec(lines[at + 1] ?? '')?.[1];
    if (hashes) heads.push({ at, level: hashes[1]?.length ?? 1, title: hashes[2] ?? '' });
    else if (under !== undefined && line.trim() !== '') {
      heads.push({ at, level: under === '=' ? 1 : 2, title: line.trim() });
    }
  });
  const found = new Map<string, string>();
  heads.forEach(({ at, level, title }, index) => {
    const next = heads.slice(index + 1).find((head) => head.level <= level)?.at ?? lines.length;
    const body = lines.slice(at + 1, next).filter((line) => !/^[\s#=\-~^"'*+]*$/.test(line));
    const inner = heads.filter((head) => head.at > at && head.at < next).map((head) => lines[head.at]);
    const own = body
      .filter((line) => !inner.includes(line))
      .join('\n')
      .trim();
    if (!found.get(plain(title))) found.set(plain(title), own);
  });
  return found;
}

/** A heading inside of a code block is none. */
function withoutFences(text: string): string {
  return text.replace(/^ {0,3}(```+|~~~+)[^\n]*\n[\s\S]*?^ {0,3}\1[^\n]*$/gm, (block) =>
    block.replace(/^ *#/gm, ' '),
  );
}

function plain(heading: string): string {
  return heading
    .replace(/[_*`]+/g, ' ')
    .replace(/^\d+(\.\d+)*\.?\s+/, '')
    .replace(/:$/, '')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}
