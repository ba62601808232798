/**
 * Row values where they are compared: (a, b) < (c, d), (a, b) IN (...), IS [NOT] DISTINCT FROM, IS NULL. They are no values of their own
 * here: each becomes what it says about its fields.
 *
 *   (a, b) = (c, d)     a = c AND b = d
 *   (a, b) <> (c, d)    a <> c OR b <> d
 *   (a, b) < (c, d)     a <= c AND (a < c OR (a = c AND b < d)); the first part says nothing new, but an index can use it
 *   (a, b) IS NULL      a IS NULL AND b IS NULL
 */

import type { BoundExpression } from '../../sblr/bound.ts';
import type {
  SourceExpression,
  SourceInNode,
  SourceIsDistinctNode,
  SourceIsTestNode,
  SourceOperatorNode,
  SourceRowNode,
} from '../../sblr/source.gen.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { Clause } from './clause.ts';
import { logic, once } from './compare.ts';
import { fault, unsupported } from './errors.ts';
import { operatorCall } from './operators.ts';
import type { BindState } from './state.ts';

export const isRow = (source: SourceExpression): source is SourceRowNode => source.op === 'row';

/** How one pair of fields is bound, and how conditions are put together; the source form has what it takes for all of them. */
type BindField = (source: SourceExpression) => BoundExpression;

type Pair = readonly [left: SourceExpression, right: SourceExpression];

function pairsOf(left: SourceExpression, right: SourceExpression, at: number): Pair[] {
  if (!isRow(left) || !isRow(right)) throw unsupported('comparing a row with anything but a row written out is', at);
  if (left.items.length !== right.items.length)
    throw fault(SQLSTATE.syntax_error, 'unequal number of entries in row expressions', at);
  if (left.items.length === 0) throw unsupported('comparing rows of no fields is', at);
  return left.items.map((item, index) => [item, right.items[index]]);
}

const all = (at: number, operands: SourceExpression[]): SourceExpression =>
  operands.length === 1 ? operands[0] : { op: 'and', at, operands };
const some = (at: number, operands: SourceExpression[]): SourceExpression =>
  operands.length === 1 ? operands[0] : { op: 'or', at, operands };

function compared(at: number, operator: string, [left, right]: Pair): SourceExpression {
  return { op: 'operator', at, name: { op: 'name', at, parts: [operator], quoted: [true] }, left, right };
}

/** Names a field's value more than once; what has no type yet is bound anew each time, for the first use may say what it is. */
function onceField(
  source: SourceExpression,
  { state }: Clause,
  bind: BindField,
  body: (value: () => BoundExpression) => BoundExpression,
): BoundExpression {
  const value = bind(source);
  if (value.type.name === 'unknown') return body(() => bind(source));
  return once(state, value, (known) => body(() => known));
}

export type RowPair = readonly [left: BoundExpression, right: BoundExpression];

const COMPARISONS = ['equal', 'notEqual', 'less', 'lessOrEqual', 'greater', 'greaterOrEqual'] as const;

/** An operator between two lists of values that are there already. 42804, 0A000 */
export function compareRows(state: BindState, operator: string, pairs: readonly RowPair[], at: number): BoundExpression {
  const by = (name: string, [left, right]: RowPair): BoundExpression => {
    const call = operatorCall(state, name, [left, right], at);
    if (call.type.name === 'bool') return call;
    const type = shownType(call.type.name, state.semantics);
    throw fault(SQLSTATE.datatype_mismatch, `row comparison operator must yield type boolean, not type ${type}`, at);
  };
  const name = operator === '!=' ? state.semantics.comparison.notEqual : operator;
  const { comparison } = state.semantics;
  if (pairs.length === 1) return by(name, pairs[0]);
  if (name === comparison.equal || name === comparison.notEqual)
    return logic(
      name === comparison.equal ? 'and' : 'or',
      pairs.map((pair) => by(name, pair)),
    );
  if (!COMPARISONS.some((one) => comparison[one] === name)) {
    for (const pair of pairs) by(name, pair);
    throw unsupported(`the operator ${name} between rows is`, at, 'rows are compared by =, <>, <, <=, > and >=');
  }
  const isLess = name === comparison.less || name === comparison.lessOrEqual;
  const strict = isLess ? comparison.less : comparison.greater;
  const from = (index: number): BoundExpression => {
    const pair = pairs[index];
    if (index === pairs.length - 1) return by(name, pair);
    return logic('or', [by(strict, pair), logic('and', [by(comparison.equal, pair), from(index + 1)])]);
  };
  return from(0);
}

