/** The direct evaluator of bound relations: every relation gives all its rows, each a map of its columns. */

import {
  type BoundExpression,
  type BoundLimit,
  type BoundRelation,
  type BoundSortKey,
  type ColumnId,
  type TableColumnUse,
  TABLE_OID,
} from '../../engine/sblr/bound.ts';
import type {
  BoundChange,
  BoundCteRef,
  BoundFunction,
  BoundJoin,
  BoundRecurse,
  BoundSetOperation,
  BoundWith,
  BoundWorkTable,
} from '../../engine/sblr/bound-relations.ts';
import { primitiveOf } from '../../engine/sblr/primitives.ts';
import { inputsOf } from '../../engine/sblr/relation-tree.ts';
import type { TypeName } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { setFunctions } from '../../engine/values/set-functions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { compareValues, evaluate, over, type Scope } from './expression.ts';
import { aggregation } from './groups.ts';
import { windowRows } from './windows.ts';

export type Row = ReadonlyMap<ColumnId, RowValue>;

/** Stored rows: values by attribute. The rowId column of a Get holds the row's place in the list. */
export interface OracleTable {
  readonly rows: Map<number, RowValue>[];
}

export interface OracleSource {
  change(statement: BoundChange['statement'], scope: Scope): { readonly rows: Row[] };
  table(id: number): OracleTable;
  virtualRows(name: string): readonly Map<number, RowValue>[];
}

const useRow = (uses: readonly TableColumnUse[], stored: Map<number, RowValue>): Map<ColumnId, RowValue> =>
  new Map(uses.map(({ column, attribute }) => [column, stored.get(attribute) ?? null]));

/** A scope in which a row is seen besides what is seen around it. */
export const within = (scope: Scope, row: Row): Scope => over(scope, new Map([...scope.columns, ...row]));

export const keysOf = (keys: readonly { readonly expression: BoundExpression }[], scope: Scope): RowValue[] =>
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

export const sameValues = (types: readonly TypeName[], a: readonly RowValue[], b: readonly RowValue[]): boolean =>
  types.every((type, index) => compareValues(type, a[index], b[index]) === 0);

/** LIMIT and OFFSET: NULL is none. 2201W, 2201X */
function countOf(node: BoundExpression | null, scope: Scope, what: 'LIMIT' | 'OFFSET'): number | null {
  const value = node === null ? null : evaluate(node, scope);
  if (value === null) return null;
  if (Number(value) >= 0) return Number(value);
  const code = what === 'LIMIT' ? SQLSTATE.invalid_row_count_in_limit_clause : SQLSTATE.invalid_row_count_in_result_offset_clause;
  throw new SqlError(code, `${what} must not be negative`);
}

/** The type under which a relation makes a column; undefined: its inputs do. */
function madeAs(node: BoundRelation, column: ColumnId): TypeName | undefined {
  const isIt = (one: { readonly column: ColumnId }): boolean => one.column === column;
  switch (node.op) {
    case 'get':
      return column === node.rowId ? 'int8' : node.columns.find(isIt)?.type.name;
    case 'virtual':
    case 'values':
    case 'setOperation':
    case 'cteRef':
    case 'workTable':
    case 'recurse':
    case 'function':
      return node.columns.find(isIt)?.type.name;
    case 'project':
      return node.columns.find(isIt)?.expression.type.name;
    case 'window':
      return node.functions.find(isIt)?.type.name;
    case 'change':
      return node.statement.output.find(isIt)?.type.name;
    case 'aggregate':
      return (node.keys.find(isIt)?.expression ?? node.aggregates.find(isIt))?.type.name;
    default:
      return undefined;
  }
}

/** Types of the columns that a relation makes, for DISTINCT. */
function typeOf(node: BoundRelation, column: ColumnId): TypeName | undefined {
  const made = madeAs(node, column);
  if (made !== undefined) return made;
  for (const input of inputsOf(node)) {
    const type = typeOf(input, column);
    if (type !== undefined) return type;
  }
  return undefined;
}

/** All columns that a row of the relation has, as NULLs. */
function nulls(node: BoundRelation): Row {
  const row = new Map<ColumnId, RowValue>();
  const add = (columns: readonly { readonly column: ColumnId }[]): void => {
    for (const { column } of columns) row.set(column, null);
  };
  if ('columns' in node && node.op !== 'distinct') add(node.columns);
  if (node.op === 'get' && node.rowId >= 0) row.set(node.rowId, null);
  if (node.op === 'function' && node.ordinality >= 0) row.set(node.ordinality, null);
  if (node.op === 'window') add(node.functions);
  if (node.op === 'aggregate') for (const made of [node.keys, node.aggregates, node.grouping]) add(made);
  const inputs = node.op === 'with' ? [node.input] : node.op === 'setOperation' || node.op === 'recurse' ? [] : inputsOf(node);
  return new Map([...row, ...inputs.flatMap((input) => [...nulls(input)])]);
}

