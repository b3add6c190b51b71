// The checkpoint of a run: all that the next step needs, versioned and checked whenever it is read (M6, R4).
import { z } from 'zod';
import { reviewFinding, searchAccount } from '#agents/roles.ts';
import { isolationRung } from '#contracts/command.ts';
import { candidate } from '#contracts/edit.ts';
import { projectProfile } from '#contracts/project.ts';
import { AppError } from '#foundation/errors.ts';

export const CHECKPOINT_VERSION = 1;

/** What broke an attempt; the reflector reads it. */
export const trouble = z.strictObject({
  stage: z.enum(['tests', 'certificate', 'review']),
  failures: z.array(z.strictObject({ id: z.string(), message: z.string() })),
  /** The attempt fixed a test and broke none: the next one starts from its tree. */
  progress: z.boolean(),
});
export type Trouble = z.infer<typeof trouble>;

/** What the searches of a run have used up, and where the next one goes on. */
const searched = z.strictObject({
  /** Wall time of all searches so far, milliseconds. */
  ms: z.number().nonnegative(),
  candidates: z.int().nonnegative(),
  /** Short digests of what was tried in vain; bounded, and empty once the run rests for good. */
  tried: z.array(z.string()),
  /** What an interrupted search had found by then: proposed first when the run goes on. */
  kept: z.strictObject({ candidate, account: searchAccount }).nullable(),
});
export type Searched = z.infer<typeof searched>;

const NOTHING_SEARCHED: Searched = { ms: 0, candidates: 0, tried: [], kept: null };

export const checkpoint = z.strictObject({
  version: z.literal(CHECKPOINT_VERSION),
  profile: projectProfile,
  /** Isolation that the first step found; later sessions must have the same. */
  isolation: isolationRung.nullable(),
  baseTree: z.string(),
  /** Tree that attempts start from: the base's, or that of the best attempt so far. */
  startTree: z.string(),
  /** Tree that the workspace holds when the next step begins. */
  tree: z.string(),
  /** Step whose output holds the plan and the report of the base. */
  planStep: z.int().nullable(),
  /** Step whose output holds the test report of `startTree`. */
  reportStep: z.int().nullable(),
  candidate: z
    .strictObject({
      digest: z.string(),
      template: z.string(),
      reason: z.string(),
      /** What is said of it beyond the tests, in words; empty where nothing is known. */
      stated: z.string().default(''),
    })
    .nullable(),
  /** Digests of refuted candidates. */
  excluded: z.array(z.string()),
  /** What reviewers hold against the previous candidate. */
  findings: z.array(reviewFinding),
  hypotheses: z.array(z.string()),
  /** Attempts in a row that fixed no further test. */
  withoutProgress: z.int().nonnegative(),
  trouble: trouble.nullable(),
  commit: z.string().nullable(),
  branch: z.string().nullable(),
  /** Digest of the certificate that passed. */
  certificate: z.string().nullable(),
  searched: searched.default(NOTHING_SEARCHED),
  /** Names of the checks that refused the certificate before; null when none was refused. */
  refusedBy: z.string().nullable().default(null),
});
export type Checkpoint = z.infer<typeof checkpoint>;

/** The checkpoint of a run that has done nothing yet. */
export function firstCheckpoint(start: Pick<Checkpoint, 'profile' | 'baseTree'>): Checkpoint {
  return {
    version: CHECKPOINT_VERSION,
    profile: start.profile,
    isolation: null,
    baseTree: start.baseTree,
    startTree: start.baseTree,
    tree: start.baseTree,
    planStep: null,
    reportStep: null,
    candidate: null,
    excluded: [],
    findings: [],
    hypotheses: [],
    withoutProgress: 0,
    trouble: null,
    commit: null,
    branch: null,
    certificate: null,
    searched: NOTHING_SEARCHED,
    refusedBy: null,
  };
}

/** @throws AppError INTERNAL when the stored value is not a checkpoint of this version. */
export function readCheckpoint(runKey: string, stored: unknown): Checkpoint {
  const parsed = checkpoint.safeParse(stored);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new AppError('INTERNAL', {
    message: `The checkpoint of ${runKey} cannot be read: ${issue?.path.join('.')}: ${issue?.message}`,
    next: `It was written by another version of Cambium; go on with that one, or cambium run cancel ${runKey}`,
  });
}
