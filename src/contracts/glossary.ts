// The words of the product, one meaning each; columns, fields, commands and labels use these and no others.

export const GLOSSARY = {
  Project: 'A repository under care.',
  Ticket: 'Wanted work on a project.',
  Run: 'One execution of a ticket by the state machine.',
  Step: 'A resumable unit of a run: one visit to one state, with its input and output.',
  Attempt: 'One round of coding and testing inside a run.',
  Job: 'A queue entry.',
  Lock: 'A named, fenced claim on a resource.',
  Role: 'What an agent is for: input and output schema, and later prompt, tools and model tier.',
  Workspace: 'A git worktree and its isolation.',
  Check: 'One thing the host executes to reach a verdict.',
  Gate: 'A list of checks.',
  Claim: 'What an agent says of its own work; kept, and no evidence.',
  Artefact: 'A file or record that a phase must yield, kept by its digest.',
  Approval: 'A decision asked of a person, with a time by which silence means no.',
  Grader:
    'A command that looks at a result and says whether it will do; it never sees how the result came about.',
  Verdict: 'The outcome of a check or a gate.',
  Certificate: 'The content-addressed record of a passed gate.',
  Suspect: 'A place in the source that may hold the fault, with its suspicion.',
  Candidate: 'A small change that may be the fix.',
  Plausible: 'Said of a candidate that passes every test it was given; not yet said to be right.',
  Pattern: 'A form of change that was learned from accepted ones, as a rewrite that runs, with its evidence.',
  Evidence: 'What one run says for or against a pattern: accepted, rejected, reverted, or merely tried.',
  Event: 'An immutable fact in the journal.',
  Operation: 'One verb of the product.',
} as const;
