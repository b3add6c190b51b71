// Bounded reading of a child's streams: whole outputs, tails, and lines with back-pressure.
import type { Readable } from 'node:stream';

/** Keeps the first bytes of a stream and drains the rest, so that a flood neither fills memory nor blocks. */
export interface Capture {
  /** Decoded as UTF-8, invalid bytes replaced. */
  text(): string;
  /** True when the stream gave more than was kept. */
  overflowed(): boolean;
}

/** Calls `onOverflow` once, when more than `limitBytes` have come. */
export function captureHead(stream: Readable, limitBytes: number, onOverflow: () => void): Capture {
  const chunks: Buffer[] = [];
  let kept = 0;
  let over = false;
  stream.on('data', (chunk: Buffer) => {
    const room = limitBytes - kept;
    if (room > 0) {
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      kept += Math.min(chunk.length, room);
    }
    if (chunk.length > room && !over) {
      over = true;
      onOverflow();
    }
  });
  return { text: () => Buffer.concat(chunks).toString('utf8'), overflowed: () => over };
}

/** Keeps the last bytes of a stream that may go on for long. */
export function captureTail(stream: Readable, limitBytes: number): Capture {
  let tail = Buffer.alloc(0);
  let over = false;
  stream.on('data', (chunk: Buffer) => {
    const joined = Buffer.concat([tail, chunk]);
    over ||= joined.length > limitBytes;
    tail = joined.length > limitBytes ? joined.subarray(joined.length - limitBytes) : joined;
  });
  return { text: () => tail.toString('utf8'), overflowed: () => over };
}

const MAX_WAITING_LINES = 1_000;
const MAX_WAITING_BYTES = 16_777_216;

/** Lines of a stream for one reader. The stream is paused while too many lines, or too many bytes of them, wait. */
export interface LineQueue {
  readonly lines: AsyncIterable<string>;
  /** No more lines will be held back: called when the process is gone. */
  release(): void;
  close(): void;
}

/** `onTooLong` is called once when a line passes `maxLineBytes`; nothing is delivered after it. */
export function readLines(stream: Readable, maxLineBytes: number, onTooLong: () => void): LineQueue {
  const waiting: { readonly text: string; readonly bytes: number }[] = [];
  let waitingBytes = 0;
  let partial: Buffer[] = [];
  let partialBytes = 0;
  let ended = false;
  let released = false;
  let wake: (() => void) | null = null;
  const notify = (): void => {
    wake?.();
    wake = null;
  };
  const endLine = (): void => {
    waiting.push({ text: Buffer.concat(partial).toString('utf8'), bytes: partialBytes });
    waitingBytes += partialBytes;
    partial = [];
    partialBytes = 0;
  };
  const close = (): void => {
    if (ended) return;
    if (partialBytes > 0) endLine();
    ended = true;
    notify();
  };
  const addPart = (part: Buffer): void => {
    partial.push(part);
    partialBytes += part.length;
    if (partialBytes <= maxLineBytes) return;
    partial = [];
    partialBytes = 0;
    close();
    onTooLong();
  };
  stream.on('data', (chunk: Buffer) => {
    if (ended) return;
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0 && !ended; at = chunk.indexOf(10, from)) {
      addPart(chunk.subarray(from, at));
      if (!ended) endLine();
      from = at + 1;
    }
    if (!ended && from < chunk.length) addPart(chunk.subarray(from));
    const full = waiting.length > MAX_WAITING_LINES || waitingBytes > MAX_WAITING_BYTES;
    if (full && !released) stream.pause();
    notify();
  });
  stream.on('end', close);
  const next = async (): Promise<IteratorResult<string>> => {
    for (;;) {
      const line = waiting.shift();
      if (line !== undefined) {
        waitingBytes -= line.bytes;
        if (waiting.length === 0 && stream.isPaused()) stream.resume();
        return { done: false, value: line.text };
      }
      if (ended) return { done: true, value: undefined };
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    lines: { [Symbol.asyncIterator]: () => ({ next }) },
    release: () => {
      released = true;
      stream.resume();
    },
    close,
  };
}
