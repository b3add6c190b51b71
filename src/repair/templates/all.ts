// The families of templates in stages: what is cheap is made first, what is many and dear only when its turn comes.
import { conditionTemplates } from './conditions.ts';
import { nameTemplates } from './names.ts';
import { operatorTemplates } from './operators.ts';
import { pythonExpressionTemplates } from './python-expressions.ts';
import { pythonFunctionTemplates, pythonStatementTemplates } from './python-statements.ts';
import { regexTemplates } from './regexes.ts';
import { severalPlaces } from './several.ts';
import { shapeTemplates } from './shape.ts';
import { statementTemplates } from './statements.ts';
import type { Template } from './types.ts';

export interface Stage {
  /** Least bits of what its templates propose. */
  readonly floor: number;
  readonly templates: readonly Template[];
  /** Proposed once for a whole scope, whose node is the site's. */
  readonly perScope: boolean;
}

export const STAGES: readonly Stage[] = [
  { floor: 1.5, templates: operatorTemplates, perScope: false },
  { floor: 2.5, templates: [...nameTemplates, ...shapeTemplates, ...regexTemplates], perScope: false },
  { floor: 3, templates: [...pythonExpressionTemplates, ...pythonStatementTemplates], perScope: false },
  { floor: 4, templates: conditionTemplates, perScope: false },
  { floor: 4, templates: pythonFunctionTemplates, perScope: true },
  { floor: 5, templates: statementTemplates, perScope: false },
  { floor: 5.5, templates: [severalPlaces], perScope: true },
];
