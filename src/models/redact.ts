// Secrets out of what is written down: known values first, then what looks like a key by its form.
const LEAST_SECRET_CHARS = 8;

/** Forms of keys that common services hand out, and of private keys. */
const FORMS: readonly RegExp[] = [
  /\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}/g,
  /\bsk-ant-[A-Za-z0-9_-]{16,}/g,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/g,
  /\bA(?:KIA|SIA)[A-Z0-9]{16}\b/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
];

export type Redact = (text: string) => string;

/** Takes `secrets` (values, such as configured keys) and everything of a known form out of a text. */
export function createRedact(secrets: readonly string[]): Redact {
  const values = secrets
    .filter((secret) => secret.length >= LEAST_SECRET_CHARS)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text;
    for (const value of values) clean = clean.replaceAll(value, '[redacted]');
    for (const form of FORMS) clean = clean.replace(form, '[redacted]');
    return clean;
  };
}

/** A copy of plain data in which every string was redacted. */
export function redactData<T>(data: T, redact: Redact): T {
  if (typeof data === 'string') return redact(data) as T;
  if (Array.isArray(data)) return data.map((one) => redactData(one, redact)) as T;
  if (data === null || typeof data !== 'object') return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, redactData(value, redact)]),
  ) as T;
}
