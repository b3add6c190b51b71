// File names as git gives them: bytes ended by zero, not always UTF-8.

/** The names between zero bytes. */
export function splitNul(bytes: Buffer): Buffer[] {
  const names: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, from)) {
    if (at > from) names.push(bytes.subarray(from, at));
    from = at + 1;
  }
  if (from < bytes.length) names.push(bytes.subarray(from));
  return names;
}

/**
 * A line of an exclude file that means exactly this path from the top of the tree. A line break inside a name
 * cannot be written there; `?` stands for it.
 */
export function excludeLine(path: Buffer): Buffer {
  const bytes: number[] = [0x2f];
  for (const byte of path) {
    if (byte === 0x0a || byte === 0x0d) bytes.push(0x3f);
    else {
      if (SPECIAL.has(byte)) bytes.push(0x5c);
      bytes.push(byte);
    }
  }
  return Buffer.from([...bytes, 0x0a]);
}

/** `*`, `?`, `[`, `]`, `\\`, `!`, `#` and the blank, which would be dropped at the end. */
const SPECIAL = new Set(Array.from('*?[]\\!# ', (character) => character.charCodeAt(0)));
