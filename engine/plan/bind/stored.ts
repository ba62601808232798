/**
 * Expressions that the catalog keeps (DEFAULT, CHECK, index expressions): bound with the semantics of the dialect they were written in,
 * whichever dialect the statement at hand is of.
 */

import { type CatalogColumn, type CatalogTable, isKept, type StoredExpression } from '../../catalog/objects.ts';
import {
  type BoundCheck,
  type BoundExpression,
  type BoundNewRow,
  type ColumnId,
  partitionCheckName,
  type TableColumnUse,
} from '../../sblr/bound.ts';
import type { SourceExpression } from '../../sblr/source.gen.ts';
import { sqlType, withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { type Clause, clauseOf } from './clause.ts';
import { callNode, castAssign, constantNode, toBoolean } from './coerce.ts';
import { asDomain } from './domains.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { partitionCondition } from './partition-bounds.ts';
import { scopeRelation, useColumns } from './tables.ts';
import { NO_RELATIONS, type Scope, type ScopeRelation } from './scope.ts';
import type { BindState } from './state.ts';

/** Draws the next value of a sequence by its object id. */
const NEXT_VALUE = 'sequence.next.oid';

export const storedClause = (state: BindState, scope: Scope, name: string): Clause => ({
  ...clauseOf(state, scope, name),
  parameters: false,
});

/** CHECK (source) */
export function bindCheckSource(source: SourceExpression, state: BindState, scope: Scope): BoundExpression {
  return toBoolean(state, bindExpr(source, storedClause(state, scope, 'check constraints')), 'CHECK', source.at);
}

/** DEFAULT source, as the column takes it. */
export function bindDefaultSource(
  source: SourceExpression,
  state: BindState,
  column: { readonly name: string; readonly type: CatalogColumn['type'] },
): BoundExpression {
  const node = bindExpr(source, storedClause(state, NO_RELATIONS, 'DEFAULT expressions'));
  return castAssign(state, node, column, source.at, 'default expression');
}

export const bindIndexSource = (source: SourceExpression, state: BindState, scope: Scope): BoundExpression =>
  bindExpr(source, storedClause(state, scope, 'index expressions'));

/** What a column holds when nothing is given: its DEFAULT, the next value of its sequence, NULL. */
export function defaultValue(column: CatalogColumn, state: BindState, at: number): BoundExpression {
  if (column.generated !== undefined) return constantNode(state, null, sqlType(column.type.name), at);
  if (column.default !== null) return bindDefaultSource(column.default.source, state.within(column.default.dialect), column);
  if (column.sequence === 0) return missingValue(column, state, at);
  const sequence = constantNode(state, column.sequence, sqlType('oid'), at);
  return castAssign(state, callNode(state, NEXT_VALUE, [sequence], 'int8', undefined, at), column, at);
}

/** NULL; of a domain what it says is there when nothing is given. */
function missingValue(column: CatalogColumn, state: BindState, at: number): BoundExpression {
  if (state.semantics.missingIsError === true && !column.type.nullable)
    throw fault(SQLSTATE.not_null_violation, `column "${column.name}" has no default value`, at);
  const nothing = constantNode(state, null, sqlType(column.type.name), at);
  const { domain: id } = column.type;
  const domain = id === undefined ? null : (state.environment.catalog.domain?.(id) ?? null);
  if (id === undefined || domain === null) return nothing;
  if (domain.default === null) return asDomain(state, nothing, id, at);
  return bindDefaultSource(domain.default.source, state.within(domain.default.dialect), column);
}

/** A table's new row as its CHECKs and index expressions see it. */
function rowScope(table: CatalogTable, row: readonly TableColumnUse[]): Scope {
  const relation: ScopeRelation = scopeRelation(table, table.name, row, [], () => {});
  return { relations: [relation], outer: null };
}

function bindChecks(table: CatalogTable, scope: Scope, state: BindState): BoundCheck[] {
  return table.checks.map(({ name, expression }) => ({
    name,
    expression: bindCheckSource(expression.source, state.within(expression.dialect), scope),
  }));
}

/** An index expression of a table over columns with these ids; for matching ON CONFLICT too. */
export function bindHidden(
  hidden: StoredExpression,
  table: CatalogTable,
  row: readonly TableColumnUse[],
  state: BindState,
): BoundExpression {
  return bindIndexSource(hidden.source, state.within(hidden.dialect), rowScope(table, row));
}

/** The value of an index expression; NULL once its index is gone, for it must neither cost nor fail any more. */
function hiddenValue(
  column: CatalogColumn,
  table: CatalogTable,
  row: readonly TableColumnUse[],
  state: BindState,
): BoundExpression {
  if (!isKept(table.indexes, column.number)) return constantNode(state, null, column.type, 0);
  return bindHidden(column.hidden as StoredExpression, table, row, state);
}

/** The value of a generated column, or of an index expression. */
function computedValue(
  column: CatalogColumn,
  table: CatalogTable,
  row: readonly TableColumnUse[],
  state: BindState,
): BoundExpression {
  if (column.generated === undefined) return hiddenValue(column, table, row, state);
  const { dialect, source } = column.generated;
  const inside = state.within(dialect);
  const clause = storedClause(inside, rowScope(table, row), 'column generation expressions');
  return castAssign(inside, bindExpr(source, clause), column, source.at, 'generation expression');
}

/** What is known of a new row besides its values. */
export interface GivenRow {
  /** Ids of its columns; undefined: a fresh one. */
  readonly columnOf?: (column: CatalogColumn) => ColumnId | undefined;
  /** It comes by way of the partitioned table: its partition holds it. */
  readonly isRouted?: boolean;
}

/** Of a partition: that it holds the row. */
function boundChecks(table: CatalogTable, row: readonly TableColumnUse[], state: BindState): BoundCheck[] {
  if (table.bound === undefined) return [];
  const expression = partitionCondition(table, row, state);
  return expression === null ? [] : [{ name: partitionCheckName(false), expression }];
}

/**
 * The new row of a change: `valueFor` gives what SQL says of a visible column, the rest follows from the catalog. A column of the row may
 * be NULL when its value may, whatever NOT NULL says: that is looked at when the row is encoded, and checks may run before.
 */
export function bindNewRow(
  table: CatalogTable,
  valueFor: (column: CatalogColumn) => BoundExpression,
  state: BindState,
  given: GivenRow = {},
): BoundNewRow {
  const isGiven = (column: CatalogColumn): boolean => column.hidden === null && column.generated === undefined;
  const values = table.columns.map((column) => (isGiven(column) ? valueFor(column) : null));
  const row = useColumns(state, table.columns).map((use, index) => ({
    ...use,
    column: given.columnOf?.(table.columns[index]) ?? use.column,
    type: withNullable(use.type, values[index]?.type.nullable ?? true),
  }));
  const made = table.columns.map((column, index) => ({
    attribute: column.number,
    expression: values[index] ?? computedValue(column, table, row, state),
    type: column.type,
  }));
  // What is computed stands behind what it is computed from; indexes may be over what is computed.
  const rank = ({ hidden, generated }: CatalogColumn): number => (hidden !== null ? 2 : generated !== undefined ? 1 : 0);
  const order = table.columns.map((column, index) => ({ index, rank: rank(column) })).sort((a, b) => a.rank - b.rank);
  const attributes = order.map(({ index }) => made[index]);
  const bound = given.isRouted === true ? [] : boundChecks(table, row, state);
  return { table: table.id, attributes, row, checks: [...bound, ...bindChecks(table, rowScope(table, row), state)] };
}
