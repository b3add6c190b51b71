// What every check of a gate is given, and what it gives back; failing to look is a refusal, never a pass.
import type { Certificate } from '#contracts/certificate.ts';
import type { CommandLimits } from '#contracts/command.ts';
import type { CheckVerdict, GateCheck, GateCheckOf, GateEvidence } from '#contracts/gate.ts';
import type { ProjectProfile } from '#contracts/project.ts';
import type { Clock } from '#foundation/clock.ts';
import { sha256 } from '#foundation/digest.ts';
import { clip, plainText } from '#foundation/text.ts';
import type { Sandbox } from '#sandbox/runner.ts';
import type { CertifyRequest } from '../certify.ts';
import type { HostParts } from '../host-run.ts';

/** What stands at a commit, as far as tests are concerned. */
export type DetectTests = (request: {
  readonly repository: string;
  readonly commit: string;
  readonly testCommand?: string | undefined;
  readonly directory?: string | undefined;
}) => Promise<ProjectProfile>;

/** A person's answer, as whoever keeps approvals knows it. */
export type ApprovalAnswer =
  | { readonly state: 'waiting'; readonly id: string; readonly expiresAt: string }
  | {
      readonly state: 'approved' | 'rejected' | 'expired';
      readonly id: string;
      readonly by: string | null;
      readonly note: string;
    };

export interface GateParts extends HostParts {
  readonly sandbox: Sandbox;
  readonly clock: Clock;
  readonly detect: DetectTests;
  readonly certify: (request: CertifyRequest, signal?: AbortSignal) => Promise<Certificate>;
}

/** The exact thing that is judged. Commits and tree are full ids. */
export interface GateSubject {
  readonly repository: string;
  readonly project: string;
  readonly ticket: { readonly key: string; readonly title: string; readonly description: string };
  readonly phase: string;
  readonly base: string;
  readonly commit: string;
  readonly tree: string;
  readonly branch: string;
  readonly limits: CommandLimits;
}

/** Answers that only the rooms above can give. */
export interface GateAnswers {
  /** The newest certificate that the host issued for this commit; null when there is none. */
  readonly certificateOf: (commit: string) => Promise<Certificate | null>;
  /** Asks a person once for this commit and check, and gives back how that stands. */
  readonly approval: (check: GateCheckOf<'approval'>, name: string) => Promise<ApprovalAnswer>;
  /** Outputs that were collected for the phase: what a grader is told of. */
  readonly artefacts: readonly GraderArtefact[];
}

export interface GraderArtefact {
  readonly type: string;
  readonly path: string | null;
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface CheckContext {
  readonly parts: GateParts;
  readonly subject: GateSubject;
  readonly answers: GateAnswers;
  /** Verdicts of the checks before this one. */
  readonly earlier: readonly CheckVerdict[];
}

export type CheckFinding = Pick<CheckVerdict, 'outcome' | 'reason' | 'reproduce' | 'evidence'>;

export type RunCheck<T extends GateCheck['type']> = (
  context: CheckContext,
  check: GateCheckOf<T>,
  signal?: AbortSignal,
) => Promise<CheckFinding>;

const MAX_REASON_CHARS = 2_000;

/** What a check saw, before it is decided. */
export interface Seen {
  readonly reproduce: string | null;
  readonly evidence?: readonly GateEvidence[];
}

export function passed(reason: string, seen: Seen): CheckFinding {
  return finding('passed', reason, seen);
}

/** Refused for all of these reasons, in the order given. */
export function refused(reasons: readonly string[], seen: Seen): CheckFinding {
  return finding('refused', reasons.join(' '), seen);
}

export function waiting(reason: string, seen: Seen): CheckFinding {
  return finding('waiting', reason, seen);
}

function finding(outcome: CheckFinding['outcome'], reason: string, seen: Seen): CheckFinding {
  const text = clip(plainText(reason), MAX_REASON_CHARS).text;
  return { outcome, reason: text, reproduce: seen.reproduce, evidence: [...(seen.evidence ?? [])] };
}

/** Evidence of what the host itself read. */
export function observed(
  kind: string,
  content: string | Uint8Array,
  path: string | null = null,
): GateEvidence {
  const sizeBytes = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
  return { kind, digest: sha256(content), path, sizeBytes, collectedBy: 'host' };
}
