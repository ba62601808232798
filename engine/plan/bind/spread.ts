/**
 * Changes of tables whose rows lie in others (BoundSpread).
 *
 *   INSERT   into a partitioned table: each row goes to the partition that holds it
 *   UPDATE   of each member; where the partition key changes, a row may have to leave its partition for another one
 *   DELETE   of each member
 *
 * What a statement says of the table that it names is evaluated once, under ids that all branches read.
 */

import type { CatalogColumn, CatalogTable } from '../../catalog/objects.ts';
import {
  type BoundCheck,
  type BoundConflict,
  type BoundExpression,
  type BoundInsert,
  type BoundNewRow,
  type BoundRelation,
  type BoundSpread,
  type BoundSpreadBranch,
  checkedPartition,
  checkedPolicy,
  checkedView,
  type ColumnId,
  partitionCheckName,
  TABLE_OID,
  type TableColumnUse,
} from '../../sblr/bound.ts';
import type { SourceDeleteNode, SourceInsertNode, SourceUpdateNode } from '../../sblr/source.gen.ts';
import { sqlType } from '../../sblr/types.ts';
import { renamedExpression } from '../optimize/rename.ts';
import { bindReturning, bindSet, type TargetReads, targetScope } from './change.ts';
import { clauseOf, columnNode } from './clause.ts';
import { castExplicit, constantNode } from './coerce.ts';
import { logic } from './compare.ts';
import { bindConflict } from './conflict.ts';
import { unsupported } from './errors.ts';
import type { FamilyRows } from './family.ts';
import { operatorCall } from './operators.ts';
import { boundCondition, partitionCondition, partitionKeys, relatedTable, usesAs } from './partition-bounds.ts';
import type { QueryPlace } from './query.ts';
import { insertDemands } from './insert.ts';
import { policyChecks } from './row-security.ts';
import type { Scope } from './scope.ts';
import type { BindState } from './state.ts';
import { bindNewRow } from './stored.ts';
import { changedRow, joined, mayGive, rowsOf, secured, type Target } from './update.ts';
import type { BoundCtes } from './with.ts';

const BRANCH = { row: null, changed: [], conflict: null, key: '', values: [] } as const;

type Uses = readonly TableColumnUse[];

/** The column of one table that has the name of another's. */
const sameNamed = (of: CatalogTable, { name, hidden }: CatalogColumn): CatalogColumn | undefined =>
  hidden === null ? of.columns.find((column) => column.hidden === null && column.name === name) : undefined;

/** A partition's new row, under the ids of the row of the table that is named; its values are in the source's columns. */
function partitionRow(leaf: CatalogTable, table: CatalogTable, row: Uses, values: Uses, state: BindState): BoundNewRow {
  const useIn = (uses: Uses, column: CatalogColumn): TableColumnUse | undefined => {
    const own = sameNamed(table, column);
    return uses.find(({ attribute }) => attribute === own?.number);
  };
  const value = (column: CatalogColumn): BoundExpression => {
    const use = useIn(values, column);
    return use === undefined ? constantNode(state, null, column.type, 0) : columnNode(use.column, use.type, 0, state);
  };
  const made = bindNewRow(leaf, value, state, { isRouted: true, columnOf: (column) => useIn(row, column)?.column });
  return { ...made, row: [...made.row, ...row.filter(({ attribute }) => attribute === TABLE_OID)] };
}

/** Where rows go that a partitioned table gets: a branch for each partition that has rows, and one for rows that none of them holds. */
interface Routing {
  readonly table: CatalogTable;
  readonly row: Uses;
  readonly state: BindState;
  readonly branch: (leaf: CatalogTable) => Pick<BoundSpreadBranch, 'row' | 'conflict'>;
}

