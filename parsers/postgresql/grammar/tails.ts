/**
 * What stands around queries: WITH, ORDER BY, LIMIT, FOR UPDATE; and windows, whose specifications are made of the same.
 */

import { frameError, syntaxError } from '../../../engine/sblr/parse-error.ts';
import type {
  SourceCte,
  SourceExpression,
  SourceFrame,
  SourceLocking,
  SourceName,
  SourceQuery,
  SourceSortItem,
  SourceStatement,
  SourceWindowSpec,
  SourceWith,
} from '../../../engine/sblr/source.gen.ts';
import type { Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant, ownName } from '../lower.ts';
import { emptyTail, type QueryTail } from '../lower-query.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { SpecialGrammar } from './special.ts';

type FrameBound = SourceFrame['start'];

interface Bound {
  readonly kind: FrameBound;
  readonly value: SourceExpression | null;
  readonly token: SqlToken;
}

/** Order of frame bounds from first to last. */
const BOUND_ORDER: readonly FrameBound[] = ['unboundedPreceding', 'preceding', 'current', 'following', 'unboundedFollowing'];

/** What stands behind the blocks of a query. */
const BEGINS_TAIL = new Set([K.ORDER, K.LIMIT, K.OFFSET, K.FETCH, K.FOR]);

/** What says more of an order. */
const BEHIND_SORTED = new Set([K.ASC, K.DESC, K.USING, T.NullsOrder]);

export abstract class TailGrammar extends SpecialGrammar {
  abstract readonly preparable: Rule<[], SourceStatement | SourceQuery>;

  // ORDER BY item ( ',' item )*
  override readonly orderBy: Rule<[], SourceSortItem[]> = this.RULE('orderBy', () => {
    this.take(1, K.ORDER);
    this.take(1, K.BY);
    return this.list(1, () => this.SUBRULE(this.sortItem));
  });

  // expression ( ASC | DESC | USING operator )? ( NULLS ( FIRST | LAST ) )?
  readonly sortItem: Rule<[], SourceSortItem> = this.RULE('sortItem', () => {
    const start = this.next(1);
    const expression = this.SUBRULE(this.expression);
    let descending = false;
    let using: SourceName | null = null;
    let nulls: SourceSortItem['nulls'] = 'default';
    if (!this.RECORDING_PHASE && !BEHIND_SORTED.has(this.LA(1).tokenType))
      return { op: 'sortItem', at: start.ordinal, expression, descending, nulls, using } as SourceSortItem;
    this.OPTION1(() =>
      this.OR1([
        { ALT: () => void this.take(1, K.ASC) },
        { ALT: () => void (descending = this.take(1, K.DESC) !== undefined) },
        {
          ALT: () => {
            this.take(1, K.USING);
            const token = this.next(1);
            const name = this.SUBRULE(this.anyOperator);
            using = this.ACTION(() => name ?? ownName(token.ordinal, token.value));
          },
        },
      ]),
    );
    this.OPTION2(() => {
      this.take(2, T.NullsOrder);
      nulls = this.OR2([
        { ALT: () => this.yields('first' as const, 2, K.FIRST) },
        { ALT: () => this.yields('last' as const, 2, K.LAST) },
      ]);
    });
    const at = this.ACTION(() => start.ordinal);
    return { op: 'sortItem', at, expression, descending, nulls, using } as SourceSortItem;
  });

  // orderBy? ( LIMIT ... | OFFSET ... | FETCH ... | FOR ... )*
  readonly queryTail: Rule<[], QueryTail | null> = this.RULE('queryTail', () => {
    let tail: QueryTail | null = null;
    if (!this.RECORDING_PHASE && !BEGINS_TAIL.has(this.LA(1).tokenType)) return tail;
    this.OPTION(() => {
      tail = emptyTail();
      tail.orderToken = this.next(1);
      tail.order = this.SUBRULE(this.orderBy);
    });
    this.MANY(() => {
      tail ??= emptyTail();
      const parts = tail;
      if (!this.RECORDING_PHASE && this.isNext(1, K.LIMIT)) {
        this.SUBRULE(this.limitPart, { ARGS: [parts] });
        return;
      }
      this.OR([
        { ALT: () => this.SUBRULE(this.limitPart, { ARGS: [parts] }) },
        { ALT: () => this.SUBRULE(this.offsetPart, { ARGS: [parts] }) },
        { ALT: () => this.SUBRULE(this.fetchPart, { ARGS: [parts] }) },
        { ALT: () => this.SUBRULE(this.lockingPart, { ARGS: [parts] }) },
      ]);
    });
    return tail;
  });

