/**
 * Queries: blocks, set operations, what stands around them.
 *
 *   query ::= with? term ( ( UNION | EXCEPT | INTERSECT ) ( ALL | DISTINCT )? term )* ( ORDER BY ... )? ( LIMIT ... )? locking*
 *   term  ::= SELECT block | VALUES ROW(...), ... | TABLE name | '(' query ')'
 */

import type {
  SourceExpression,
  SourceFrame,
  SourceFrom,
  SourceLocking,
  SourceQuery,
  SourceSelectItem,
  SourceSelectNode,
  SourceSortItem,
  SourceWindowSpec,
  SourceWith,
} from '../../../engine/sblr/source.gen.ts';
import { emptySelect, type Writable } from '../lower.ts';
import * as T from '../tokens.ts';
import { AtomGrammar } from './atoms.ts';

/** Words behind SELECT that change nothing here. */
const HINTS = [
  'high_priority',
  'straight_join',
  'sql_small_result',
  'sql_big_result',
  'sql_buffer_result',
  'sql_no_cache',
  'sql_cache',
];
const BEGINS_QUERY = new Set(['select', 'values', 'with', 'table']);
const CONTINUES_QUERY = new Set(['union', 'except', 'intersect', 'order', 'limit', 'for', 'lock']);
const SET_OPERATORS = ['union', 'except', 'intersect'] as const;

type Ends = Pick<Writable<SourceSelectNode>, 'order' | 'limit' | 'offset' | 'locking'>;

export abstract class QueryGrammar extends AtomGrammar {
  protected abstract fromList(): SourceFrom[];
  /** The statement's text: names of columns are parts of it. */
  text = '';

  /** The next token opens parentheses around nothing but a query. */
  protected override isQueryAhead(): boolean {
    const first = this.next(1);
    if (first.tokenType !== T.LeftParen) return false;
    let depth = 1;
    while (this.isNext(depth + 1, T.LeftParen)) depth++;
    const begin = this.next(depth + 1);
    if (begin.tokenType !== T.Reserved || !BEGINS_QUERY.has(begin.value)) return false;
    // VALUES(column), a function.
    if (begin.value === 'values' && this.isNext(depth + 2, T.LeftParen)) return false;
    for (let inner = depth; inner > 1; inner--) {
      const { match } = this.next(inner);
      if (match < 0) return true;
      const behind = this.next(match - first.ordinal + 2);
      if (behind.tokenType !== T.RightParen && !CONTINUES_QUERY.has(behind.value)) return false;
    }
    return true;
  }

  protected override query(): SourceQuery {
    this.enterQuery();
    const withClause = this.is('with') ? this.withClause() : null;
    let query = this.setOperations(1);
    const ends = this.ends();
    if (hasEnds(ends)) query = this.withEnds(query, ends);
    if (withClause !== null) (query as Writable<SourceQuery>).with = withClause;
    this.leaveQuery();
    return query;
  }

  /** INTERSECT goes first; otherwise from the left. */
  private setOperations(level: 1 | 2): SourceQuery {
    const term = (): SourceQuery => (level === 1 ? this.setOperations(2) : this.term());
    let left = term();
    for (;;) {
      const kind = SET_OPERATORS.find((word) => this.is(word) && (word === 'intersect') === (level === 2));
      if (kind === undefined) return left;
      const { ordinal: at } = this.any();
      const all = this.acceptOne('all', 'distinct') === 'all';
      const right = term();
      left = {
        ...{ op: 'setOperation', at, with: null, kind, all, left, right },
        ...{ order: [], limit: null, offset: null, ties: false, locking: [] },
      };
    }
  }

  private term(): SourceQuery {
    const { ordinal: at } = this.next(1);
    if (this.isNext(1, T.LeftParen)) return this.inParens(() => this.query());
    if (this.accept('table')) {
      const name = this.tableName();
      const star: SourceSelectItem = {
        ...{ op: 'selectItem', at, expression: { op: 'star', at, qualifier: null }, alias: null, quoted: false },
      };
      return {
        ...emptySelect(at),
        items: [star],
        from: [{ op: 'tableRef', at: name.at, name, alias: null, only: false, sample: null }],
      };
    }
    if (this.accept('values')) {
      const rows = this.items((): SourceExpression => {
        const row = this.word('row');
        return { op: 'row', at: row.ordinal, items: this.inParens(() => this.expressions()) };
      });
      return { op: 'values', at, with: null, rows, order: [], limit: null, offset: null, ties: false };
    }
    return this.block();
  }

