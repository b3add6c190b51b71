// Reading back what earlier steps of the run stored, checked on the way in.
import { z } from 'zod';
import { type Plan, plan } from '#agents/roles.ts';
import { type TestReport, testReport } from '#contracts/tests.ts';
import type { StepContext } from './step.ts';

const planned = z.looseObject({ plan, report: testReport });

/** The plan and the report of the base. */
export async function planOutput(context: StepContext): Promise<{ plan: Plan; report: TestReport }> {
  return planned.parse(await context.output(context.run.checkpoint.planStep ?? 0));
}
