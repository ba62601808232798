/**
 * What a bound module must satisfy besides its structure: columns are seen where they are read and have the type they were made with,
 * primitives exist and get arguments of their types, conditions are boolean, parameters and locals are there. The binder's tests
 * verify everything it makes; modules from elsewhere are verified before they are run.
 */

import type {
  BoundAggregate,
  BoundAggregation,
  BoundConflict,
  BoundExpression,
  BoundModule,
  BoundNewRow,
  BoundRelation,
  BoundSortKey,
  BoundSpread,
  BoundStatement,
  ColumnId,
  OutputColumn,
} from './bound.ts';
import type { BoundCteRef, BoundJoin, BoundWindow } from './bound-relations.ts';
import { type SqlType, sqlType, withNullable } from './types.ts';
import { both, type Columns, ExpressionVerifier, NO_COLUMNS } from './verify-expressions.ts';
import { malformed } from './verify-source.ts';

const nullable = (columns: Columns): Columns => new Map([...columns].map(([column, type]) => [column, withNullable(type, true)]));

class Verifier extends ExpressionVerifier {
  /** Columns of WITH's relations and of recursions that have been seen. */
  private readonly relations = new Map<string, Columns>();

  // ---- relations ----

  /** Columns that a relation makes. `around`: those of the blocks around it that its expressions may read besides. */
  relation(node: BoundRelation, around: Columns = NO_COLUMNS): Columns {
    switch (node.op) {
      case 'get': {
        const columns = this.uses(node.columns);
        if (node.rowId >= 0) this.add(columns, node.rowId, sqlType('int8', false));
        return columns;
      }
      case 'virtual':
        return this.uses(node.columns);
      case 'values':
        for (const row of node.rows) {
          if (row.length !== node.columns.length) throw malformed('a row of VALUES has another number of columns');
          for (const [index, item] of row.entries()) this.alike(item, node.columns[index].type, around);
        }
        return this.made(node.columns);
      case 'filter': {
        const seen = this.relation(node.input, around);
        this.condition(node.condition, both(around, seen));
        return seen;
      }
      case 'project': {
        const seen = this.relation(node.input, around);
        const columns = new Map(seen);
        for (const { column, expression } of node.columns) {
          this.expression(expression, both(around, seen));
          this.add(columns, column, expression.type);
        }
        return columns;
      }
      case 'aggregate':
        return this.aggregation(node, around);
      case 'distinct': {
        const seen = this.relation(node.input, around);
        for (const column of node.columns) if (!seen.has(column)) throw malformed(`column ${column} is not seen by DISTINCT`);
        return seen;
      }
      case 'sort': {
        const seen = this.relation(node.input, around);
        this.keys(node.keys, both(around, seen));
        return seen;
      }
      case 'limit': {
        const seen = this.relation(node.input, around);
        this.keys(node.ties, both(around, seen));
        for (const count of [node.limit, node.offset]) {
          if (count === null) continue;
          this.expression(count, around);
          if (count.type.name !== 'int8') throw malformed(`LIMIT of type ${count.type.name}`);
        }
        return seen;
      }
      case 'lock':
        return this.relation(node.input, around);
      case 'join':
        return this.join(node, around);
      case 'setOperation': {
        const left = this.relation(node.left, around);
        const right = this.relation(node.right, around);
        for (const one of node.columns) {
          this.kept(left.get(one.left), one.type, `column ${one.left}`);
          this.kept(right.get(one.right), one.type, `column ${one.right}`);
        }
        return this.made(node.columns);
      }
      case 'with':
        for (const { cte, relation } of node.definitions) this.relations.set(`cte ${cte}`, this.relation(relation, around));
        return this.relation(node.input, around);
      case 'cteRef':
        return this.taken(node.columns, this.relations.get(`cte ${node.cte}`), `WITH ${node.cte}`);
      case 'workTable':
        return this.taken(node.columns, this.relations.get(`work ${node.work}`), `recursion ${node.work}`);
      case 'recurse': {
        const base = this.relation(node.base, around);
        for (const one of node.columns) this.kept(base.get(one.base), one.type, `column ${one.base}`);
        const columns = this.made(node.columns);
        this.relations.set(`work ${node.work}`, columns);
        const step = this.relation(node.step, around);
        for (const one of node.columns) this.kept(step.get(one.step), one.type, `column ${one.step}`);
        return columns;
      }
      case 'function':
        for (const argument of node.arguments) this.expression(argument, around);
        this.argumentTypes(this.primitive(node.primitive, node.arguments.length, 'function that gives rows'), node.arguments);
        return node.ordinality < 0
          ? this.made(node.columns)
          : this.made([...node.columns, { column: node.ordinality, type: sqlType('int8', false) }]);
      case 'window':
        return this.window(node, around);
      case 'change':
        this.statement(node.statement);
        return this.made(node.statement.output);
    }
  }

