// Runs inside the sandbox. What was thrown, as text: whole, or only the places of its stack.

/** An error as text with its stack; anything may have been thrown, and its getters may throw too. */
export function describeError(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.stack ?? error.message).slice(0, 4_000);
    if (typeof error === 'object' && error !== null && 'stack' in error)
      return String(error.stack).slice(0, 4_000);
    return String(error).slice(0, 1_000);
  } catch {
    return 'an error that cannot be shown';
  }
}

// Taken before any foreign code runs.
const NativeError = Error;
const { getOwnPropertyDescriptor, defineProperty, deleteProperty } = Reflect;

/** Only the places of a stack: writing it out takes longer than most tests. */
export function describeBriefly(error: unknown): string {
  const own = getOwnPropertyDescriptor(NativeError, 'prepareStackTrace');
  if (own?.configurable === false) return describeError(error);
  const value = (_error: Error, sites: readonly NodeJS.CallSite[]) => {
    let text = '';
    for (let i = 0; i < sites.length; i += 1)
      text += `${(sites[i] as NodeJS.CallSite).getFileName()}:${(sites[i] as NodeJS.CallSite).getLineNumber()}\n`;
    return text;
  };
  defineProperty(NativeError, 'prepareStackTrace', { value, configurable: true, writable: true });
  try {
    return describeError(error);
  } finally {
    if (own === undefined) deleteProperty(NativeError, 'prepareStackTrace');
    else defineProperty(NativeError, 'prepareStackTrace', own);
  }
}
