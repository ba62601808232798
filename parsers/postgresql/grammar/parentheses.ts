/**
 * What an opening parenthesis begins, told without backtracking: the lexer has paired them.
 *
 *   ( select ...            a query
 *   ( ( select ... ) )      a query in two pairs
 *   ( ( select ... ) + 1 )  an expression that begins with a query
 *   ( ( select ... ) union  a query
 */

import { tooComplex } from '../../../engine/sblr/parse-error.ts';
import { MAX_DEPTH } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';

interface Looking {
  LA(howMuch: number): unknown;
}

const BEGINS_QUERY = new Set([K.SELECT, K.VALUES, K.WITH, K.TABLE]);
/** Behind a query in parentheses: the query goes on. */
const CONTINUES_QUERY = new Set([K.UNION, K.INTERSECT, K.EXCEPT, K.ORDER, K.LIMIT, K.OFFSET, K.FETCH, K.FOR]);

/** Whether the next token is a parenthesis around a query. */
export function isQueryAhead(parser: object): boolean {
  const looking = parser as Looking;
  const first = looking.LA(1) as SqlToken;
  if (first.tokenType !== T.LeftParen) return false;
  let depth = 1;
  while ((looking.LA(depth + 1) as SqlToken).tokenType === T.LeftParen) {
    if (++depth > 2 * MAX_DEPTH) throw tooComplex(MAX_DEPTH, first.startOffset);
  }
  if (!BEGINS_QUERY.has((looking.LA(depth + 1) as SqlToken).tokenType)) return false;
  // From the innermost pair outwards: does the pair around it hold nothing but a query?
  for (let inner = depth; inner > 1; inner--) {
    const { match } = looking.LA(inner) as SqlToken;
    if (match < 0) return true;
    const behind = looking.LA(match - first.ordinal + 2) as SqlToken;
    if (behind.tokenType !== T.RightParen && !CONTINUES_QUERY.has(behind.tokenType)) return false;
  }
  return true;
}