function join(node: BoundJoin, source: OracleSource, scope: Scope): Row[] {
  const { kind, condition } = node;
  const left = relationRows(node.left, source, scope);
  const right = node.lateral ? [] : relationRows(node.right, source, scope);
  const found = new Set<Row>();
  const rows = left.flatMap((row) => {
    const others = node.lateral ? relationRows(node.right, source, within(scope, row)) : right;
    const answers = others.map((other) => {
      const answer = condition === null ? true : evaluate(condition, within(scope, new Map([...row, ...other])));
      if (answer === true) found.add(other);
      return answer;
    });
    const matches = others.filter((_, index) => answers[index] === true);
    if (kind === 'semi' || kind === 'anti') return matches.length > 0 === (kind === 'semi') ? [row] : [];
    if (kind === 'mark')
      return [new Map([...row, [node.mark, matches.length > 0 ? true : answers.includes(null) ? null : false]])];
    if (kind === 'single' && matches.length > 1)
      throw new SqlError(SQLSTATE.cardinality_violation, 'more than one row returned by a subquery used as an expression');
    const keeps = kind === 'left' || kind === 'full' || kind === 'single';
    if (matches.length === 0 && keeps) return [new Map([...row, ...nulls(node.right)])];
    return matches.map((other) => new Map([...row, ...other]));
  });
  if (kind !== 'right' && kind !== 'full') return rows;
  const lonely = right.filter((other) => !found.has(other));
  return [...rows, ...lonely.map((other) => new Map([...nulls(node.left), ...other]))];
}

function setOperation(node: BoundSetOperation, source: OracleSource, scope: Scope): Row[] {
  const types = node.columns.map(({ type }) => type.name);
  const side = (input: BoundRelation, which: 'left' | 'right'): RowValue[][] =>
    relationRows(input, source, scope).map((row) => node.columns.map((column) => row.get(column[which]) as RowValue));
  const [left, right] = [side(node.left, 'left'), side(node.right, 'right')];
  /** Takes one row like this out of a list. */
  const take = (from: RowValue[][], values: RowValue[]): boolean => {
    const place = from.findIndex((other) => sameValues(types, values, other));
    if (place >= 0) from.splice(place, 1);
    return place >= 0;
  };
  const once = (rows: RowValue[][]): RowValue[][] => (node.all ? rows : unique(rows, types));
  const answers = {
    union: () => once([...left, ...right]),
    intersect: () => once(left).filter((values) => take(right, values)),
    except: () => {
      const rest = once(right);
      return once(left).filter((values) => !take(rest, values));
    },
  };
  return answers[node.kind]().map((values) => new Map(node.columns.map(({ column }, index) => [column, values[index]])));
}

const unique = (rows: readonly RowValue[][], types: readonly TypeName[]): RowValue[][] =>
  rows.filter((values, index) => rows.findIndex((other) => sameValues(types, values, other)) === index);

const ROUNDS_MAX = 10_000;

/** WITH RECURSIVE: rounds until one gives nothing new. */
function recurse(node: BoundRecurse, source: OracleSource, scope: Scope): Row[] {
  const types = node.columns.map(({ type }) => type.name);
  const taken = (rows: Row[], which: 'base' | 'step'): RowValue[][] =>
    rows.map((row) => node.columns.map((column) => row.get(column[which]) as RowValue));
  const named = (values: readonly RowValue[]): Row => new Map(node.columns.map(({ column }, index) => [column, values[index]]));
  const all: RowValue[][] = [];
  const news = (rows: RowValue[][]): RowValue[][] =>
    node.all ? rows : unique(rows, types).filter((values) => !all.some((other) => sameValues(types, values, other)));
  let last = news(taken(relationRows(node.base, source, scope), 'base'));
  for (let round = 0; last.length > 0; round++) {
    if (round > ROUNDS_MAX) throw new Error('the recursion does not end');
    all.push(...last);
    const rows = last.map(named);
    scope.named.set(`work ${node.work}`, () => rows);
    last = news(taken(relationRows(node.step, source, scope), 'step'));
  }
  return all.map(named);
}

