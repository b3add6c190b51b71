// CODING: the coder's change as a tree, looked at by the reviewers before it is tested (R9).
import { callRole } from '#agents/role.ts';
import { CODER, type CoderInput, type CoderOutput, REVIEWER, type ReviewFinding } from '#agents/roles.ts';
import type { NewEvent } from '#contracts/event.ts';
import type { TestReport } from '#contracts/tests.ts';
import { clip, plainText, plural } from '#foundation/text.ts';
import type { Learned } from '#repair/learned.ts';
import type { Workspace } from '#sandbox/workspace.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { lessonOfSearch } from '../lessons.ts';
import type { CoderTools } from '../ports.ts';
import { subjectOf } from '../run-store.ts';
import { nextAttempt } from './attempts.ts';
import { type ChangedText, changedTexts, editBetween, putEdits } from './edits.ts';
import { lessonSubject } from './learning.ts';
import { target } from './planning.ts';
import { recentLines } from './recent-lines.ts';
import { storedReportOutput } from './reports.ts';
import { interrupted, keptOutput, maySearchOn, searchedAfter, searchLeft, whyNothing } from './searching.ts';
import { failWith, moveTo, type StepContext, type StepMove, type StepResult } from './step.ts';
import { planOutput } from './stored.ts';

const SUSPECTS_TOLD = 20;
const REASON_CHARS = 500;
const DIFF_CHARS = 200_000;

type Proposed = Extract<CoderOutput, { kind: 'proposed' }>;

export async function coding(context: StepContext, signal: AbortSignal): Promise<StepResult> {
  const input = await coderInput(context);
  const workspace = await context.workspace(context.run.checkpoint.startTree);
  const output =
    keptOutput(context.run.checkpoint.searched) ?? (await code(context, { input, workspace }, signal));
  if (signal.aborted) return interrupted(context, output);
  switch (output.kind) {
    case 'refused':
    case 'unavailable':
      return { kind: 'pause', paused: { reason: plainText(output.reason), next: plainText(output.next) } };
    case 'nothing':
      return nothingFound(context, output);
    case 'proposed':
      return proposed(context, { output, workspace, input });
  }
}

async function code(
  context: StepContext,
  { input, workspace }: { input: CoderInput; workspace: Workspace },
  signal: AbortSignal,
): Promise<CoderOutput> {
  const learned = await context.recall(input);
  const { tools, settled } = toolsFor(context, { workspace, learned }, signal);
  const output = await callRole(
    { role: CODER, input, executor: (checked) => context.hands.coder.code(checked, tools, signal) },
    signal,
  );
  await settled();
  return output;
}

async function coderInput(context: StepContext): Promise<CoderInput> {
  const { run } = context;
  const { checkpoint, options } = run;
  const { tests, language } = target(run);
  const { plan } = await planOutput(context);
  const { report } = storedReportOutput.parse(await context.output(checkpoint.reportStep ?? 0));
  const { path: repository } = context.project;
  const tree = checkpoint.startTree;
  const steady = report.tests.filter((test) => !plan.flaky.includes(test.id));
  return {
    attempt: run.attempt,
    language,
    tests,
    failing: steady.filter((test) => test.status === 'failed'),
    passing: steady.filter((test) => test.status === 'passed'),
    sourceFiles: plan.sourceFiles,
    exclude: checkpoint.excluded,
    hypothesis: checkpoint.hypotheses.at(-1) ?? null,
    findings: checkpoint.findings,
    feedback: options.feedback,
    seed: options.seed,
    tried: checkpoint.searched.tried,
    recent: (await recentLines(context.git, { repository, base: run.base, tree }, plan.since)).map(
      ({ file, lines }) => ({ file, lines: [...lines] }),
    ),
    budget: searchLeft(context),
  };
}

/** One test run at a time: they share the workspace. */
function toolsFor(
  context: StepContext,
  { workspace, learned }: { readonly workspace: Workspace; readonly learned: Learned },
  signal: AbortSignal,
): { tools: CoderTools; settled: () => Promise<unknown> } {
  const { run, hands, limits } = context;
  const { tests: plan } = target(run);
  let last: Promise<unknown> = Promise.resolve();
  const runNow: CoderTools['runTests'] = async (edits, only, stop): Promise<TestReport> => {
    const either = stop === undefined ? signal : AbortSignal.any([signal, stop]);
    try {
      await putEdits(workspace, edits);
      return await hands.tests.run({ workspace, plan, only: only ?? undefined, limits }, either);
    } finally {
      await workspace.reset(run.checkpoint.startTree);
    }
  };
  const tools: CoderTools = {
    workspace,
    runTests: (edits, only, stop) => {
      const next = last.then(() => runNow(edits, only, stop));
      last = next.catch(() => undefined);
      return next;
    },
    learned,
    progress: (line) => context.note(plainText(line)),
  };
  return { tools, settled: () => last };
}

