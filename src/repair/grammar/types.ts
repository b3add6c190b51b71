// What a language must say about itself so that the edit templates work on it: node kinds, operator tables, texts.

import type { LanguageFamily } from '#contracts/project.ts';
import type { LoopGuards } from './loop-guards.ts';

/** Replacement and its cost in bits. */
export type Swap = readonly [to: string, bits: number];

export interface Grammar {
  readonly family: LanguageFamily;
  /** What holds the statements of a block together. */
  readonly layout: 'braces' | 'indent' | 'end';
  /** Whether a name ends with the block that it was declared in. */
  readonly blockScoped: boolean;
  /** What has parameters and is part of the function round it: Ruby's blocks. */
  readonly closures: ReadonlySet<string>;
  readonly guards: LoopGuards;
  /** Subtrees that hold no behaviour: types, imports. */
  readonly skip: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
  readonly classes: ReadonlySet<string>;
  readonly statements: ReadonlySet<string>;
  /** Lists of statements. */
  readonly blocks: ReadonlySet<string>;
  readonly expressions: ReadonlySet<string>;
  /** Two operands and an operator between them (Python's comparisons may chain). */
  readonly binaries: ReadonlySet<string>;
  readonly ternaries: ReadonlySet<string>;
  readonly calls: ReadonlySet<string>;
  readonly members: ReadonlySet<string>;
  readonly subscripts: ReadonlySet<string>;
  readonly numbers: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
  readonly assignments: ReadonlySet<string>;
  readonly loops: ReadonlySet<string>;
  readonly conditionals: ReadonlySet<string>;
  readonly returns: ReadonlySet<string>;
  readonly swaps: {
    readonly comparison: Readonly<Record<string, readonly Swap[]>>;
    readonly arithmetic: Readonly<Record<string, readonly Swap[]>>;
    readonly logical: Readonly<Record<string, readonly Swap[]>>;
    readonly assignment: Readonly<Record<string, readonly Swap[]>>;
    /** Whole words: literals, jumps. */
    readonly word: Readonly<Record<string, readonly Swap[]>>;
  };
  /** Names that people take for one another, as functions or methods. */
  readonly siblings: readonly (readonly string[])[];
  /** Texts with `$` for the wrapped expression. */
  readonly wraps: readonly Swap[];
  /** Conditions on one variable, `$`. */
  readonly tests: readonly Swap[];
  /** Values to return early. */
  readonly values: readonly Swap[];
  /** Statements on one variable `$` and another value `@`. */
  readonly effects: readonly Swap[];
  readonly words: Words;
  readonly and: string;
  readonly or: string;
  not(text: string): string;
  /** One statement under a condition, at `indent` (its first line is placed by the caller). */
  when(condition: string, statement: string, indent: string): string;
  readonly end: string;
}

/** Small texts that templates are written with. `$` and `@` stand for expressions. */
export interface Words {
  readonly yes: string;
  readonly no: string;
  readonly equal: string;
  readonly unequal: string;
  /** Whether `$` is among `@`, and whether it is not. */
  readonly among: readonly Swap[];
  readonly length: string;
  /** What variables begin with. */
  readonly begins: readonly Swap[];
  /** Values that calls are given too. */
  readonly extras: readonly string[];
  /** Reads a member unless there is nothing to read from (`?.`); null where there is no such thing. */
  readonly chain: string | null;
  /** Values for when another is missing, and the operators that put them there. */
  readonly defaults: readonly Swap[];
  readonly otherwise: readonly Swap[];
}
