// What the run engine needs from outside, in its own words: hands that run tests, code, review and certify.
import type { CoderInput, ReviewerInput } from '#agents/roles.ts';
import type { IsolationRung } from '#contracts/command.ts';
import type { TextEdit } from '#contracts/edit.ts';
import type { ProjectProfile } from '#contracts/project.ts';
import type { TestReport } from '#contracts/tests.ts';
import type { Log } from '#foundation/log.ts';
import type { Certifier } from '#quality/certify.ts';
import type { FailingSince, FailingSinceRequest } from '#quality/failing-since.ts';
import type { TestRunner, TestSelection } from '#quality/test-run.ts';
import type { Learned } from '#repair/learned.ts';
import type { Workspace } from '#sandbox/workspace.ts';

export type IsolationRequest = 'auto' | IsolationRung;

/** What a coder may use besides its input. */
export interface CoderTools {
  /** Reset to the tree that the attempt starts from; whatever is written here is taken into account afterwards. */
  readonly workspace: Workspace;
  /** Runs the project's tests with the edits applied, and takes them back afterwards; the signal stops the run early. */
  runTests(edits: readonly TextEdit[], only: TestSelection | null, signal?: AbortSignal): Promise<TestReport>;
  /** What accepted changes of earlier runs taught. */
  readonly learned: Learned;
  /** A short line for people who watch; at most a few a second are kept. */
  progress(line: string): void;
}

/**
 * Writes the change of one attempt. What it returns is checked against `CODER.output` (R10); what it says about
 * success counts for nothing, the host runs the tests itself.
 */
export interface Coder {
  readonly name: string;
  code(input: CoderInput, tools: CoderTools, signal: AbortSignal): Promise<unknown>;
}

/** Looks at a change between coding and testing (R9). What it returns is checked against `REVIEWER.output`. */
export interface Reviewer {
  readonly name: string;
  review(input: ReviewerInput, signal?: AbortSignal): Promise<unknown>;
}

/** Everything that runs foreign code for one run, made for the isolation that the run has. */
export interface RunHands {
  readonly rung: IsolationRung;
  readonly tests: TestRunner;
  /** The judge: re-runs the project's checks on the exact commit in clean trees. */
  readonly certifier: Pick<Certifier, 'certify'>;
  readonly coder: Coder;
  /** Absent: the history is not asked. */
  readonly failingSince?:
    | ((request: FailingSinceRequest, signal?: AbortSignal) => Promise<FailingSince>)
    | undefined;
}

/** Either hands, or why no foreign code may run here and what would change that (S25). */
export type HandsAnswer =
  | { readonly ok: true; readonly hands: RunHands }
  | { readonly ok: false; readonly reason: string; readonly next: string };

/** Makes the hands for an isolation request; a recorded rung is asked for by name when a run goes on. They write to `log`. */
export type OpenHands = (request: IsolationRequest, log: Log) => Promise<HandsAnswer>;

export interface DetectRequest {
  readonly repository: string;
  readonly commit: string;
  readonly testCommand?: string | undefined;
  readonly directory?: string | undefined;
}

/** Reads what the committed tree is; never the files that happen to lie in the checkout. */
export type Detect = (request: DetectRequest) => Promise<ProjectProfile>;