  /** A query in parentheses that has ends of its own is a query in FROM of the one around it. */
  private withEnds(query: SourceQuery, ends: Ends): SourceQuery {
    const own = query as Writable<SourceSelectNode>;
    const has = own.order.length > 0 || own.limit !== null || (query.op !== 'values' && own.locking.length > 0);
    if (has) this.refuse('ORDER BY and LIMIT around a query in parentheses that has its own', this.next(0));
    if (query.op === 'values' && ends.locking.length > 0) this.unexpected(this.next(0));
    const { locking, ...others } = ends;
    return (query.op === 'values' ? { ...query, ...others } : { ...query, ...others, locking }) as SourceQuery;
  }

  // SELECT words* items ( FROM ... )? ( WHERE ... )? ( GROUP BY ... )? ( HAVING ... )? ( WINDOW ... )?
  private block(): SourceQuery {
    const start = this.word('select');
    const select = emptySelect(start.ordinal);
    for (;;) {
      const word = this.acceptOne('all', 'distinct', 'distinctrow', ...HINTS);
      if (word === null) break;
      if (word.startsWith('distinct')) select.distinct = 'all';
    }
    if (this.is('sql_calc_found_rows')) this.refuse('SQL_CALC_FOUND_ROWS');
    select.items = this.items(() => this.item());
    if (this.is('into')) this.refuse('SELECT INTO');
    if (this.accept('from') && !this.accept('dual')) select.from = this.fromList();
    if (this.accept('where')) select.where = this.expression();
    if (this.accept('group', 'by')) select.group = this.groups();
    if (this.accept('having')) select.having = this.expression();
    if (this.accept('window'))
      select.windows = this.items(() => {
        const name = this.identifier();
        this.word('as');
        return { op: 'window', at: name.ordinal, name: name.value, spec: this.windowSpec() };
      });
    return select;
  }

  /** What has no name is named by its text. */
  private item(): SourceSelectItem {
    const start = this.next(1);
    const at = start.ordinal;
    if (this.acceptOperator('*')) {
      return { op: 'selectItem', at, expression: { op: 'star', at, qualifier: null }, alias: null, quoted: false };
    }
    const expression = this.expression();
    const written = this.text.slice(start.startOffset, this.next(0).end);
    const alias = this.optionalAlias(true)?.value ?? null;
    if (alias !== null || expression.op === 'column' || expression.op === 'star')
      return { op: 'selectItem', at, expression, alias, quoted: alias !== null };
    const isWord = /^(null|true|false)$/i.test(written);
    const isText = expression.op === 'constant' && expression.kind === 'string';
    const own = isText ? expression.text : isWord ? written.toUpperCase() : written;
    return { op: 'selectItem', at, expression, alias: own, quoted: true };
  }

  private groups(): SourceExpression[] {
    const items = this.expressions();
    if (!this.is('with') || !this.is('rollup', 2)) return items;
    const { ordinal: at } = this.word('with', 'rollup');
    return [{ op: 'grouping', at, kind: 'rollup', items }];
  }

  // ---- around queries ----

  private ends(): Ends {
    const order = this.is('order') ? this.orderBy() : [];
    const { limit, offset } = this.limit();
    const locking: SourceLocking[] = [];
    while (this.is('for') || (this.is('lock') && this.is('in', 2))) locking.push(this.locking());
    return { order, limit, offset, locking };
  }

  protected override orderBy(): SourceSortItem[] {
    this.word('order', 'by');
    return this.items(() => {
      const at = this.next(1).ordinal;
      const expression = this.expression();
      const descending = this.acceptOne('asc', 'desc') === 'desc';
      return { op: 'sortItem', at, expression, descending, nulls: 'default', using: null };
    });
  }

