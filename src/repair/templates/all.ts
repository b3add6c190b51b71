// The families of templates in stages: what is cheap is made first, what is many and dear only when its turn comes.
import type { LanguageFamily } from '#contracts/project.ts';
import { anomalyTemplates } from './anomalies.ts';
import { branchTemplates, missingReturn, newBranchTemplates } from './branches.ts';
import { callTemplates } from './calls.ts';
import { conditionTemplates, pooledConditionTemplates } from './conditions.ts';
import { guardTemplates, missingTemplates, parameterTemplates } from './guards.ts';
import { linkTemplates } from './links.ts';
import { literalTemplates } from './literals.ts';
import { nameTemplates } from './names.ts';
import { objectTemplates } from './objects.ts';
import { operatorTemplates } from './operators.ts';
import { pitfallTemplates } from './pitfalls.ts';
import { pythonExpressionTemplates } from './python-expressions.ts';
import { pythonFunctionTemplates, pythonStatementTemplates } from './python-statements.ts';
import { regexTemplates } from './regexes.ts';
import { bothSides, severalPlaces, wrapSeveral } from './several.ts';
import { shapeTemplates, wrapTemplates } from './shape.ts';
import { insertTemplates, plainStatementTemplates, statementTemplates } from './statements.ts';
import type { Template } from './types.ts';

export interface Stage {
  /** Least bits of what its templates propose. */
  readonly floor: number;
  readonly templates: readonly Template[];
  /** Proposed once for a whole scope, whose node is the site's. */
  readonly perScope: boolean;
}

/** What JavaScript's templates share with Python's, and where the latter's own stand. */
function stages(own: {
  readonly expressions: readonly Template[];
  readonly functions: readonly Template[];
}): readonly Stage[] {
  return [
    { floor: 1.5, templates: operatorTemplates, perScope: false },
    { floor: 2.5, templates: [...nameTemplates, ...shapeTemplates], perScope: false },
    { floor: 3, templates: [...pitfallTemplates, ...literalTemplates, ...regexTemplates], perScope: false },
    { floor: 3, templates: own.expressions, perScope: false },
    { floor: 3.5, templates: anomalyTemplates, perScope: true },
    { floor: 4, templates: own.functions, perScope: true },
    {
      floor: 4,
      templates: [...missingTemplates, ...guardTemplates, ...conditionTemplates, ...branchTemplates],
      perScope: false,
    },
    { floor: 5, templates: [...statementTemplates, ...objectTemplates, bothSides], perScope: false },
    { floor: 5.5, templates: [severalPlaces, wrapSeveral, ...parameterTemplates], perScope: true },
    { floor: 4, templates: linkTemplates, perScope: false },
    { floor: 5.5, templates: callTemplates, perScope: false },
    { floor: 6, templates: [...pooledConditionTemplates, ...wrapTemplates], perScope: false },
    { floor: 7, templates: [...insertTemplates, ...newBranchTemplates], perScope: false },
  ];
}

/** The least that a language is given: what speaks of nothing but its grammar's tables. */
const PLAIN_STAGES: readonly Stage[] = [
  { floor: 1.5, templates: operatorTemplates, perScope: false },
  { floor: 2.5, templates: [...nameTemplates, ...shapeTemplates], perScope: false },
  { floor: 3, templates: literalTemplates, perScope: false },
  { floor: 4, templates: [...missingTemplates, ...conditionTemplates, missingReturn], perScope: false },
  { floor: 5, templates: plainStatementTemplates, perScope: false },
  { floor: 5.5, templates: [severalPlaces], perScope: true },
  { floor: 6, templates: [...pooledConditionTemplates, ...wrapTemplates], perScope: false },
  { floor: 7, templates: insertTemplates, perScope: false },
];

/** Which templates are bound to which language. */
export const STAGES: Readonly<Record<LanguageFamily, readonly Stage[]>> = {
  javascript: stages({ expressions: [], functions: [] }),
  python: stages({
    expressions: [...pythonExpressionTemplates, ...pythonStatementTemplates],
    functions: pythonFunctionTemplates,
  }),
  ruby: PLAIN_STAGES,
};
