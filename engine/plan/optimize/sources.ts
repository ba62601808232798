/** Where rows come from: tables, catalogs, VALUES, functions, what is collected; with the conditions that the source itself checks. */

import type { BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import type { PhysicalSource } from '../physical.ts';
import { chooseAccess } from './access-path.ts';
import { columnsOf, conjunction } from './columns.ts';
import { KEEP, ROW, someRows } from './cost.ts';
import { type Facts, NO_FACTS, ONE_ROW, type UniqueKey } from './facts.ts';
import { gateOf } from './gate.ts';
import { knownNumber, type Planned, type Planner, sizeOf, type Wanted } from './planner.ts';
import { conditionsFraction } from './selectivity.ts';

type Conditions = readonly BoundExpression[];

/** Null: it is no source, or none that checks conditions. */
export function planSource(planner: Planner, relation: BoundRelation, conditions: Conditions, wanted: Wanted): Planned | null {
  switch (relation.op) {
    case 'get': {
      const table = planner.environment.table(relation.table);
      const { source, ordered, facts } = chooseAccess({
        get: relation,
        table,
        size: sizeOf(planner, table),
        conditions,
        needed: wanted.needed,
        order: wanted.order,
        rowsWanted: wanted.rows,
        knowledge: planner,
        byIndex: planner.environment.hooks?.indexes === true,
      });
      const estimate = { ...source.estimate, rows: someRows(source.estimate.rows) };
      if (table.bound === undefined || conditions.length === 0) return { node: { ...source, estimate }, ordered, facts };
      const gate = gateOf(relation, table, conditions, planner.environment.table, planner);
      return { node: { ...source, estimate, ...(gate === null ? {} : { gate }) } as PhysicalSource, ordered, facts };
    }
    case 'virtual': {
      const { name, alias, columns } = relation;
      const filter = conjunction(conditions);
      const scan: PhysicalSource = {
        node: 'CatalogScan',
        name,
        alias,
        columns: used(columns, filter, wanted),
        filter,
        estimate: NONE,
      };
      return scanned(planner, scan, conditions, 100, 50, NO_FACTS);
    }
    case 'function':
      return functionScan(planner, relation, conditions, wanted);
    case 'cteRef': {
      const spooled = planner.collected.get(relation.cte);
      if (spooled === undefined) return null;
      const { spool, planned } = spooled;
      const { alias } = relation;
      const filter = conjunction(conditions);
      const columns = used(relation.columns, filter, wanted);
      const scan: PhysicalSource = { node: 'SpoolScan', spool, alias, columns, filter, estimate: NONE };
      const { rows } = planned.node.estimate;
      return scanned(planner, scan, conditions, rows, rows * KEEP, renamed(planned.facts, relation.columns));
    }
    case 'workTable': {
      const { work, alias } = relation;
      const filter = conjunction(conditions);
      const columns = used(relation.columns, filter, wanted);
      const scan: PhysicalSource = { node: 'WorkScan', work, alias, columns, filter, estimate: NONE };
      const rows = planner.recursions.get(work)?.node.estimate.rows ?? 10;
      return scanned(planner, scan, conditions, rows, rows * KEEP, NO_FACTS);
    }
    default:
      return null;
  }
}

const NONE = { rows: 0, cost: 0 };

function used<Use extends { readonly column: ColumnId }>(
  columns: readonly Use[],
  filter: BoundExpression | null,
  { needed }: Wanted,
): readonly Use[] {
  const read = columnsOf(filter);
  return columns.filter(({ column }) => needed.has(column) || read.has(column));
}

function scanned(
  planner: Planner,
  source: PhysicalSource,
  conditions: Conditions,
  rows: number,
  cost: number,
  facts: Facts,
): Planned {
  const { known, isConstant } = planner;
  const fraction = conditionsFraction({ facts, rows, known, isConstant }, conditions);
  const estimate = { rows: someRows(rows * fraction), cost: cost + rows * ROW * conditions.length };
  return { node: { ...source, estimate }, ordered: false, facts };
}

/** Facts of columns under other ids. */
export function renamed(facts: Facts, columns: readonly { readonly column: ColumnId; readonly source: ColumnId }[]): Facts {
  const names = new Map(columns.map(({ column, source }) => [source, column]));
  const known = new Map<ColumnId, NonNullable<ReturnType<Facts['columns']['get']>>>();
  for (const [column, fact] of facts.columns) {
    const name = names.get(column);
    if (name !== undefined) known.set(name, fact);
  }
  const keys: UniqueKey[] = [];
  for (const { columns: named, nulls } of facts.keys) {
    const others = [...named].map((column) => names.get(column));
    if (!others.includes(undefined)) keys.push({ columns: new Set(others as ColumnId[]), nulls });
  }
  return { columns: known, keys };
}

function functionScan(
  planner: Planner,
  relation: BoundRelation & { op: 'function' },
  conditions: Conditions,
  wanted: Wanted,
): Planned {
  const { primitive, alias, ordinality } = relation;
  const given = relation.arguments;
  const filter = conjunction(conditions);
  const columns = relation.columns;
  const read = columnsOf(filter);
  const scan: PhysicalSource = {
    node: 'FunctionScan',
    primitive,
    alias,
    arguments: given,
    columns,
    ordinality: wanted.needed.has(ordinality) || read.has(ordinality) ? ordinality : -1,
    filter,
    estimate: NONE,
  };
  const rows = functionRows(planner, relation);
  return scanned(planner, scan, conditions, rows, rows * ROW, NO_FACTS);
}

/** Of generate_series over numbers that are known; a guess otherwise. */
function functionRows(planner: Planner, { primitive, arguments: given }: BoundRelation & { op: 'function' }): number {
  if (!primitive.startsWith('generate_series') || given.length < 2) return 1000;
  const [start, stop] = given.map((one) => knownNumber(planner, one, Number.NaN));
  const step = given.length > 2 ? knownNumber(planner, given[2], Number.NaN) : 1;
  const rows = Math.floor((stop - start) / step) + 1;
  return Number.isFinite(rows) ? Math.max(1, rows) : 1000;
}

export function planValues(relation: BoundRelation & { op: 'values' }): Planned {
  const { columns, rows } = relation;
  const estimate = { rows: Math.max(1, rows.length), cost: rows.length * ROW };
  const isOne = rows.length <= 1;
  return {
    node: { node: 'ValuesScan', columns, rows, estimate },
    ordered: isOne,
    facts: { columns: new Map(), keys: isOne ? [ONE_ROW] : [] },
  };
}
