/**
 * Paths into jsonb, followed: what a path gives is handed on item by item, until the receiver has enough. Lax paths take arrays apart and
 * single values as arrays where that helps, and pass over what is not there; strict ones fail. In a predicate a failure is unknown.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ValueContext } from './context.ts';
import { decimalOf, floorDecimal, formatDecimal } from './decimal.ts';
import { numericDivide, numericModulo } from './decimal-functions.ts';
import { numericAbs, numericAdd, numericMul, numericNegate, numericSub } from './decimal-short.ts';
import {
  eachValue,
  FALSE,
  itemAt,
  type JsonItem,
  memberOf,
  NULL,
  numberItem,
  sizeOfArray,
  stringItem,
  stringOf,
  textOfItem,
  TRUE,
} from './json-item.ts';
import { datetimeOf } from './json-path-dates.ts';
import { keyValues, numberOf, typeNameOf } from './json-path-methods.ts';
import { regexFlags } from './json-path-parse.ts';
import { type Accessor, ANY_LAST, type Arithmetic, type JsonPath, type Path, type PathNode } from './json-path-tree.ts';
import { compileRegex, matches } from './regex.ts';

import { compareItems } from './json-path-compare.ts';
import { PathFault } from './json-path-fault.ts';
const fault = (code: string, message: string): PathFault => new PathFault(code, message);

/** Takes an item; true: it has enough. */
export type Sink = (item: JsonItem) => boolean;
type Truth = boolean | null;

export class PathRun {
  readonly #root: JsonItem;
  readonly #variables: JsonItem | null;
  readonly #strict: boolean;
  readonly #context: ValueContext | null;
  /** Structure that does not fit is passed over. */
  #lenient: boolean;
  #current: JsonItem;
  #arraySize = -1;

  /** With a context, times with and without zones may be compared. */
  constructor({ strict }: JsonPath, root: string, variables: string | null, context: ValueContext | null) {
    this.#root = itemAt(root);
    this.#current = this.#root;
    this.#strict = strict;
    this.#lenient = !strict;
    this.#context = context;
    this.#variables = variables === null ? null : itemAt(variables);
    if (this.#variables !== null && this.#variables.kind !== 'object') {
      throw new SqlError(SQLSTATE.invalid_parameter_value, '"vars" argument is not an object', {
        detail: 'Jsonpath parameters should be encoded as key-value pairs of "vars" object.',
      });
    }
  }

  /** All items of a path. */
  items(path: Path, unwraps = false): JsonItem[] {
    const found: JsonItem[] = [];
    this.path(path, (item) => {
      if (unwraps && !this.#strict && item.kind === 'array') {
        eachValue(item, (value) => {
          found.push(value);
          return false;
        });
      } else found.push(item);
      return false;
    });
    return found;
  }

