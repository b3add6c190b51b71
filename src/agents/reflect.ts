// Reading a failure without a model: its type, a signature that survives moves and numbers, a cause, a new hypothesis (R14).
import { plainText } from '#foundation/text.ts';
import type { Reflection, ReflectorInput } from './roles.ts';

const SIGNATURE_CHARS = 400;
const READ_CHARS = 20_000;
const SHOWN_CHARS = 160;

// Each pattern is linear in the text: test output is foreign, and may be made to be slow to match.
const QUOTED = /"[^"\n]*"|'[^'\n]*'|`[^`\n]*`|“[^”\n]*”|‘[^’\n]*’/g;
const WORDS = /[^\s()[\]{}<>,;]+/g;
const SOURCE_NAME = /\.(?:[cm]?[jt]sx?|py)(?::\d{1,9}){0,2}:?$/;
const NUMBERS = /[-+]?(?:\b0x[\da-f]+\b|\d+(?:[.,_]\d+)*(?:e[-+]?\d+)?)/gi;
/** `ERR_ASSERTION`-style codes are left out: they say less than the class in front of them. */
const ERROR_NAME = /\b([A-Z]\w*(?:Error|Exception|Failure|Interrupt|Exit))\b/;
const TIMED_OUT = /\btim(?:ed|e)[ -]?out\b/i;

/**
 * The failure without what changes from one occurrence to the next: paths, numbers and quoted names become
 * marks, white space is folded. At most 400 characters.
 */
export function failureSignature(text: string): string {
  return plainText(text.slice(0, READ_CHARS))
    .replace(QUOTED, '<name>')
    .replace(WORDS, (word) => (/[\\/]/.test(word) || SOURCE_NAME.test(word) ? '<path>' : word))
    .replace(NUMBERS, '<n>')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, SIGNATURE_CHARS);
}

/** The class of a failure as its text names it: `TypeError`, `AssertionError`, `Timeout`, else `Failure`. */
export function errorTypeOf(text: string): string {
  const named = ERROR_NAME.exec(text.slice(0, READ_CHARS))?.[1];
  if (named !== undefined) return named;
  return TIMED_OUT.test(text) ? 'Timeout' : 'Failure';
}

/**
 * What is to be learned from a failed attempt. Pure: the same failure gives the same reflection, and its
 * hypothesis is never one of `tried` (compared without case and white space).
 */
export function reflect(input: ReflectorInput): Reflection {
  const first = input.failures[0];
  const message = first?.message ?? '';
  const errorType =
    input.stage === 'tests'
      ? errorTypeOf(message)
      : input.stage === 'certificate'
        ? 'CertificateRefused'
        : 'ChangeRejected';
  return {
    errorType,
    signature: failureSignature(`${errorType}: ${message}`),
    cause: causeOf(input, errorType),
    hypothesis: newHypothesis(input, errorType),
  };
}

function causeOf(input: ReflectorInput, errorType: string): string {
  const change = input.candidate ? `After “${shown(input.candidate.reason)}”` : 'Without a change';
  const first = input.failures[0];
  if (!first) return `${change} nothing was proven.`;
  const more = input.failures.length > 1 ? ` and ${input.failures.length - 1} more` : '';
  if (input.stage === 'tests') {
    return `${change} ${shown(first.id)}${more} failed with ${errorType}: ${shown(first.message)}`;
  }
  const judge = input.stage === 'certificate' ? 'the host refused the certificate' : 'a person rejected it';
  return `${change} ${judge}: ${shown(first.message)}${more}`;
}

function newHypothesis(input: ReflectorInput, errorType: string): string {
  const used = new Set(input.tried.map(normal));
  const fresh = ideas(input, errorType).find((idea) => !used.has(normal(idea)));
  if (fresh !== undefined) return fresh;
  let round = input.tried.length + 1;
  while (used.has(normal(lastResort(round)))) round += 1;
  return lastResort(round);
}

/** From the most telling to the most general. */
function ideas({ stage, candidate, failures }: ReflectorInput, errorType: string): string[] {
  const change = candidate ? `“${shown(candidate.reason)}” (${candidate.template})` : 'the code as it is';
  const test = failures[0] ? shown(failures[0].id) : 'the failing tests';
  if (stage === 'review') {
    return [
      `${change} was not wanted: ${shown(failures[0]?.message ?? '')}; another change makes the tests pass.`,
    ];
  }
  if (stage === 'certificate') {
    return [
      `${change} passes once but does not hold in a clean tree: ${shown(failures[0]?.message ?? '')}; the fault needs a change that does.`,
    ];
  }
  const byType: Record<string, string> = {
    SyntaxError: `${change} does not parse; a smaller edit at the same place is needed.`,
    Timeout: `${change} makes ${test} run without end; the fault is in a condition that ends a loop or a recursion.`,
    TypeError: `${change} meets a value of another type than expected in ${test}; the fault is where that value is made.`,
    ReferenceError: `${change} names something that is not there in ${test}; the fault is in which name is used.`,
  };
  const special = byType[errorType];
  return [
    ...(special === undefined ? [] : [special]),
    `${change} does not make ${test} pass; the fault is at another suspect on the way to it.`,
    `${change} is in the right place but not the right edit for ${test}.`,
    `More than one place has to change together for ${test}; ${change} is at most one of them.`,
  ];
}

function lastResort(round: number): string {
  return `None of the earlier explanations held; look at the next suspect of the ranking (look ${round}).`;
}

function normal(text: string): string {
  return text.toLowerCase().replace(/\s+/g, ' ').trim();
}

function shown(text: string): string {
  const line = plainText(text).replace(/\s+/g, ' ').trim();
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS - 1)}…` : line;
}
