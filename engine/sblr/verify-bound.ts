/**
 * What a bound module must satisfy besides its structure: columns are seen where they are read and have the type they were made with,
 * primitives exist and get arguments of their types, conditions are boolean, parameters and locals are there. The binder's tests
 * verify everything it makes; modules from elsewhere are verified before they are run.
 */

import type {
  BoundAggregate,
  BoundAggregation,
  BoundExpression,
  BoundModule,
  BoundNewRow,
  BoundRelation,
  BoundSortKey,
  BoundStatement,
  BoundSubquery,
  ColumnId,
  OutputColumn,
  TableColumnUse,
} from './bound.ts';
import { findPrimitive, type Primitive } from './primitives.ts';
import type { BoundCteRef, BoundJoin, BoundWindow } from './bound-relations.ts';
import { type SqlType, sqlType, type TypeName, withNullable } from './types.ts';
import { malformed } from './verify-source.ts';

type Columns = ReadonlyMap<ColumnId, SqlType>;

/** varchar and text are one and the same outside a row; json and jsonb are not. */
const plainName = (name: TypeName): TypeName => (name === 'varchar' ? 'text' : name);
const STRINGS: readonly TypeName[] = ['text', 'varchar', 'char', 'name'];
/** Casts without a primitive give a value another type's name: strings among themselves. */
const sameKind = (a: TypeName, b: TypeName): boolean =>
  plainName(a) === plainName(b) || (STRINGS.includes(a) && STRINGS.includes(b));

/** What a name may stand for; a window's functions are aggregates too. */
type CallKind = 'primitive' | 'aggregate' | 'window function' | 'function that gives rows';
function isOfKind({ aggregate, window, rows }: Primitive, kind: CallKind): boolean {
  if (kind === 'function that gives rows') return rows;
  return kind === 'primitive' ? !aggregate && !window && !rows : aggregate || (window && kind === 'window function');
}

const NO_COLUMNS: Columns = new Map();
const both = (a: Columns, b: Columns): Columns => (a.size === 0 ? b : new Map([...a, ...b]));
const nullable = (columns: Columns): Columns => new Map([...columns].map(([column, type]) => [column, withNullable(type, true)]));

class Verifier {
  private readonly parameters: readonly SqlType[];
  private readonly columns: number;
  private readonly locals = new Map<number, SqlType>();
  /** Columns of WITH's relations and of recursions that have been seen. */
  private readonly relations = new Map<string, Columns>();

  constructor(module: BoundModule) {
    this.parameters = module.parameters;
    this.columns = module.columns;
  }

  // ---- expressions ----

  expression(node: BoundExpression, seen: Columns): void {
    if (node.type.name === 'unknown' || node.type.name === 'any') throw malformed(`${node.op} of type ${node.type.name}`);
    switch (node.op) {
      case 'column':
        return this.reference(seen.get(node.column), node.type, `column ${node.column}`);
      case 'parameter':
        return this.reference(this.parameters[node.index], node.type, `parameter ${node.index}`);
      case 'local':
        return this.reference(this.locals.get(node.local), node.type, `local ${node.local}`);
      case 'constant':
        if (node.value === null && !node.type.nullable) throw malformed('NULL of a type that is never NULL');
        return;
      case 'call':
        return this.call(node.primitive, node.arguments, node.type, seen, 'primitive');
      case 'and':
      case 'or':
        for (const operand of node.operands) this.condition(operand, seen);
        return this.isBoolean(node);
      case 'not':
        this.condition(node.operand, seen);
        return this.isBoolean(node);
      case 'isTest':
        if (node.test === 'null') this.expression(node.operand, seen);
        else this.condition(node.operand, seen);
        return this.isBoolean(node);
      case 'isDistinct':
        this.comparison(node.equal, [node.left, node.right], seen);
        return this.isBoolean(node);
      case 'in':
        for (const item of node.list) this.comparison(node.equal, [node.operand, item], seen);
        return this.isBoolean(node);
      case 'case':
        for (const { condition, result } of node.whens) {
          this.condition(condition, seen);
          this.alike(result, node.type, seen);
        }
        return this.alike(node.otherwise, node.type, seen);
      case 'coalesce':
        for (const argument of node.arguments) this.alike(argument, node.type, seen);
        return;
      case 'extreme':
        for (const argument of node.arguments) this.alike(argument, node.type, seen);
        return this.comparison(node.less, [node.arguments[0], node.arguments[0]], seen);
      case 'let':
        this.expression(node.value, seen);
        this.locals.set(node.local, node.value.type);
        return this.alike(node.body, node.type, seen);
      case 'subquery':
        return this.subquery(node, seen);
      case 'subplan':
        throw malformed('a plan inside a bound module');
    }
  }