  private setOnce(token: SqlToken, known: SqlToken | null, what: string): void {
    if (known !== null && !this.RECORDING_PHASE) throw syntaxError(`multiple ${what} clauses not allowed`, token.startOffset);
  }

  // LIMIT ( ALL | expression ), not ( ',' expression )
  readonly limitPart: Rule<[QueryTail], void> = this.RULE('limitPart', (tail: QueryTail) => {
    const token = this.take(1, K.LIMIT);
    const limit = this.OR([
      { ALT: () => this.yields(null, 1, K.ALL) },
      { ALT: (): SourceExpression | null => this.SUBRULE1(this.expression) },
    ]);
    // What MySQL has: it is read, so that what is wrong there is said first.
    this.OPTION(() => {
      this.take(1, T.Comma);
      this.SUBRULE2(this.expression);
      const hint = 'Use separate LIMIT and OFFSET clauses.';
      this.ACTION(() => {
        throw syntaxError('LIMIT #,# syntax is not supported', token.startOffset, hint);
      });
    });
    this.ACTION(() => {
      this.setOnce(token, tail.limitToken, 'LIMIT');
      tail.limitToken = token;
      tail.limit = limit;
    });
  });

  // OFFSET expression ( ROW | ROWS )?
  readonly offsetPart: Rule<[QueryTail], void> = this.RULE('offsetPart', (tail: QueryTail) => {
    const token = this.take(1, K.OFFSET);
    const offset = this.SUBRULE(this.expression);
    this.OPTION(() => this.OR([{ ALT: () => this.take(1, K.ROW) }, { ALT: () => this.take(1, K.ROWS) }]));
    this.ACTION(() => {
      this.setOnce(token, tail.offsetToken, 'OFFSET');
      tail.offsetToken = token;
      tail.offset = offset;
    });
  });

  // FETCH ( FIRST | NEXT ) expression? ( ROW | ROWS ) ( ONLY | WITH TIES )
  readonly fetchPart: Rule<[QueryTail], void> = this.RULE('fetchPart', (tail: QueryTail) => {
    const token = this.take(1, K.FETCH);
    this.OR1([{ ALT: () => this.take(1, K.FIRST) }, { ALT: () => this.take(1, K.NEXT) }]);
    let limit: SourceExpression | null = null;
    this.OPTION({
      GATE: () => !this.isNext(1, K.ROW) && !this.isNext(1, K.ROWS),
      DEF: () => (limit = this.SUBRULE(this.expression, { ARGS: [true] })),
    });
    this.OR2([{ ALT: () => this.take(2, K.ROW) }, { ALT: () => this.take(2, K.ROWS) }]);
    const ties = this.OR3([
      { ALT: () => this.yields(false, 3, K.ONLY) },
      {
        ALT: () => {
          this.take(3, K.WITH);
          this.take(3, K.TIES);
          return true;
        },
      },
    ]);
    this.ACTION(() => {
      this.setOnce(token, tail.limitToken, 'LIMIT');
      tail.limitToken = token;
      tail.limit = limit ?? constant(token.ordinal, 'integer', '1');
      tail.ties = ties;
    });
  });

  // FOR ( ( UPDATE | NO KEY UPDATE | SHARE | KEY SHARE ) ( OF name ( ',' name )* )? ( NOWAIT | SKIP LOCKED )? | READ ONLY )
  readonly lockingPart: Rule<[QueryTail], void> = this.RULE('lockingPart', (tail: QueryTail) => {
    const token = this.take(1, K.FOR);
    this.OR1([
      {
        ALT: () => {
          this.take(1, K.READ);
          this.take(1, K.ONLY);
        },
      },
      {
        ALT: () => {
          const locking = this.lockingClause(token);
          this.ACTION(() => {
            tail.lockingToken = token;
            tail.locking.push(locking);
          });
        },
      },
    ]);
  });

