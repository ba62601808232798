/**
 * A table with those that inherit from it, its partitions among them, as one relation: the rows of all of them one behind the other,
 * under the columns of the table that is named.
 *
 *   partitioned table   its partitions, down to those that have rows       other tables   the table itself and its descendants
 */

import { tableOidColumn } from '../../catalog/virtual/virtual-table.ts';
import type { CatalogColumn, CatalogTable } from '../../catalog/objects.ts';
import { type BoundGet, type BoundRelation, type ColumnId, TABLE_OID, type TableColumnUse } from '../../sblr/bound.ts';
import { sqlType, type SqlType } from '../../sblr/types.ts';
import { constantNode } from './coerce.ts';
import { relatedTable } from './partition-bounds.ts';
import type { ScopeColumn } from './scope.ts';
import type { BindState } from './state.ts';
import { useColumns } from './tables.ts';

const OID = sqlType('oid', false);
const ROW_ID = sqlType('int8', false);

/** Rows of the table lie in others, too. */
export const isFamily = (table: CatalogTable): boolean => table.children !== undefined && table.children.length > 0;

/** Tables whose rows are those of the table, each once. */
export function membersOf(table: CatalogTable, state: BindState): CatalogTable[] {
  const found = new Map<number, CatalogTable>();
  const visit = (one: CatalogTable): void => {
    if (found.has(one.id)) return;
    if (one.partitioning === undefined) found.set(one.id, one);
    for (const id of one.children ?? []) visit(relatedTable(id, state));
  };
  visit(table);
  // Without partitions there are no rows: those of the table itself.
  return found.size === 0 ? [table] : [...found.values()];
}

/** A column that only some of the members have. */
export interface ExtraColumn {
  readonly table: number;
  readonly attribute: number;
  readonly column: ColumnId;
}

export interface FamilyRows {
  readonly relation: BoundRelation;
  readonly members: readonly CatalogTable[];
  /** The object id of the row's table. */
  readonly tableOid: ColumnId;
  /** Asked for: columns of members that the table has not. */
  readonly extras: readonly ExtraColumn[];
  /** Of each member: a column with the id of its rows, which is NULL for those of others. Asked for by locks. */
  readonly lockIds: ReadonlyMap<number, ColumnId>;
}

interface Wishes {
  readonly rowId: ColumnId;
  readonly extras: boolean;
  readonly locks: boolean;
}

/** The column of a member that goes under a column of the table. */
const memberColumn = (member: CatalogTable, table: CatalogTable, attribute: number): CatalogColumn => {
  const name = table.columns.find(({ number }) => number === attribute)?.name;
  const found = member.columns.find((column) => column.hidden === null && column.name === name);
  if (found === undefined) throw new TypeError(`table ${member.id} lacks a column of ${table.id}`);
  return found;
};

interface Target {
  readonly column: ColumnId;
  readonly type: SqlType;
  /** What a member has there; null: nothing. */
  readonly of: (member: CatalogTable) => { readonly attribute: number } | 'row' | null;
}

class Family {
  readonly state: BindState;
  readonly table: CatalogTable;
  readonly alias: string;

  constructor(state: BindState, table: CatalogTable, alias: string) {
    this.state = state;
    this.table = table;
    this.alias = alias;
  }

  member(member: CatalogTable, targets: readonly Target[]): BoundRelation {
    const columns: TableColumnUse[] = [];
    const absent: { column: ColumnId; expression: ReturnType<typeof constantNode> }[] = [];
    let rowId = -1;
    const copies: { column: ColumnId; type: SqlType }[] = [];
    for (const { column, type, of } of targets) {
      const what = of(member);
      if (what === null) absent.push({ column, expression: constantNode(this.state, null, type, 0) });
      else if (what !== 'row')
        columns.push({ column, attribute: what.attribute, type: this.typeOf(member, what.attribute, type) });
      else if (rowId < 0) rowId = column;
      else copies.push({ column, type });
    }
    const get: BoundGet = { op: 'get', table: member.id, alias: this.alias, columns, rowId };
    const added = [
      ...absent,
      ...copies.map(({ column }) => ({ column, expression: { op: 'column' as const, column: rowId, type: ROW_ID } })),
    ];
    return added.length === 0 ? get : { op: 'project', input: get, columns: added };
  }

  private typeOf(member: CatalogTable, attribute: number, type: SqlType): SqlType {
    if (attribute === TABLE_OID) return type;
    const [{ type: own }] = useColumns(
      this.state,
      member.columns.filter(({ number }) => number === attribute),
    );
    return own;
  }

  /** Halves, so that many partitions do not make a deep tree. */
  rows(members: readonly CatalogTable[], targets: readonly Target[]): BoundRelation {
    if (members.length === 1) return this.member(members[0], targets);
    const middle = members.length >> 1;
    const fresh = (): Target[] => targets.map((target) => ({ ...target, column: this.state.newColumn() }));
    const [left, right] = [fresh(), fresh()];
    const columns = targets.map(({ column, type }, at) => ({ column, left: left[at].column, right: right[at].column, type }));
    return {
      ...{ op: 'setOperation', kind: 'union', all: true, columns },
      left: this.rows(members.slice(0, middle), left),
      right: this.rows(members.slice(middle), right),
    };
  }
}

/** The rows of a table that lie in `members`. `columns`: its own, under their ids. */
export function familyRows(
  table: CatalogTable,
  members: readonly CatalogTable[],
  alias: string,
  columns: readonly TableColumnUse[],
  state: BindState,
  { rowId, extras: withExtras, locks }: Wishes,
): FamilyRows {
  const tableOid = state.newColumn();
  const extras = withExtras ? extraColumns(table, members, state) : [];
  const lockIds = new Map(locks ? members.map(({ id }) => [id, state.newColumn()]) : []);
  const targets: Target[] = [
    ...columns.map(({ column, attribute, type }): Target => {
      return { column, type, of: (member) => ({ attribute: memberColumn(member, table, attribute).number }) };
    }),
    { column: tableOid, type: OID, of: () => ({ attribute: TABLE_OID }) },
    ...extras.map(({ column, type, table: own, attribute }): Target => {
      return { column, type, of: (member) => (member.id === own ? { attribute } : null) };
    }),
    ...(rowId < 0 ? [] : [{ column: rowId, type: ROW_ID, of: () => 'row' as const }]),
    ...[...lockIds].map(([id, column]): Target => {
      return { column, type: { ...ROW_ID, nullable: true }, of: (member) => (member.id === id ? 'row' : null) };
    }),
  ];
  const relation = new Family(state, table, alias).rows(members, targets);
  return { relation, members, tableOid, extras, lockIds };
}

function extraColumns(table: CatalogTable, members: readonly CatalogTable[], state: BindState) {
  const names = new Set(table.columns.filter(({ hidden }) => hidden === null).map(({ name }) => name));
  return members.flatMap((member) =>
    member.columns
      .filter(({ hidden, name }) => hidden === null && !names.has(name))
      .map(({ number, type }) => ({
        ...{ table: member.id, attribute: number, column: state.newColumn() },
        type: { ...type, nullable: true },
      })),
  );
}

/** tableoid of a relation. */
export function tableOidScope(table: CatalogTable, column: ColumnId): ScopeColumn {
  const { name, number } = tableOidColumn(table);
  return { name, column, type: OID, table: table.id, attribute: number };
}