  // LIMIT count ( OFFSET count )? | LIMIT offset ',' count
  protected limit(): { limit: SourceExpression | null; offset: SourceExpression | null } {
    if (!this.accept('limit')) return { limit: null, offset: null };
    const first = this.count();
    if (this.acceptToken(T.Comma)) return { limit: this.count(), offset: first };
    return { limit: first, offset: this.accept('offset') ? this.count() : null };
  }

  private count(): SourceExpression {
    if (!this.isNext(1, T.IntegerLiteral) && !this.isNext(1, T.Marker)) this.unexpected(this.next(1));
    return this.atom();
  }

  // FOR UPDATE | FOR SHARE | LOCK IN SHARE MODE ( OF names )? ( NOWAIT | SKIP LOCKED )?
  private locking(): SourceLocking {
    const { ordinal: at } = this.next(1);
    if (this.accept('lock')) {
      this.word('in', 'share', 'mode');
      return { op: 'locking', at, strength: 'share', of: [], wait: 'wait' };
    }
    this.word('for');
    const strength = this.acceptOne('update', 'share') as 'update' | 'share' | null;
    if (strength === null) this.unexpected(this.next(1));
    const of = this.accept('of') ? this.items(() => this.tableName()) : [];
    const wait = this.accept('nowait') ? 'nowait' : this.accept('skip', 'locked') ? 'skip' : 'wait';
    return { op: 'locking', at, strength, of, wait };
  }

  // WITH RECURSIVE? name columns? AS '(' query ')' ( ',' ... )*
  protected withClause(): SourceWith {
    const { ordinal: at } = this.word('with');
    const recursive = this.accept('recursive');
    const items = this.items(() => {
      const name = this.identifier();
      const columns = this.isNext(1, T.LeftParen) ? this.columnNames() : [];
      this.word('as');
      const statement = this.inParens(() => this.query());
      const { value, ordinal } = name;
      return {
        op: 'cte' as const,
        at: ordinal,
        name: value,
        quoted: false,
        columns,
        materialized: 'default' as const,
        statement,
      };
    });
    return { op: 'with', at, recursive, items };
  }

  // ---- windows ----

  // name | '(' name? ( PARTITION BY ... )? ( ORDER BY ... )? frame? ')'
  protected override windowSpec(): SourceWindowSpec {
    const start = this.next(1);
    const at = start.ordinal;
    if (this.isNext(1, T.Identifier)) {
      return { op: 'windowSpec', at, name: this.identifier().value, base: null, partition: [], order: [], frame: null };
    }
    return this.inParens(() => {
      const base = this.isNext(1, T.Identifier) ? this.identifier().value : null;
      const partition = this.accept('partition', 'by') ? this.expressions() : [];
      const order = this.is('order') ? this.orderBy() : [];
      return { op: 'windowSpec', at, name: null, base, partition, order, frame: this.frame() };
    });
  }

  private frame(): SourceFrame | null {
    const { ordinal: at } = this.next(1);
    const unit = this.acceptOne('rows', 'range') as 'rows' | 'range' | null;
    if (unit === null) return null;
    const isBetween = this.accept('between');
    const [start, startValue] = this.bound();
    if (!isBetween) return { op: 'frame', at, unit, start, startValue, end: 'current', endValue: null, exclude: 'none' };
    this.word('and');
    const [end, endValue] = this.bound();
    return { op: 'frame', at, unit, start, startValue, end, endValue, exclude: 'none' };
  }

  private bound(): [SourceFrame['start'], SourceExpression | null] {
    if (this.accept('current', 'row')) return ['current', null];
    const value = this.accept('unbounded') ? null : this.expression();
    const side = this.acceptOne('preceding', 'following');
    if (side === null) return this.unexpected(this.next(1));
    if (value !== null) return [side as 'preceding' | 'following', value];
    return [side === 'preceding' ? 'unboundedPreceding' : 'unboundedFollowing', null];
  }
}

const hasEnds = ({ order, limit, offset, locking }: Ends): boolean =>
  order.length > 0 || limit !== null || offset !== null || locking.length > 0;
