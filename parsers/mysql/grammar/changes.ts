/** INSERT, UPDATE, DELETE, TRUNCATE of one table each. */

import type {
  SourceAlias,
  SourceExpression,
  SourceQuery,
  SourceSetItem,
  SourceStatement,
  SourceWith,
} from '../../../engine/sblr/source.gen.ts';
import * as T from '../tokens.ts';
import { FromGrammar } from './from.ts';

export abstract class ChangeGrammar extends FromGrammar {
  // INSERT INTO? table columns? ( VALUES rows | SET ... | query )
  protected insert(): SourceStatement {
    const { ordinal: at } = this.word('insert');
    this.acceptOne('low_priority', 'high_priority', 'delayed');
    if (this.is('ignore')) this.refuse('INSERT IGNORE');
    this.accept('into');
    const table = this.tableName();
    if (this.is('partition')) this.refuse('PARTITION in INSERT');
    const columnsAt = this.next(1).ordinal + 1;
    const isList = this.isNext(1, T.LeftParen) && !this.isQueryAhead();
    const columns = isList ? this.insertColumns() : [];
    const own = { op: 'insert', at, with: null, table, alias: null, overriding: 'none', conflict: null, returning: [] } as const;
    if (!isList && this.accept('set')) {
      const { names, row } = this.assigned();
      return { ...own, columns: names, columnsAt: row.at, source: valuesOf(row.at, [row]) };
    }
    const source = this.isOne('values', 'value') ? this.rows() : this.query();
    if (source.op === 'values' && source.rows.some((row) => row.op === 'row' && row.items.length === 0)) {
      if (source.rows.length > 1) this.refuse('VALUES () of several rows', this.next(0));
      return { ...own, columns, columnsAt, source: null };
    }
    if (this.is('as')) this.refuse('an alias of the new row');
    if (this.is('on')) this.refuse('ON DUPLICATE KEY UPDATE');
    return { ...own, columns, columnsAt, source };
  }

  /** () names no column: all of them. */
  private insertColumns(): string[] {
    return this.isNext(2, T.RightParen) ? this.inParens(() => []) : this.columnNames();
  }

  // column '=' value, ...
  private assigned(): { readonly names: string[]; readonly row: Extract<SourceExpression, { op: 'row' }> } {
    const { ordinal: at } = this.next(1);
    const set = this.items(() => this.assignment());
    return { names: set.map(({ columns }) => columns[0]), row: { op: 'row', at, items: set.map(({ value }) => value) } };
  }

  // ( VALUES | VALUE ) '(' values? ')', ...
  private rows(): SourceQuery {
    const { ordinal: at } = this.any();
    const rows = this.items((): SourceExpression => {
      const open = this.next(1);
      const items = this.inParens(() => (this.isNext(1, T.RightParen) ? [] : this.expressions()));
      return { op: 'row', at: open.ordinal, items };
    });
    return valuesOf(at, rows);
  }

  // column '=' expression
  private assignment(): SourceSetItem {
    const parts = this.nameParts(3);
    const { ordinal: at, value: column } = parts[parts.length - 1];
    if (!this.acceptOperator('=') && !this.acceptOperator(':=')) this.unexpected(this.next(1));
    return { op: 'setItem', at, columns: [column], path: null, value: this.expression(), multiple: false };
  }

  // UPDATE table alias? SET assignments ( WHERE ... )?
  protected update(withClause: SourceWith | null): SourceStatement {
    const { ordinal: at } = this.word('update');
    this.accept('low_priority');
    if (this.is('ignore')) this.refuse('UPDATE IGNORE');
    const table = this.tableName();
    const alias = this.ownAlias();
    if (!this.is('set')) this.severalTables('UPDATE');
    this.word('set');
    const set = this.items(() => this.assignment());
    const where = this.accept('where') ? this.expression() : null;
    this.refuseEnds('UPDATE');
    return { op: 'update', at, with: withClause, table, alias, set, from: [], where, returning: [], only: false };
  }

  // DELETE FROM table alias? ( WHERE ... )?
  protected delete(withClause: SourceWith | null): SourceStatement {
    const { ordinal: at } = this.word('delete');
    while (this.acceptOne('low_priority', 'quick') !== null) {}
    if (this.is('ignore')) this.refuse('DELETE IGNORE');
    if (!this.accept('from')) this.refuse('DELETE of several tables');
    const table = this.tableName();
    const alias = this.ownAlias();
    if (this.isNext(1, T.Comma) || this.is('using')) this.severalTables('DELETE');
    const where = this.accept('where') ? this.expression() : null;
    this.refuseEnds('DELETE');
    return { op: 'delete', at, with: withClause, table, alias, using: [], where, only: false, returning: [] };
  }

  private ownAlias(): SourceAlias | null {
    const token = this.optionalAlias(false);
    return token === null ? null : { op: 'alias', at: token.ordinal, name: token.value, quoted: false, columns: [] };
  }

  private severalTables(what: string): void {
    const isJoin =
      this.isNext(1, T.Comma) || this.isOne('join', 'left', 'right', 'inner', 'cross', 'natural', 'straight_join', 'using');
    if (isJoin) this.refuse(`${what} of several tables`);
  }

  private refuseEnds(what: string): void {
    if (this.is('order')) this.refuse(`${what} with ORDER BY`);
    if (this.is('limit')) this.refuse(`${what} with LIMIT`);
  }

  // TRUNCATE TABLE? name
  protected truncate(): SourceStatement {
    const { ordinal: at } = this.word('truncate');
    this.accept('table');
    const tables = [this.tableName()];
    return { op: 'truncate', at, tables, restartIdentity: true, cascade: false, only: [false] };
  }
}

const valuesOf = (at: number, rows: SourceExpression[]): SourceQuery => ({
  ...{ op: 'values', at, with: null, rows, order: [], limit: null, offset: null, ties: false },
});