function routes(routing: Routing, parent: CatalogTable, inside: readonly BoundExpression[]): BoundSpreadBranch[] {
  const { table, row, state } = routing;
  const keys = partitionKeys(parent, usesAs(parent, table, row), state);
  const children = (parent.children ?? []).map((id) => relatedTable(id, state));
  const isDefault = ({ bound }: CatalogTable): boolean => bound?.kind === 'default';
  // Behind all others the default one holds what is left.
  const ordered = [...children.filter((one) => !isDefault(one)), ...children.filter(isDefault)];
  const branches = ordered.flatMap((child): BoundSpreadBranch[] => {
    const { bound } = child;
    const holds = bound === undefined || bound.kind === 'default' ? null : boundCondition(parent, bound, keys, state);
    const conditions = holds === null ? inside : [...inside, holds];
    if (child.partitioning !== undefined) return routes(routing, child, conditions);
    const condition = conditions.length === 0 ? null : logic('and', conditions);
    return [{ ...BRANCH, action: 'insert', table: child.id, condition, ...routing.branch(child) }];
  });
  const condition = inside.length === 0 ? null : logic('and', inside);
  const values = keys.map((key) => castExplicit(state, key, sqlType('text'), 0));
  return [...branches, { ...BRANCH, action: 'refuse', table: parent.id, condition, key: keyText(parent), values }];
}

const keyText = ({ partitioning, columns }: CatalogTable): string =>
  (partitioning?.keys ?? [])
    .map(({ attribute, expression }) => expression?.text ?? columns.find(({ number }) => number === attribute)?.name ?? '')
    .join(', ');

/** Checks that belong to the statement, not to the table: views, policies, the bound of the table that is named. */
const ofStatement = ({ name }: BoundCheck): boolean =>
  checkedView(name) !== null || checkedPolicy(name) !== null || checkedPartition(name) !== null;

/** The values of a row before it goes anywhere; what is computed stands behind what it is computed from. */
function evaluated(
  input: BoundRelation,
  table: CatalogTable,
  row: BoundNewRow,
  state: BindState,
): { readonly relation: BoundRelation; readonly values: TableColumnUse[] } {
  const columnOf = (attribute: number): CatalogColumn =>
    table.columns.find(({ number }) => number === attribute) as CatalogColumn;
  const shown = row.attributes.filter(({ attribute }) => columnOf(attribute).hidden === null);
  const values = shown.map(
    ({ attribute, expression, type }): TableColumnUse => ({
      ...{ column: state.newColumn(), attribute, type: { ...type, nullable: expression.type.nullable } },
    }),
  );
  const idOf = (attribute: number): ColumnId => (values.find((use) => use.attribute === attribute) as TableColumnUse).column;
  const names = new Map(
    row.row.flatMap((use) => values.filter((one) => one.attribute === use.attribute).map((one) => [use.column, one.column])),
  );
  const named = (column: ColumnId): ColumnId => names.get(column) ?? column;
  const made = (isComputed: boolean) =>
    shown
      .filter(({ attribute }) => (columnOf(attribute).generated !== undefined) === isComputed)
      .map(({ attribute, expression }) => ({ column: idOf(attribute), expression: renamedExpression(expression, named) }));
  const given: BoundRelation = { op: 'project', input, columns: made(false) };
  const computed = made(true);
  return { relation: computed.length === 0 ? given : { op: 'project', input: given, columns: computed }, values };
}

interface RoutedRow {
  readonly relation: BoundRelation;
  readonly row: BoundNewRow;
  readonly reads: TargetReads;
  readonly alias: string;
  readonly place: QueryPlace;
}

/** INSERT into a partitioned table. */
export function bindRoutedInsert(
  source: SourceInsertNode,
  table: CatalogTable,
  { relation, row, reads, alias, place }: RoutedRow,
  shown: Pick<BoundInsert, 'returning' | 'output'>,
): BoundSpread {
  const { state } = place;
  const { conflict } = source;
  const checks = [...policyChecks(table, insertDemands(row, reads), state), ...row.checks.filter(ofStatement)];
  const made = evaluated(relation, table, row, state);
  const branch = (leaf: CatalogTable): Pick<BoundSpreadBranch, 'row' | 'conflict'> => {
    const own = partitionRow(leaf, table, row.row, made.values, state);
    return {
      row: { ...own, checks: [...checks, ...own.checks] },
      conflict: conflict === null ? null : leafConflict(conflict, table, leaf, alias, own, place, reads),
    };
  };
  const branches = routes({ table, row: made.values, state, branch }, table, []);
  return {
    ...{ kind: 'spread', command: 'insert', table: table.id, rowId: -1, branches },
    source: made.relation,
    ...shown,
  };
}

