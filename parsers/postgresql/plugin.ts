/** PostgreSQL's dialect, as the engine takes it (plugins/contract). */

import type { Dialect } from '../../plugins/contract/contract.ts';
import { lexStatement } from './lexer.ts';
import { liftedOrdinals, normalisedOffsets, normaliseText } from './normalise.ts';
import { parseLifted, parseText } from './parse.ts';
import { render } from './render.ts';
import { semantics } from './semantics.ts';
import { shownExpression } from './shown.ts';

export const postgresql: Dialect = {
  name: 'postgresql',
  version: '18',
  semantics,
  parse: parseText,
  parseNormalised: parseLifted,
  normalise: (text, settings, start = 0) => normaliseText(text, settings, start),
  offsets: (text, settings, start = 0) => normalisedOffsets(text, settings, start),
  literalOrdinals: liftedOrdinals,
  statementEnd: (text, settings, start) => lexStatement(text, start, settings, false).end,
  render,
  show: shownExpression,
};
