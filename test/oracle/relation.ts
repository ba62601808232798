/** The direct evaluator of bound relations: every relation gives all its rows, each a map of its columns. */

import type {
  BoundAggregate,
  BoundAggregation,
  BoundExpression,
  BoundRelation,
  BoundSortKey,
  ColumnId,
  TableColumnUse,
} from '../../engine/sblr/bound.ts';
import type { TypeName } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { aggregates } from '../../engine/values/aggregates.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { compareValues, evaluate, over, type Scope } from './expression.ts';

export type Row = ReadonlyMap<ColumnId, RowValue>;

/** Stored rows: values by attribute. The rowId column of a Get holds the row's place in the list. */
export interface OracleTable {
  readonly rows: Map<number, RowValue>[];
}

export interface OracleSource {
  table(id: number): OracleTable;
  virtualRows(name: string): readonly Map<number, RowValue>[];
}

const useRow = (uses: readonly TableColumnUse[], stored: Map<number, RowValue>): Map<ColumnId, RowValue> =>
  new Map(uses.map(({ column, attribute }) => [column, stored.get(attribute) ?? null]));

const keysOf = (keys: readonly { readonly expression: BoundExpression }[], scope: Scope): RowValue[] =>
  keys.map(({ expression }) => evaluate(expression, scope));

/** Stable, as sorts are. */
export function sortBy<T>(items: readonly T[], keys: readonly BoundSortKey[], valuesOf: (item: T) => readonly RowValue[]): T[] {
  const keyed = items.map((item) => ({ item, values: valuesOf(item) }));
  keyed.sort((a, b) => {
    for (const [index, { expression, descending, nullsFirst }] of keys.entries()) {
      const [left, right] = [a.values[index], b.values[index]];
      if (left === null || right === null) {
        if (left === right) continue;
        return (left === null) === nullsFirst ? -1 : 1;
      }
      const order = compareValues(expression.type.name, left, right);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return keyed.map(({ item }) => item);
}

const sameValues = (types: readonly TypeName[], a: readonly RowValue[], b: readonly RowValue[]): boolean =>
  types.every((type, index) => compareValues(type, a[index], b[index]) === 0);

function aggregateValue(node: BoundAggregate, rows: readonly Row[], scope: Scope): RowValue {
  const counted = rows.filter((row) => node.filter === null || evaluate(node.filter, over(scope, row)) === true);
  const sorted = sortBy(counted, node.order, (row) => keysOf(node.order, over(scope, row)));
  let given = sorted.map((row) => node.arguments.map((argument) => evaluate(argument, over(scope, row))));
  const types = node.arguments.map((argument) => argument.type.name);
  if (node.distinct)
    given = given.filter((values, index) => given.findIndex((other) => sameValues(types, values, other)) === index);
  const aggregate = aggregates[node.primitive];
  return aggregate.result(given.reduce((state, values) => aggregate.step(state, ...values), aggregate.init()));
}

function aggregation(node: BoundAggregation, rows: readonly Row[], scope: Scope): Row[] {
  const types = node.keys.map(({ expression }) => expression.type.name);
  const groups: { readonly keys: readonly RowValue[]; readonly rows: Row[] }[] =
    node.keys.length === 0 ? [{ keys: [], rows: [] }] : [];
  for (const row of rows) {
    const keys = keysOf(node.keys, over(scope, row));
    const group = groups.find((one) => sameValues(types, one.keys, keys));
    if (group === undefined) groups.push({ keys, rows: [row] });
    else group.rows.push(row);
  }
  return groups.map(
    (group) =>
      new Map<ColumnId, RowValue>([
        ...node.keys.map(({ column }, index) => [column, group.keys[index]] as const),
        ...node.aggregates.map((one) => [one.column, aggregateValue(one, group.rows, scope)] as const),
      ]),
  );
}

/** LIMIT and OFFSET: NULL is none. 2201W, 2201X */
function countOf(node: BoundExpression | null, scope: Scope, what: 'LIMIT' | 'OFFSET'): number | null {
  const value = node === null ? null : evaluate(node, over(scope, new Map()));
  if (value === null) return null;
  if (Number(value) >= 0) return Number(value);
  const code = what === 'LIMIT' ? SQLSTATE.invalid_row_count_in_limit_clause : SQLSTATE.invalid_row_count_in_result_offset_clause;
  throw new SqlError(code, `${what} must not be negative`);
}

/** Types of the columns that a relation makes, for DISTINCT. */
function typeOf(node: BoundRelation, column: ColumnId): TypeName {
  const named =
    node.op === 'get' || node.op === 'virtual' || node.op === 'values'
      ? node.columns.find((one) => one.column === column)?.type
      : node.op === 'project'
        ? node.columns.find((one) => one.column === column)?.expression.type
        : node.op === 'aggregate'
          ? (node.keys.find((one) => one.column === column)?.expression.type ??
            node.aggregates.find((one) => one.column === column)?.type)
          : undefined;
  if (named !== undefined) return named.name;
  if ('input' in node) return typeOf(node.input, column);
  throw new Error(`column ${column} is not made`);
}

/** All rows of a relation, in its order. */
export function relationRows(node: BoundRelation, source: OracleSource, scope: Scope): Row[] {
  const input = () => relationRows((node as { input: BoundRelation }).input, source, scope);
  switch (node.op) {
    case 'get':
      return source.table(node.table).rows.map((stored, index) => {
        const row = useRow(node.columns, stored);
        if (node.rowId >= 0) row.set(node.rowId, index);
        return row;
      });
    case 'virtual':
      return source.virtualRows(node.name).map((stored) => useRow(node.columns, stored));
    case 'values':
      return node.rows.map((row) => {
        const values = row.map((item) => evaluate(item, over(scope, new Map())));
        return new Map(node.columns.map(({ column }, index) => [column, values[index]]));
      });
    case 'filter':
      return input().filter((row) => evaluate(node.condition, over(scope, row)) === true);
    case 'project':
      return input().map((row) => {
        const added = node.columns.map(({ column, expression }) => [column, evaluate(expression, over(scope, row))] as const);
        return new Map([...row, ...added]);
      });
    case 'aggregate':
      return aggregation(node, input(), scope);
    case 'distinct': {
      const rows = input();
      const types = node.columns.map((column) => typeOf(node, column));
      const values = rows.map((row) => node.columns.map((column) => row.get(column) as RowValue));
      return rows.filter((_, index) => values.findIndex((other) => sameValues(types, values[index], other)) === index);
    }
    case 'sort':
      return sortBy(input(), node.keys, (row) => keysOf(node.keys, over(scope, row)));
    case 'limit': {
      const [limit, offset] = [countOf(node.limit, scope, 'LIMIT'), countOf(node.offset, scope, 'OFFSET') ?? 0];
      return input().slice(offset, limit === null ? undefined : offset + limit);
    }
    case 'lock':
      return input();
    default:
      throw new SqlError(SQLSTATE.feature_not_supported, `${node.op} is not supported`);
  }
}
