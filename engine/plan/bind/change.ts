/** What INSERT, UPDATE and DELETE share: targets, SET, RETURNING. */

import type { CatalogColumn, CatalogTable } from '../../catalog/objects.ts';
import type { BoundExpression, ColumnId, OutputColumn, TableColumnUse } from '../../sblr/bound.ts';
import type { SourceExpression, SourceSelectItem, SourceSetItem } from '../../sblr/source.gen.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { type Clause, clauseOf } from './clause.ts';
import { assignedPart } from './assign-part.ts';
import { castAssign } from './coerce.ts';
import { columnTest } from '../../sblr/resolve-type.ts';
import { fault, noColumnOf, otherNumber } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { columnReader, scopeRelation } from './tables.ts';
import { bindItems, settleItems } from './output.ts';
import { type Scope, type ScopeRelation, visibleColumns } from './scope.ts';
import type { BindState } from './state.ts';
import { defaultValue } from './stored.ts';
import { bindSubqueryColumn } from './subquery.ts';

/** A column by the name that a change gives it. 42703 */
export function targetColumn(table: CatalogTable, name: string, state: BindState, at: number): CatalogColumn {
  const isNamed = columnTest(name, state.semantics);
  const found = visibleColumns(table).find((column) => isNamed(column.name));
  if (found === undefined) throw noColumnOf(name, table.name, at);
  return found;
}

/** Whether a statement reads the table that it changes: then the policies of SELECT count, too. */
export interface TargetReads {
  isRead: boolean;
}

/** A relation, with a note of whether it is read. */
export const noting = (relation: ScopeRelation, reads: TargetReads): ScopeRelation => ({
  ...relation,
  onRead: () => {
    reads.isRead = true;
    relation.onRead();
  },
});

/** The changed table as names see it; reading a column asks for the right to. */
export const targetScope = (
  table: CatalogTable,
  alias: string,
  uses: readonly TableColumnUse[],
  columns: readonly string[],
  state: BindState,
  reads: TargetReads = { isRead: false },
  /** The table whose right to be read counts. */
  whole: CatalogTable = table,
): ScopeRelation => {
  const reader = columnReader(whole, state);
  const single =
    whole === table || reader === undefined ? reader : (attribute: number) => reader(attributeAs(whole, table, attribute));
  const all = single === undefined ? () => state.use(whole, 'select') : () => {};
  return noting(scopeRelation(table, alias, uses, columns, all, single), reads);
};

/** The attribute of a table that has the name of another table's. */
export const attributeAs = (table: CatalogTable, from: CatalogTable, attribute: number): number => {
  const name = from.columns.find(({ number }) => number === attribute)?.name;
  return table.columns.find((column) => column.hidden === null && column.name === name)?.number ?? attribute;
};

export interface BoundReturning {
  readonly returning: readonly { readonly column: ColumnId; readonly expression: BoundExpression }[];
  readonly output: readonly OutputColumn[];
}

export function bindReturning(sources: readonly SourceSelectItem[], scope: Scope, state: BindState): BoundReturning {
  const items = bindItems(sources, clauseOf(state, scope, 'RETURNING'));
  settleItems(items, state);
  const returning: { column: ColumnId; expression: BoundExpression }[] = [];
  const output = items.map(({ name, node, table, attribute }): OutputColumn => {
    if (node.op === 'column') return { name, column: node.column, type: node.type, table, attribute };
    const column = state.newColumn();
    returning.push({ column, expression: node });
    return { name, column, type: node.type, table, attribute };
  });
  return { returning, output };
}

/** One column and what it is set to. */
interface Assignment {
  readonly column: CatalogColumn;
  readonly at: number;
  readonly isDefault: boolean;
  readonly bind: () => BoundExpression;
  /** The part of it that is set; null: all of it. */
  readonly path: SourceExpression | null;
}

type Value = Omit<Assignment, 'column' | 'path'>;

function spreadSet(item: SourceSetItem, clause: Clause): readonly Value[] {
  const { value, columns, multiple } = item;
  const plain = (one: SourceExpression): Value => {
    return { at: one.at, isDefault: one.op === 'default', bind: () => bindExpr(one, clause) };
  };
  if (!multiple) return [plain(value)];
  if (value.op === 'subquery' && value.kind === 'scalar')
    return columns.map((_, place) => {
      return { at: value.at, isDefault: false, bind: () => bindSubqueryColumn(value, place, columns.length, clause) };
    });
  if (value.op !== 'row')
    throw fault(
      SQLSTATE.feature_not_supported,
      'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression',
      value.at,
    );
  if (value.items.length !== columns.length) throw otherNumber(value.at);
  return value.items.map(plain);
}

function assignments(items: readonly SourceSetItem[], table: CatalogTable, clause: Clause): Assignment[] {
  const list: Assignment[] = [];
  for (const item of items) {
    const values = spreadSet(item, clause);
    for (const [index, name] of item.columns.entries()) {
      const column = targetColumn(table, name, clause.state, item.at);
      if (list.some((one) => one.column === column && (one.path === null || item.path === null)))
        throw fault(SQLSTATE.syntax_error, `multiple assignments to same column "${name}"`, item.at);
      list.push({ column, path: item.path, ...values[index] });
    }
  }
  return list;
}

const ownName = (name: string, at: number) => ({ op: 'name', at, parts: [name], quoted: [true] }) as const;

/** SET: the new values by attribute. 428C9 for a column that is GENERATED ALWAYS. */
export function bindSet(items: readonly SourceSetItem[], table: CatalogTable, clause: Clause): Map<number, BoundExpression> {
  const values = new Map<number, BoundExpression>();
  for (const { column, at, isDefault, bind, path } of assignments(items, table, clause)) {
    if (path !== null) {
      if (isDefault)
        throw fault(
          SQLSTATE.feature_not_supported,
          `cannot set ${path.op === 'field' ? 'a subfield' : 'an array element'} to DEFAULT`,
          at,
        );
      const base =
        values.get(column.number) ?? bindExpr({ op: 'column', at: path.at, name: ownName(column.name, path.at) }, clause);
      values.set(column.number, assignedPart(base, path, bind, column.name, at, clause));
      continue;
    }
    if (isDefault && column.generated !== undefined) continue;
    if (isDefault) {
      values.set(column.number, defaultValue(column, clause.state, at));
      continue;
    }
    if (column.generated !== undefined)
      throw new SqlError(SQLSTATE.generated_always, `column "${column.name}" can only be updated to DEFAULT`, {
        position: at,
        detail: `Column "${column.name}" is a generated column.`,
      });
    if (column.identity === 'always')
      throw fault(
        SQLSTATE.generated_always,
        `column "${column.name}" can only be updated to DEFAULT`,
        at,
        `column "${column.name}" is an identity column defined as GENERATED ALWAYS`,
      );
    values.set(column.number, castAssign(clause.state, bind(), column, at));
  }
  return values;
}
