// Test reports as steps keep and compare them: bounded for storage, split into failing and passing, told as events.
import { z } from 'zod';
import type { EventPayload } from '#contracts/event.ts';
import { type TestReport, type TestResult, testReport } from '#contracts/tests.ts';
import { clip, plainText } from '#foundation/text.ts';

const MESSAGE_CHARS = 4_000;
const LOG_CHARS = 64_000;
const REASON_CHARS = 300;
const EVENT_FAILURES = 100;
const STORED_TESTS = 20_000;

/** A report as it goes into the database: its output text is kept as the step's log instead. */
export function storedReport(report: TestReport): TestReport {
  return {
    ...report,
    tests: report.tests.slice(0, STORED_TESTS).map((test) => ({
      ...test,
      message:
        test.status === 'failed' && test.message !== null ? clip(test.message, MESSAGE_CHARS).text : null,
    })),
    outputText: '',
  };
}

/** The text of a report for the log: bounded, no control characters. */
export function reportLog(title: string, report: TestReport): string {
  const ending =
    report.exitCode === null ? report.outcome : `${report.outcome}, exit status ${report.exitCode}`;
  const head = `== ${title}: ${report.argv.join(' ')} (${ending}, ${Math.round(report.durationMs)} ms)`;
  return `${plainText(head)}\n${clip(plainText(report.outputText), LOG_CHARS).text}\n`;
}

export const storedReportOutput = z.looseObject({ report: testReport });

export function countsOf(report: TestReport): { passed: number; failed: number; skipped: number } {
  const count = (status: TestResult['status']) => report.tests.filter((t) => t.status === status).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}

export function failingOf(report: TestReport): TestResult[] {
  return report.tests.filter((test) => test.status === 'failed');
}

export function testsRan(phase: string, report: TestReport): EventPayload<'tests.ran'> {
  return {
    phase,
    counts: countsOf(report),
    failing: failingOf(report)
      .slice(0, EVENT_FAILURES)
      .map((test) => test.id),
    durationMs: report.durationMs,
  };
}

/** Why a report holds no results, in a sentence for people; null when it holds some. */
export function whyNoResults(report: TestReport, wallMs: number): string | null {
  switch (report.outcome) {
    case 'ran':
      return null;
    case 'no-tests':
      return 'The test command ran and found no test';
    case 'could-not-start':
      return `The test command could not start${statusText(report)}${firstReason(report)}`;
    case 'timed-out':
      return `The tests did not end within ${Math.round(wallMs / 1000)} s`;
    case 'out-of-memory':
      return 'The tests were stopped because they used up their memory';
    case 'output-limit':
      return 'The tests were stopped because they wrote too much output';
    case 'cancelled':
      return 'The tests were stopped on request';
  }
}

/** What the command itself said about it, cut to a line. */
function firstReason(report: TestReport): string {
  const [said = ''] = (report.reason ?? report.outputText).trim().split('\n');
  return said === '' ? '' : `: ${clip(said, REASON_CHARS).text}`;
}

function statusText(report: TestReport): string {
  return report.exitCode === null ? '' : ` (exit status ${report.exitCode})`;
}
