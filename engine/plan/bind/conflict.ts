/** ON CONFLICT: which unique indexes are watched, and what becomes of a row that is met. */

import { type CatalogIndex, type CatalogTable, isDeclaredUnique } from '../../catalog/objects.ts';
import type { BoundConflict, BoundExpression, BoundNewRow, TableColumnUse } from '../../sblr/bound.ts';
import type { SourceConflict, SourceIndexElement } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { attributeAs, bindSet, type TargetReads, targetScope } from './change.ts';
import { clauseOf, columnNode } from './clause.ts';
import { toBoolean } from './coerce.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { useColumns } from './tables.ts';
import type { QueryPlace } from './query.ts';
import { type RowDemand, securedRow } from './row-security.ts';
import { sameExpression } from './same.ts';
import type { Scope } from './scope.ts';
import type { BindState } from './state.ts';
import { bindCheckSource, bindHidden, bindNewRow } from './stored.ts';

/** The key of an index as expressions over a row. */
function indexKey(
  index: CatalogIndex,
  table: CatalogTable,
  row: readonly TableColumnUse[],
  state: BindState,
  at: number,
): BoundExpression[] {
  return index.keys.map(({ attribute }) => {
    const column = table.columns.find(({ number }) => number === attribute);
    if (column?.hidden) return bindHidden(column.hidden, table, row, state);
    const use = row.find((one) => one.attribute === attribute) as TableColumnUse;
    return columnNode(use.column, use.type, at, state);
  });
}

function bindElement(element: SourceIndexElement, scope: Scope, state: BindState): BoundExpression {
  if (element.collation !== null) throw unsupported('COLLATE in ON CONFLICT is', element.at);
  if (element.operatorClass !== null) throw unsupported('operator classes in ON CONFLICT are', element.at);
  return bindExpr(element.expression, clauseOf(state, scope, 'ON CONFLICT'));
}

/** The unique indexes that a target names: those whose key is the target, in any order. 42P10 */
function inferIndexes(
  source: SourceConflict,
  table: CatalogTable,
  alias: string,
  row: readonly TableColumnUse[],
  state: BindState,
  reads: TargetReads,
  whole: CatalogTable,
): number[] {
  const scope: Scope = { relations: [targetScope(table, alias, row, [], state, reads, whole)], outer: null };
  const target = source.target.map((element) => bindElement(element, scope, state));
  // It may narrow the choice to partial indexes; a whole one fits whatever it says.
  const { targetWhere } = source;
  const where =
    targetWhere === null
      ? null
      : toBoolean(state, bindExpr(targetWhere, clauseOf(state, scope, 'WHERE')), 'WHERE', targetWhere.at);
  /** A partial index is meant only by its own condition. */
  const isMeant = ({ predicate }: CatalogIndex): boolean =>
    predicate === undefined ||
    (where !== null && sameExpression(where, bindCheckSource(predicate.source, state.within(predicate.dialect), scope), state));
  const covers = (all: readonly BoundExpression[], some: readonly BoundExpression[]) =>
    some.every((node) => all.some((other) => sameExpression(node, other, state)));
  const fitting = table.indexes.filter((index) => {
    if (!isDeclaredUnique(index) || !isMeant(index)) return false;
    const shown = index.predicate === undefined ? index : { ...index, keys: index.keys.slice(0, -1) };
    const key = indexKey(shown, table, row, state, source.at);
    return covers(key, target) && covers(target, key);
  });
  if (fitting.length > 0) return fitting.map(({ id }) => id);
  throw fault(
    SQLSTATE.invalid_column_reference,
    'there is no unique or exclusion constraint matching the ON CONFLICT specification',
    source.at,
  );
}

function namedIndex(source: SourceConflict, name: string, table: CatalogTable): number[] {
  const found = table.indexes.find((index) => index.constraint === name && isDeclaredUnique(index));
  if (found !== undefined) return [found.id];
  throw fault(SQLSTATE.undefined_object, `constraint "${name}" for table "${table.name}" does not exist`, source.at);
}

/** DO UPDATE: the row that was met under the table's name, and the one that was to be inserted as EXCLUDED. */
function bindChange(
  source: SourceConflict,
  table: CatalogTable,
  alias: string,
  inserted: BoundNewRow,
  existing: readonly TableColumnUse[],
  { state, ctes }: QueryPlace,
  reads: TargetReads,
  whole: CatalogTable,
): { readonly change: BoundNewRow; readonly where: BoundExpression | null } {
  const met = targetScope(table, alias, existing, [], state, reads, whole);
  const excluded = targetScope(table, 'excluded', inserted.row, [], state, reads, whole);
  const scope: Scope = { relations: [met, excluded], outer: null, ctes };
  const values = bindSet(source.set, table, clauseOf(state, scope, 'UPDATE'));
  if (whole === table) state.use(table, 'update', [...values.keys()]);
  else
    state.use(
      whole,
      'update',
      [...values.keys()].map((attribute) => attributeAs(whole, table, attribute)),
    );
  const where =
    source.where === null
      ? null
      : toBoolean(state, bindExpr(source.where, clauseOf(state, scope, 'WHERE')), 'WHERE', source.where.at);
  const change = bindNewRow(
    table,
    (column) => {
      const use = existing.find((one) => one.attribute === column.number) as TableColumnUse;
      return values.get(column.number) ?? columnNode(use.column, use.type, source.at, state);
    },
    state,
  );
  return { change, where };
}

export function bindConflict(
  source: SourceConflict,
  table: CatalogTable,
  alias: string,
  inserted: BoundNewRow,
  place: QueryPlace,
  reads: TargetReads,
  /** The table that is named, where this is a partition of it: its rights count. */
  whole: CatalogTable = table,
): BoundConflict {
  const { state } = place;
  const existing = useColumns(state, table.columns);
  const isOpen = source.target.length === 0 && source.constraint === null;
  if (source.action === 'update' && isOpen)
    throw fault(
      SQLSTATE.syntax_error,
      'ON CONFLICT DO UPDATE requires inference specification or constraint name',
      source.at,
      'For example, ON CONFLICT (column_name).',
    );
  let indexes: number[] = [];
  if (source.constraint !== null) indexes = namedIndex(source, source.constraint, table);
  else if (!isOpen) indexes = inferIndexes(source, table, alias, existing, state, reads, whole);
  if (source.action === 'nothing') return { action: 'nothing', indexes, existing, change: null, where: null };
  state.useSome(whole, 'update');
  return { action: 'update', indexes, existing, ...bindChange(source, table, alias, inserted, existing, place, reads, whole) };
}

/** What policies ask of the row that was met, and of what it becomes. */
export function securedConflict(
  conflict: BoundConflict | null,
  table: CatalogTable,
  { isRead }: TargetReads,
  state: BindState,
): BoundConflict | null {
  if (conflict === null || conflict.change === null) return conflict;
  const { change, existing } = conflict;
  const seen = isRead ? (['select'] as const) : [];
  const met = (['update', ...seen] as const).map(
    (command): RowDemand => ({ command, isUsing: true, of: 'existing', row: existing }),
  );
  const becomes = (['update', ...seen] as const).map(
    (command): RowDemand => ({ command, isUsing: command === 'select', of: 'new', row: change.row }),
  );
  return { ...conflict, change: securedRow(change, table, [...met, ...becomes], state) };
}
