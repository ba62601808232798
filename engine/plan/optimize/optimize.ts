/**
 * The optimizer: bound form -> physical plan. Conditions go down to their source, sources are chosen by cost, columns that nobody
 * reads are left out, a limit above a sort becomes TopN, a sort that an index has done already is spared.
 *
 *   relation  --plan(needed columns, wanted order, rows wanted)-->  node, and whether it comes in that order
 */

import type { CatalogTable } from '../../catalog/objects.ts';
import type {
  BoundDelete,
  BoundExpression,
  BoundInsert,
  BoundNewRow,
  BoundQuery,
  BoundRelation,
  BoundSortKey,
  BoundStatement,
  BoundUpdate,
  ColumnId,
} from '../../sblr/bound.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import type { PhysicalNode, PhysicalStatement, Sort } from '../physical.ts';
import { chooseAccess, type TableSizes } from './access-path.ts';
import { collectColumns, columnsOf, conjuncts, isVolatile, withSortColumns } from './columns.ts';
import { estimatedValue } from './estimated-value.ts';
import { type ColumnInfo, conditionsFraction, distinctValues } from './selectivity.ts';
import { simplifyStatement } from './simplify.ts';

export interface OptimizeEnvironment {
  table(id: number): CatalogTable;
  /** Rows and pages as of now; an estimate. */
  size(table: CatalogTable): TableSizes;
  /** Value of a parameter slot if planning may look at it (literals of the text at hand); undefined otherwise. */
  parameter(index: number): RowValue | undefined;
}

interface Planned {
  readonly node: PhysicalNode;
  readonly ordered: boolean;
  /** What is known of the columns of the one table below. */
  readonly info: ColumnInfo | null;
}

interface Wanted {
  readonly needed: ReadonlySet<ColumnId>;
  readonly order: readonly BoundSortKey[];
  readonly rows: number;
}

/** Plans a statement that is compiled: queries and changes. */
export function optimize(
  statement: BoundQuery | BoundInsert | BoundUpdate | BoundDelete,
  environment: OptimizeEnvironment,
): PhysicalStatement {
  return new Optimizer(environment).statement(statement);
}

/** True for statements that have a plan. */
export const isPlanned = (statement: BoundStatement): statement is BoundQuery | BoundInsert | BoundUpdate | BoundDelete =>
  statement.kind !== 'utility' && statement.kind !== 'explain';

const ANY_ORDER: readonly BoundSortKey[] = [];
const ROW = 0.01;
const GROUP = 0.05;
/** Rows that a LIMIT stands for whose value is not known. */
const LIMIT_GUESS = 100;

class Optimizer {
  readonly #environment: OptimizeEnvironment;

  constructor(environment: OptimizeEnvironment) {
    this.#environment = environment;
  }

  statement(given: BoundQuery | BoundInsert | BoundUpdate | BoundDelete): PhysicalStatement {
    const statement = simplifyStatement(given);
    switch (statement.kind) {
      case 'query': {
        const needed = new Set(statement.output.map(({ column }) => column));
        const { node } = this.#plan(statement.root, { needed, order: ANY_ORDER, rows: Number.POSITIVE_INFINITY });
        return { kind: 'query', root: node, output: statement.output };
      }
      case 'insert': {
        const source = this.#all(statement.source, columnsOfRow(statement.row));
        const { table, row, conflict, returning, output } = statement;
        return { kind: 'insert', table, source, row, conflict, returning, output, estimate: source.estimate };
      }
      case 'update': {
        const needed = columnsOfRow(statement.row);
        needed.add(statement.rowId);
        for (const { expression } of statement.returning) collectColumns(expression, needed);
        for (const { column } of statement.output) needed.add(column);
        const source = this.#all(statement.source, needed);
        const { table, rowId, row, changed, returning, output } = statement;
        return { kind: 'update', table, source, rowId, row, changed, returning, output, estimate: source.estimate };
      }
      case 'delete': {
        const needed = new Set<ColumnId>([statement.rowId]);
        for (const { expression } of statement.returning) collectColumns(expression, needed);
        // What is returned unchanged is a column of the source.
        for (const { column } of statement.output) needed.add(column);
        const source = this.#all(statement.source, needed);
        const { table, rowId, returning, output } = statement;
        return { kind: 'delete', table, source, rowId, returning, output, estimate: source.estimate };
      }
    }
  }

