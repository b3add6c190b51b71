// Calling a role: both sides of the call are checked, and a slip is named by role, side and path (R10).
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { callRole } from '#agents/role.ts';
import { CODER, REVIEWER } from '#agents/roles.ts';

const role = {
  name: 'greeter',
  input: z.strictObject({ name: z.string() }),
  output: z.strictObject({ words: z.strictObject({ greeting: z.string() }) }),
};

describe('R10: a role', () => {
  test('gives back what its executor made, when it fits', async () => {
    const executor = async ({ name }: { name: string }) => ({ words: { greeting: `Hello ${name}` } });
    const output = await callRole({ role, input: { name: 'Ada' }, executor });
    expect(output.words.greeting).toBe('Hello Ada');
  });

  test('names role and path when the output is wrong', async () => {
    const executor = async () => ({ words: { greeting: 5 } });
    await expect(callRole({ role, input: { name: 'Ada' }, executor })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/output of the role "greeter".*words\.greeting/),
    });
  });

  test('names role and path when the input is wrong, and does not execute', async () => {
    let executed = false;
    const executor = async () => {
      executed = true;
      return {};
    };
    const input = { name: 5 } as unknown as { name: string };
    await expect(callRole({ role, input, executor })).rejects.toThrow(/input of the role "greeter".*name/);
    expect(executed).toBe(false);
  });

  test('a coder that claims success in its own words is refused', async () => {
    const { shape } = CODER.output.options[0];
    expect(Object.keys(shape)).not.toContain('success');
    expect(CODER.output.safeParse({ kind: 'proposed', success: true }).success).toBe(false);
    expect(REVIEWER.output.safeParse([{ severity: 'fatal' }]).success).toBe(false);
  });
});
