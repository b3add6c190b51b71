// Detection on a commit: reads the committed tree, never the files that happen to lie in the checkout.
import { posix } from 'node:path';
import type { FileSource } from '#code/detect.ts';
import { detectProject } from '#code/detect.ts';
import type { ProjectProfile } from '#contracts/project.ts';
import type { Git } from '#sandbox/git.ts';

const MAX_TEXT_BYTES = 2_097_152;

/** The files of a commit. Content beyond 2 MiB and content that is not UTF-8 text reads as null. */
export function treeFiles(git: Git, repository: string, commit: string): FileSource {
  return {
    list: () => git.listFiles(repository, commit),
    read: async (path) => {
      const bytes = await git.readBlob(repository, commit, path);
      if (bytes === null || bytes.length > MAX_TEXT_BYTES || bytes.includes(0)) return null;
      const text = bytes.toString('utf8');
      return text.includes('\ufffd') ? null : text;
    },
  };
}

/** What the repository is at a commit. */
export function detectAt(
  git: Git,
  place: { readonly repository: string; readonly commit: string },
  wish: { readonly testCommand?: string | undefined; readonly directory?: string | undefined },
): Promise<ProjectProfile> {
  return detectProject({ files: treeFiles(git, place.repository, place.commit), ...wish });
}

const MANIFESTS = new Set([
  'package.json',
  'pyproject.toml',
  'setup.py',
  'setup.cfg',
  'pytest.ini',
  'tox.ini',
  'requirements.txt',
]);

/** The package that a directory belongs to: the nearest one upwards that holds a manifest, else the root. */
export function packageDirectory(files: readonly string[], directory: string): string {
  const packages = new Set(
    files.filter((path) => MANIFESTS.has(posix.basename(path))).map((path) => posix.dirname(path)),
  );
  for (let at = posix.normalize(directory); at !== '.'; at = posix.dirname(at)) {
    if (packages.has(at)) return at;
  }
  return '.';
}
