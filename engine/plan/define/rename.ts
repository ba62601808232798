/** Tables and columns under other names: the expressions that name them are written anew. */

import { SQLSTATE } from '../../../shm/errors.ts';
import { replaceTable } from '../../catalog/alter-table.ts';
import { withNames } from '../../catalog/expression-columns.ts';
import type { StoredCondition, StoredExpression } from '../../catalog/objects.ts';
import type { TableBody, TableRow } from '../../catalog/stored.ts';
import { type DefinitionEnvironment, fault } from './environment.ts';
import { renameObject } from './schema.ts';

type Names = ReadonlyMap<string, string>;

/** The parts of a table with other names in their expressions. */
function renamedBody(body: TableBody, columns: Names, table: Names, environment: DefinitionEnvironment): Partial<TableBody> {
  const renamed = (expression: StoredExpression): StoredExpression => {
    const source = withNames(expression.source, columns, table);
    return { ...expression, source, text: environment.textIn(expression.dialect, source) };
  };
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
  const parts = renamedBody(row.body, new Map(), new Map([[row.name, to]]), environment);
  renameObject(replaceTable(catalog, tx, row, parts), to, environment);
}

/** 42703, 42701 */
export function renameTableColumn(row: TableRow, from: string, to: string, at: number, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const visible = row.body.columns.filter(({ hidden }) => hidden === null);
  if (!visible.some(({ name }) => name === from)) throw fault(SQLSTATE.undefined_column, `column "${from}" does not exist`, at);
  if (visible.some(({ name }) => name === to))
    throw fault(SQLSTATE.duplicate_column, `column "${to}" of relation "${row.name}" already exists`, at);
  replaceTable(catalog, tx, row, renamedBody(row.body, new Map([[from, to]]), new Map(), environment));
}
