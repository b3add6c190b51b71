// Who speaks: a key pair of a process, the signature of its words, and whether a word is really its own.
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';

export interface Identity {
  /** Ed25519, SPKI, base64. */
  readonly publicKey: string;
  /** Signature in base64. */
  sign(text: string): string;
}

/** A new identity; its private half never leaves this object. */
export function createIdentity(): Identity {
  const pair = generateKeyPairSync('ed25519');
  return {
    publicKey: pair.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    sign: (text) => sign(null, Buffer.from(text), pair.privateKey).toString('base64'),
  };
}

/** False also for keys and signatures that are none. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