function nothingFound(context: StepContext, output: Extract<CoderOutput, { kind: 'nothing' }>): StepMove {
  const { run } = context;
  const { account } = output;
  const checkpoint: Checkpoint = { ...run.checkpoint, searched: searchedAfter(run, output) };
  const step = {
    output: { account },
    tree: run.checkpoint.startTree,
    checkpoint,
    events: located(context, output.account.suspects),
    lesson: lessonOfSearch(lessonSubject(run), account, null),
  };
  if (maySearchOn(run, { account, searched: checkpoint.searched })) {
    const reason = `${plural(account.tried, 'candidate')} tried in the time of one attempt; the next one goes on from there`;
    return nextAttempt(context, { ...step, reason });
  }
  return failWith(context, {
    kind: 'nothing-found',
    reason: whyNothing(run, { account, searched: checkpoint.searched }),
    next: `cambium run show ${run.key} --faults`,
    step,
  });
}

function located({ run }: StepContext, suspects: Proposed['account']['suspects']): NewEvent[] {
  if (suspects.length === 0) return [];
  const payload = { suspects: suspects.slice(0, SUSPECTS_TOLD) };
  return [{ type: 'faults.located', subject: subjectOf(run), payload }];
}

interface Proposal {
  readonly output: Proposed;
  readonly workspace: Workspace;
  readonly input: CoderInput;
}

async function proposed(context: StepContext, { output, workspace, input }: Proposal): Promise<StepMove> {
  const { run, git, project } = context;
  const from = run.checkpoint.startTree;
  if (output.edits.length > 0) {
    await workspace.reset(from);
    await putEdits(workspace, output.edits);
  }
  context.probe('coding.after-edit');
  const tree = await workspace.snapshot();
  await context.keep(tree);
  const changed = await changedTexts(git, project.path, { from, to: tree });
  const diff = clip(await git.diff(project.path, run.checkpoint.baseTree, tree), DIFF_CHARS).text;
  const findings = await review(context, changed, diff);
  const edits = output.edits.length > 0 ? output.edits : changed.map(editBetween);
  const reason = plainText(output.reason).slice(0, REASON_CHARS);
  const stated = statedOf(output.account.assessment);
  const candidate = { digest: output.digest, template: output.template, reason };
  const subject = subjectOf(run);
  const told: NewEvent[] =
    edits.length === 0
      ? []
      : [
          {
            type: 'candidate.proposed',
            subject,
            payload: {
              attempt: run.attempt,
              candidate: { ...candidate, edits },
              tried: output.account.tried,
              plausible: output.account.plausible,
            },
          },
        ];
  const common = {
    input: {
      attempt: input.attempt,
      failing: input.failing.map((test) => test.id),
      passing: input.passing.length,
      exclude: input.exclude,
      hypothesis: input.hypothesis,
      findings: input.findings,
      seed: input.seed,
    },
    output: { candidate, account: output.account, findings, diff },
    lesson: lessonOfSearch(lessonSubject(run), output.account, output),
    tree,
    events: [
      ...located(context, output.account.suspects),
      ...told,
      ...findings.map((payload): NewEvent => ({ type: 'finding.reported', subject, payload })),
    ],
  };
  const searched = searchedAfter(run, output);
  const checkpoint: Checkpoint = {
    ...run.checkpoint,
    tree,
    candidate: { ...candidate, stated },
    findings: [],
    searched,
  };
  const critical = findings.filter((finding) => finding.severity === 'critical');
  if (critical.length > 0 && run.options.blockOnCritical)
    return sentBack(context, { ...common, checkpoint }, critical);
  return moveTo(context, { ...common, to: 'TESTING', checkpoint, reason });
}

/** `fix (p = 0.93)` or `plausible, unproven (p = 0.41)`; empty where nothing is known. */
function statedOf(assessment: Proposed['account']['assessment']): string {
  if (assessment === null) return '';
  const word = assessment.offered === 'fix' ? 'fix' : 'plausible, unproven';
  return `${word} (p = ${assessment.probability.toFixed(2)})`;
}

/** A critical finding sends the change back to coding, with the finding (R9). */
function sentBack(
  context: StepContext,
  parts: Partial<StepMove> & { readonly checkpoint: Checkpoint },
  critical: readonly ReviewFinding[],
): StepMove {
  const { startTree, excluded, candidate, withoutProgress } = parts.checkpoint;
  const checkpoint: Checkpoint = {
    ...parts.checkpoint,
    tree: startTree,
    candidate: null,
    findings: [...critical],
    excluded: candidate ? [...excluded, candidate.digest] : excluded,
    withoutProgress: withoutProgress + 1,
  };
  const reason = `A reviewer holds a critical finding against it: ${critical[0]?.message ?? ''}`;
  return nextAttempt(context, { ...parts, checkpoint, reason });
}

async function review(
  { run, reviewers }: StepContext,
  changed: readonly ChangedText[],
  diff: string,
): Promise<ReviewFinding[]> {
  const files = changed.flatMap(({ path, after }) => (after === null ? [] : [{ path, text: after }]));
  const { language } = target(run);
  const all: ReviewFinding[] = [];
  for (const reviewer of reviewers) {
    const findings = await callRole({
      role: { ...REVIEWER, name: `reviewer ${reviewer.name}` },
      input: { language, files, diff },
      executor: (input) => reviewer.review(input),
    });
    all.push(...findings.map((finding) => ({ ...finding, message: plainText(finding.message) })));
  }
  return all;
}
