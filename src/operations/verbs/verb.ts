// What the catalogue says of a verb.

export type Effect = 'read' | 'write' | 'spend';

/** Verbs by name. `load` is dynamic so that asking for the version or for help loads no database driver. */
export type Verbs = Readonly<
  Record<string, { readonly effect: Effect; readonly summary: string; readonly load: () => Promise<unknown> }>
>;
