/** Text -> statements, a line each. */

import type { ParsedStatement } from '../../plugins/contract/contract.ts';
import { buildGrammar } from '../kit/grammar.ts';
import { PlainGrammar } from './grammar.ts';
import { lineEnd, tokensOf } from './tokens.ts';

let grammar: PlainGrammar | undefined;

/** All statements of a text; empty lines are none. 42601 */
export function parse(text: string): ParsedStatement[] {
  grammar ??= buildGrammar('plain', (options) => new PlainGrammar(options));
  const statements: ParsedStatement[] = [];
  for (let at = 0; at < text.length; ) {
    const end = lineEnd(text, at);
    const tokens = tokensOf(text, at, end);
    at = end;
    if (tokens.length === 1) continue;
    const offsets = tokens.map(({ startOffset }) => startOffset);
    const last = tokens[tokens.length - 2];
    const source = grammar.parse(tokens, grammar.statement);
    statements.push({ source, tokens: offsets, start: offsets[0], end: last.end, parameterCount: 0, parameterNames: [] });
  }
  return statements;
}
