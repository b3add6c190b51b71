// The languages that the engine repairs: one entry and its files (a grammar, a program in harness/) are all that one takes.
import type { SyntaxLanguage } from '#code/syntax.ts';
import type { LanguageFamily } from '#contracts/project.ts';
import { javascriptGrammar } from './grammar/javascript.ts';
import { pythonGrammar } from './grammar/python.ts';
import { rubyGrammar } from './grammar/ruby.ts';
import type { Grammar } from './grammar/types.ts';
import type { StartMessage } from './harness/protocol.ts';

export interface RepairLanguage {
  readonly grammar: Grammar;
  /** How a file is read whose name does not say it. */
  readonly syntax: SyntaxLanguage;
  /**
   * `probes`: statements are counted by calls woven into the text. `lines`: the program in the sandbox counts lines of the files
   * as they are, with what its interpreter offers, and one survey gives both results and coverage.
   */
  readonly coverage: 'probes' | 'lines';
  /** Command of the warm process. `base` is the directory of the harness as the sandbox sees it. */
  program(base: string, nodePath: string): string[];
  /** Test runners that it takes the place of. */
  readonly runners: readonly StartMessage['runner'][];
  /** Interpreters whose plain scripts it runs too; null when it runs none. */
  readonly interpreter: RegExp | null;
  /** Whether it can make calls of single functions, so that what candidates do is compared. */
  readonly observes: boolean;
  /** Comments and texts that document code. */
  readonly comments: RegExp;
  /** Whose fitted weights are used where none were fitted to this language. */
  readonly weighedAs: 'javascript' | 'python';
}

export const REPAIR_LANGUAGES: Readonly<Record<LanguageFamily, RepairLanguage>> = {
  javascript: {
    grammar: javascriptGrammar,
    syntax: 'javascript',
    coverage: 'probes',
    program: (base, nodePath) => [
      nodePath,
      '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
      `${base}/${nodeScript()}`,
    ],
    runners: ['node', 'mocha', 'vitest', 'jest'],
    interpreter: /^node$/,
    observes: true,
    comments: /\/\*[\s\S]*?\*\/|\/\/.*/g,
    weighedAs: 'javascript',
  },
  python: {
    grammar: pythonGrammar,
    syntax: 'python',
    coverage: 'lines',
    program: (base) => ['python3', '-B', '-u', `${base}/python.py`],
    runners: ['pytest', 'unittest'],
    interpreter: /^python3?$/,
    observes: true,
    comments: /"""[\s\S]*?"""|'''[\s\S]*?'''|#.*/g,
    weighedAs: 'python',
  },
  ruby: {
    grammar: rubyGrammar,
    syntax: 'ruby',
    coverage: 'lines',
    program: (base) => ['ruby', '-W0', `${base}/ruby.rb`],
    runners: ['minitest'],
    interpreter: null,
    observes: false,
    comments: /^=begin[\s\S]*?^=end|#.*/gm,
    weighedAs: 'python',
  },
};

/** The language whose warm process stands in for a runner; null when none does. */
export function familyOfRunner(runner: StartMessage['runner']): LanguageFamily | null {
  return entries().find(([, { runners }]) => runners.includes(runner))?.[0] ?? null;
}

/** The language of a plain script, by the program that runs it; null for others. */
export function familyOfInterpreter(name: string): LanguageFamily | null {
  return entries().find(([, { interpreter }]) => interpreter?.test(name) === true)?.[0] ?? null;
}

function entries(): [LanguageFamily, RepairLanguage][] {
  return Object.entries(REPAIR_LANGUAGES) as [LanguageFamily, RepairLanguage][];
}

/** TypeScript in development, JavaScript when published: the harness has the same ending as this file. */
function nodeScript(): string {
  return import.meta.url.endsWith('.ts') ? 'javascript.ts' : 'javascript.js';
}
