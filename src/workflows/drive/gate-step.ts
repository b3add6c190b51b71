// What a phase must yield is collected, and its gate evaluated, on the newest commit of the ticket's work.
import { posix } from 'node:path';
import type { Certificate } from '#contracts/certificate.ts';
import type { GateVerdict } from '#contracts/gate.ts';
import { checksOf } from '#contracts/workflow.ts';
import { and, desc, eq, sql } from '#database/drizzle.ts';
import { sha256 } from '#foundation/digest.ts';
import { checkCertificate } from '#quality/certificate-file.ts';
import type { GateAnswers, GraderArtefact } from '#quality/gate.ts';
import { outputsOf, storeOutput } from '../phase-records.ts';
import { certificates } from '../tables.ts';
import { answerTo } from './approvals.ts';
import { tryAgain } from './body.ts';
import { following } from './move-step.ts';
import type { Drive, DriveRest } from './record.ts';
import { keepResult, newestResult } from './results.ts';
import { goOn, restFor, type StepEnd, type VisitContext, type VisitStep } from './visit.ts';

const MAX_OUTPUT_FILES = 200;

/** The commit that the ticket's branch stands at, where it comes from the base; else the one that was known. */
export async function workCommit({ parts, project, ticket }: VisitContext, drive: Drive): Promise<string> {
  const branch = drive.branch ?? `cambium/${ticket.key}`;
  const head = await parts.git.readRef(project.path, `refs/heads/${branch}`);
  if (head === null || head === drive.commit) return drive.commit;
  return (await parts.git.isAncestor(project.path, drive.base, head)) ? head : drive.commit;
}

interface Collected {
  readonly slot: string;
  readonly path: string | null;
  readonly files: readonly { readonly path: string; readonly digest: string; readonly sizeBytes: number }[];
}

/** Expected outputs are read from the commit by the host, and kept with their digests. */
export const collect: VisitStep = async (context) => {
  const { parts, phase, ticket, drive, probe } = context;
  const commit = await workCommit(context, drive);
  const found = await Promise.all(
    phase.expected_outputs.map((output) => collectOne(context, commit, output)),
  );
  probe('collect.before-commit');
  return goOn({ step: 'gate', commit }, async (q) => {
    await parts.tickets.hold(q, ticket.id);
    for (const { slot, path, files } of found.filter(({ files }) => files.length > 0)) {
      const content = { files };
      await storeOutput(parts, q, {
        ticketId: ticket.id,
        phase: phase.id,
        slot,
        path,
        content,
        collectedBy: 'host',
      });
    }
    probe('collect.half-written');
    return [];
  });
};

async function collectOne(
  { parts, project }: VisitContext,
  commit: string,
  { type, pattern }: { readonly type: string; readonly pattern: string },
): Promise<Collected> {
  const all = await parts.git.listFiles(project.path, commit);
  const paths = all
    .filter((path) => path === pattern || posix.matchesGlob(path, pattern))
    .slice(0, MAX_OUTPUT_FILES);
  const files = await Promise.all(
    paths.map(async (path) => {
      const bytes = (await parts.git.readBlob(project.path, commit, path)) ?? Buffer.alloc(0);
      return { path, digest: sha256(bytes), sizeBytes: bytes.byteLength };
    }),
  );
  return { slot: type, path: paths.length === 1 ? (paths[0] ?? null) : null, files };
}

export const passGate: VisitStep = async (context, signal) => {
  const { parts, ticket, drive, probe } = context;
  probe('gate.before-evaluation');
  const opened = await parts.openKeeper();
  if (!opened.ok) return restFor({ kind: 'isolation', reason: opened.reason, next: opened.next });
  const verdict = await opened.keeper.evaluate(
    {
      subject: subjectOf(context),
      checks: checksOf(context.phase, {
        risk: ticket.risk,
        next: following(context.workflow, context.phase),
      }),
      iteration: ((await newestResult(parts.db.q, drive))?.iteration ?? 0) + 1,
      openTasks: (await parts.tasks?.open(drive)) ?? [],
      answers: await answersFor(context),
    },
    signal,
  );
  probe('gate.after-evaluation');
  const end = afterVerdict(context, verdict);
  return {
    ...end,
    alongside: async (q) => {
      const events = await keepResult(q, { ticket, visit: drive.visit, verdict });
      probe('gate.half-written');
      return events;
    },
  };
};

function subjectOf({ parts, ticket, project, phase, drive }: VisitContext) {
  const { key, title, description } = ticket;
  return {
    repository: project.path,
    project: project.name,
    ticket: { key, title, description },
    phase: phase.id,
    base: drive.base,
    commit: drive.commit,
    branch: drive.branch ?? `cambium/${key}`,
    limits: parts.limits,
  };
}

async function answersFor(context: VisitContext): Promise<GateAnswers> {
  const { parts, ticket, phase, drive, again } = context;
  return {
    artefacts: await artefactsOf(context),
    certificateOf: (commit) => certificateOf({ parts, ticket }, commit),
    approval: (check, name) =>
      answerTo(parts, {
        ticket,
        visit: drive.visit,
        phase: phase.id,
        askedBy: name,
        commit: drive.commit,
        deciders: check.by,
        question: phase.human.question,
        expiresSeconds: check.expires_seconds,
        again,
      }),
  };
}

/** The newest certificate of the commit that this host issued and stored. */
async function certificateOf(
  { parts, ticket }: Pick<VisitContext, 'parts' | 'ticket'>,
  commit: string,
): Promise<Certificate | null> {
  const about = sql`${certificates.body} -> 'subject' ->> 'commit' = ${commit}`;
  const [row] = await parts.db.q
    .select()
    .from(certificates)
    .where(and(eq(certificates.ticketId, ticket.id), about))
    .orderBy(desc(certificates.createdAt))
    .limit(1);
  return row ? checkCertificate({ digest: row.digest, body: row.body }) : null;
}

function afterVerdict(context: VisitContext, verdict: GateVerdict): StepEnd {
  const { ticket, phase } = context;
  const next = `cambium phase gate ${ticket.key}`;
  const why = verdict.reasons.join(' ');
  switch (verdict.status) {
    case 'ready':
    case 'not_configured':
      return goOn({ step: 'move' });
    case 'waiting':
      return restFor(waitFor(verdict, { reason: `the gate of ${phase.id} waits: ${why}`, key: ticket.key }));
    case 'blocked': {
      // A person's no is no failure of the work: it is not tried again without anybody asking for it.
      const said = verdict.checks.some((check) => check.type === 'approval' && check.outcome === 'refused');
      const shut = {
        kind: said ? 'person' : 'gate',
        reason: `the gate of ${phase.id} is shut: ${why}`,
        next,
      } as const;
      return (said ? null : tryAgain(context)) ?? restFor(shut, { runId: null, tries: 0 });
    }
  }
}

function waitFor({ checks }: GateVerdict, { reason, key }: { reason: string; key: string }): DriveRest {
  if (checks.some((check) => check.type === 'tasks')) {
    return { kind: 'tasks', reason, next: `cambium ticket show ${key}` };
  }
  return { kind: 'person', reason, next: `cambium phase approve ${key}` };
}

/** What outputs of the ticket still count, as a grader is told of them. */
async function artefactsOf({ parts, ticket }: VisitContext): Promise<GraderArtefact[]> {
  const outputs = await outputsOf(parts.db.q, ticket.id);
  return outputs
    .filter((output) => output.supersededIn === null)
    .map(({ slot, path, digest, content }) => ({
      type: slot,
      path,
      digest,
      sizeBytes: Buffer.byteLength(JSON.stringify(content)),
    }));
}