  private made(made: readonly { readonly column: ColumnId; readonly type: SqlType }[]): Map<ColumnId, SqlType> {
    const columns = new Map<ColumnId, SqlType>();
    for (const { column, type } of made) this.add(columns, column, type);
    return columns;
  }

  /** A column goes on under another id: of the same kind, NULL only if that may be. */
  private kept(from: SqlType | undefined, to: SqlType, what: string): void {
    this.reference(from, to, what);
  }

  private taken(columns: BoundCteRef['columns'], from: Columns | undefined, what: string): Columns {
    if (from === undefined) throw malformed(`${what} is not seen here`);
    for (const { source, type } of columns) this.kept(from.get(source), type, `column ${source} of ${what}`);
    return this.made(columns);
  }

  private join(node: BoundJoin, around: Columns): Columns {
    const left = this.relation(node.left, around);
    const right = this.relation(node.right, node.lateral ? both(around, left) : around);
    for (const column of right.keys()) if (left.has(column)) throw malformed(`column ${column} is made twice`);
    if (node.condition !== null) this.condition(node.condition, both(around, both(left, right)));
    const { kind } = node;
    if (kind === 'semi' || kind === 'anti') return left;
    if (kind === 'mark') {
      const columns = new Map(left);
      this.add(columns, node.mark, sqlType('bool'));
      return columns;
    }
    const leftMayLack = kind === 'right' || kind === 'full';
    const rightMayLack = kind === 'left' || kind === 'full' || kind === 'single';
    return both(leftMayLack ? nullable(left) : left, rightMayLack ? nullable(right) : right);
  }

  private aggregation(node: BoundAggregation, around: Columns): Columns {
    const seen = both(around, this.relation(node.input, around));
    const columns = new Map<ColumnId, SqlType>();
    const everywhere = (key: number): boolean => node.sets.every(({ keys }) => keys.includes(key));
    for (const [index, { column, expression }] of node.keys.entries()) {
      this.expression(expression, seen);
      this.add(columns, column, everywhere(index) ? expression.type : withNullable(expression.type, true));
    }
    for (const aggregate of node.aggregates) {
      this.aggregate(aggregate, seen);
      this.add(columns, aggregate.column, aggregate.type);
    }
    for (const { column } of node.grouping) this.add(columns, column, sqlType('int4', false));
    for (const { keys } of [...node.sets, ...node.grouping])
      for (const key of keys) if (node.keys[key] === undefined) throw malformed(`there is no key ${key} to group by`);
    return columns;
  }

  private window(node: BoundWindow, around: Columns): Columns {
    const input = this.relation(node.input, around);
    const seen = both(around, input);
    for (const expression of node.partition) this.expression(expression, seen);
    this.keys(node.order, seen);
    const columns = new Map(input);
    for (const { column, primitive, arguments: given, filter, frame, type } of node.functions) {
      this.call(primitive, given, type, seen, 'window function');
      if (filter !== null) this.condition(filter, seen);
      for (const value of [frame.startValue, frame.endValue, frame.rangeKey]) if (value !== null) this.expression(value, seen);
      this.add(columns, column, type);
    }
    return columns;
  }

