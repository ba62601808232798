/** MySQL's dialect, as the engine takes it (plugins/contract). */

import type { Dialect } from '../../plugins/contract/contract.ts';
import { lexStatement } from './lexer.ts';
import { parseText } from './parse.ts';
import { render } from './render.ts';
import { semantics } from './semantics.ts';

export const mysql: Dialect = {
  name: 'mysql',
  version: '8.0',
  semantics,
  sessions: { afterError: 'keep', definitions: 'commit', beginInBlock: 'commit', settings: 'atOnce' },
  parse: parseText,
  // Statements are known by their whole text: nothing is lifted out of them.
  normalise: () => null,
  parseNormalised: (text) => parseText(text)[0],
  offsets: (text, _, start = 0) => lexStatement(text, start).tokens.map((token) => token.startOffset),
  literalOrdinals: () => [],
  statementEnd: (text, _, start) => lexStatement(text, start).end,
  render,
};
