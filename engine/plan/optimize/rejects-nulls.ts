/** Which conditions are not true where certain columns are NULL: rows that an outer join has filled up do not satisfy them. */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';

type Columns = ReadonlyMap<ColumnId, unknown>;

/** True when the condition is false or NULL whenever all of `columns` are NULL. */
export function rejectsNulls(condition: BoundExpression, columns: Columns): boolean {
  switch (condition.op) {
    case 'and':
      return condition.operands.some((operand) => rejectsNulls(operand, columns));
    case 'or':
      return condition.operands.every((operand) => rejectsNulls(operand, columns));
    case 'isTest':
      return condition.test === 'null'
        ? condition.negated && isNullWith(condition.operand, columns)
        : condition.test !== 'unknown' && !condition.negated && isNullWith(condition.operand, columns);
    case 'constant':
      return condition.value !== true;
    default:
      return isNullWith(condition, columns);
  }
}

/** True when it is NULL whenever all of `columns` are. */
export function isNullWith(expression: BoundExpression, columns: Columns): boolean {
  switch (expression.op) {
    case 'column':
      return columns.has(expression.column);
    case 'constant':
      return expression.value === null;
    case 'call':
      return primitiveOf(expression.primitive).strict && expression.arguments.some((argument) => isNullWith(argument, columns));
    case 'not':
      return isNullWith(expression.operand, columns);
    case 'and':
    case 'or':
      return expression.operands.every((operand) => isNullWith(operand, columns));
    case 'in':
      return expression.list.length > 0 && isNullWith(expression.operand, columns);
    case 'coalesce':
      return expression.arguments.every((argument) => isNullWith(argument, columns));
    case 'let':
      return isNullWith(expression.body, columns);
    default:
      return false;
  }
}
