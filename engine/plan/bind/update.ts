/** UPDATE and DELETE: rows of one table, found by a condition, or by what FROM and USING put beside them. */

import type { CatalogTable } from '../../catalog/objects.ts';
import type {
  BoundDelete,
  BoundExpression,
  BoundGet,
  BoundRelation,
  BoundUpdate,
  Right,
  TableColumnUse,
} from '../../sblr/bound.ts';
import type {
  SourceAlias,
  SourceDeleteNode,
  SourceExpression,
  SourceFrom,
  SourceName,
  SourceUpdateNode,
} from '../../sblr/source.gen.ts';
import { bindReturning, bindSet, targetScope } from './change.ts';
import { clauseOf, columnNode } from './clause.ts';
import { toBoolean } from './coerce.ts';
import { readsColumns } from './compare.ts';
import { bindExpr } from './expressions.ts';
import { type BoundFrom, FromBinder, mustDiffer, siblings } from './from.ts';
import { type QueryPlace, topPlace } from './query.ts';
import { aliasNames, findTable, useColumns } from './tables.ts';
import { type Scope, type ScopeRelation, visibleColumns } from './scope.ts';
import type { BindState } from './state.ts';
import { bindNewRow } from './stored.ts';
import { bindWith } from './with.ts';

/** The table that a statement changes. */
export interface Target {
  readonly table: CatalogTable;
  readonly get: BoundGet;
  readonly names: { readonly name: string; readonly columns: readonly string[] };
  readonly relation: ScopeRelation;
}

export function bindTarget(name: SourceName, alias: SourceAlias | null, rights: readonly Right[], state: BindState): Target {
  const table = findTable(name, state);
  for (const right of rights) state.use(table, right);
  const names = aliasNames(alias, table.name, visibleColumns(table).length, state);
  const columns = useColumns(state, table.columns);
  const get: BoundGet = { op: 'get', table: table.id, alias: names.name, columns, rowId: state.newColumn() };
  return { table, get, names, relation: targetScope(table, names.name, columns, names.columns, state) };
}

function filtered(input: BoundRelation, where: SourceExpression | null, scope: Scope, state: BindState): BoundRelation {
  if (where === null) return input;
  const condition = toBoolean(state, bindExpr(where, clauseOf(state, scope, 'WHERE')), 'WHERE', where.at);
  return { op: 'filter', input, condition };
}

/** The target beside what FROM or USING names: what all names see, and the rows. Its own columns are not seen inside FROM. */
interface Joined {
  readonly from: BoundFrom | null;
  readonly scope: Scope;
}

function joined(sources: readonly SourceFrom[], relation: ScopeRelation, place: QueryPlace): Joined {
  const { ctes } = place;
  if (sources.length === 0) return { from: null, scope: { relations: [relation], outer: null, ctes } };
  const from = new FromBinder(place).list(sources, siblings([relation], 'no'));
  mustDiffer([relation], from.names, sources[0].at);
  return { from, scope: { relations: [relation, ...from.names], outer: null, ctes } };
}

/** Rows to be changed. One that several rows of FROM go with is changed once. */
function rowsOf({ get }: Target, { from, scope }: Joined, where: SourceExpression | null, state: BindState): BoundRelation {
  if (from === null) return filtered(get, where, scope, state);
  const sides = { left: get, right: from.relation, condition: null, lateral: false, mark: -1 };
  const pairs: BoundRelation = { op: 'join', kind: 'inner', ...sides };
  return { op: 'distinct', input: filtered(pairs, where, scope, state), columns: [get.rowId] };
}

/** A row whose attributes become what SET says, and which of them change: those that follow from others too. */
export function changedRow(
  { table, get }: Pick<Target, 'table' | 'get'>,
  values: ReadonlyMap<number, BoundExpression>,
  at: number,
  state: BindState,
): Pick<BoundUpdate, 'row' | 'changed'> {
  const old = (attribute: number): BoundExpression => {
    const use = get.columns.find((one) => one.attribute === attribute) as TableColumnUse;
    return columnNode(use.column, use.type, at, state);
  };
  const row = bindNewRow(table, (column) => values.get(column.number) ?? old(column.number), state);
  const written = new Set(row.row.filter(({ attribute }) => values.has(attribute)).map(({ column }) => column));
  const follows = row.attributes.filter(({ attribute, expression }) => {
    const column = table.columns.find(({ number }) => number === attribute);
    const isComputed = column !== undefined && (column.hidden !== null || column.generated !== undefined);
    if (!isComputed || !readsColumns(expression, (one) => written.has(one))) return false;
    // What is computed from this one follows as well: it comes behind.
    written.add((row.row.find((use) => use.attribute === attribute) as TableColumnUse).column);
    return true;
  });
  return { row, changed: [...values.keys(), ...follows.map(({ attribute }) => attribute)].sort((a, b) => a - b) };
}

export function bindUpdate(source: SourceUpdateNode, state: BindState, above = topPlace(state)): BoundUpdate {
  const ctes = source.with === null ? null : bindWith(source.with, above);
  const target = bindTarget(source.table, source.alias, ['update'], state);
  const { table, get, names, relation } = target;
  const place = ctes?.place ?? above;
  const rows = joined(source.from, relation, place);
  const { scope } = rows;
  const values = bindSet(source.set, table, clauseOf(state, scope, 'UPDATE'));
  const { row, changed } = changedRow(target, values, source.at, state);
  const root = rowsOf(target, rows, source.where, state);
  const shown = targetScope(table, names.name, row.row, names.columns, state);
  const after: Scope = { ...scope, relations: [shown, ...(rows.from?.names ?? [])] };
  // Before WITH is closed: what RETURNING reads of it is read.
  const returning = bindReturning(source.returning, after, state);
  return {
    kind: 'update',
    table: table.id,
    source: ctes === null ? root : ctes.around(root),
    rowId: get.rowId,
    row,
    changed,
    ...returning,
  };
}

export function bindDelete(source: SourceDeleteNode, state: BindState, above = topPlace(state)): BoundDelete {
  const ctes = source.with === null ? null : bindWith(source.with, above);
  const target = bindTarget(source.table, source.alias, ['delete'], state);
  const { table, get, relation } = target;
  const rows = joined(source.using, relation, ctes?.place ?? above);
  const root = rowsOf(target, rows, source.where, state);
  const returning = bindReturning(source.returning, rows.scope, state);
  return {
    kind: 'delete',
    table: table.id,
    source: ctes === null ? root : ctes.around(root),
    rowId: get.rowId,
    ...returning,
  };
}
