/** The direct evaluator of bound expressions: as plain as possible, for it says what rewrites, plans and generated code must answer. */

import type { BoundCall, BoundExpression, BoundIn, BoundRelation, BoundSubquery, ColumnId } from '../../engine/sblr/bound.ts';
import { primitiveOf } from '../../engine/sblr/primitives.ts';
import type { TypeName } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { comparisonFor } from '../../engine/values/compare-nested.ts';
import { implementations } from '../../engine/values/functions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';

/** What an expression sees: columns of a row, and what is the same for the whole statement. */
export interface Scope {
  readonly columns: ReadonlyMap<ColumnId, RowValue>;
  readonly locals: Map<number, RowValue>;
  readonly parameters: readonly RowValue[];
  readonly context: ValueContext;
  /** Rows of WITH's relations and of recursions that are going on. */
  readonly named: Map<string, () => readonly ReadonlyMap<ColumnId, RowValue>[]>;
  /** All rows of a relation. */
  readonly rowsOf: (relation: BoundRelation, scope: Scope) => readonly ReadonlyMap<ColumnId, RowValue>[];
}

export const over = (scope: Scope, columns: ReadonlyMap<ColumnId, RowValue>): Scope => ({ ...scope, columns });

function run(name: string, values: readonly RowValue[], scope: Scope): RowValue {
  const primitive = primitiveOf(name);
  if (primitive.strict && values.includes(null)) return null;
  const implementation = implementations[name];
  if (implementation === undefined) throw new Error(`${name} is not implemented`);
  return primitive.context ? implementation(...values, scope.context) : implementation(...values);
}

function call(node: BoundCall, scope: Scope): RowValue {
  const values = node.arguments.map((argument) => evaluate(argument, scope));
  try {
    return run(node.primitive, values, scope);
  } catch (error) {
    if (error instanceof SqlError && error.position === undefined)
      throw new SqlError(error.code, error.message, { position: node.at, hint: error.hint, cause: error });
    throw error;
  }
}

/** Three-valued: null is unknown. */
const compare = (name: string, left: RowValue, right: RowValue, scope: Scope): boolean | null =>
  left === null || right === null ? null : (run(name, [left, right], scope) as boolean | null);

function isIn(node: BoundIn, scope: Scope): RowValue {
  const operand = evaluate(node.operand, scope);
  let found: boolean | null = false;
  for (const item of node.list) {
    const equal = compare(node.equal, operand, evaluate(item, scope), scope);
    if (equal === true) return !node.negated;
    if (equal === null) found = null;
  }
  return found === null ? null : node.negated;
}

function logic(operands: readonly BoundExpression[], decides: boolean, scope: Scope): RowValue {
  let answer: RowValue = !decides;
  for (const operand of operands) {
    const value = evaluate(operand, scope);
    if (value === decides) return decides;
    if (value === null) answer = null;
  }
  return answer;
}

/** The relation's rows over what it reads of the block around it. */
function subquery(node: BoundSubquery, scope: Scope): RowValue {
  const outer = new Map(node.outer.map(({ column, expression }) => [column, evaluate(expression, scope)] as const));
  const rows = scope.rowsOf(node.relation, over(scope, outer));
  if (node.kind === 'exists') return rows.length > 0;
  if (node.kind === 'scalar') {
    if (rows.length > 1)
      throw new SqlError(SQLSTATE.cardinality_violation, 'more than one row returned by a subquery used as an expression');
    return rows.length === 0 ? null : (rows[0].get(node.columns[0]) as RowValue);
  }
  const answers = rows.map((row) => evaluate(node.condition as BoundExpression, over(scope, new Map([...outer, ...row]))));
  if (answers.includes(true)) return true;
  return answers.includes(null) ? null : false;
}

/** What constants decide whatever the rest is, which is not evaluated then; undefined: they do not. */
function decided(node: BoundExpression): RowValue | undefined {
  switch (node.op) {
    case 'constant':
      return node.value;
    case 'call':
      return primitiveOf(node.primitive).strict && node.arguments.some((argument) => decided(argument) === null)
        ? null
        : undefined;
    case 'and':
    case 'or':
      return node.operands.some((operand) => decided(operand) === (node.op === 'or')) ? node.op === 'or' : undefined;
    case 'not':
      return decided(node.operand) === null ? null : undefined;
    default:
      return undefined;
  }
}

export function evaluate(node: BoundExpression, scope: Scope): RowValue {
  const known = decided(node);
  if (known !== undefined) return known;
  switch (node.op) {
    case 'column': {
      const value = scope.columns.get(node.column);
      if (value === undefined) throw new Error(`column ${node.column} is not seen`);
      return value;
    }
    case 'parameter':
      return scope.parameters[node.index];
    case 'constant':
      return node.value;
    case 'local':
      return scope.locals.get(node.local) as RowValue;
    case 'call':
      return call(node, scope);
    case 'and':
      return logic(node.operands, false, scope);
    case 'or':
      return logic(node.operands, true, scope);
    case 'not': {
      const value = evaluate(node.operand, scope);
      return value === null ? null : !value;
    }
    case 'isTest': {
      const value = evaluate(node.operand, scope);
      const wanted = node.test === 'true' ? true : node.test === 'false' ? false : null;
      return (value === wanted) !== node.negated;
    }
    case 'isDistinct': {
      const [left, right] = [evaluate(node.left, scope), evaluate(node.right, scope)];
      const equal = left === null || right === null ? left === right : run(node.equal, [left, right], scope) === true;
      return !equal !== node.negated;
    }
    case 'case': {
      const branch = node.whens.find(({ condition }) => evaluate(condition, scope) === true);
      return evaluate(branch === undefined ? node.otherwise : branch.result, scope);
    }
    case 'coalesce':
      for (const argument of node.arguments) {
        const value = evaluate(argument, scope);
        if (value !== null) return value;
      }
      return null;
    case 'extreme': {
      const values = node.arguments.map((argument) => evaluate(argument, scope)).filter((value) => value !== null);
      if (values.length === 0) return null;
      return values.reduce((best, value) => {
        const [a, b] = node.kind === 'least' ? [value, best] : [best, value];
        return run(node.less, [a, b], scope) === true ? value : best;
      });
    }
    case 'in':
      return isIn(node, scope);
    case 'let':
      scope.locals.set(node.local, evaluate(node.value, scope));
      return evaluate(node.body, scope);
    case 'subquery':
      return subquery(node, scope);
    case 'subplan':
      throw new Error('a plan is no part of a bound module');
  }
}

/** Below 0, 0, above 0; NULL is equal to NULL and comes last. */
export function compareValues(type: TypeName, left: RowValue, right: RowValue): number {
  if (left === null || right === null) return Number(left === null) - Number(right === null);
  return (comparisonFor(type) as unknown as (a: RowValue, b: RowValue) => number)(left, right);
}
