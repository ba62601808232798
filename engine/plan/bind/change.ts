/** What INSERT, UPDATE and DELETE share: targets, SET, RETURNING. */

import type { CatalogColumn, CatalogTable } from '../../catalog/objects.ts';
import type { BoundExpression, ColumnId, OutputColumn, TableColumnUse } from '../../sblr/bound.ts';
import type { SourceExpression, SourceSelectItem, SourceSetItem, SourceSubqueryNode } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { type Clause, clauseOf } from './clause.ts';
import { castAssign } from './coerce.ts';
import { fault, noColumnOf, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { scopeRelation } from './tables.ts';
import { bindItems, settleItems } from './output.ts';
import { type Scope, type ScopeRelation, visibleColumns } from './scope.ts';
import type { BindState } from './state.ts';
import { defaultValue } from './stored.ts';

/** A column by the name that a change gives it. 42703 */
export function targetColumn(table: CatalogTable, name: string, at: number): CatalogColumn {
  const found = visibleColumns(table).find((column) => column.name === name);
  if (found === undefined) throw noColumnOf(name, table.name, at);
  return found;
}

/** The changed table as names see it; reading a column asks for the right to. */
export const targetScope = (
  table: CatalogTable,
  alias: string,
  uses: readonly TableColumnUse[],
  columns: readonly string[],
  state: BindState,
): ScopeRelation => scopeRelation(table, alias, uses, columns, () => state.use(table, 'select'));

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
  readonly value: SourceExpression;
}

/** The items of a query that reads nothing and gives one row. */
function oneRow({ query, at }: SourceSubqueryNode): readonly SourceExpression[] {
  const isPlain =
    query.op === 'select' &&
    query.with === null &&
    query.from.length === 0 &&
    query.where === null &&
    query.group.length === 0 &&
    query.having === null &&
    query.limit === null &&
    query.offset === null &&
    query.items.every(({ expression }) => expression.op !== 'star' && expression.op !== 'default');
  if (!isPlain) throw unsupported('SET (columns) = (query) is', at, 'a query without FROM is');
  return query.items.map(({ expression }) => expression);
}

function spreadSet(item: SourceSetItem): readonly SourceExpression[] {
  if (!item.multiple) return [item.value];
  const { value } = item;
  const values = value.op === 'subquery' ? oneRow(value) : value.op === 'row' ? value.items : null;
  if (values === null)
    throw fault(
      SQLSTATE.feature_not_supported,
      'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression',
      value.at,
    );
  if (values.length !== item.columns.length)
    throw fault(SQLSTATE.syntax_error, 'number of columns does not match number of values', value.at);
  return values;
}

function assignments(items: readonly SourceSetItem[], table: CatalogTable): Assignment[] {
  const list: Assignment[] = [];
  for (const item of items) {
    const values = spreadSet(item);
    for (const [index, name] of item.columns.entries()) {
      const column = targetColumn(table, name, item.at);
      if (list.some((one) => one.column === column))
        throw fault(SQLSTATE.syntax_error, `multiple assignments to same column "${name}"`, item.at);
      list.push({ column, value: values[index] });
    }
  }
  return list;
}

/** SET: the new values by attribute. 428C9 for a column that is GENERATED ALWAYS. */
export function bindSet(items: readonly SourceSetItem[], table: CatalogTable, clause: Clause): Map<number, BoundExpression> {
  const values = new Map<number, BoundExpression>();
  for (const { column, value } of assignments(items, table)) {
    if (value.op === 'default') {
      values.set(column.number, defaultValue(column, clause.state, value.at));
      continue;
    }
    if (column.identity === 'always')
      throw fault(
        SQLSTATE.generated_always,
        `column "${column.name}" can only be updated to DEFAULT`,
        value.at,
        `column "${column.name}" is an identity column defined as GENERATED ALWAYS`,
      );
    values.set(column.number, castAssign(clause.state, bindExpr(value, clause), column, value.at));
  }
  return values;
}