  private lockingClause(token: SqlToken): SourceLocking {
    const strength = this.OR2([
      { ALT: () => this.yields('update' as const, 2, K.UPDATE) },
      { ALT: () => this.yields('share' as const, 2, K.SHARE) },
      { ALT: () => this.yields('noKeyUpdate' as const, 5, K.NO, K.KEY, K.UPDATE) },
      { ALT: () => this.yields('keyShare' as const, 3, K.KEY, K.SHARE) },
    ]);
    let of: SourceName[] = [];
    let wait: SourceLocking['wait'] = 'wait';
    this.OPTION2(() => {
      this.take(4, K.OF);
      of = this.list(1, () => this.SUBRULE(this.anyName));
    });
    this.OPTION3(() => {
      wait = this.OR3([
        { ALT: () => this.yields('nowait' as const, 4, K.NOWAIT) },
        { ALT: () => this.yields('skip' as const, 4, K.SKIP, K.LOCKED) },
      ]);
    });
    return { op: 'locking', at: token.ordinal, strength, of, wait };
  }

  // WITH RECURSIVE? cte ( ',' cte )*
  readonly withClause: Rule<[], SourceWith> = this.RULE('withClause', () => {
    const { ordinal } = this.take(1, K.WITH);
    let recursive = false;
    this.OPTION(() => (recursive = this.take(1, K.RECURSIVE) !== undefined));
    const items = this.list(1, () => this.SUBRULE(this.cte));
    return { op: 'with', at: ordinal, recursive, items } as SourceWith;
  });

  // name columns? AS ( NOT? MATERIALIZED )? '(' statement ')'
  readonly cte: Rule<[], SourceCte> = this.RULE('cte', () => {
    const name = this.take(1, T.ColumnId);
    let columns: string[] = [];
    let materialized: SourceCte['materialized'] = 'default';
    this.OPTION1(() => (columns = this.SUBRULE(this.columnNames)));
    this.take(1, K.AS);
    this.OPTION2(() => {
      materialized = this.OR([
        { ALT: () => this.yields('yes' as const, 1, K.MATERIALIZED) },
        { ALT: () => this.yields('no' as const, 2, K.NOT, K.MATERIALIZED) },
      ]);
    });
    this.take(1, T.LeftParen);
    const statement = this.SUBRULE(this.preparable);
    this.take(1, T.RightParen);
    this.OPTION3(() =>
      this.OR3([
        { ALT: () => this.refuse('SEARCH', this.recorded(3, K.SEARCH)) },
        { ALT: () => this.refuse('CYCLE', this.recorded(3, K.CYCLE)) },
      ]),
    );
    const { ordinal: at, value, quoted } = name;
    return { op: 'cte', at, name: value, quoted, columns, materialized, statement } as SourceCte;
  });

  // name | '(' specification ')'
  override readonly windowSpec: Rule<[], SourceWindowSpec> = this.RULE('windowSpec', () =>
    this.OR([
      {
        ALT: (): SourceWindowSpec => {
          const name = this.take(1, T.ColumnId);
          return { op: 'windowSpec', at: name.ordinal, name: name.value, base: null, partition: [], order: [], frame: null };
        },
      },
      { ALT: () => this.SUBRULE(this.windowInParens) },
    ]),
  );

  // '(' name? ( PARTITION BY expression ( ',' expression )* )? orderBy? frame? ')'
  readonly windowInParens: Rule<[], SourceWindowSpec> = this.RULE('windowInParens', () => {
    const { ordinal } = this.take(1, T.LeftParen);
    let base: string | null = null;
    let partition: SourceExpression[] = [];
    let order: SourceSortItem[] = [];
    let frame: SourceFrame | null = null;
    this.OPTION1({
      GATE: () => !this.isNext(1, K.PARTITION) && !this.isFrameAhead(),
      DEF: () => (base = this.take(1, T.ColumnId).value),
    });
    this.OPTION2(() => {
      this.take(2, K.PARTITION);
      this.take(2, K.BY);
      partition = this.list(1, () => this.SUBRULE(this.expression));
    });
    this.OPTION3(() => (order = this.SUBRULE(this.orderBy)));
    this.OPTION4(() => (frame = this.SUBRULE(this.windowFrame)));
    this.take(2, T.RightParen);
    return { op: 'windowSpec', at: ordinal, name: null, base, partition, order, frame } as SourceWindowSpec;
  });

  private isFrameAhead(): boolean {
    return this.isNext(1, K.ROWS) || this.isNext(1, K.RANGE) || this.isNext(1, K.GROUPS);
  }

