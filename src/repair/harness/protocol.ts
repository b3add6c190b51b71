// What host and harness say to each other, one JSON object on a line, over descriptors of their own: what code under test
// prints goes nowhere. Replies carry the session's token and begin a new line, or are ignored.

export interface TestOutcome {
  readonly file: string;
  readonly path: readonly string[];
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Error with its stack; null unless failed. */
  readonly error: string | null;
  /** Ids of the probes that were passed in this test; only in a coverage run. */
  readonly probes?: readonly number[];
  /** Loop turns and calls that the test took to its end; absent when it was cut short, or where none are counted. */
  readonly ticks?: number;
}

/** An edit on the file's text as it was given at the start: `[file, start, end, text]`. */
export type WireEdit = readonly [file: string, start: number, end: number, text: string];

/** Functions and scopes of a JavaScript file, outer before inner; offsets refer to the text that the harness was given. */
export interface FileShape {
  readonly functions: readonly WireFunction[];
  readonly scopes: readonly WireScope[];
}

export interface WireFunction {
  /** The function's text, of a method without `static`. */
  readonly start: number;
  readonly end: number;
  readonly kind: 'function' | 'arrow' | 'method' | 'constructor';
  /** Place of a declaration's or a method's name. */
  readonly name: readonly [start: number, end: number] | null;
  /** Where a statement may be put first (after directives), or the start of a body that is an expression. */
  readonly at: number;
  /** What is between the braces, or the expression. */
  readonly inner: number;
  readonly innerEnd: number;
  readonly block: boolean;
  /** Null when calling it again with the same names would not be the same: defaults, patterns, generators, async. */
  readonly parameters: readonly string[] | null;
  /** The function's `length`. */
  readonly arity: number;
  /** Whether it speaks of `arguments`. */
  readonly all: boolean;
  readonly isStatic: boolean;
  /** Number of the scope that it stands in. */
  readonly scope: number;
  /** Number of the function that it stands in; -1 for none. */
  readonly owner: number;
  /** False where a stand-in could not be the same in all respects. */
  readonly fits: boolean;
}

export interface WireScope {
  /** Where a statement may be put first; -1 where none may. */
  readonly at: number;
  /** End of the expression when the scope is a body without braces; else -1. */
  readonly end: number;
  readonly owner: number;
  readonly isClass: boolean;
  readonly names: readonly string[];
  readonly constants: readonly string[];
  /** Private fields, `#` included. */
  readonly privates: readonly string[];
}

export interface StartMessage {
  readonly op: 'start';
  readonly token: string;
  /** The tree inside the sandbox; all paths are relative to it. */
  readonly directory: string;
  readonly runner: 'node' | 'mocha' | 'vitest' | 'jest' | 'command' | 'pytest' | 'unittest' | 'minitest';
  /** Test files, or scripts for a plain command, relative to the tree. */
  readonly entries: readonly { readonly file: string; readonly args: readonly string[] }[];
  /** Source files with loop guards woven in, relative to the directory. */
  readonly sources: Readonly<Record<string, string>>;
  /** Shapes of sources and of test files, by path (JavaScript); a file without one is only ever loaded anew. */
  readonly shapes: Readonly<Record<string, FileShape>>;
  /** Words of the project's test command after the runner's name (vitest and jest), options that a person gave (pytest), folders to load from (minitest). */
  readonly options: readonly string[];
}

/** Runs every test once: with `sources` in place of the files' text, for coverage or for a base line. */
export interface SurveyMessage {
  readonly op: 'survey';
  readonly id: number;
  readonly sources: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly ticks: number;
  /** True when the probes passed in each test are wanted. */
  readonly cover: boolean;
  /** After so long the entries that are left are passed over, but for these first ones (JavaScript). */
  readonly enough?: { readonly ms: number; readonly entries: number };
}

export interface TryMessage {
  readonly op: 'try';
  readonly timeoutMs: number;
  /** Loop turns and calls that one test may take. */
  readonly ticks: number;
  /** What tests took on the unchanged tree, `file › name` → ticks: these may take some times as much (Python). */
  readonly usual?: Readonly<Record<string, number>>;
  /** Tests that must pass, first those that fail today: file → names joined with ` › ` (null: all of the file). */
  readonly failing: readonly Wanted[];
  readonly passing: readonly Wanted[];
  readonly candidates: readonly { readonly id: number; readonly edits: readonly WireEdit[] }[];
}

