/**
 * Casts of constants are done while binding, where the result depends on nothing else. An error of one is only raised when the
 * constant is a literal that is read as a value: others may stand in a branch that never runs (SBLR-E4).
 */

import type { BoundCall, BoundConstant, BoundExpression } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { withNullable } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import type { ValueContext } from '../../values/context.ts';
import { implementations } from '../../values/functions.ts';
import { SqlError, withPosition } from '../../../shm/errors.ts';
import type { BindState } from './state.ts';

/** Thrown by a context that is asked anything: the value is not the same for every session. */
class NeedsContext extends Error {}

const UNKNOWN_CONTEXT = new Proxy({} as ValueContext, {
  get() {
    throw new NeedsContext();
  },
});

export function callFolded(state: BindState, call: BoundCall, isLiteral = false): BoundExpression {
  if (!call.arguments.every((argument): argument is BoundConstant => argument.op === 'constant')) return call;
  const { strict, volatility, context } = primitiveOf(call.primitive);
  const run = implementations[call.primitive];
  if (run === undefined || volatility === 'volatile' || !strict) return call;
  const values: (RowValue | ValueContext)[] = call.arguments.map((argument) => (argument as BoundConstant).value);
  if (context) values.push(UNKNOWN_CONTEXT);
  try {
    const value = values.includes(null) ? null : run(...values);
    const node: BoundConstant = { op: 'constant', value, type: withNullable(call.type, value === null) };
    state.positions.set(node, call.at);
    return node;
  } catch (error) {
    if (error instanceof NeedsContext) return call;
    if (!(error instanceof SqlError)) throw error;
    if (isLiteral) throw withPosition(error, call.at);
    return call;
  }
}
