/** UPDATE and DELETE: rows of one table, found by a condition, or by what FROM and USING put beside them. */

import type { CatalogTable, CatalogView } from '../../catalog/objects.ts';
import type {
  BoundDelete,
  BoundExpression,
  BoundGet,
  BoundNewRow,
  BoundRelation,
  BoundSpread,
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
import { bindReturning, bindSet, noting, type TargetReads, targetScope } from './change.ts';
import { clauseOf, columnNode } from './clause.ts';
import { toBoolean } from './coerce.ts';
import { readsColumns } from './compare.ts';
import { unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { type BoundFrom, FromBinder, mustDiffer, siblings, storedSystem } from './from.ts';
import { familyRows, type FamilyRows, isFamily, membersOf, tableOidScope } from './family.ts';
import { type QueryPlace, topPlace } from './query.ts';
import { type PolicyCommand, type RowDemand, securedRow, withVisibleRows } from './row-security.ts';
import { aliasNames, columnReader, findCatalogRelation, findTable, useColumns } from './tables.ts';
import { mustBeColumns, mustReturnColumns, viewChecks, viewScope, type ViewTarget, viewTarget } from './view-target.ts';
import { type Scope, type ScopeColumn, type ScopeRelation, visibleColumns } from './scope.ts';
import type { BindState } from './state.ts';
import { bindNewRow, type GivenRow } from './stored.ts';
import { bindFamilyDelete, bindFamilyUpdate } from './spread.ts';
import { bindWith } from './with.ts';

/** The table that a statement changes. */
export interface Target {
  readonly table: CatalogTable;
  readonly get: BoundGet;
  readonly names: { readonly name: string; readonly columns: readonly string[] };
  readonly relation: ScopeRelation;
  /** The rows that may be changed. */
  readonly rows: BoundRelation;
  /** The view that the statement names, and the table under its names; null: the table itself. */
  readonly through: ViewTarget | null;
  readonly reads: TargetReads;
  /** The tables in which its rows lie; left out: it alone. */
  readonly family?: FamilyRows;
}

/** `takesRows`: rows may come, which a partitioned table gives to its partitions, whatever the statement reads. */
export function bindTarget(
  name: SourceName,
  alias: SourceAlias | null,
  rights: readonly Right[],
  state: BindState,
  only = false,
  takesRows = false,
): Target {
  const found = findCatalogRelation(name, state);
  if (found.kind === 'view') return bindViewTarget(found, name.at, alias, rights, state);
  const table = findTable(name, state);
  for (const right of rights) state.useSome(table, right);
  const names = aliasNames(alias, table.name, visibleColumns(table).length, state);
  if (isFamily(table) && !only) return familyTarget(table, membersOf(table, state), names, state);
  if (takesRows && table.partitioning !== undefined) return familyTarget(table, [table], names, state);
  const columns = useColumns(state, table.columns);
  const get: BoundGet = { op: 'get', table: table.id, alias: names.name, columns, rowId: state.newColumn() };
  const reads = { isRead: false };
  const relation = {
    ...targetScope(table, names.name, columns, names.columns, state, reads),
    system: storedSystem(table, columns, state),
  };
  return { table, get, names, relation, rows: get, through: null, reads };
}

/** A table with those that inherit from it. */
function familyTarget(table: CatalogTable, members: readonly CatalogTable[], names: Target['names'], state: BindState): Target {
  const columns = useColumns(state, visibleColumns(table));
  const rowId = state.newColumn();
  const family = familyRows(table, members, names.name, columns, state, { rowId, extras: true, locks: false });
  const get: BoundGet = { op: 'get', table: table.id, alias: names.name, columns, rowId };
  const reads = { isRead: false };
  const system = [tableOidScope(table, family.tableOid)];
  const relation: ScopeRelation = {
    ...targetScope(table, names.name, columns, names.columns, state, reads),
    system: (name) => (name === 'tableoid' ? system : []),
  };
  return { table, get, names, relation, rows: family.relation, through: null, reads, family };
}

function bindViewTarget(
  view: CatalogView,
  at: number,
  alias: SourceAlias | null,
  rights: readonly Right[],
  state: BindState,
): Target {
  const through = viewTarget(view, rights, state, rights.includes('delete') ? 'delete from' : 'update', at);
  const { table } = through;
  if (isFamily(table)) throw unsupported('changing a partitioned table or one with children through a view is', at);
  const names = aliasNames(alias, view.name, view.columns.length, state);
  const columns = useColumns(state, table.columns);
  const get: BoundGet = { op: 'get', table: table.id, alias: names.name, columns, rowId: state.newColumn() };
  const exposed = through.expose(columns, rights);
  const seen = exposed.conditions.reduce<BoundRelation>((input, { condition }) => ({ op: 'filter', input, condition }), get);
  const computed: { column: number; expression: BoundExpression }[] = [];
  const reads = columnReader(view, state);
  const own = exposed.columns.map(({ name, node }, place): ScopeColumn => {
    const column = node.op === 'column' ? node.column : state.newColumn();
    if (node.op !== 'column') computed.push({ column, expression: node });
    const seen: ScopeColumn = {
      name: names.columns[place] ?? name,
      column,
      type: node.type,
      table: view.id,
      attribute: place + 1,
    };
    return reads === undefined ? seen : { ...seen, mayRead: reads(place + 1) };
  });
  const rows: BoundRelation = computed.length === 0 ? seen : { op: 'project', input: seen, columns: computed };
  const relation: ScopeRelation = {
    ...{ alias: names.name, schema: names.name === view.name ? view.schema : null, name: view.name, columns: own },
    onRead: () => state.useSome(view, 'select'),
  };
  const noted = { isRead: false };
  return { table, get, names, relation: noting(relation, noted), rows, through, reads: noted };
}

function filtered(input: BoundRelation, where: SourceExpression | null, scope: Scope, state: BindState): BoundRelation {
  if (where === null) return input;
  const condition = toBoolean(state, bindExpr(where, clauseOf(state, scope, 'WHERE')), 'WHERE', where.at);
  return { op: 'filter', input, condition };
}

/** The target beside what FROM or USING names: what all names see, and the rows. Its own columns are not seen inside FROM. */
export interface Joined {
  readonly from: BoundFrom | null;
  readonly scope: Scope;
}

export function joined(sources: readonly SourceFrom[], relation: ScopeRelation, place: QueryPlace): Joined {
  const { ctes } = place;
  if (sources.length === 0) return { from: null, scope: { relations: [relation], outer: null, ctes } };
  const from = new FromBinder(place).list(sources, siblings([relation], 'no'));
  mustDiffer([relation], from.names, sources[0].at);
  return { from, scope: { relations: [relation, ...from.names], outer: null, ctes } };
}

/** The role may give these attributes values. 42501 */
export function mayGive(
  { table, through }: Pick<Target, 'table' | 'through'>,
  right: Right,
  attributes: readonly number[],
  state: BindState,
): void {
  if (through === null) state.use(table, right, attributes);
  else through.mayGive(right, attributes);
}

/** Rows to be changed. One that several rows of FROM go with is changed once. */
export function rowsOf(
  { get, rows, family }: Target,
  { from, scope }: Joined,
  where: SourceExpression | null,
  state: BindState,
): BoundRelation {
  if (from === null) return filtered(rows, where, scope, state);
  const sides = { left: rows, right: from.relation, condition: null, lateral: false, mark: -1 };
  const pairs: BoundRelation = { op: 'join', kind: 'inner', ...sides };
  return {
    op: 'distinct',
    input: filtered(pairs, where, scope, state),
    columns: [get.rowId, ...(family === undefined ? [] : [family.tableOid])],
  };
}

/** A row whose attributes become what SET says, and which of them change: those that follow from others too. */
export function changedRow(
  { table, get }: { readonly table: CatalogTable; readonly get: Pick<BoundGet, 'columns'> },
  values: ReadonlyMap<number, BoundExpression>,
  at: number,
  state: BindState,
  given: GivenRow = {},
): Pick<BoundUpdate, 'row' | 'changed'> {
  const old = (attribute: number): BoundExpression => {
    const use = get.columns.find((one) => one.attribute === attribute) as TableColumnUse;
    return columnNode(use.column, use.type, at, state);
  };
  const row = bindNewRow(table, (column) => values.get(column.number) ?? old(column.number), state, given);
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

/** The rows that policies let a command change; those that it reads must be seen, too. */
export function secured(target: Target, root: BoundRelation, command: PolicyCommand, state: BindState): BoundRelation {
  const { table, get, reads, through, rows, family } = target;
  return withVisibleRows(
    root,
    family === undefined ? get : rows,
    get.columns,
    table,
    reads.isRead ? [command, 'select'] : [command],
    through?.inside ?? state,
  );
}

/** The row as policies let it become; a statement that reads must see it still. */
export function securedUpdate({ table, reads, through }: Target, made: BoundNewRow, state: BindState): BoundNewRow {
  const { row } = made;
  const seen: RowDemand[] = reads.isRead ? [{ command: 'select', isUsing: true, of: 'new', row }] : [];
  const demands: RowDemand[] = [{ command: 'update', isUsing: false, of: 'new', row }, ...seen];
  return securedRow(made, table, demands, through?.inside ?? state);
}

export function bindUpdate(source: SourceUpdateNode, state: BindState, above = topPlace(state)): BoundUpdate | BoundSpread {
  const ctes = source.with === null ? null : bindWith(source.with, above);
  const target = bindTarget(source.table, source.alias, ['update'], state, source.only);
  if (target.family !== undefined) return bindFamilyUpdate(source, { ...target, family: target.family }, ctes, above, state);
  const { table, get, names, relation } = target;
  const place = ctes?.place ?? above;
  const rows = joined(source.from, relation, place);
  const { scope } = rows;
  const { through } = target;
  const values = bindSet(source.set, through?.named ?? table, clauseOf(state, scope, 'UPDATE'));
  mayGive(target, 'update', [...values.keys()], state);
  if (through !== null && values.has(0)) {
    const set = source.set.flatMap(({ columns }) => columns);
    mustBeColumns(
      through,
      through.named.columns.filter(({ number, name }) => number === 0 && set.includes(name)),
      'update',
      source.at,
    );
  }
  const made = changedRow(target, values, source.at, state);
  const { changed } = made;
  const row = through === null ? made.row : { ...made.row, checks: [...made.row.checks, ...viewChecks(through, made.row.row)] };
  const root = rowsOf(target, rows, source.where, state);
  if (through !== null && source.returning.length > 0) mustReturnColumns(through, row.row, source.at);
  const shown =
    through === null
      ? {
          ...targetScope(table, names.name, row.row, names.columns, state, target.reads),
          ...(relation.system && { system: relation.system }),
        }
      : noting(viewScope(through, names.name, names.columns, row.row, state), target.reads);
  const after: Scope = { ...scope, relations: [shown, ...(rows.from?.names ?? [])] };
  // Before WITH is closed: what RETURNING reads of it is read.
  const returning = bindReturning(source.returning, after, state);
  return {
    kind: 'update',
    table: table.id,
    source: secured(target, ctes === null ? root : ctes.around(root), 'update', state),
    rowId: get.rowId,
    row: securedUpdate(target, row, state),
    changed,
    ...returning,
  };
}

export function bindDelete(source: SourceDeleteNode, state: BindState, above = topPlace(state)): BoundDelete | BoundSpread {
  const ctes = source.with === null ? null : bindWith(source.with, above);
  const target = bindTarget(source.table, source.alias, ['delete'], state, source.only);
  if (target.family !== undefined) return bindFamilyDelete(source, { ...target, family: target.family }, ctes, above, state);
  const { table, get, relation } = target;
  const rows = joined(source.using, relation, ctes?.place ?? above);
  const root = rowsOf(target, rows, source.where, state);
  const returning = bindReturning(source.returning, rows.scope, state);
  return {
    kind: 'delete',
    table: table.id,
    source: secured(target, ctes === null ? root : ctes.around(root), 'delete', state),
    rowId: get.rowId,
    ...returning,
  };
}
