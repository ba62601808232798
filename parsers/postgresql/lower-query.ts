/**
 * Queries put together: set operations by their precedence (INTERSECT first, then from the left), and what stands around them.
 * A query in parentheses takes in what stands behind it, as in PostgreSQL: (SELECT ...) LIMIT 1 is one block.
 */

import { notSupported, syntaxError } from '../../engine/sblr/parse-error.ts';
import type {
  SourceExpression,
  SourceLocking,
  SourceQuery,
  SourceSelectNode,
  SourceSortItem,
  SourceWith,
} from '../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../kit/token.ts';
import type { Writable } from './lower.ts';
import { K } from './tokens.ts';

/** ORDER BY, LIMIT, OFFSET, FOR ... of a query, with the tokens that errors point at. */
export interface QueryTail {
  order: SourceSortItem[];
  orderToken: SqlToken | null;
  limit: SourceExpression | null;
  limitToken: SqlToken | null;
  offset: SourceExpression | null;
  offsetToken: SqlToken | null;
  ties: boolean;
  locking: SourceLocking[];
  lockingToken: SqlToken | null;
}

export const emptyTail = (): QueryTail => ({
  order: [],
  orderToken: null,
  limit: null,
  limitToken: null,
  offset: null,
  offsetToken: null,
  ties: false,
  locking: [],
  lockingToken: null,
});

export const emptySelect = (at: number): Writable<SourceSelectNode> => ({
  op: 'select',
  at,
  with: null,
  distinct: 'none',
  distinctOn: [],
  items: [],
  from: [],
  where: null,
  group: [],
  having: null,
  windows: [],
  order: [],
  limit: null,
  offset: null,
  ties: false,
  locking: [],
});

interface SetOperator {
  readonly token: SqlToken;
  readonly all: boolean;
}

export class QueryBuilder {
  private readonly terms: SourceQuery[] = [];
  private readonly operators: SetOperator[] = [];

  push(term: SourceQuery): void {
    this.terms.push(term);
  }

  /** The operator behind the term that was pushed last. */
  operator(token: SqlToken, all: boolean): void {
    while (this.operators.length > 0 && !(isIntersect(token) && !isIntersect(this.operators.at(-1)!.token))) this.reduce();
    this.operators.push({ token, all });
  }

  private reduce(): void {
    const { token, all } = this.operators.pop() as SetOperator;
    const right = this.terms.pop() as SourceQuery;
    const left = this.terms.pop() as SourceQuery;
    this.terms.push({
      op: 'setOperation',
      at: token.ordinal,
      with: null,
      kind: token.value as 'union' | 'intersect' | 'except',
      all,
      left,
      right,
      ...{ order: [], limit: null, offset: null, ties: false, locking: [] },
    });
  }

  finish(tail: QueryTail | null): SourceQuery {
    while (this.operators.length > 0) this.reduce();
    const query = this.terms[0];
    if (tail !== null) putTail(query as Writable<SourceQuery>, tail);
    return query;
  }
}

const isIntersect = (token: SqlToken): boolean => token.tokenType === K.INTERSECT;

function putTail(query: Writable<SourceQuery>, tail: QueryTail): void {
  if (tail.orderToken !== null) {
    if (query.order.length > 0) twice('ORDER BY', tail.orderToken);
    query.order = tail.order;
  }
  if (tail.limitToken !== null) {
    if (query.limit !== null) twice('LIMIT', tail.limitToken);
    query.limit = tail.limit;
    query.ties = tail.ties;
  }
  if (tail.offsetToken !== null) {
    if (query.offset !== null) twice('OFFSET', tail.offsetToken);
    query.offset = tail.offset;
  }
  if (query.ties && query.order.length === 0 && tail.limitToken !== null) {
    throw syntaxError('WITH TIES cannot be specified without ORDER BY clause', tail.limitToken.startOffset);
  }
  if (tail.lockingToken === null || tail.locking.length === 0) return;
  if (query.op === 'values') throw notSupported('FOR UPDATE applied to VALUES', tail.lockingToken.startOffset);
  query.locking = [...query.locking, ...tail.locking];
}

function twice(what: string, token: SqlToken): never {
  throw syntaxError(`multiple ${what} clauses not allowed`, token.startOffset);
}

/** WITH in front of a query; one in parentheses may have its own already. */
export function putWith(query: SourceQuery, withClause: SourceWith, last: SqlToken): SourceQuery {
  if (query.with !== null) throw syntaxError('multiple WITH clauses not allowed', last.startOffset);
  (query as Writable<SourceQuery>).with = withClause;
  return query;
}