/** ON CONFLICT of a partition. A constraint that is named is the partitioned table's; a row that is changed stays where it is. */
function leafConflict(
  source: NonNullable<SourceInsertNode['conflict']>,
  table: CatalogTable,
  leaf: CatalogTable,
  alias: string,
  row: BoundNewRow,
  place: QueryPlace,
  reads: TargetReads,
): BoundConflict {
  const { state } = place;
  const named = source.constraint === null ? undefined : table.indexes.find((index) => index.constraint === source.constraint);
  const own =
    named === undefined ? null : (leaf.indexes.find((index) => isPartOf(index.parent, named.id, state))?.constraint ?? null);
  const meant = own === null ? source : { ...source, constraint: own };
  const conflict = bindConflict(meant, leaf, alias, row, place, reads, table);
  if (conflict.change === null) return conflict;
  const stays = partitionCondition(leaf, conflict.change.row, state);
  if (stays === null) return conflict;
  const check = { name: partitionCheckName(true), expression: stays };
  return { ...conflict, change: { ...conflict.change, checks: [check, ...conflict.change.checks] } };
}

/** Whether an index is a part of another one, or of a part of it. */
function isPartOf(parent: number | undefined, whole: number, state: BindState): boolean {
  if (parent === undefined || parent === whole) return parent === whole;
  const reader = state.environment.catalog;
  return isPartOf(reader.indexParent?.(parent), whole, state);
}

// ---- UPDATE, DELETE ----

type FamilyTarget = Target & { readonly family: FamilyRows };

/** That a row of the source is one of this table's. */
const isOf = ({ tableOid }: FamilyRows, id: number, state: BindState): BoundExpression =>
  operatorCall(
    state,
    '=',
    [columnNode(tableOid, sqlType('oid', false), 0, state), constantNode(state, id, sqlType('oid', false), 0)],
    0,
  );

export function bindFamilyDelete(
  source: SourceDeleteNode,
  target: FamilyTarget,
  ctes: BoundCtes | null,
  above: QueryPlace,
  state: BindState,
): BoundSpread {
  const { table, get, family } = target;
  const rows = joined(source.using, target.relation, ctes?.place ?? above);
  const root = rowsOf(target, rows, source.where, state);
  const returning = bindReturning(source.returning, rows.scope, state);
  const branches = family.members.map(
    ({ id }): BoundSpreadBranch => ({ ...BRANCH, action: 'delete', table: id, condition: isOf(family, id, state) }),
  );
  return {
    ...{ kind: 'spread', command: 'delete', table: table.id, rowId: get.rowId, branches },
    source: secured(target, ctes === null ? root : ctes.around(root), 'delete', state),
    ...returning,
  };
}

export function bindFamilyUpdate(
  source: SourceUpdateNode,
  target: FamilyTarget,
  ctes: BoundCtes | null,
  above: QueryPlace,
  state: BindState,
): BoundSpread {
  const { table, get, names } = target;
  const rows = joined(source.from, target.relation, ctes?.place ?? above);
  const values = bindSet(source.set, table, clauseOf(state, rows.scope, 'UPDATE'));
  mayGive(target, 'update', [...values.keys()], state);
  const root = rowsOf(target, rows, source.where, state);
  // What SET says is evaluated once, whatever table the row lies in.
  const set = [...values].map(([attribute, expression]) => ({ attribute, column: state.newColumn(), expression }));
  const input = ctes === null ? root : ctes.around(root);
  const updated = changedRow(
    { table, get },
    new Map(set.map(({ attribute, column, expression }) => [attribute, columnNode(column, expression.type, 0, state)])),
    source.at,
    state,
    { isRouted: true },
  ).row;
  const shown = targetScope(table, names.name, updated.row, names.columns, state, target.reads);
  const system = target.relation.system;
  const after: Scope = { ...rows.scope, relations: [{ ...shown, ...(system && { system }) }, ...(rows.from?.names ?? [])] };
  const returning = bindReturning(source.returning, after, state);
  const checks = policyChecks(table, updateDemands(updated.row, target.reads), state);
  const update: FamilyUpdate = { target, set, row: updated.row, checks, at: source.at, state };
  return {
    ...{ kind: 'spread', command: 'update', table: table.id, rowId: get.rowId, branches: updateBranches(update) },
    source: secured(
      target,
      { op: 'project', input, columns: set.map(({ column, expression }) => ({ column, expression })) },
      'update',
      state,
    ),
    ...returning,
  };
}

