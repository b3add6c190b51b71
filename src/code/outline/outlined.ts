// The shapes of an outline: cases with their markers and digests, early exits, the rest of the file.

/** `fails` covers xfail, expectedFailure and `test.fails`: failing is then the wanted outcome. */
export interface OutlinedMarker {
  readonly kind: 'skip' | 'only' | 'todo' | 'fails';
  /** True when the marker depends on a condition (`skipIf`, `skipUnless`, `{ skip: cond }`, an enclosing `if`). */
  readonly conditional: boolean;
}

export interface OutlinedCase {
  /** Suites from the outside in, then the case itself; `['(script)']` for a file that is one plain script. */
  readonly path: readonly string[];
  /** `path` joined by ` › `, as in the ids of test results; equal names in one file occur more than once. */
  readonly name: string;
  /** First line, from 1. */
  readonly line: number;
  /** Calls of expect/assert/should, `assert` statements, self.assert*, pytest.raises; and throw/raise. */
  readonly assertions: number;
  /** Its own markers and those of its suites. */
  readonly markers: readonly OutlinedMarker[];
  /** Digest of the case's code without comments and layout: equal digests, equal meaning. */
  readonly digest: string;
}

export interface OutlinedExit {
  /** Such as `process.exit`. */
  readonly call: string;
  readonly line: number;
}

/** What a file's outline holds besides its syntax errors. */
export interface Outlined {
  readonly cases: readonly OutlinedCase[];
  readonly exits: readonly OutlinedExit[];
  /** Digest of everything outside of the cases: imports, hooks, helpers, constants. */
  readonly restDigest: string;
  /** Assertions outside of the cases (helpers, hooks). */
  readonly restAssertions: number;
}