  /** Hands on what a path gives; whether the receiver had enough. */
  path(path: Path, sink: Sink): boolean {
    const { node, accessors } = path;
    const first: Sink = accessors.length === 0 ? sink : (item) => this.#follow(accessors, 0, item, !this.#strict, sink);
    switch (node.kind) {
      case 'root':
        return first(this.#root);
      case 'current':
        return first(this.#current);
      case 'literal':
        return first(literalItem(node));
      case 'variable':
        return first(this.#variable(node.name));
      case 'last':
        return first(numberItem(String(this.#arraySize - 1)));
      case 'arithmetic':
        return first(this.#calculated(node.operator, node.left, node.right));
      case 'unary':
        return this.#signed(node.operator, node.operand, first);
      default: {
        const truth = this.truth({ node, accessors: [] });
        return first(truth === null ? NULL : truth ? TRUE : FALSE);
      }
    }
  }

  #variable(name: string): JsonItem {
    const found = this.#variables === null ? null : memberOf(this.#variables, `${JSON.stringify(name)}:`);
    if (found === null) throw new SqlError(SQLSTATE.undefined_object, `could not find jsonpath variable "${name}"`);
    return found;
  }

  // ---- what comes behind a value ----

  /** `unwraps`: an array in place of what an accessor is for is taken apart. */
  #follow(accessors: readonly Accessor[], at: number, item: JsonItem, unwraps: boolean, sink: Sink): boolean {
    if (at === accessors.length) return sink(item);
    const accessor = accessors[at];
    const next = (value: JsonItem): boolean => this.#follow(accessors, at + 1, value, !this.#strict, sink);
    const apart = (): boolean => eachValue(item, (value) => this.#follow(accessors, at, value, false, sink));
    switch (accessor.kind) {
      case 'key': {
        if (item.kind === 'array' && unwraps) return apart();
        if (item.kind !== 'object')
          return this.#misfit(SQLSTATE.sql_json_member_not_found, 'jsonpath member accessor can only be applied to an object');
        const found = memberOf(item, accessor.quoted);
        if (found !== null) return next(found);
        return this.#misfit(SQLSTATE.sql_json_member_not_found, `JSON object does not contain key "${accessor.name}"`);
      }
      case 'anyKey':
        if (item.kind === 'object') return eachValue(item, next);
        if (item.kind === 'array' && unwraps) return apart();
        return this.#misfit(
          SQLSTATE.sql_json_object_not_found,
          'jsonpath wildcard member accessor can only be applied to an object',
        );
      case 'anyElement':
        if (item.kind === 'array') return eachValue(item, next);
        if (!this.#strict) return next(item);
        return this.#misfit(
          SQLSTATE.sql_json_array_not_found,
          'jsonpath wildcard array accessor can only be applied to an array',
        );
      case 'elements':
        return this.#elements(accessor.ranges, item, next);
      case 'any':
        return this.#deep(accessor.first, accessor.last, item, next);
      case 'filter': {
        if (item.kind === 'array' && unwraps) return apart();
        const outer = this.#current;
        this.#current = item;
        const truth = this.truth(accessor.test);
        this.#current = outer;
        return truth === true ? next(item) : false;
      }
      case 'method':
        return this.#method(accessor, item, unwraps ? apart : null, next);
    }
  }

  #misfit(code: string, message: string): false {
    if (this.#lenient) return false;
    throw fault(code, message);
  }

  #elements(ranges: readonly { from: Path; to: Path | null }[], item: JsonItem, next: Sink): boolean {
    const isArray = item.kind === 'array';
    if (!isArray && this.#strict)
      return this.#misfit(SQLSTATE.sql_json_array_not_found, 'jsonpath array accessor can only be applied to an array');
    const outer = this.#arraySize;
    const size = isArray ? sizeOfArray(item) : 1;
    this.#arraySize = size;
    for (const range of ranges) {
      const from = this.#index(range.from);
      const to = range.to === null ? from : this.#index(range.to);
      if (!this.#lenient && (from < 0 || from > to || to >= size))
        throw fault(SQLSTATE.invalid_sql_json_subscript, 'jsonpath array subscript is out of bounds');
      let place = 0;
      let enough = false;
      if (!isArray) enough = from <= 0 && to >= 0 && next(item);
      else
        eachValue(item, (value) => {
          if (place > to) return true;
          this.#arraySize = size;
          enough = place >= from && next(value);
          place++;
          return enough;
        });
      if (enough) {
        this.#arraySize = outer;
        return true;
      }
      this.#arraySize = size;
    }
    this.#arraySize = outer;
    return false;
  }

  #index(path: Path): number {
    const found = this.items(path);
    if (found.length !== 1 || found[0].kind !== 'number')
      throw fault(SQLSTATE.invalid_sql_json_subscript, 'jsonpath array subscript is not a single numeric value');
    const index = Math.trunc(Number(textOfItem(found[0])));
    if (index > 2147483647 || index < -2147483648)
      throw fault(SQLSTATE.invalid_sql_json_subscript, 'jsonpath array subscript is out of integer range');
    return index;
  }

  /** The item and what is in it, from one level to another; structure that does not fit is passed over. */
  #deep(first: number, last: number, item: JsonItem, next: Sink): boolean {
    const outer = this.#lenient;
    this.#lenient = true;
    try {
      if (first === 0 && next(item)) return true;
      return this.#below(1, first, last, item, next);
    } finally {
      this.#lenient = outer;
    }
  }
  #below(level: number, first: number, last: number, item: JsonItem, next: Sink): boolean {
    if (item.kind !== 'object' && item.kind !== 'array') return false;
    return eachValue(item, (value) => {
      const isLeaf = value.kind !== 'object' && value.kind !== 'array';
      const isWanted = level >= first || (first === ANY_LAST && last === ANY_LAST && isLeaf);
      if (isWanted && next(value)) return true;
      return level < last && this.#below(level + 1, first, last, value, next);
    });
  }

  #method({ name, argument }: Accessor & { kind: 'method' }, item: JsonItem, apart: (() => boolean) | null, next: Sink): boolean {
    if (name === 'type') return next(stringItem(typeNameOf(item)));
    if (name === 'size') {
      if (item.kind === 'array') return next(numberItem(String(sizeOfArray(item))));
      if (!this.#strict) return next(numberItem('1'));
      return this.#misfit(SQLSTATE.sql_json_array_not_found, 'jsonpath item method .size() can only be applied to an array');
    }
    if (item.kind === 'array' && apart !== null) return apart();
    switch (name) {
      case 'double':
        return next(numberItem(numberOf(item)));
      case 'datetime':
        return next(datetimeOf(item, argument, this.#context));
      case 'keyvalue': {
        if (item.kind !== 'object')
          throw fault(SQLSTATE.sql_json_object_not_found, 'jsonpath item method .keyvalue() can only be applied to an object');
        return keyValues(item, this.#root, next);
      }
      default: {
        if (item.kind !== 'number')
          throw fault(
            SQLSTATE.non_numeric_sql_json_item,
            `jsonpath item method .${name}() can only be applied to a numeric value`,
          );
        const text = textOfItem(item);
        return next(
          numberItem(name === 'abs' ? numericAbs(text) : formatDecimal(floorDecimal(decimalOf(text), name === 'ceiling'))),
        );
      }
    }
  }

  // ---- numbers ----

  #operand(path: Path, side: string, operator: Arithmetic): string {
    const found = this.items(path, true);
    if (found.length !== 1 || found[0].kind !== 'number') {
      const message = `${side} operand of jsonpath operator ${operator} is not a single numeric value`;
      throw fault(SQLSTATE.singleton_sql_json_item_required, message);
    }
    return textOfItem(found[0]);
  }
  #calculated(operator: Arithmetic, left: Path, right: Path): JsonItem {
    const a = this.#operand(left, 'left', operator);
    const b = this.#operand(right, 'right', operator);
    try {
      return numberItem(ARITHMETIC[operator](a, b));
    } catch (error) {
      throw error instanceof SqlError ? fault(error.code, error.message) : error;
    }
  }
  #signed(operator: '+' | '-', operand: Path, next: Sink): boolean {
    for (const item of this.items(operand, true)) {
      if (item.kind !== 'number')
        throw fault(SQLSTATE.sql_json_number_not_found, `operand of unary jsonpath operator ${operator} is not a numeric value`);
      if (next(operator === '+' ? item : numberItem(numericNegate(textOfItem(item))))) return true;
    }
    return false;
  }

  // ---- predicates ----

  truth({ node }: Path): Truth {
    switch (node.kind) {
      case 'and': {
        const left = this.truth(node.left);
        if (left === false) return false;
        const right = this.truth(node.right);
        return right === true ? left : right;
      }
      case 'or': {
        const left = this.truth(node.left);
        if (left === true) return true;
        const right = this.truth(node.right);
        return right === false ? left : right;
      }
      case 'not': {
        const truth = this.truth(node.operand);
        return truth === null ? null : !truth;
      }
      case 'unknown':
        return this.truth(node.operand) === null;
      case 'exists':
        return this.#orUnknown(() => (this.#strict ? this.items(node.operand).length > 0 : this.path(node.operand, () => true)));
      case 'compare':
        return this.#any(node.left, node.right, (a, b) => compareItems(node.operator, a, b, this.#context));
      case 'startsWith':
        return this.#any(node.left, node.right, (a, b) =>
          a.kind === 'string' && b.kind === 'string' ? stringOf(a).startsWith(stringOf(b)) : null,
        );
      case 'likeRegex': {
        const regex = compileRegex(node.pattern, regexFlags(node.flags));
        return this.#any(node.operand, null, (a) => (a.kind === 'string' ? matches(regex, stringOf(a)) : null));
      }
      default:
        return null;
    }
  }

  #orUnknown<Result>(run: () => Result): Result | null {
    const { current, lenient, arraySize } = { current: this.#current, lenient: this.#lenient, arraySize: this.#arraySize };
    try {
      return run();
    } catch (error) {
      if (!(error instanceof PathFault)) throw error;
      [this.#current, this.#lenient, this.#arraySize] = [current, lenient, arraySize];
      return null;
    }
  }

  /** Whether the test holds for some pair: strict paths want to know of each. */
  #any(left: Path, right: Path | null, test: (a: JsonItem, b: JsonItem) => Truth): Truth {
    const lefts = this.#orUnknown(() => this.items(left, true));
    if (lefts === null) return null;
    const rights = right === null ? ONE : this.#orUnknown(() => this.items(right, right.node.kind !== 'literal'));
    if (rights === null) return null;
    let unknown = false;
    let found = false;
    for (const a of lefts) {
      for (const b of rights) {
        const truth = test(a, b);
        if (truth === null) {
          if (this.#strict) return null;
          unknown = true;
        } else if (truth) {
          if (!this.#strict) return true;
          found = true;
        }
      }
    }
    return found ? true : unknown ? null : false;
  }
}

const ONE: readonly JsonItem[] = [NULL];

const ARITHMETIC: { readonly [operator in Arithmetic]: (a: string, b: string) => string } = {
  '+': numericAdd,
  '-': numericSub,
  '*': numericMul,
  '/': numericDivide,
  '%': numericModulo,
};

const literals = new WeakMap<PathNode, JsonItem>();
function literalItem(node: PathNode & { kind: 'literal' }): JsonItem {
  let item = literals.get(node);
  if (item === undefined) literals.set(node, (item = node.type === 'string' ? stringItem(node.text) : itemAt(node.text)));
  return item;
}