export interface Wanted {
  readonly file: string;
  /** What is run: tests, and the suites and parents round them. */
  readonly names: readonly string[] | null;
  /** What must have been seen to pass, each by its own name; empty when `names` is null. */
  readonly required: readonly string[];
}

/**
 * A value of the program under test as JSON: what JSON has stands for itself, anything else is an object whose `$` says
 * what it is. An object without `$` does not occur.
 */
export type Value = null | boolean | number | string | readonly Value[] | Tagged;
export interface Tagged {
  readonly $: string;
  readonly [name: string]: Value | readonly (readonly [Value, Value])[];
}

/** A function whose behaviour is compared; its number is its place in the list. Names of methods are `Class.method`. */
export interface ObservedFunction {
  readonly file: string;
  readonly name: string;
}

export interface ObservedCall {
  /** Number of the function. */
  readonly fn: number;
  /** What `this` was; null for a plain function. */
  readonly receiver: Value;
  readonly args: readonly Value[];
  /** Made by a test that fails today. */
  readonly failing: boolean;
}

/** Runs the wanted tests on the given sources and notes the arguments with which they reach the functions. */
export interface RecordMessage {
  readonly op: 'record';
  readonly id: number;
  readonly functions: readonly ObservedFunction[];
  /** Full texts that make the functions reachable, relative to the tree. */
  readonly sources: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly ticks: number;
  readonly failing: readonly Wanted[];
  readonly passing: readonly Wanted[];
  readonly maxCalls: number;
}

/** Makes the same calls of the functions of one program. */
export interface ObserveMessage {
  readonly op: 'observe';
  readonly id: number;
  readonly functions: readonly ObservedFunction[];
  readonly sources: Readonly<Record<string, string>>;
  /** For one call, and for loading. */
  readonly timeoutMs: number;
  /** Loop turns and calls that one call may take. */
  readonly ticks: number;
  /** For all calls together; what was not reached by then is not observed. */
  readonly budgetMs: number;
  /** Files whose loading brings the functions in. */
  readonly entries: readonly string[];
  readonly calls: readonly ObservedCall[];
}

export type HarnessMessage = StartMessage | SurveyMessage | TryMessage | RecordMessage | ObserveMessage;

export interface SurveyReply {
  readonly op: 'survey';
  readonly id: number;
  readonly ok: boolean;
  readonly reason: string | null;
  readonly tests: readonly TestOutcome[];
  /** Probes passed while files were loaded, outside any test. */
  readonly loadProbes: readonly number[];
  /** Most loop turns that a test took which came to its end. */
  readonly ticks: number;
  readonly durationMs: number;
}

export interface TryReply {
  readonly op: 'try';
  readonly id: number;
  readonly verdict: 'pass' | 'fail' | 'hang' | 'slow' | 'died';
  /** Failing tests that pass now: `file › name`. */
  readonly fixed: readonly string[];
  /** The first failing test met, with the lines of the test file in its stack, outermost first. */
  readonly failed: string | null;
  readonly lines: readonly number[];
  /** Whether it was found out without loading anything anew. */
  readonly switched?: boolean;
}

/** Several at once: a line for each would take as long to read as the answer to find. */
export interface TriesReply {
  readonly op: 'tries';
  readonly answers: readonly TryReply[];
}

export interface RecordReply {
  readonly op: 'record';
  readonly id: number;
  readonly calls: readonly ObservedCall[];
}

/** What one call did. `after` holds the arguments when the call changed them. */
export type Observed =
  | { readonly kind: 'value'; readonly value: Value; readonly after?: readonly Value[] }
  | { readonly kind: 'throws'; readonly name: string }
  /** Took more turns or time than it may. */
  | { readonly kind: 'endless' }
  /** Not observed: the function was not reached, an argument is gone, or the budget was over. */
  | { readonly kind: 'unknown' };

/** Results from call number `from` on; the last reply of a program is `done`. */
export interface ObserveReply {
  readonly op: 'observe';
  readonly id: number;
  readonly from: number;
  readonly results: readonly Observed[];
  readonly done: boolean;
}

export type HarnessReply =
  | SurveyReply
  | TryReply
  | TriesReply
  | RecordReply
  | ObserveReply
  | { readonly op: 'ready' };