  private subquery(node: BoundSubquery, seen: Columns): void {
    const around = new Map<ColumnId, SqlType>();
    for (const { column, expression } of node.outer) {
      this.expression(expression, seen);
      this.add(around, column, expression.type);
    }
    const columns = this.relation(node.relation, around);
    for (const column of node.columns) if (!columns.has(column)) throw malformed(`column ${column} is not made by the subquery`);
    if (node.kind !== 'scalar') this.isBoolean(node);
    else this.reference(columns.get(node.columns[0]), withNullable(node.type, true), `column ${node.columns[0]}`);
    if (node.condition !== null) this.condition(node.condition, both(around, columns));
    else if (node.kind === 'any') throw malformed('ANY without a condition');
  }

  private reference(made: SqlType | undefined, read: SqlType, what: string): void {
    if (made === undefined) throw malformed(`${what} is not seen here`);
    if (!sameKind(made.name, read.name)) throw malformed(`${what} is of type ${made.name}, read as ${read.name}`);
    if (made.nullable && !read.nullable) throw malformed(`${what} may be NULL, and is read as if it were not`);
  }

  private alike(node: BoundExpression, type: SqlType, seen: Columns): void {
    this.expression(node, seen);
    if (!sameKind(node.type.name, type.name))
      throw malformed(`${node.op} of type ${node.type.name} where ${type.name} is expected`);
  }

  private isBoolean({ op, type }: BoundExpression): void {
    if (type.name !== 'bool') throw malformed(`${op} of type ${type.name}`);
  }

  condition(node: BoundExpression, seen: Columns): void {
    this.expression(node, seen);
    this.isBoolean(node);
  }

  private comparison(name: string, args: readonly BoundExpression[], seen: Columns): void {
    for (const argument of args) this.expression(argument, seen);
    const primitive = this.primitive(name, args.length, 'primitive');
    if (primitive.result !== 'bool') throw malformed(`${name} is no comparison`);
    this.argumentTypes(primitive, args);
  }

  private primitive(name: string, count: number, kind: CallKind): Primitive {
    const found = findPrimitive(name);
    if (found === undefined || !isOfKind(found, kind)) throw malformed(`there is no ${kind} ${name}`);
    const least = found.variadic ? found.arguments.length - 1 : found.arguments.length;
    if (count < least || (!found.variadic && count > found.arguments.length)) throw malformed(`${name} with ${count} arguments`);
    return found;
  }

  private argumentTypes(primitive: Primitive, args: readonly BoundExpression[]): void {
    for (const [index, argument] of args.entries()) {
      const wanted = primitive.arguments[Math.min(index, primitive.arguments.length - 1)];
      const given = argument.type.name;
      // A float4's value is a float8 as it stands.
      const isWidened = wanted === 'float8' && given === 'float4';
      if (wanted !== 'any' && !isWidened && !sameKind(wanted, given))
        throw malformed(`${primitive.name} takes ${wanted}, not ${given}`);
    }
  }

  private call(name: string, args: readonly BoundExpression[], type: SqlType, seen: Columns, kind: CallKind): void {
    for (const argument of args) this.expression(argument, seen);
    const primitive = this.primitive(name, args.length, kind);
    this.argumentTypes(primitive, args);
    if (primitive.result !== 'any' && !sameKind(primitive.result, type.name))
      throw malformed(`${name} gives ${primitive.result}, not ${type.name}`);
  }

  // ---- relations ----

  private add(columns: Map<ColumnId, SqlType>, column: ColumnId, type: SqlType): void {
    if (!Number.isInteger(column) || column < 0 || column >= this.columns) throw malformed(`column id ${column} is out of range`);
    if (columns.has(column)) throw malformed(`column ${column} is made twice`);
    columns.set(column, type);
  }

  private uses(uses: readonly TableColumnUse[], columns = new Map<ColumnId, SqlType>()): Map<ColumnId, SqlType> {
    for (const { column, type } of uses) this.add(columns, column, type);
    return columns;
  }

  /** Columns that a relation makes. `around`: those of the blocks around it that its expressions may read besides. */
  relation(node: BoundRelation, around: Columns = NO_COLUMNS): Columns {
    switch (node.op) {
      case 'get':
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
    for (const { expression } of node.checks) this.condition(expression, row);
    return row;
  }

  statement(node: BoundStatement): void {
    switch (node.kind) {
      case 'query':
        return this.output(node.output, this.relation(node.root));
      case 'delete':
        return this.returning(node, this.relation(node.source));
      case 'update':
        return this.returning(node, this.newRow(node.row, this.relation(node.source)));
      case 'insert': {
        const row = this.newRow(node.row, this.relation(node.source));
        if (node.conflict !== null) {
          const { existing, change, where } = node.conflict;
          const met = this.uses(existing, new Map(row));
          if (change !== null) this.newRow(change, met);
          if (where !== null) this.condition(where, met);
        }
        return this.returning(node, row);
      }
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
