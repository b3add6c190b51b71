// Candidates given straight to a harness process, as the engine gives them, for a small repository with one source file.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSyntaxReader, type SyntaxNode } from '#code/syntax.ts';
import { createSystemClock } from '#foundation/clock.ts';
import { createLog } from '#foundation/log.ts';
import type {
  FileShape,
  StartMessage,
  SurveyMessage,
  SurveyReply,
  TryReply,
} from '#repair/harness/protocol.ts';
import { createHarnessSession, type HarnessSession } from '#repair/harness-session.ts';
import { shapeOf } from '#repair/shapes.ts';
import { type Woven, weaveGuards, weaveProbes } from '#repair/weave.ts';
import { createSandbox } from '#sandbox/runner.ts';
import { javascriptGrammar } from '../../src/repair/grammar/javascript.ts';

export interface Trial {
  readonly runner?: 'node' | 'command' | 'mocha';
  /** Name of the source file; the tests' file has `.test` in it. */
  readonly file?: string;
  readonly source: string;
  readonly test: string;
  /** Tests that must pass. */
  readonly names?: readonly string[];
  /** Texts for the place of `WRONG` in the source, one candidate each. */
  readonly candidates: readonly string[];
  /** False: everything is loaded anew for each candidate. */
  readonly shaped?: boolean;
  readonly ticks?: number;
  /** Further test files, after the one of `test`. */
  readonly others?: Readonly<Record<string, string>>;
}

const clock = createSystemClock();
/** One for all: two would take each other's processes for their own when they end theirs. */
const sandbox = createSandbox({ rung: 'none', clock, log: createLog({ level: 'silent' }) });

/** What the harness says of each candidate. */
export async function judgeIn(trial: Trial): Promise<TryReply[]> {
  const { runner = 'node', names = ['works'], ticks = 10_000 } = trial;
  return inSession(trial, async (session, { file, entry, woven }) => {
    const limits = { timeoutMs: 2_000, ticks };
    await session.survey({ sources: {}, cover: false, ...limits });
    const own = runner === 'command' ? null : names;
    const wanted = [{ file: entry, names: own, required: own ?? [] }];
    const at = woven.text.indexOf('WRONG');
    const candidates = trial.candidates.map((text, id) => ({
      id,
      edits: [[file, at, at + 'WRONG'.length, text] as const],
    }));
    return session.tryAll({ ...limits, failing: wanted, passing: wanted, candidates });
  });
}

/** What each test of the unchanged program runs, as the engine asks for it; `timeoutMs` of processor time at most. */
export async function coverageIn(
  trial: Trial,
  timeoutMs: number,
  enough?: SurveyMessage['enough'],
): Promise<SurveyReply | null> {
  return inSession(trial, (session, { file, root }) => {
    const sources = { [file]: weaveProbes(trial.source, root, javascriptGrammar, 0).text };
    return session.survey({
      sources,
      cover: true,
      timeoutMs,
      ...(enough && { enough }),
      ticks: trial.ticks ?? 10_000,
    });
  });
}

interface Laid {
  readonly file: string;
  readonly entry: string;
  readonly woven: Woven;
  readonly root: SyntaxNode;
}

async function inSession<T>(
  trial: Trial,
  work: (session: HarnessSession, laid: Laid) => Promise<T>,
): Promise<T> {
  const { file = 'source.js', runner = 'node' } = trial;
  const entry = file.replace('source', 'source.test');
  const directory = await mkdtemp(join(tmpdir(), 'cambium-harnessed-'));
  await chmod(directory, 0o755);
  const language = /ts$/.test(file) ? 'typescript' : 'javascript';
  const parse = (text: string) => createSyntaxReader().parse(language, text).root;
  const root = parse(trial.source);
  const woven = weaveGuards(trial.source, root, javascriptGrammar);
  const shapes: Record<string, FileShape> = {
    [file]: shapeOf(root, woven.insertions),
    [entry]: shapeOf(parse(trial.test), []),
  };
  const start: Omit<StartMessage, 'op' | 'token' | 'directory'> = {
    runner,
    entries: [entry, ...Object.keys(trial.others ?? {})].map((one) => ({ file: one, args: [] })),
    sources: { [file]: woven.text },
    shapes: trial.shaped === false ? {} : shapes,
    options: [],
  };
  await writeFile(join(directory, file), trial.source);
  await writeFile(join(directory, entry), trial.test);
  for (const [path, text] of Object.entries(trial.others ?? {})) await writeFile(join(directory, path), text);
  const place = { workspace: { root: directory, mounts: [] }, directory: '.', family: 'javascript' as const };
  const session = createHarnessSession({ sandbox, clock, ...place, wallMs: 60_000, start });
  try {
    return await work(session, { file, entry, woven, root });
  } finally {
    await session.close();
    await rm(directory, { recursive: true, force: true });
  }
}
