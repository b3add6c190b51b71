// The package that detection looks at: its files below one directory, read through the caller's file source.
import type { TestRunnerKind } from '#contracts/tests.ts';
import type { PackageManifest } from './manifest.ts';

export interface PackageContext {
  /** `.` or the directory inside the repository. */
  readonly directory: string;
  /** Own files of the package, relative to `directory`. */
  readonly paths: readonly string[];
  readonly manifest: PackageManifest | null;
  /** Reads a file of the package. */
  read(path: string): Promise<string | null>;
  readonly notes: string[];
}

/** A way to run the tests and where it was found. */
export interface FoundCommand {
  readonly runner: TestRunnerKind;
  readonly argv: string[];
  readonly origin: string;
}
