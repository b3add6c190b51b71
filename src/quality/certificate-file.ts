// Certificates as content-addressed JSON: sealing a body, and reading back only what matches its own digest.
import { type FileHandle, open, rename, rm, writeFile } from 'node:fs/promises';
import {
  type Certificate,
  type CertificateBody,
  certificate,
  certificateBody,
} from '#contracts/certificate.ts';
import { canonicalJson, digestOf } from '#foundation/digest.ts';
import { AppError, errorMessage } from '#foundation/errors.ts';

/** Larger files are refused unread; a certificate of 20,000 tests stays below. */
const MAX_CERTIFICATE_BYTES = 33_554_432;

/** Seals a body: validates it and addresses it by the digest of its canonical JSON. */
export function sealCertificate(body: CertificateBody): Certificate {
  const checked = certificateBody.parse(body);
  return { digest: digestOf(checked), body: checked };
}

/**
 * A certificate out of anything: its shape, its digest and its own consistency are checked.
 * @throws AppError CERTIFICATE_INVALID that says what does not hold.
 */
export function checkCertificate(value: unknown): Certificate {
  const parsed = certificate.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue ? `${issue.path.join('.') || 'the document'}: ${issue.message}` : 'unknown shape';
    throw invalid(`the certificate is malformed (${where})`);
  }
  const { digest, body } = parsed.data;
  const actual = digestOf(body);
  if (digest !== actual) {
    throw invalid(
      `the certificate was changed after it was made: it says ${digest}, its content is ${actual}`,
    );
  }
  const contradiction = contradictionIn(body);
  if (contradiction) throw invalid(`the certificate contradicts itself: ${contradiction}`);
  return parsed.data;
}

/** What a well-formed body must not say: anybody can compute a digest, so a sealed lie is looked at as well. */
function contradictionIn(body: CertificateBody): string | null {
  const refusedCheck = body.checks.find((check) => check.verdict === 'refused');
  if (body.verdict === 'refused') return body.reasons.length > 0 ? null : 'refused without a reason';
  if (body.reasons.length > 0) return 'passed with reasons for refusal';
  if (refusedCheck) return `passed although the check ${refusedCheck.name} was refused`;
  for (const name of ['base-tests', 'tests', 'canary', 'tampering'] as const) {
    if (!body.checks.some((check) => check.name === name)) return `passed without the check ${name}`;
  }
  if (body.fixed.length === 0) return 'passed although it fixed no test';
  if (body.tampering.length > 0 && !body.tamperingAllowed) return 'passed with tampered tests not allowed';
  const byId = new Map(body.tests.map((test) => [test.id, test]));
  const unproven = body.fixed.find((id) => {
    const test = byId.get(id);
    return test?.base !== 'failed' || test.commit !== 'passed' || test.flaky;
  });
  return unproven === undefined
    ? null
    : `it says that ${unproven} was fixed, its own table of tests does not`;
}

/** The text of a certificate file: canonical JSON and a final newline. */
function certificateText(value: Certificate): string {
  return `${canonicalJson(value)}\n`;
}

/**
 * Writes a certificate beside its final name and renames it, so that no reader sees half of it.
 * @throws AppError NOT_WRITABLE, DISK_FULL.
 */
export async function writeCertificateFile(path: string, value: Certificate): Promise<void> {
  const scratch = `${path}.${process.pid}.part`;
  try {
    await writeFile(scratch, certificateText(value), { mode: 0o644, flag: 'wx' });
    await rename(scratch, path);
  } catch (error) {
    await rm(scratch, { force: true });
    const code =
      error instanceof Error && 'code' in error && error.code === 'ENOSPC' ? 'DISK_FULL' : 'NOT_WRITABLE';
    throw new AppError(code, { message: `cannot write ${path}: ${errorMessage(error)}`, cause: error });
  }
}

/**
 * Reads and checks a certificate file of at most 32 MiB.
 * @throws AppError NOT_FOUND when there is no such file, CERTIFICATE_INVALID when it does not hold.
 */
export async function readCertificateFile(path: string): Promise<Certificate> {
  const text = await readBounded(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`${path} is not JSON: ${errorMessage(error)}`);
  }
  return checkCertificate(value);
}

async function readBounded(path: string): Promise<string> {
  try {
    await using handle = await open(path, 'r');
    const { size, isFile } = await kindOf(handle);
    if (!isFile) throw invalid(`${path} is not a regular file`);
    if (size > MAX_CERTIFICATE_BYTES) throw invalid(`${path} has ${size} bytes, more than any certificate`);
    return await handle.readFile('utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('NOT_FOUND', { message: `cannot read ${path}: ${errorMessage(error)}`, cause: error });
  }
}

async function kindOf(handle: FileHandle): Promise<{ size: number; isFile: boolean }> {
  const stat = await handle.stat();
  return { size: stat.size, isFile: stat.isFile() };
}

function invalid(message: string): AppError {
  return new AppError('CERTIFICATE_INVALID', {
    message,
    next: 'cambium run show: issue a new certificate from the run it belongs to',
  });
}
