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
  type ColumnId,
  partitionCheckName,
  TABLE_OID,
  type TableColumnUse,
} from '../../sblr/bound.ts';
import type { SourceDeleteNode, SourceInsertNode, SourceUpdateNode } from '../../sblr/source.gen.ts';
import { sqlType } from '../../sblr/types.ts';
import { bindReturning, bindSet, type TargetReads, targetScope } from './change.ts';
import { clauseOf, columnNode } from './clause.ts';
import { constantNode } from './coerce.ts';
import { logic } from './compare.ts';
import { bindConflict } from './conflict.ts';
import { unsupported } from './errors.ts';
import type { FamilyRows } from './family.ts';
import { operatorCall } from './operators.ts';
import { partitionCondition, relatedTable, usesAs } from './partition-bounds.ts';
import type { QueryPlace } from './query.ts';
import { insertDemands } from './insert.ts';
import { BRANCH, evaluated, ofStatement, partitionRow, routes, sameNamed, type Uses } from './routing.ts';
import { policyChecks } from './row-security.ts';
import type { Scope } from './scope.ts';
import type { BindState } from './state.ts';
import { bindNewRow } from './stored.ts';
import { changedRow, joined, mayGive, rowsOf, secured, type Target } from './update.ts';
import type { BoundCtes } from './with.ts';

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

export type FamilyTarget = Target & { readonly family: FamilyRows };

/** That a row of the source is one of this table's, and what else decides whether a branch is meant. */
export function isOf(
  { tableOid }: FamilyRows,
  id: number,
  state: BindState,
  chosen: readonly BoundExpression[] = [],
): BoundExpression {
  const own = columnNode(tableOid, sqlType('oid', chosen.length > 0), 0, state);
  return logic('and', [operatorCall(state, '=', [own, constantNode(state, id, sqlType('oid', false), 0)], 0), ...chosen]);
}

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
  const update: FamilyUpdate = { target, set, row: updated.row, checks, at: source.at, state, chosen: [] };
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

export interface FamilyUpdate {
  readonly target: FamilyTarget;
  readonly set: readonly { readonly attribute: number; readonly column: ColumnId; readonly expression: BoundExpression }[];
  /** The new row, as RETURNING reads it. */
  readonly row: Uses;
  readonly checks: readonly BoundCheck[];
  readonly at: number;
  readonly state: BindState;
  /** Of MERGE: that this is what is done with a row; none: it is done with all. */
  readonly chosen: readonly BoundExpression[];
}

export function updateBranches(update: FamilyUpdate): BoundSpreadBranch[] {
  const { target, set, checks, state, chosen } = update;
  const { table, family } = target;
  const moving = family.members.filter((member) => mayMove(member, table, set, state));
  const branches = family.members.map((member): BoundSpreadBranch => {
    const changed = memberUpdate(update, member);
    const own = isOf(family, member.id, state, chosen);
    const stays = moving.includes(member) ? partitionCondition(member, newUses(update, member), state) : null;
    const condition = stays === null ? own : logic('and', [own, stays]);
    return { ...BRANCH, action: 'update', table: member.id, condition, ...changed };
  });
  if (moving.length === 0) return branches;
  if (table.partitioning === undefined) return branches.map((branch, at) => notMoving(branch, family.members[at], update));
  refuseMoving(table, state);
  const leaves = moving.map(
    ({ id }): BoundSpreadBranch => ({ ...BRANCH, action: 'leave', table: id, condition: isOf(family, id, state, chosen) }),
  );
  const values = newUses(update, table);
  const branch = (leaf: CatalogTable): Pick<BoundSpreadBranch, 'row' | 'conflict'> => {
    const own = movedRow(update, leaf, values);
    return { row: { ...own, checks: [...checks, ...own.checks] }, conflict: null };
  };
  return [...branches, ...leaves, ...routes({ table, row: values, state, branch }, table, chosen)];
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
  const condition = isOf(update.target.family, member.id, update.state, update.chosen);
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
export function memberUpdate(update: FamilyUpdate, member: CatalogTable): Pick<BoundSpreadBranch, 'row' | 'changed'> {
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
