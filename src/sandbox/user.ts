// Whom foreign code runs as: never the host's root, because root inside a sandbox keeps too much (research: core_pattern).

/** The host identity of sandboxed commands. `dropped`: Cambium itself is root and changes to this identity. */
export interface SandboxUser {
  readonly uid: number;
  readonly gid: number;
  readonly dropped: boolean;
}

/** Fixed, so that trees of earlier runs stay usable; without a passwd entry, so that it owns nothing else. */
const UNPRIVILEGED_ID = 58_231;

/** The own user; under root a fixed unprivileged identity that is neither `nobody` nor a database's. */
export function sandboxUser(): SandboxUser {
  const uid = process.getuid?.() ?? UNPRIVILEGED_ID;
  const gid = process.getgid?.() ?? UNPRIVILEGED_ID;
  if (uid !== 0) return { uid, gid, dropped: false };
  return { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID, dropped: true };
}
