// Model traffic written down and played back: a recorded run is repeated without any model, and the first thing that
// is asked differently is reported with its place.
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { modelFailureCause, modelRef, turnRequest, turnResult } from '#contracts/model.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';
import { err, ok, type Result } from '#foundation/result.ts';
import { clip } from '#foundation/text.ts';
import type { Models, TurnCall, TurnFailure } from './port.ts';
import { type Redact, redactData } from './redact.ts';

const FORMAT = 'cambium-model-traffic';
const SHOWN_CHARS = 120;

const failure = z.strictObject({
  model: modelRef,
  cause: modelFailureCause,
  reason: z.string(),
  next: z.string(),
  retryAfterMs: z.number().nullable(),
});
const header = z.strictObject({ format: z.literal(FORMAT), version: z.literal(1) });
const question = z.strictObject({
  role: z.string(),
  models: z.array(modelRef).nullable(),
  request: turnRequest,
});
const entry = question.extend({
  seq: z.int().positive(),
  outcome: z.union([
    z.strictObject({ ok: z.literal(true), value: turnResult }),
    z.strictObject({ ok: z.literal(false), error: failure.extend({ tried: z.array(failure) }) }),
  ]),
});
type Entry = z.infer<typeof entry>;

export interface Recorder extends Disposable {
  readonly models: Models;
}

/**
 * Passes every turn on and appends it to a new file, redacted; a line is on the disk before its turn is answered.
 * @throws AppError NOT_WRITABLE when the file is there already or cannot be made.
 */
export function recordTraffic(models: Models, file: string, redact: Redact): Recorder {
  const descriptor = openNew(file);
  let seq = 0;
  const write = (line: unknown): void => {
    writeSync(descriptor, `${JSON.stringify(line)}\n`);
    fsyncSync(descriptor);
  };
  write({ format: FORMAT, version: 1 });
  return {
    models: {
      ...models,
      turn: async (call, edges, signal) => {
        const outcome = await models.turn(call, edges, signal);
        seq += 1;
        write(redactData({ seq, ...asked(call), outcome }, redact));
        return outcome;
      },
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

function openNew(file: string): number {
  try {
    return openSync(file, 'wx', 0o600);
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    throw new AppError('NOT_WRITABLE', {
      message: exists ? `${file} is there already` : `${file} cannot be written: ${errorMessage(error)}`,
      next: 'name a file that does not exist yet, in a directory of yours',
      cause: error,
    });
  }
}

function asked({ role, models, request }: TurnCall): z.input<typeof question> {
  return { role, models: models === undefined ? null : [...models], request };
}

export interface Replay {
  readonly models: Models;
  /** Recorded turns that were not asked for again. */
  left(): number;
}

/**
 * Answers from a recording and asks no model. Turns that were under way at the same time may come in another order;
 * each recorded one is given once.
 * @throws AppError CONFIG_INVALID for a file that is no recording; REPLAY_DIVERGED, by `turn`, for what it does not hold.
 */
export function replayTraffic(models: Models, file: string, redact: Redact): Replay {
  const waiting = readRecording(file);
  const turn = async (call: TurnCall): Promise<Result<z.infer<typeof turnResult>, TurnFailure>> => {
    // Read back like a line of the file, so that only what is meant can differ.
    const wanted = question.parse(redactData(asked(call), redact));
    const text = JSON.stringify(wanted);
    const place = waiting.findIndex((one) => JSON.stringify(question.strip().parse(one)) === text);
    const [found] = place === -1 ? [] : waiting.splice(place, 1);
    if (found === undefined) throw diverged(wanted, waiting[0], file);
    return found.outcome.ok ? ok(found.outcome.value) : err(found.outcome.error);
  };
  return { models: { ...models, turn }, left: () => waiting.length };
}

function readRecording(file: string): Entry[] {
  const lines = readLines(file);
  const invalid = (line: number, why: string): AppError =>
    new AppError('CONFIG_INVALID', {
      message: `${file}:${line} is no recorded model traffic: ${why}`,
      next: 'record it anew with --record',
    });
  const first = header.safeParse(parseLine(lines[0] ?? ''));
  if (!first.success) throw invalid(1, `expected {"format":"${FORMAT}","version":1}`);
  return lines.slice(1).map((line, index) => {
    const read = entry.safeParse(parseLine(line));
    if (read.success) return read.data;
    const issue = read.error.issues[0];
    throw invalid(index + 2, `${issue?.path.join('.') || 'line'}: ${issue?.message ?? 'not valid'}`);
  });
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch (error) {
    throw new AppError('NOT_FOUND', {
      message: `${file} cannot be read: ${errorMessage(error)}`,
      cause: error,
    });
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function diverged(wanted: object, recorded: Entry | undefined, file: string): AppError {
  const next =
    'what is sent has changed since the recording: look at the difference, then record anew if it is meant';
  if (recorded === undefined) {
    return new AppError('REPLAY_DIVERGED', {
      message: `${file} holds no further turn, but one more was asked`,
      next,
    });
  }
  const { seq } = recorded;
  const before = question.strip().parse(recorded);
  const { path, was, is } = firstDifference(before, wanted) ?? { path: 'nothing', was: '', is: '' };
  return new AppError('REPLAY_DIVERGED', {
    message: `turn ${seq} of ${file} was recorded otherwise at ${path}: it was ${was}, it is ${is}`,
    next,
    details: { seq, path, was, is },
  });
}

interface Difference {
  readonly path: string;
  readonly was: string;
  readonly is: string;
}

/** The first place, in the order of writing, at which two plain values differ; texts are shown from there on. */
export function firstDifference(before: unknown, after: unknown, path = ''): Difference | null {
  if (Object.is(before, after)) return null;
  const nested = before !== null && after !== null && typeof before === 'object' && typeof after === 'object';
  if (nested && Array.isArray(before) === Array.isArray(after)) {
    const [left, right] = [before as Record<string, unknown>, after as Record<string, unknown>];
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const found = firstDifference(left[key], right[key], path === '' ? key : `${path}.${key}`);
      if (found !== null) return found;
    }
    return null;
  }
  if (typeof before === 'string' && typeof after === 'string') {
    let at = 0;
    while (before[at] === after[at]) at += 1;
    const from = Math.max(0, at - 20);
    return { path: `${path}[${at}]`, was: shown(before.slice(from)), is: shown(after.slice(from)) };
  }
  return { path, was: shown(before), is: shown(after) };
}

function shown(value: unknown): string {
  return clip(value === undefined ? 'absent' : JSON.stringify(value), SHOWN_CHARS).text;
}