  #all(relation: BoundRelation, needed: ReadonlySet<ColumnId>): PhysicalNode {
    return this.#plan(relation, { needed, order: ANY_ORDER, rows: Number.POSITIVE_INFINITY }).node;
  }

  /** What planning knows of an expression's value. */
  #known = (expression: BoundExpression): RowValue | undefined => {
    if (expression.op === 'constant') return expression.value;
    if (expression.op !== 'parameter') return undefined;
    const value = this.#environment.parameter(expression.index);
    return typeof value === 'string' ? estimatedValue(value, expression.type) : value;
  };

  #plan(relation: BoundRelation, wanted: Wanted): Planned {
    switch (relation.op) {
      case 'get':
      case 'virtual':
        return this.#source(relation, [], wanted);
      case 'values': {
        const columns = relation.columns;
        const estimate = { rows: relation.rows.length, cost: relation.rows.length * ROW };
        return {
          node: { node: 'ValuesScan', columns, rows: relation.rows, estimate },
          ordered: relation.rows.length <= 1,
          info: null,
        };
      }
      case 'filter':
        return this.#filter(relation, wanted);
      case 'project':
        return this.#project(relation, wanted);
      case 'aggregate':
        return this.#aggregate(relation);
      case 'distinct':
        return this.#distinct(relation, wanted);
      case 'sort':
        return this.#sort(relation, wanted);
      case 'limit':
        return this.#limit(relation, wanted);
      case 'lock':
        return this.#lock(relation, wanted);
      default:
        throw new SqlError(SQLSTATE.feature_not_supported, `${relation.op} is not supported`);
    }
  }

  #source(relation: BoundRelation & { op: 'get' | 'virtual' }, conditions: readonly BoundExpression[], wanted: Wanted): Planned {
    if (relation.op === 'virtual') {
      const filter = conditions.length === 0 ? null : all(conditions);
      const read = columnsOf(filter);
      const columns = relation.columns.filter(({ column }) => wanted.needed.has(column) || read.has(column));
      const { name, alias } = relation;
      return {
        node: { node: 'CatalogScan', name, alias, columns, filter, estimate: { rows: 100, cost: 50 } },
        ordered: false,
        info: null,
      };
    }
    const table = this.#environment.table(relation.table);
    const { source, ordered, info } = chooseAccess({
      get: relation,
      table,
      size: this.#environment.size(table),
      conditions,
      needed: wanted.needed,
      order: wanted.order,
      rowsWanted: wanted.rows,
      known: this.#known,
    });
    return { node: source, ordered, info };
  }

  #filter(relation: BoundRelation & { op: 'filter' }, wanted: Wanted): Planned {
    const conditions = conjuncts(relation.condition);
    let input = relation.input;
    // A filter above a filter is one; above a source it belongs to the source.
    while (input.op === 'filter') {
      conditions.unshift(...conjuncts(input.condition));
      input = input.input;
    }
    if (input.op === 'get' || input.op === 'virtual') return this.#source(input, conditions, wanted);
    const needed = new Set(wanted.needed);
    collectColumns(relation.condition, needed);
    const below = this.#plan(input, { ...wanted, needed, rows: Number.POSITIVE_INFINITY });
    const condition = all(conditions);
    const { rows, cost } = below.node.estimate;
    const fraction = below.info === null ? 0.5 : conditionsFraction(below.info, conditions);
    const estimate = { rows: rows * fraction, cost: cost + rows * ROW };
    return { ...below, node: { node: 'Filter', input: below.node, condition, estimate } };
  }

  #project(relation: BoundRelation & { op: 'project' }, wanted: Wanted): Planned {
    const columns = relation.columns.filter(({ column, expression }) => wanted.needed.has(column) || isVolatile(expression));
    const own = new Map(relation.columns.map(({ column, expression }) => [column, expression]));
    const needed = new Set([...wanted.needed].filter((column) => !own.has(column)));
    for (const { expression } of columns) collectColumns(expression, needed);
    // An order by a computed column is one of the input where the column only passes through.
    const order = wanted.order.map((key) =>
      key.expression.op === 'column' && own.has(key.expression.column)
        ? { ...key, expression: own.get(key.expression.column) as BoundExpression }
        : key,
    );
    const below = this.#plan(relation.input, { needed, order, rows: wanted.rows });
    if (columns.length === 0) return below;
    const { rows, cost } = below.node.estimate;
    return { ...below, node: { node: 'Compute', input: below.node, columns, estimate: { rows, cost: cost + rows * ROW } } };
  }

  #aggregate(relation: BoundRelation & { op: 'aggregate' }): Planned {
    const needed = new Set<ColumnId>();
    for (const { expression } of relation.keys) collectColumns(expression, needed);
    for (const { arguments: given, filter, order } of relation.aggregates) {
      for (const expression of given) collectColumns(expression, needed);
      if (filter !== null) collectColumns(filter, needed);
      for (const { expression } of order) collectColumns(expression, needed);
    }
    const below = this.#plan(relation.input, { needed, order: ANY_ORDER, rows: Number.POSITIVE_INFINITY });
    const { rows, cost } = below.node.estimate;
    const { info } = below;
    let groups = 1;
    for (const { expression } of relation.keys) groups *= info === null ? 200 : distinctValues(info, expression);
    const estimate = { rows: Math.max(1, Math.min(rows, groups)), cost: cost + rows * GROUP };
    const { keys, aggregates } = relation;
    return { node: { node: 'HashAggregate', input: below.node, keys, aggregates, estimate }, ordered: false, info: null };
  }

  #distinct(relation: BoundRelation & { op: 'distinct' }, wanted: Wanted): Planned {
    const needed = new Set([...wanted.needed, ...relation.columns]);
    const below = this.#plan(relation.input, { needed, order: wanted.order, rows: Number.POSITIVE_INFINITY });
    const { rows, cost } = below.node.estimate;
    const estimate = { rows: Math.max(1, rows / 2), cost: cost + rows * GROUP };
    // The first row of each comes through in the order of the input.
    return { ...below, node: { node: 'HashDistinct', input: below.node, columns: relation.columns, estimate } };
  }

  #sort(relation: BoundRelation & { op: 'sort' }, wanted: Wanted): Planned {
    const below = this.#plan(relation.input, {
      needed: withSortColumns(relation.keys, wanted.needed),
      order: relation.keys,
      rows: wanted.rows,
    });
    if (below.ordered) return below;
    return { ...below, node: sortOf(below.node, relation.keys), ordered: true };
  }

  #limit(relation: BoundRelation & { op: 'limit' }, wanted: Wanted): Planned {
    const { limit, offset } = relation;
    const wants =
      limit === null
        ? Number.POSITIVE_INFINITY
        : this.#number(limit, LIMIT_GUESS) + (offset === null ? 0 : this.#number(offset, 0));
    const below = this.#plan(relation.input, { ...wanted, rows: wants });
    const { node } = below;
    const rows = Math.min(node.estimate.rows, wants);
    if (limit !== null && node.node === 'Sort') {
      const estimate = { rows, cost: node.input.estimate.cost + node.input.estimate.rows * ROW };
      return { ...below, node: { node: 'TopN', input: node.input, keys: node.keys, limit, offset, estimate } };
    }
    return { ...below, node: { node: 'LimitCount', input: node, limit, offset, estimate: { rows, cost: node.estimate.cost } } };
  }

  #number(expression: BoundExpression, guess: number): number {
    const value = this.#known(expression);
    return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : guess;
  }

  #lock(relation: BoundRelation & { op: 'lock' }, wanted: Wanted): Planned {
    const needed = new Set([...wanted.needed, relation.rowId]);
    const below = this.#plan(relation.input, { ...wanted, needed });
    const { table, rowId, strength, wait } = relation;
    const { rows, cost } = below.node.estimate;
    return {
      ...below,
      node: { node: 'LockRow', input: below.node, table, rowId, strength, wait, estimate: { rows, cost: cost + rows } },
    };
  }
}

const all = (conditions: readonly BoundExpression[]): BoundExpression =>
  conditions.length === 1 ? conditions[0] : { op: 'and', operands: conditions, type: conditions[0].type };

function sortOf(input: PhysicalNode, keys: readonly BoundSortKey[]): Sort {
  const { rows, cost } = input.estimate;
  return { node: 'Sort', input, keys, estimate: { rows, cost: cost + rows * 0.08 * Math.log2(rows + 2) } };
}

/** Columns of the source that a new row's expressions read; its own columns are made by it. */
function columnsOfRow(row: BoundNewRow): Set<ColumnId> {
  const needed = new Set<ColumnId>();
  for (const { expression } of row.attributes) collectColumns(expression, needed);
  for (const { expression } of row.checks) collectColumns(expression, needed);
  for (const { column } of row.row) needed.delete(column);
  return needed;
}