const updateDemands = (row: Uses, { isRead }: TargetReads) => [
  { command: 'update', isUsing: false, of: 'new', row } as const,
  ...(isRead ? [{ command: 'select', isUsing: true, of: 'new', row } as const] : []),
];

interface FamilyUpdate {
  readonly target: FamilyTarget;
  readonly set: readonly { readonly attribute: number; readonly column: ColumnId; readonly expression: BoundExpression }[];
  /** The new row, as RETURNING reads it. */
  readonly row: Uses;
  readonly checks: readonly BoundCheck[];
  readonly at: number;
  readonly state: BindState;
}

function updateBranches(update: FamilyUpdate): BoundSpreadBranch[] {
  const { target, set, checks, state } = update;
  const { table, family } = target;
  const moving = family.members.filter((member) => mayMove(member, table, set, state));
  const branches = family.members.map((member): BoundSpreadBranch => {
    const changed = memberUpdate(update, member);
    const own = isOf(family, member.id, state);
    const stays = moving.includes(member) ? partitionCondition(member, newUses(update, member), state) : null;
    const condition = stays === null ? own : logic('and', [own, stays]);
    return { ...BRANCH, action: 'update', table: member.id, condition, ...changed };
  });
  if (moving.length === 0) return branches;
  if (table.partitioning === undefined) return branches.map((branch, at) => notMoving(branch, family.members[at], update));
  refuseMoving(table, state);
  const leaves = moving.map(
    ({ id }): BoundSpreadBranch => ({ ...BRANCH, action: 'leave', table: id, condition: isOf(family, id, state) }),
  );
  const values = newUses(update, table);
  const branch = (leaf: CatalogTable): Pick<BoundSpreadBranch, 'row' | 'conflict'> => {
    const own = movedRow(update, leaf, values);
    return { row: { ...own, checks: [...checks, ...own.checks] }, conflict: null };
  };
  return [...branches, ...leaves, ...routes({ table, row: values, state, branch }, table, [])];
}

/** A row that moves takes along what refers to it only by name: actions of foreign keys would take it for deleted. 0A000 */
function refuseMoving(table: CatalogTable, state: BindState): void {
  for (let whole: CatalogTable | null = table; whole !== null; ) {
    for (const { table: other, constraint } of whole.referrers ?? []) {
      const key = relatedTable(other, state).foreignKeys?.find(({ name }) => name === constraint);
      const isPlain = (action: string | undefined): boolean => action === 'noAction' || action === 'restrict';
      if (isPlain(key?.onDelete) && isPlain(key?.onUpdate)) continue;
      throw unsupported(`moving rows between partitions that foreign key "${constraint}" refers to with an action is`, 0);
    }
    whole = whole.bound === undefined ? null : relatedTable((whole.parents as readonly number[])[0], state);
  }
}

/** A partition below a table that only inherits: a row that its partition does not hold any more is refused. */
function notMoving(branch: BoundSpreadBranch, member: CatalogTable, update: FamilyUpdate): BoundSpreadBranch {
  const stays = partitionCondition(member, newUses(update, member), update.state);
  if (stays === null || branch.row === null) return branch;
  const check = { name: partitionCheckName(false), expression: stays };
  const condition = isOf(update.target.family, member.id, update.state);
  return { ...branch, condition, row: { ...branch.row, checks: [check, ...branch.row.checks] } };
}