interface Order {
  readonly at: number;
  /** Of all pairs but the last. */
  readonly strict: string;
  /** What the first pair must fulfil in any case. */
  readonly wide: string;
  readonly last: string;
}

/** a < c OR (a = c AND (b < d OR ...)), the last pair by `last`. */
function ordered(order: Order, pairs: readonly Pair[], isFirst: boolean, clause: Clause, bind: BindField): BoundExpression {
  const { state } = clause;
  const [[left, right], ...rest] = pairs;
  if (rest.length === 0) return operatorCall(state, order.last, [bind(left), bind(right)], order.at);
  return onceField(left, clause, bind, (a) =>
    onceField(right, clause, bind, (b) => {
      const by = (operator: string): BoundExpression => operatorCall(state, operator, [a(), b()], order.at);
      const strict = by(order.strict);
      const equal = by(state.semantics.comparison.equal);
      const exact = logic('or', [strict, logic('and', [equal, ordered(order, rest, false, clause, bind)])]);
      return isFirst ? logic('and', [by(order.wide), exact]) : exact;
    }),
  );
}

/** An operator between two rows, by those between their fields. 42601, 0A000 */
export function bindRowOperator(source: SourceOperatorNode, operator: string, clause: Clause, bind: BindField): BoundExpression {
  const { comparison } = clause.state.semantics;
  const { at, left, right } = source;
  if (left === null) throw unsupported('an operator of one row is', at);
  const pairs = pairsOf(left, right, at);
  switch (operator) {
    case comparison.equal:
      return bind(
        all(
          at,
          pairs.map((pair) => compared(at, operator, pair)),
        ),
      );
    case comparison.notEqual:
    case '!=':
      return bind(
        some(
          at,
          pairs.map((pair) => compared(at, operator, pair)),
        ),
      );
    case comparison.less:
    case comparison.lessOrEqual:
    case comparison.greater:
    case comparison.greaterOrEqual: {
      const isLess = operator === comparison.less || operator === comparison.lessOrEqual;
      const [strict, wide] = isLess ? [comparison.less, comparison.lessOrEqual] : [comparison.greater, comparison.greaterOrEqual];
      return ordered({ at, strict, wide, last: operator }, pairs, true, clause, bind);
    }
    default:
      throw unsupported(`the operator ${operator} between rows is`, at, 'rows are compared by =, <>, <, <=, > and >=');
  }
}

/** Are two rows distinct: is a pair of their fields? */
export function bindRowDistinct(source: SourceIsDistinctNode, bind: BindField): BoundExpression {
  const { at, negated } = source;
  const fields = pairsOf(source.left, source.right, at).map(
    ([left, right]): SourceExpression => ({ op: 'isDistinct', at, left, right, negated }),
  );
  return bind(negated ? all(at, fields) : some(at, fields));
}

/** IS NULL: every field is; IS NOT NULL: none is. */
export function bindRowTest(source: SourceIsTestNode, row: SourceRowNode, bind: BindField): BoundExpression {
  const { at, test, negated } = source;
  if (test !== 'null')
    throw fault(SQLSTATE.datatype_mismatch, `argument of IS ${test.toUpperCase()} must be type boolean, not type record`, at);
  // A field that is a row is no NULL, whatever is in it.
  const fields = row.items.map(
    (operand): SourceExpression =>
      isRow(operand)
        ? { op: 'constant', at, kind: 'boolean', text: String(negated) }
        : { op: 'isTest', at, operand, test, negated },
  );
  return bind(fields.length === 0 ? { op: 'constant', at, kind: 'boolean', text: 'true' } : all(at, fields));
}

/** (a, b) IN ((c, d), ...): equal to one of them. */
export function bindRowIn(source: SourceInNode, clause: Clause, bind: BindField): BoundExpression {
  const { equal, notEqual } = clause.state.semantics.comparison;
  const { at, operand, list, negated } = source;
  const operator = negated ? notEqual : equal;
  const each = list.map((item) => compared(at, operator, [operand, item]));
  return bind(negated ? all(at, each) : some(at, each));
}
