/**
 * Bound expressions evaluated as they stand, for values that are at hand: what statistics are gathered of, conditions held against
 * statistics, and statements that look at a few rows once (codegen/jit/interpreted.ts). Immutable primitives only, no subqueries.
 * All else is run by generated code, which is what is fast.
 */

import type { RowValue } from '../storage/rows/row-value.ts';
import { implementations } from '../values/functions.ts';
import type { BoundExpression, ColumnId } from './bound.ts';
import { primitiveOf } from './primitives.ts';

/** An expression, or a part of it, has no value here. */
export class NotInterpreted extends Error {}

export interface Interpreted {
  /** Value of a column; throws NotInterpreted where it has none. */
  column(id: ColumnId): RowValue;
  /** Of what is neither column nor operator: parameters and the like; undefined: not known. */
  known(node: BoundExpression): RowValue | undefined;
}

/** The value; NotInterpreted where it has none, and the errors of the primitives. */
export const interpret = (node: BoundExpression, values: Interpreted): RowValue => new Interpreter(values).of(node);

/** Says of a node what follows for its expression; undefined: it is looked at as any other. */
export type Known = (node: BoundExpression) => boolean | undefined;

const nothingKnown: Known = () => undefined;

/** Every call of it is one of an immutable primitive that needs nothing of the session. */
export function isInterpreted(node: BoundExpression, known: Known = nothingKnown): boolean {
  const said = known(node);
  if (said !== undefined) return said;
  const one = (inner: BoundExpression): boolean => isInterpreted(inner, known);
  const all = (nodes: readonly BoundExpression[]): boolean => nodes.every(one);
  switch (node.op) {
    case 'column':
    case 'constant':
    case 'local':
      return true;
    case 'call':
      return isPlain(node.primitive) && all(node.arguments);
    case 'and':
    case 'or':
      return all(node.operands);
    case 'not':
    case 'isTest':
      return one(node.operand);
    case 'isDistinct':
      return isPlain(node.equal) && all([node.left, node.right]);
    case 'in':
      return isPlain(node.equal) && all([node.operand, ...node.list]);
    case 'case':
      return all([...node.whens.flatMap(({ condition, result }) => [condition, result]), node.otherwise]);
    case 'coalesce':
      return all(node.arguments);
    case 'extreme':
      return isPlain(node.less) && all(node.arguments);
    case 'let':
      return all([node.value, node.body]);
    default:
      return false;
  }
}

function isPlain(primitive: string): boolean {
  const { context, volatility } = primitiveOf(primitive);
  return implementations[primitive] !== undefined && !context && volatility === 'immutable';
}

/** Evaluates one expression after the other. */
export class Interpreter {
  readonly #values: Interpreted;
  readonly #locals = new Map<number, RowValue>();
  /** Token ordinal of the call that was evaluated last, -1: it has none. */
  at = -1;

  constructor(values: Interpreted) {
    this.#values = values;
  }

  of(node: BoundExpression): RowValue {
    switch (node.op) {
      case 'column':
        return this.#values.column(node.column);
      case 'constant':
        return node.value;
      case 'call':
        return this.#called(node);
      case 'and':
      case 'or':
        return this.#logic(node.operands, node.op === 'or');
      case 'not': {
        const value = this.of(node.operand);
        return value === null ? null : value === false;
      }
      case 'isTest':
        return this.#test(node);
      case 'in':
        return this.#in(node);
      default:
        return this.#other(node);
    }
  }

  #other(node: BoundExpression): RowValue {
    switch (node.op) {
      case 'isDistinct': {
        const [left, right] = [this.of(node.left), this.of(node.right)];
        const same = left === null || right === null ? left === right : this.#call(node.equal, [left, right]) === true;
        return same === node.negated;
      }
      case 'case': {
        const when = node.whens.find(({ condition }) => this.of(condition) === true);
        return this.of(when?.result ?? node.otherwise);
      }
      case 'coalesce': {
        for (const one of node.arguments) {
          const value = this.of(one);
          if (value !== null) return value;
        }
        return null;
      }
      case 'extreme': {
        const values = node.arguments.map((one) => this.of(one)).filter((value) => value !== null);
        if (values.length === 0) return null;
        const isLess = (a: RowValue, b: RowValue): boolean => this.#call(node.less, [a, b]) === true;
        return values.reduce((best, one) => ((node.kind === 'least' ? isLess(one, best) : isLess(best, one)) ? one : best));
      }
      case 'let': {
        this.#locals.set(node.local, this.of(node.value));
        return this.of(node.body);
      }
      case 'local':
        return this.#locals.get(node.local) ?? null;
      default: {
        const known = this.#values.known(node);
        if (known === undefined) throw new NotInterpreted();
        return known;
      }
    }
  }

  #called({ primitive, arguments: nodes, at }: BoundExpression & { readonly op: 'call' }): RowValue {
    const given: RowValue[] = [];
    for (const node of nodes) given.push(this.of(node));
    return this.#call(primitive, given, at);
  }

  #call(name: string, given: readonly RowValue[], at = -1): RowValue {
    if (!isPlain(name)) throw new NotInterpreted();
    this.at = at;
    return primitiveOf(name).strict && given.includes(null) ? null : implementations[name](...given);
  }

  #logic(operands: readonly BoundExpression[], decides: boolean): RowValue {
    let result: RowValue = !decides;
    for (const operand of operands) {
      const value = this.of(operand);
      if (value === decides) return decides;
      if (value === null) result = null;
    }
    return result;
  }

  #test({ operand, test, negated }: BoundExpression & { readonly op: 'isTest' }): RowValue {
    const value = this.of(operand);
    const holds = test === 'null' || test === 'unknown' ? value === null : value === (test === 'true');
    return holds !== negated;
  }

  #in({ operand, list, equal, negated }: BoundExpression & { readonly op: 'in' }): RowValue {
    const value = this.of(operand);
    if (value === null) return null;
    let hasNull = false;
    for (const item of list) {
      const found = this.#call(equal, [value, this.of(item)]);
      if (found === true) return !negated;
      if (found === null) hasNull = true;
    }
    return hasNull ? null : negated;
  }
}
