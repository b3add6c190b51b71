// A grader: a command that gets the result on standard input and says whether it will do. It is never told how the
// result came about: no claims, no reasoning, no log of whoever made it.
import { z } from 'zod';
import { canonicalJson } from '#foundation/digest.ts';
import { clip, plainText } from '#foundation/text.ts';
import { type CheckContext, observed, passed, type RunCheck, refused } from './check.ts';
import { lastWords, outputOf, problemOf, runHere } from './command.ts';
import { inFreshTree, lineOf } from './reproduce.ts';
import { touchedCommand } from './untouched.ts';

const MAX_ANSWER_CHARS = 1_000_000;
const TOLD_FEEDBACK_CHARS = 1_500;
const MAX_DIFF_CHARS = 400_000;

const answer = z.object({
  verdict: z.enum(['passed', 'refused']),
  score: z.number().min(0).max(1).optional(),
  feedback: z.string().max(20_000).default(''),
});

export const runGraderCheck: RunCheck<'grader'> = async (context, check, signal) => {
  const reproduce = inFreshTree(context.subject, check.directory, `${lineOf(check.run)} < question.json`);
  const touched = check.allow_changes ? [] : await touchedCommand(context, check.run, check.directory);
  if (touched.length > 0) return refused(touched, { reproduce });
  const question = canonicalJson(await questionFor(context));
  const result = await runHere(context, check, { stdin: question, signal });
  const evidence = [observed('question', question), outputOf(result)];
  const seen = { reproduce, evidence };
  const said = readAnswer(result.stdout);
  const feedback = said?.feedback
    ? ` ${clip(plainText(said.feedback).trim(), TOLD_FEEDBACK_CHARS).text}`
    : '';
  const problem = problemOf(result, { ...check, exit: 0 });
  if (problem !== null) {
    const more = feedback === '' ? lastWords(result) : feedback;
    return refused([`The grader ${problem}.${more}`], seen);
  }
  if (said === null) {
    const shape = '{"verdict": "passed" | "refused", "score"?: 0 to 1, "feedback"?: text}';
    return refused([`The grader's answer is not JSON of the form ${shape}.${lastWords(result)}`], seen);
  }
  if (said.verdict === 'refused') return refused([`The grader refuses.${feedback}`], seen);
  if (check.min_score !== undefined && (said.score ?? -1) < check.min_score) {
    const score = said.score === undefined ? 'gives no score' : `gives ${said.score}`;
    return refused([`The grader ${score}; ${check.min_score} is wanted.${feedback}`], seen);
  }
  return passed(`The grader accepts.${feedback}`, seen);
};

/** The result and nothing else. */
async function questionFor({ parts, subject, answers, earlier }: CheckContext): Promise<unknown> {
  const { repository, base, commit, tree, ticket, phase } = subject;
  const diff = clip(await parts.git.diff(repository, base, commit), MAX_DIFF_CHARS);
  return {
    schema: 'cambium.question/1',
    ticket,
    phase,
    base,
    commit,
    tree,
    changed: await parts.git.changedFiles(repository, base, commit),
    diff: diff.text,
    artefacts: answers.artefacts,
    checks: earlier.map(({ name, type, outcome, reason }) => ({ name, type, outcome, reason })),
  };
}

/** The last line that is an answer: tools like to talk before it. */
function readAnswer(stdout: string): z.infer<typeof answer> | null {
  if (stdout.length > MAX_ANSWER_CHARS) return null;
  const whole = parse(stdout);
  return whole ?? parse(stdout.trim().split('\n').at(-1) ?? '');
}

function parse(text: string): z.infer<typeof answer> | null {
  try {
    const parsed = answer.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not JSON: the caller refuses in words.
    return null;
  }
}
