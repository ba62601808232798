/**
 * The verifier's part for expressions (verify-bound.ts): columns are seen where they are read and have the type they were made with,
 * primitives exist and get arguments of their types, conditions are boolean, parameters and locals are there.
 */

import type { BoundExpression, BoundModule, BoundRelation, BoundSubquery, ColumnId, TableColumnUse } from './bound.ts';
import { findPrimitive, type Primitive } from './primitives.ts';
import { isObjectNumber, isPolymorphic, isRowType, type SqlType, type TypeName, withNullable } from './types.ts';
import { malformed } from './verify-source.ts';

/** Columns that are seen, with the types that they were made with. */
export type Columns = ReadonlyMap<ColumnId, SqlType>;

/** varchar and text are one and the same outside a row, numbers of objects too; json and jsonb are not. */
const plainName = (name: TypeName): TypeName => (name === 'varchar' ? 'text' : isObjectNumber(name) ? 'oid' : name);
const STRINGS: readonly TypeName[] = ['text', 'varchar', 'char', 'name'];
/** Casts without a primitive give a value another type's name: strings among themselves. */
const sameKind = (a: TypeName, b: TypeName): boolean =>
  plainName(a) === plainName(b) || (STRINGS.includes(a) && STRINGS.includes(b)) || (isRowType(a) && isRowType(b));

/** What a name may stand for; a window's functions are aggregates too. */
type CallKind = 'primitive' | 'aggregate' | 'window function' | 'function that gives rows';
function isOfKind({ aggregate, window, rows }: Primitive, kind: CallKind): boolean {
  if (kind === 'function that gives rows') return rows;
  return kind === 'primitive' ? !aggregate && !window && !rows : aggregate || (window && kind === 'window function');
}

export const NO_COLUMNS: Columns = new Map();
export const both = (a: Columns, b: Columns): Columns => (a.size === 0 ? b : new Map([...a, ...b]));

export abstract class ExpressionVerifier {
  private readonly parameters: readonly SqlType[];
  private readonly columns: number;
  private readonly locals = new Map<number, SqlType>();

  constructor(module: BoundModule) {
    this.parameters = module.parameters;
    this.columns = module.columns;
  }

  // ---- expressions ----

  protected expression(node: BoundExpression, seen: Columns): void {
    if (node.type.name === 'unknown' || isPolymorphic(node.type.name)) throw malformed(`${node.op} of type ${node.type.name}`);
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

  protected reference(made: SqlType | undefined, read: SqlType, what: string): void {
    if (made === undefined) throw malformed(`${what} is not seen here`);
    if (!sameKind(made.name, read.name)) throw malformed(`${what} is of type ${made.name}, read as ${read.name}`);
    if (made.nullable && !read.nullable) throw malformed(`${what} may be NULL, and is read as if it were not`);
  }

  protected alike(node: BoundExpression, type: SqlType, seen: Columns): void {
    this.expression(node, seen);
    if (!sameKind(node.type.name, type.name))
      throw malformed(`${node.op} of type ${node.type.name} where ${type.name} is expected`);
  }

  protected isBoolean({ op, type }: BoundExpression): void {
    if (type.name !== 'bool') throw malformed(`${op} of type ${type.name}`);
  }

  protected condition(node: BoundExpression, seen: Columns): void {
    this.expression(node, seen);
    this.isBoolean(node);
  }

  protected comparison(name: string, args: readonly BoundExpression[], seen: Columns): void {
    for (const argument of args) this.expression(argument, seen);
    const primitive = this.primitive(name, args.length, 'primitive');
    if (primitive.result !== 'bool') throw malformed(`${name} is no comparison`);
    this.argumentTypes(primitive, args);
  }

  protected primitive(name: string, count: number, kind: CallKind): Primitive {
    const found = findPrimitive(name);
    if (found === undefined || !isOfKind(found, kind)) throw malformed(`there is no ${kind} ${name}`);
    const least = found.variadic ? found.arguments.length - 1 : found.arguments.length;
    if (count < least || (!found.variadic && count > found.arguments.length)) throw malformed(`${name} with ${count} arguments`);
    return found;
  }

  protected argumentTypes(primitive: Primitive, args: readonly BoundExpression[]): void {
    for (const [index, argument] of args.entries()) {
      const wanted = primitive.arguments[Math.min(index, primitive.arguments.length - 1)];
      const given = argument.type.name;
      // A float4's value is a float8 as it stands.
      const isWidened = wanted === 'float8' && given === 'float4';
      if (!isPolymorphic(wanted) && !isWidened && !sameKind(wanted, given))
        throw malformed(`${primitive.name} takes ${wanted}, not ${given}`);
    }
  }

  protected call(name: string, args: readonly BoundExpression[], type: SqlType, seen: Columns, kind: CallKind): void {
    for (const argument of args) this.expression(argument, seen);
    const primitive = this.primitive(name, args.length, kind);
    this.argumentTypes(primitive, args);
    if (!isPolymorphic(primitive.result) && !sameKind(primitive.result, type.name))
      throw malformed(`${name} gives ${primitive.result}, not ${type.name}`);
  }

  // ---- columns ----

  /** Columns that a relation makes. `around`: those of the blocks around it that its expressions may read besides. */
  abstract relation(node: BoundRelation, around: Columns): Columns;

  protected add(columns: Map<ColumnId, SqlType>, column: ColumnId, type: SqlType): void {
    if (!Number.isInteger(column) || column < 0 || column >= this.columns) throw malformed(`column id ${column} is out of range`);
    if (columns.has(column)) throw malformed(`column ${column} is made twice`);
    columns.set(column, type);
  }

  protected uses(uses: readonly TableColumnUse[], columns = new Map<ColumnId, SqlType>()): Map<ColumnId, SqlType> {
    for (const { column, type } of uses) this.add(columns, column, type);
    return columns;
  }
}
