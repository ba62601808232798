/** Rows that a partitioned table gets: which partition each of them goes to, and what it becomes there. */

import type { CatalogColumn, CatalogTable } from '../../catalog/objects.ts';
import {
  type BoundCheck,
  type BoundExpression,
  type BoundNewRow,
  type BoundRelation,
  type BoundSpreadBranch,
  checkedPartition,
  checkedPolicy,
  checkedView,
  type ColumnId,
  TABLE_OID,
  type TableColumnUse,
} from '../../sblr/bound.ts';
import { sqlType } from '../../sblr/types.ts';
import { renamedExpression } from '../optimize/rename.ts';
import { columnNode } from './clause.ts';
import { castExplicit, constantNode } from './coerce.ts';
import { logic } from './compare.ts';
import { boundCondition, partitionKeys, relatedTable, usesAs } from './partition-bounds.ts';
import type { BindState } from './state.ts';
import { bindNewRow } from './stored.ts';

export const BRANCH = { row: null, changed: [], conflict: null, key: '', values: [] } as const;

export type Uses = readonly TableColumnUse[];

/** The column of one table that has the name of another's. */
export const sameNamed = (of: CatalogTable, { name, hidden }: CatalogColumn): CatalogColumn | undefined =>
  hidden === null ? of.columns.find((column) => column.hidden === null && column.name === name) : undefined;

/** A partition's new row, under the ids of the row of the table that is named; its values are in the source's columns. */
export function partitionRow(leaf: CatalogTable, table: CatalogTable, row: Uses, values: Uses, state: BindState): BoundNewRow {
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

/**
 * Where rows go that a partitioned table gets: a branch for each partition that has rows, and one for rows that none of them
 * holds.
 */
export interface Routing {
  readonly table: CatalogTable;
  readonly row: Uses;
  readonly state: BindState;
  readonly branch: (leaf: CatalogTable) => Pick<BoundSpreadBranch, 'row' | 'conflict'>;
}

export function routes(routing: Routing, parent: CatalogTable, inside: readonly BoundExpression[]): BoundSpreadBranch[] {
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
export const ofStatement = ({ name }: BoundCheck): boolean =>
  checkedView(name) !== null || checkedPolicy(name) !== null || checkedPartition(name) !== null;

/**
 * The values of a row before it goes anywhere; what is computed stands behind what it is computed from. `guard`: around each of
 * them.
 */
export function evaluated(
  input: BoundRelation,
  table: CatalogTable,
  row: BoundNewRow,
  state: BindState,
  guard: (expression: BoundExpression) => BoundExpression = (expression) => expression,
): { readonly relation: BoundRelation; readonly values: TableColumnUse[] } {
  const columnOf = (attribute: number): CatalogColumn =>
    table.columns.find(({ number }) => number === attribute) as CatalogColumn;
  const shown = row.attributes.filter(({ attribute }) => columnOf(attribute).hidden === null);
  const values = shown.map(
    ({ attribute, expression, type }): TableColumnUse => ({
      ...{ column: state.newColumn(), attribute, type: { ...type, nullable: guard(expression).type.nullable } },
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
      .map(({ attribute, expression }) => ({ column: idOf(attribute), expression: guard(renamedExpression(expression, named)) }));
  const given: BoundRelation = { op: 'project', input, columns: made(false) };
  const computed = made(true);
  return { relation: computed.length === 0 ? given : { op: 'project', input: given, columns: computed }, values };
}
