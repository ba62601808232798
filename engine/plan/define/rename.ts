/** Tables and columns under other names: the expressions that name them are written anew. */

import { SQLSTATE } from '../../../shm/errors.ts';
import { replaceTable } from '../../catalog/alter-table.ts';
import { withNames } from '../../catalog/expression-columns.ts';
import type { StoredCondition, StoredExpression } from '../../catalog/objects.ts';
import type { TableBody, TableRow } from '../../catalog/stored.ts';
import { type DefinitionEnvironment, fault } from './environment.ts';
import { renameObject } from './schema.ts';

type Names = ReadonlyMap<string, string>;

const renaming =
  (columns: Names, table: Names, environment: DefinitionEnvironment) =>
  (expression: StoredExpression): StoredExpression => {
    const source = withNames(expression.source, columns, table);
    return { ...expression, source, text: environment.textIn(expression.dialect, source) };
  };

/** Expressions of CREATE STATISTICS. */
function renameInStatistics(row: TableRow, columns: Names, table: Names, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const renamed = renaming(columns, table, environment);
  for (const one of catalog.statisticsOf(tx, row)) {
    const keys = one.body.keys.map((key) => (key.expression === null ? key : { ...key, expression: renamed(key.expression) }));
    if (keys.some(({ attribute }) => attribute === 0))
      catalog.replace(tx, { ...one, version: catalog.nextId(), body: { ...one.body, keys } });
  }
}

/** The parts of a table with other names in their expressions. */
function renamedBody(body: TableBody, columns: Names, table: Names, environment: DefinitionEnvironment): Partial<TableBody> {
  const renamed = renaming(columns, table, environment);
  return {
    columns: body.columns.map((column) => ({
      ...column,
      name: column.hidden === null ? (columns.get(column.name) ?? column.name) : column.name,
      hidden: column.hidden === null ? null : renamed(column.hidden),
      ...(column.generated === undefined ? {} : { generated: renamed(column.generated) }),
    })),
    checks: body.checks.map((check) => ({ ...check, expression: renamed(check.expression) })),
    indexes: body.indexes.map((index) =>
      index.predicate === undefined ? index : { ...index, predicate: renamed(index.predicate) },
    ),
    ...(body.policies === undefined
      ? {}
      : {
          policies: body.policies.map((policy) => ({
            ...policy,
            using: renamedCondition(policy.using, columns, table, renamed),
            check: renamedCondition(policy.check, columns, table, renamed),
          })),
        }),
  };
}

/** A condition that names its own table alone; others mean what they meant (StoredName). */
function renamedCondition<Condition extends StoredCondition | null>(
  condition: Condition,
  columns: Names,
  table: Names,
  renamed: (expression: StoredExpression) => StoredExpression,
): Condition {
  if (condition === null || condition.names.length !== 1) return condition;
  const [own] = condition.names;
  const known = Object.fromEntries(Object.entries(own.columns).map(([number, name]) => [number, columns.get(name) ?? name]));
  const names = [{ ...own, name: table.get(own.name) ?? own.name, columns: known }];
  return { ...condition, ...renamed(condition), names };
}

export function renameTable(row: TableRow, to: string, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const table = new Map([[row.name, to]]);
  const parts = renamedBody(row.body, new Map(), table, environment);
  renameObject(replaceTable(catalog, tx, row, parts), to, environment);
  renameInStatistics(row, new Map(), table, environment);
}

/** 42703, 42701 */
export function renameTableColumn(row: TableRow, from: string, to: string, at: number, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const visible = row.body.columns.filter(({ hidden }) => hidden === null);
  if (!visible.some(({ name }) => name === from)) throw fault(SQLSTATE.undefined_column, `column "${from}" does not exist`, at);
  if (visible.some(({ name }) => name === to))
    throw fault(SQLSTATE.duplicate_column, `column "${to}" of relation "${row.name}" already exists`, at);
  const columns = new Map([[from, to]]);
  replaceTable(catalog, tx, row, renamedBody(row.body, columns, new Map(), environment));
  renameInStatistics(row, columns, new Map(), environment);
}
