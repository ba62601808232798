/** UPDATE and DELETE: rows of one table, found by a condition. */

import type { CatalogTable } from '../../catalog/objects.ts';
import type { BoundDelete, BoundExpression, BoundGet, BoundRelation, BoundUpdate, TableColumnUse } from '../../sblr/bound.ts';
import type { SourceAlias, SourceDeleteNode, SourceExpression, SourceName, SourceUpdateNode } from '../../sblr/source.gen.ts';
import { bindReturning, bindSet, targetScope } from './change.ts';
import { clauseOf, columnNode } from './clause.ts';
import { toBoolean } from './coerce.ts';
import { readsColumns } from './compare.ts';
import { unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { topPlace } from './query.ts';
import { aliasNames, findTable, useColumns } from './tables.ts';
import { type Scope, type ScopeRelation, visibleColumns } from './scope.ts';
import type { BindState } from './state.ts';
import { bindNewRow } from './stored.ts';
import { bindWith } from './with.ts';

interface Target {
  readonly table: CatalogTable;
  readonly get: BoundGet;
  readonly names: { readonly name: string; readonly columns: readonly string[] };
  readonly relation: ScopeRelation;
}

function bindTarget(name: SourceName, alias: SourceAlias | null, right: 'update' | 'delete', state: BindState): Target {
  const table = findTable(name, state);
  state.use(table, right);
  const names = aliasNames(alias, table.name, visibleColumns(table).length, state);
  const columns = useColumns(state, table.columns);
  const get: BoundGet = { op: 'get', table: table.id, alias: names.name, columns, rowId: state.newColumn() };
  return { table, get, names, relation: targetScope(table, names.name, columns, names.columns, state) };
}

function filtered(get: BoundGet, where: SourceExpression | null, scope: Scope, state: BindState): BoundRelation {
  if (where === null) return get;
  const condition = toBoolean(state, bindExpr(where, clauseOf(state, scope, 'WHERE')), 'WHERE', where.at);
  return { op: 'filter', input: get, condition };
}

export function bindUpdate(source: SourceUpdateNode, state: BindState): BoundUpdate {
  const ctes = source.with === null ? null : bindWith(source.with, topPlace(state));
  const seen = ctes?.place.ctes ?? null;
  if (source.from.length > 0) throw unsupported('UPDATE ... FROM is', source.from[0].at);
  const { table, get, names, relation } = bindTarget(source.table, source.alias, 'update', state);
  const scope: Scope = { relations: [relation], outer: null, ctes: seen };
  const values = bindSet(source.set, table, clauseOf(state, scope, 'UPDATE'));
  const old = (attribute: number): BoundExpression => {
    const use = get.columns.find((one) => one.attribute === attribute) as TableColumnUse;
    return columnNode(use.column, use.type, source.at, state);
  };
  const row = bindNewRow(table, (column) => values.get(column.number) ?? old(column.number), state);
  const root = filtered(get, source.where, scope, state);
  const written = new Set(row.row.filter(({ attribute }) => values.has(attribute)).map(({ column }) => column));
  const follows = row.attributes.filter(({ attribute, expression }) => {
    const { hidden } = table.columns.find(({ number }) => number === attribute) ?? { hidden: null };
    return hidden !== null && readsColumns(expression, (column) => written.has(column));
  });
  const after: Scope = { relations: [targetScope(table, names.name, row.row, names.columns, state)], outer: null, ctes: seen };
  return {
    kind: 'update',
    table: table.id,
    source: ctes === null ? root : ctes.around(root),
    rowId: get.rowId,
    row,
    changed: [...values.keys(), ...follows.map(({ attribute }) => attribute)].sort((a, b) => a - b),
    ...bindReturning(source.returning, after, state),
  };
}

export function bindDelete(source: SourceDeleteNode, state: BindState): BoundDelete {
  const ctes = source.with === null ? null : bindWith(source.with, topPlace(state));
  if (source.using.length > 0) throw unsupported('DELETE ... USING is', source.using[0].at);
  const { table, get, relation } = bindTarget(source.table, source.alias, 'delete', state);
  const scope: Scope = { relations: [relation], outer: null, ctes: ctes?.place.ctes ?? null };
  const root = filtered(get, source.where, scope, state);
  return {
    kind: 'delete',
    table: table.id,
    source: ctes === null ? root : ctes.around(root),
    rowId: get.rowId,
    ...bindReturning(source.returning, scope, state),
  };
}