  private keys(keys: readonly BoundSortKey[], seen: Columns): void {
    for (const { expression } of keys) this.expression(expression, seen);
  }

  private aggregate(node: BoundAggregate, seen: Columns): void {
    this.call(node.primitive, node.arguments, node.type, seen, 'aggregate');
    this.keys(node.order, seen);
    if (node.filter !== null) this.condition(node.filter, seen);
  }

  // ---- statements ----

  private output(output: readonly OutputColumn[], seen: Columns): void {
    for (const { column, type, name } of output) this.reference(seen.get(column), type, `output column ${name}`);
  }

  private returning(
    {
      returning,
      output,
    }: {
      readonly returning: readonly { column: ColumnId; expression: BoundExpression }[];
      readonly output: readonly OutputColumn[];
    },
    seen: Columns,
  ): void {
    const columns = new Map(seen);
    for (const { column, expression } of returning) {
      this.expression(expression, seen);
      this.add(columns, column, expression.type);
    }
    this.output(output, columns);
  }

  /** The columns of the new row. */
  private newRow(node: BoundNewRow, seen: Columns): Columns {
    const row = this.uses(node.row);
    const all = new Map([...seen, ...row]);
    for (const { expression, type } of node.attributes) this.alike(expression, type, all);
    // Policies look at the row as it was, too.
    for (const { expression } of node.checks) this.condition(expression, all);
    return row;
  }

  private conflict({ existing, change, where }: BoundConflict, row: Columns): void {
    const met = this.uses(existing, new Map(row));
    if (change !== null) this.newRow(change, met);
    if (where !== null) this.condition(where, met);
  }

  private spread(node: BoundSpread): void {
    const seen = this.relation(node.source);
    if (node.rowId >= 0 && !seen.has(node.rowId)) throw malformed('a change without the row that it changes');
    let all = seen;
    for (const { condition, row, conflict, values } of node.branches) {
      if (condition !== null) this.condition(condition, seen);
      for (const value of values) this.expression(value, seen);
      if (row === null) continue;
      const columns = this.newRow(row, seen);
      if (conflict !== null) this.conflict(conflict, columns);
      all = both(all, columns);
    }
    this.returning(node, all);
  }

  statement(node: BoundStatement): void {
    switch (node.kind) {
      case 'query':
        return this.output(node.output, this.relation(node.root));
      case 'delete':
        return this.returning(node, this.relation(node.source));
      case 'update': {
        const seen = this.relation(node.source);
        return this.returning(node, both(seen, this.newRow(node.row, seen)));
      }
      case 'merge': {
        const seen = this.relation(node.source);
        if (!seen.has(node.rowId) || !seen.has(node.present)) throw malformed('MERGE without the row that it changes');
        for (const { condition, row } of node.whens) {
          if (condition !== null) this.condition(condition, seen);
          if (row !== null) this.newRow(row, seen);
        }
        return this.returning(node, seen);
      }
      case 'insert': {
        const row = this.newRow(node.row, this.relation(node.source));
        if (node.conflict !== null) this.conflict(node.conflict, row);
        return this.returning(node, row);
      }
      case 'spread':
        return this.spread(node);
      case 'explain':
        return this.statement(node.statement);
      case 'utility':
        return;
    }
  }
}

/** Throws 08P01 when a bound module cannot be run as it stands. */
export function verifyBound(module: BoundModule): void {
  const { clientParameters, parameters } = module;
  if (!Number.isInteger(clientParameters) || clientParameters < 0 || clientParameters > parameters.length)
    throw malformed('the number of client parameters does not fit');
  new Verifier(module).statement(module.statement);
}
