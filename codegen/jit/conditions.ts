/**
 * Conditions as branches (SBLR-V1): a label is left when the condition is not true, true, not false, or false. NULL is neither.
 *
 *   and   leave unless all are true:   one jump each           leave if all are true:  jump out of a block of jumps
 *   or    the same turned round        not   true and false change places
 */

import type { BoundExpression, BoundLogic } from '../../engine/sblr/bound.ts';
import type { Emitter } from './emitter.ts';
import { emitTest } from './expressions.ts';
import { OPERANDS_MAX, outlinedLogic } from './outlined.ts';

export type Leave = 'notTrue' | 'true' | 'notFalse' | 'false';

const TURNED: { readonly [leave in Leave]: Leave } = { notTrue: 'notFalse', notFalse: 'notTrue', true: 'false', false: 'true' };

/** Leaves `label` as `leave` says. */
export function emitJump(emitter: Emitter, condition: BoundExpression, leave: Leave, label: string): void {
  if (condition.op === 'not') {
    emitJump(emitter, condition.operand, TURNED[leave], label);
    return;
  }
  if ((condition.op === 'and' || condition.op === 'or') && condition.operands.length <= OPERANDS_MAX) {
    emitLogic(emitter, condition, leave, label);
    return;
  }
  const { yes, nil } =
    condition.op === 'and' || condition.op === 'or' ? outlinedLogic(emitter, condition) : emitTest(emitter, condition);
  emitter.emit(`if(${testOf(yes, nil, leave)})break ${label};`);
}

function testOf(yes: string, nil: string, leave: Leave): string {
  const never = nil === 'false';
  switch (leave) {
    case 'notTrue':
      return never ? `!(${yes})` : `${nil}||!(${yes})`;
    case 'true':
      return never ? yes : `!(${nil})&&(${yes})`;
    case 'notFalse':
      return never ? yes : `${nil}||(${yes})`;
    case 'false':
      return never ? `!(${yes})` : `!(${nil})&&!(${yes})`;
  }
}

function emitLogic(emitter: Emitter, { op, operands }: BoundLogic, leave: Leave, label: string): void {
  const each = op === 'and' ? leave === 'notTrue' || leave === 'false' : leave === 'true' || leave === 'notFalse';
  if (each) {
    for (const operand of operands) emitJump(emitter, operand, leave, label);
    return;
  }
  const block = emitter.name('L');
  // What an operand must be for the whole to be decided the other way.
  const inner: Leave = op === 'and' ? (leave === 'true' ? 'notTrue' : 'false') : leave === 'notTrue' ? 'true' : 'notFalse';
  emitter.emit(`${block}:{`);
  for (const operand of operands) emitJump(emitter, operand, inner, block);
  emitter.emit(`break ${label};}`);
}
