/** The manifest, and what the host calls. */

import { plainError } from '../../engine/sblr/parse-error.ts';
import { CONTRACT_VERSION, type WirePlugin } from '../../plugins/contract/connection.ts';
import type { Dialect } from '../../plugins/contract/contract.ts';
import { parse } from './parse.ts';
import { render } from './render.ts';
import { semantics } from './semantics.ts';
import { lineEnd } from './tokens.ts';
import { PlainConnection } from './wire.ts';

const dialect: Dialect = {
  name: 'plain',
  version: '1',
  semantics,
  parse,
  // No literals are lifted out: the text is its own key.
  normalise: () => null,
  parseNormalised: (text) => parse(text)[0],
  offsets: () => [],
  literalOrdinals: () => [],
  statementEnd: (text, _, start) => lineEnd(text, start),
  render,
};

const STATEMENTS = [
  "show item id, name where id = 7 and name <> 'it''s' by id down first 3",
  "add item 1, 'nut', 0.05, null",
  'begin',
];

export const plugin: WirePlugin = {
  manifest: { name: 'plain', version: '1.0.0', contract: CONTRACT_VERSION, dialect: 'plain', port: 5400, capabilities: [] },
  dialect,
  createConnection: (host) => new PlainConnection(host),
  makeVerifier: () => '',
  selfTest: () => {
    for (const text of STATEMENTS)
      if (render(parse(text)[0].source) !== text) throw plainError('XX000', `"${text}" is another statement when it is written`);
  },
};
