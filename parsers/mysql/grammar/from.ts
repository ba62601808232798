/**
 * FROM: tables, subqueries, joins.
 *
 *   reference ::= primary ( join primary ( ON ... | USING ... )? )*        primary ::= table | '(' query ')' alias | '(' references ')'
 */

import type { SourceAlias, SourceExpression, SourceFrom } from '../../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import { QueryGrammar } from './queries.ts';

type Join = Extract<SourceFrom, { op: 'join' }>;

export abstract class FromGrammar extends QueryGrammar {
  protected override fromList(): SourceFrom[] {
    return this.items(() => this.reference());
  }

  protected reference(): SourceFrom {
    let left = this.primary();
    for (;;) {
      const next = this.joined(left);
      if (next === null) return left;
      left = next;
    }
  }

  private joined(left: SourceFrom): SourceFrom | null {
    const { ordinal: at } = this.next(1);
    const joinOf = (kind: Join['kind'], right: SourceFrom, more: Partial<Join> = {}): SourceFrom => ({
      ...{ op: 'join', at, kind, natural: false, using: [], on: null, left, right, alias: null },
      ...more,
    });
    if (this.accept('natural')) {
      const kind = this.side() ?? 'inner';
      if (kind === 'inner') this.accept('inner');
      this.word('join');
      return joinOf(kind, this.primary(), { natural: true });
    }
    const side = this.side();
    if (side !== null) {
      this.word('join');
      const right = this.joinedRight();
      return joinOf(side, right, this.condition() ?? this.unexpected(this.next(1)));
    }
    if (this.accept('straight_join') || this.accept('join') || this.accept('inner', 'join') || this.accept('cross', 'join')) {
      const right = this.primary();
      const condition = this.condition();
      return joinOf(condition === null ? 'cross' : 'inner', right, condition ?? {});
    }
    return null;
  }

  // LEFT OUTER? | RIGHT OUTER?
  private side(): 'left' | 'right' | null {
    if (!this.isOne('left', 'right')) return null;
    const side = this.any().value as 'left' | 'right';
    this.accept('outer');
    return side;
  }

  /** What stands between LEFT JOIN and its condition: joins with their own conditions may nest there. */
  private joinedRight(): SourceFrom {
    this.enterQuery();
    let right = this.primary();
    while (!this.is('on') && !this.is('using')) {
      const next = this.joined(right);
      if (next === null) break;
      right = next;
    }
    this.leaveQuery();
    return right;
  }

  private condition(): { readonly on: SourceExpression | null; readonly using: string[] } | null {
    if (this.accept('on')) return { on: this.expression(), using: [] };
    return this.accept('using') ? { on: null, using: this.columnNames() } : null;
  }

  private primary(): SourceFrom {
    const start = this.next(1);
    if (this.is('lateral')) this.any();
    if (this.isQueryAhead()) {
      const query = this.inParens(() => this.query());
      const alias = this.alias();
      if (alias === null) this.unexpected(this.next(1));
      return { op: 'queryRef', at: start.ordinal, query, alias, lateral: start.value === 'lateral' };
    }
    if (start.value === 'lateral') this.unexpected(this.next(1));
    if (this.isNext(1, T.LeftParen)) return this.inner();
    if (this.is('json_table')) this.refuse('JSON_TABLE');
    const name = this.tableName();
    if (this.is('partition')) this.refuse('PARTITION in FROM');
    const alias = this.alias();
    this.hints();
    return { op: 'tableRef', at: name.at, name, alias, only: false, sample: null };
  }

  /** A list in parentheses is a cross join. */
  private inner(): SourceFrom {
    this.enterQuery();
    const [first, ...others] = this.inParens(() => this.fromList());
    this.leaveQuery();
    return others.reduce(
      (left, right): SourceFrom => ({
        ...{ op: 'join', at: right.at, kind: 'cross', natural: false, using: [], on: null, left, right, alias: null },
      }),
      first,
    );
  }

  private alias(): SourceAlias | null {
    const token: SqlToken | null = this.optionalAlias(false);
    if (token === null) return null;
    const columns = this.isNext(1, T.LeftParen) ? this.columnNames() : [];
    return { op: 'alias', at: token.ordinal, name: token.value, quoted: false, columns };
  }

  /** ( USE | FORCE | IGNORE ) ( INDEX | KEY ) ... '(' names ')': the planner knows better. */
  private hints(): void {
    while (this.isOne('use', 'force', 'ignore') && (this.is('index', 2) || this.is('key', 2))) {
      this.any();
      this.any();
      if (this.accept('for') && !this.accept('join')) {
        this.any();
        this.word('by');
      }
      this.inParens(() => {
        if (!this.isNext(1, T.RightParen)) this.items(() => this.take(0, T.Word));
      });
    }
  }
}