/** SET names a column of a partition key above the member. */
function mayMove(member: CatalogTable, table: CatalogTable, set: FamilyUpdate['set'], state: BindState): boolean {
  const names = new Set(set.map(({ attribute }) => table.columns.find(({ number }) => number === attribute)?.name));
  for (let child = member; child.bound !== undefined; ) {
    const parent = relatedTable((child.parents as readonly number[])[0], state);
    for (const { attribute, expression } of parent.partitioning?.keys ?? []) {
      if (expression !== null) return true;
      if (names.has(parent.columns.find(({ number }) => number === attribute)?.name)) return true;
    }
    child = parent;
  }
  return false;
}

/** A member's columns as they become, under the ids of what SET says and of what stays. */
function newUses({ target, set }: FamilyUpdate, member: CatalogTable): TableColumnUse[] {
  const { table, get } = target;
  return get.columns.flatMap(({ attribute, column, type }) => {
    const named = table.columns.find(({ number }) => number === attribute);
    const own = named === undefined ? undefined : sameNamed(member, named);
    if (own === undefined) return [];
    const changed = set.find((one) => one.attribute === attribute);
    return [
      changed === undefined
        ? { column, attribute: own.number, type }
        : { column: changed.column, attribute: own.number, type: changed.expression.type },
    ];
  });
}

/** Ids of a member's new row: those of the named table's, by name. */
function newRowIds({ target, row }: FamilyUpdate, column: CatalogColumn): ColumnId | undefined {
  const own = sameNamed(target.table, column);
  return row.find(({ attribute }) => attribute === own?.number)?.column;
}

/** UPDATE of one member: its own columns besides stay what they are. */
function memberUpdate(update: FamilyUpdate, member: CatalogTable): Pick<BoundSpreadBranch, 'row' | 'changed'> {
  const { target, set, checks, at, state } = update;
  const { table, get, family } = target;
  const old = usesAs(member, table, get.columns).map((use) => ({
    ...use,
    type: member.columns.find(({ number }) => number === use.attribute)?.type ?? use.type,
  }));
  const extras = family.extras
    .filter((extra) => extra.table === member.id)
    .map(({ attribute, column }) => ({
      ...{ attribute, column },
      type: { ...(member.columns.find(({ number }) => number === attribute) as CatalogColumn).type, nullable: true },
    }));
  const values = new Map(
    set.flatMap(({ attribute, column, expression }) => {
      const named = table.columns.find(({ number }) => number === attribute) as CatalogColumn;
      const own = sameNamed(member, named);
      return own === undefined ? [] : [[own.number, columnNode(column, expression.type, at, state)] as const];
    }),
  );
  const columns = [...old.map((use) => ({ ...use, type: { ...use.type, nullable: true } })), ...extras];
  const made = changedRow({ table: member, get: { columns } }, values, at, state, {
    isRouted: true,
    columnOf: (column) => newRowIds(update, column),
  });
  return { row: { ...made.row, checks: [...checks, ...made.row.checks] }, changed: made.changed };
}

/** The row that has left its partition, in the one that it goes to. */
function movedRow(update: FamilyUpdate, leaf: CatalogTable, values: Uses): BoundNewRow {
  const { target, state } = update;
  const value = (column: CatalogColumn): BoundExpression => {
    const own = sameNamed(target.table, column);
    const use = values.find(({ attribute }) => attribute === own?.number);
    return use === undefined ? constantNode(state, null, column.type, 0) : columnNode(use.column, use.type, 0, state);
  };
  const made = bindNewRow(leaf, value, state, { isRouted: true, columnOf: (column) => newRowIds(update, column) });
  const oid = { column: target.family.tableOid, attribute: TABLE_OID, type: sqlType('oid', false) };
  return { ...made, row: [...made.row, oid] };
}
