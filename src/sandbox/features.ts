// What bubblewrap can do here beyond the minimum, and where it is.

/** What the installed bubblewrap and kernel can do beyond the minimum; found by the probe. */
export interface BwrapFeatures {
  /** `--disable-userns`; without it the system call filter alone forbids nested user namespaces. */
  readonly disableUserns: boolean;
  /** `--size` for temporary file systems; without it only a control group bounds them. */
  readonly sizedTmpfs: boolean;
}

export const ALL_FEATURES: BwrapFeatures = { disableUserns: true, sizedTmpfs: true };

/** Where distributions install bubblewrap; never looked up on a PATH that others may set. */
export const BWRAP = '/usr/bin/bwrap';
