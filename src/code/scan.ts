// The advisory source scan (R31, R32): rules from presets/rules against one file. It advises; it proves nothing.
import { readdirSync, readFileSync } from 'node:fs';
import type { NapiConfig } from '@ast-grep/napi';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { Language, LanguageFamily } from '#contracts/project.ts';
import { AppError } from '#foundation/errors.ts';
import { plainText } from '#foundation/text.ts';
import { familyOf } from './languages.ts';
import { languageOfFile, loadGrammar, parserName } from './syntax.ts';

export interface Finding {
  /** Id of the rule in presets/rules. */
  readonly rule: string;
  readonly severity: 'high' | 'medium' | 'low';
  /** Such as `CWE-95`; null when the rule names none. */
  readonly cwe: string | null;
  readonly message: string;
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** The matched source, at most 200 characters. */
  readonly source: string;
}

export interface ScanInput {
  readonly path: string;
  readonly language: Language;
  readonly text: string;
}

export interface ScanRule {
  readonly id: string;
  readonly language: 'JavaScript' | 'Python';
  readonly severity: Finding['severity'];
  readonly message: string;
  readonly cwe: string | null;
  readonly matcher: NapiConfig;
}

const RULES = new URL('../../presets/rules/', import.meta.url);
/** Whose rules apply; null where there are none. */
const RULES_FOR: Readonly<Record<LanguageFamily, ScanRule['language'] | null>> = {
  javascript: 'JavaScript',
  python: 'Python',
  ruby: null,
};
const MAX_CHARS = 2_000_000;
const MAX_FINDINGS = 500;
const MAX_SOURCE_CHARS = 200;
const SEVERITIES = { error: 'high', warning: 'medium', info: 'low' } as const;
const RANK = { high: 0, medium: 1, low: 2 } as const;

const ruleFile = z.strictObject({
  id: z.string().regex(/^(js|py)-[a-z-]+$/),
  language: z.enum(['JavaScript', 'Python']),
  severity: z.enum(['error', 'warning', 'info']),
  message: z.string().min(1),
  metadata: z.strictObject({ cwe: z.string().regex(/^CWE-\d+$/) }).optional(),
  rule: z.record(z.string(), z.unknown()),
  constraints: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});

/**
 * Reads every rule of a directory of YAML files; the shipped ones by default.
 * Throws CONFIG_INVALID naming the file and what is wrong with it.
 */
export function loadScanRules(directory: URL = RULES): ScanRule[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.yaml'));
  return names.sort().flatMap((name) => readRules(name, readFileSync(new URL(name, directory), 'utf8')));
}

function readRules(name: string, text: string): ScanRule[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const parsed = ruleFile.safeParse(document.toJS());
    if (!parsed.success)
      throw new AppError('CONFIG_INVALID', { message: `${name}: ${z.prettifyError(parsed.error)}` });
    const { id, language, severity, message, metadata, rule, constraints } = parsed.data;
    // The words of a rule are ast-grep's own; it rejects what it does not know when the rule is first used.
    const matcher = (constraints ? { rule, constraints } : { rule }) as NapiConfig;
    return { id, language, severity: SEVERITIES[severity], message, cwe: metadata?.cwe ?? null, matcher };
  });
}

/**
 * Findings in one file, by line and then by severity, at most 500. Never throws on foreign text; texts beyond
 * two million characters are not read. What it cannot see: names built at run time, what a dependency does, and
 * aliases of anything but `eval`. Code in comments and strings is not code.
 */
export function scanSource(input: ScanInput, rules: readonly ScanRule[] = loadScanRules()): Finding[] {
  if (input.text.length > MAX_CHARS) return [];
  const grammar = loadGrammar();
  const wanted = RULES_FOR[familyOf(input.language)];
  if (wanted === null) return [];
  const root = grammar.parse(parserName(languageOfFile(input.path) ?? input.language), input.text).root();
  const findings: Finding[] = [];
  for (const rule of rules) {
    if (rule.language !== wanted) continue;
    for (const node of root.findAll(rule.matcher).slice(0, MAX_FINDINGS)) {
      const { id, severity, cwe, message } = rule;
      const line = node.range().start.line + 1;
      findings.push({
        rule: id,
        severity,
        cwe,
        message,
        path: input.path,
        line,
        source: plainText(node.text().slice(0, MAX_SOURCE_CHARS)),
      });
    }
  }
  return findings
    .sort((a, b) => a.line - b.line || RANK[a.severity] - RANK[b.severity] || (a.rule < b.rule ? -1 : 1))
    .slice(0, MAX_FINDINGS);
}