  // ( ROWS | RANGE | GROUPS ) ( bound | BETWEEN bound AND bound ) exclusion?
  readonly windowFrame: Rule<[], SourceFrame> = this.RULE('windowFrame', () => {
    const unit = this.OR1([
      { ALT: () => this.take(1, K.ROWS) },
      { ALT: () => this.take(1, K.RANGE) },
      { ALT: () => this.take(1, K.GROUPS) },
    ]);
    let start: Bound | null = null;
    let end: Bound | null = null;
    this.OR2([
      {
        GATE: () => this.isNext(1, K.BETWEEN),
        ALT: () => {
          this.take(2, K.BETWEEN);
          start = this.SUBRULE1(this.frameBound);
          this.take(2, K.AND);
          end = this.SUBRULE2(this.frameBound);
        },
      },
      { ALT: () => (start = this.SUBRULE3(this.frameBound)) },
    ]);
    const exclude = this.frameExclusion();
    return this.ACTION(() => frameOf(unit, start as unknown as Bound, end, exclude));
  });

  // EXCLUDE ( CURRENT ROW | GROUP | TIES | NO OTHERS )
  private frameExclusion(): SourceFrame['exclude'] {
    let exclude: SourceFrame['exclude'] = 'none';
    this.OPTION(() => {
      this.take(3, K.EXCLUDE);
      exclude = this.OR3([
        { ALT: () => this.yields('current' as const, 3, K.CURRENT, K.ROW) },
        { ALT: () => this.yields('group' as const, 3, K.GROUP) },
        { ALT: () => this.yields('ties' as const, 3, K.TIES) },
        { ALT: () => this.yields('none' as const, 3, K.NO, K.OTHERS) },
      ]);
    });
    return exclude;
  }

  // UNBOUNDED ( PRECEDING | FOLLOWING ) | CURRENT ROW | expression ( PRECEDING | FOLLOWING )
  readonly frameBound: Rule<[], Bound> = this.RULE('frameBound', () => {
    const token = this.next(1);
    let value: SourceExpression | null = null;
    const kind = this.OR1([
      {
        GATE: () => this.isNext(2, K.PRECEDING) || this.isNext(2, K.FOLLOWING),
        ALT: (): FrameBound => {
          this.take(1, K.UNBOUNDED);
          return this.OR2([
            { ALT: () => this.yields('unboundedPreceding' as const, 1, K.PRECEDING) },
            { ALT: () => this.yields('unboundedFollowing' as const, 1, K.FOLLOWING) },
          ]);
        },
      },
      {
        GATE: () => this.isNext(2, K.ROW),
        ALT: (): FrameBound => this.yields('current', 2, K.CURRENT, K.ROW),
      },
      {
        ALT: (): FrameBound => {
          value = this.SUBRULE(this.expression);
          return this.OR3([
            { ALT: () => this.yields('preceding' as const, 3, K.PRECEDING) },
            { ALT: () => this.yields('following' as const, 3, K.FOLLOWING) },
          ]);
        },
      },
    ]);
    return { kind, value, token };
  });
}

/** PostgreSQL's rules about the bounds' order. */
function frameOf(unit: SqlToken, start: Bound, end: Bound | null, exclude: SourceFrame['exclude']): SourceFrame {
  const refuse = (what: string, token: SqlToken): never => {
    throw frameError(what, token.startOffset);
  };
  if (start.kind === 'unboundedFollowing') refuse('frame start cannot be UNBOUNDED FOLLOWING', start.token);
  if (end === null && start.kind === 'following') {
    refuse('frame starting from following row cannot end with current row', start.token);
  }
  if (end?.kind === 'unboundedPreceding') refuse('frame end cannot be UNBOUNDED PRECEDING', end.token);
  if (end !== null && BOUND_ORDER.indexOf(end.kind) < BOUND_ORDER.indexOf(start.kind)) {
    const from = start.kind === 'current' ? 'current row' : 'following row';
    const to = end.kind === 'preceding' ? 'have preceding rows' : 'end with current row';
    refuse(`frame starting from ${from} cannot ${to}`, end.token);
  }
  return {
    op: 'frame',
    at: unit.ordinal,
    unit: unit.value as SourceFrame['unit'],
    start: start.kind,
    startValue: start.value,
    end: end?.kind ?? 'current',
    endValue: end?.value ?? null,
    exclude,
  };
}
