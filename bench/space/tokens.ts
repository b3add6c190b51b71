// JavaScript text as a list of tokens that forgets layout, comments, kinds of quotes and trailing separators.
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|`(?:\\[\s\S]|[^\\`])*`|'(?:\\[\s\S]|[^\\'\n])*'|"(?:\\[\s\S]|[^\\"\n])*"|(?<=[=(,:;!&|?{}[\n+]\s{0,9}|return\s|=>\s{0,9})\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*|[A-Za-z_$][\w$]*|\d[\w.]*|=>|[=!]==?|[<>]{1,3}=?|\*\*=?|&&=?|\|\|=?|\?\?=?|\?\.|\.\.\.|[-+]{2}|[-+*/%&|^]=?|\S/g;

export function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    if (token.startsWith('//') || token.startsWith('/*') || token === ';') continue;
    if (/^[)\]}]$/.test(token) && tokens.at(-1) === ',') tokens.pop();
    tokens.push(/^".*"$/s.test(token) && !token.includes("'") ? `'${token.slice(1, -1)}'` : token);
  }
  return tokens;
}

/** The same tokens; `var`, `let` and `const` count as one, and so do `==` and `===` with null. */
export function isSameCode(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((token, index) => token === b[index]);
}

/** Brackets that only group, and braces round single statements, left out: a rough form in which equivalent texts agree. */
export function roughForm(tokens: readonly string[]): string {
  return tokens
    .filter((token) => token !== '{' && token !== '}' && token !== '(' && token !== ')')
    .map((token) => (token === 'const' || token === 'var' ? 'let' : token))
    .join(' ');
}

/** The part in which two lists differ: length of what they share at the start and at the end. */
export function sharedEnds(a: readonly string[], b: readonly string[]): { head: number; tail: number } {
  const room = Math.min(a.length, b.length);
  let head = 0;
  while (head < room && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < room - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  return { head, tail };
}
