/** A query run by the oracle as it was bound, and as it was planned. */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { CostHooks } from '../../engine/plan/optimize/cost.ts';
import { optimize } from '../../engine/plan/optimize/optimize.ts';
import type { PhysicalNode, PhysicalQuery } from '../../engine/plan/physical.ts';
import { inputsOf } from '../../engine/plan/physical-tree.ts';
import type { BoundModule, BoundQuery } from '../../engine/sblr/bound.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { SqlError } from '../../shm/errors.ts';
import type { OracleDatabase } from './evaluate.ts';
import { CONTEXT } from './postgresql.ts';
import { unplanned } from './unplanned.ts';

const tableIn = (tables: readonly CatalogTable[], id: number): CatalogTable => {
  const found = tables.find((one) => one.id === id);
  if (found === undefined) throw new Error(`there is no table ${id}`);
  return found;
};

export function planOf(
  module: BoundModule,
  tables: readonly CatalogTable[],
  database: OracleDatabase,
  hooks: CostHooks = {},
): PhysicalQuery {
  return optimize(module.statement as BoundQuery, {
    table: (id) => tableIn(tables, id),
    size: (table) => {
      const rows = table.statistics?.rows ?? database.table(table.id).rows.length;
      return { rows, pages: Math.ceil(rows / 100) };
    },
    parameter: () => undefined,
    hooks,
  }) as PhysicalQuery;
}

/** All nodes of a plan, those of its subplans and spools too. */
export function nodesOf(plan: PhysicalQuery): PhysicalNode[] {
  const below = (node: PhysicalNode): PhysicalNode[] => [node, ...inputsOf(node).flatMap(below)];
  const others = [...(plan.spools ?? []), ...(plan.subplans ?? [])];
  return [plan.root, ...others.map(({ root }) => root)].flatMap(below);
}

/** Rows as one text each; the code of the error. */
export type Answer = readonly string[] | string;

export function answerOf(database: OracleDatabase, module: BoundModule, isOrdered: boolean): Answer {
  try {
    const rows = database.run(module, [], CONTEXT).rows.map((row) => JSON.stringify(row));
    return isOrdered ? rows : rows.sort();
  } catch (error) {
    if (error instanceof SqlError && error.code !== 'XX000') return error.code;
    throw error;
  }
}

/** The plan's rows. Says what a node claims that is not so. */
export function plannedAnswer(
  database: OracleDatabase,
  module: BoundModule,
  plan: PhysicalQuery,
  tables: readonly CatalogTable[],
  isOrdered: boolean,
): Answer {
  const { module: again, claims } = unplanned(plan, module, (id) => tableIn(tables, id));
  for (const { relation, keys } of claims) {
    let next = -1000;
    const columns = keys.map((expression) => ({ column: next--, expression }));
    const output = columns.map(({ column, expression: { type } }) => ({ name: '', column, type, table: 0, attribute: 0 }));
    const statement: BoundQuery = { kind: 'query', root: { op: 'project', input: relation, columns }, output };
    let rows: readonly (readonly RowValue[])[];
    try {
      rows = database.run({ ...module, statement }, [], CONTEXT).rows;
    } catch {
      // It reads rows of the plan around it, or fails: not to be told from here.
      continue;
    }
    const values = rows.filter((row) => !row.includes(null)).map((row) => JSON.stringify(row));
    if (new Set(values).size < values.length) throw new Error(`rows that a node says are unique: ${values.sort().join(' ')}`);
  }
  return answerOf(database, again, isOrdered);
}