/** WITH: each relation gives its rows when it is first read, and the same ones from then on. */
function define(node: BoundWith, source: OracleSource, scope: Scope): void {
  for (const { cte, relation } of node.definitions) {
    let rows: Row[] | null = relation.op === 'change' ? relationRows(relation, source, scope) : null;
    scope.named.set(`cte ${cte}`, () => (rows ??= relationRows(relation, source, scope)));
  }
}

function readNamed(node: BoundCteRef | BoundWorkTable, scope: Scope): Row[] {
  const rows = scope.named.get(node.op === 'cteRef' ? `cte ${node.cte}` : `work ${node.work}`);
  if (rows === undefined) throw new Error(`${node.alias} is not there`);
  return rows().map((row) => new Map(node.columns.map(({ column, source }) => [column, row.get(source) as RowValue])));
}

/** All rows of a relation, in its order. */
export function relationRows(node: BoundRelation, source: OracleSource, scope: Scope): Row[] {
  const input = () => relationRows((node as { input: BoundRelation }).input, source, scope);
  switch (node.op) {
    case 'get':
      return source.table(node.table).rows.map((stored, index) => {
        const row = useRow(node.columns, stored);
        for (const { column, attribute } of node.columns) if (attribute === TABLE_OID) row.set(column, node.table);
        if (node.rowId >= 0) row.set(node.rowId, index);
        return row;
      });
    case 'virtual':
      return source.virtualRows(node.name).map((stored) => useRow(node.columns, stored));
    case 'values':
      return node.rows.map((row) => {
        const values = row.map((item) => evaluate(item, scope));
        return new Map(node.columns.map(({ column }, index) => [column, values[index]]));
      });
    case 'filter':
      return input().filter((row) => evaluate(node.condition, within(scope, row)) === true);
    case 'project':
      return input().map((row) => {
        const added = node.columns.map(({ column, expression }) => [column, evaluate(expression, within(scope, row))] as const);
        return new Map([...row, ...added]);
      });
    case 'aggregate':
      return aggregation(node, input(), scope);
    case 'distinct': {
      const rows = input();
      const types = node.columns.map((column) => typeOf(node, column) as TypeName);
      const values = rows.map((row) => node.columns.map((column) => row.get(column) as RowValue));
      return rows.filter((_, index) => values.findIndex((other) => sameValues(types, values[index], other)) === index);
    }
    case 'sort':
      return sortBy(input(), node.keys, (row) => keysOf(node.keys, within(scope, row)));
    case 'limit': {
      const [limit, offset] = [countOf(node.limit, scope, 'LIMIT'), countOf(node.offset, scope, 'OFFSET') ?? 0];
      const rows = input();
      return limit === null ? rows.slice(offset) : rows.slice(offset, withTies(node, rows, offset + limit, limit > 0, scope));
    }
    case 'lock':
      return input();
    case 'join':
      return join(node, source, scope);
    case 'setOperation':
      return setOperation(node, source, scope);
    case 'with':
      define(node, source, scope);
      return input();
    case 'cteRef':
    case 'workTable':
      return readNamed(node, scope);
    case 'recurse':
      return recurse(node, source, scope);
    case 'change':
      return source.change(node.statement, scope).rows;
    case 'function':
      return functionRows(node, scope);
    case 'window':
      return windowRows(node, input(), scope);
  }
}

const FUNCTION_ROWS_MAX = 100_000;

function functionRows({ primitive, arguments: given, columns, ordinality }: BoundFunction, scope: Scope): Row[] {
  const values = given.map((argument) => evaluate(argument, scope));
  if (primitiveOf(primitive).strict && values.includes(null)) return [];
  const next = setFunctions[primitive](...values, ...(primitiveOf(primitive).context ? [scope.context] : []));
  const rows: Row[] = [];
  for (let value = next(); value !== undefined; value = next()) {
    if (rows.length > FUNCTION_ROWS_MAX) throw new Error('the function does not end');
    rows.push(
      new Map<ColumnId, RowValue>([
        [columns[0].column, value],
        ...(ordinality < 0 ? [] : [[ordinality, rows.length + 1] as const]),
      ]),
    );
  }
  return rows;
}

/** Where the rows end that agree with the last one before `end`. */
function withTies(node: BoundLimit, rows: readonly Row[], end: number, any: boolean, scope: Scope): number {
  if (node.ties.length === 0 || !any || end > rows.length) return end;
  const types = node.ties.map(({ expression }) => expression.type.name);
  const keys = (place: number): RowValue[] => keysOf(node.ties, within(scope, rows[place]));
  let last = end;
  while (last < rows.length && sameValues(types, keys(last), keys(end - 1))) last++;
  return last;
}
