// Content addressing: SHA-256 of bytes, and of values in one canonical JSON form.
import { createHash } from 'node:crypto';

/** `sha256:` and 64 hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/**
 * JSON with keys sorted by code unit and no white space, so that equal values have equal bytes
 * (RFC 8785's ordering; our values hold no exotic numbers). `undefined` members are left out.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

/** The digest of a value by its canonical form. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}
