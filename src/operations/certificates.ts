// Certificates as files in the data directory, named by their digest, so that they can be carried elsewhere.
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificate } from '#contracts/certificate.ts';
import { writeCertificateFile } from '#quality/certificate-file.ts';

/** `<home>/certificates/<64 hexadecimal digits>.json` */
export function certificatePath(home: string, digest: string): string {
  return join(home, 'certificates', `${digest.replace(/^sha256:/, '')}.json`);
}

/** Writes the file of a certificate unless it is there: equal digests are equal contents. Returns its path. */
export async function saveCertificate(home: string, certificate: Certificate): Promise<string> {
  const path = certificatePath(home, certificate.digest);
  const known = await stat(path).then(
    () => true,
    () => false,
  );
  if (!known) {
    await mkdir(join(home, 'certificates'), { recursive: true, mode: 0o755 });
    await writeCertificateFile(path, certificate);
  }
  return path;
}
