/**
 * IN: a few values are compared one by one; many become a set, made once a run, of canonical values (keys.ts).
 */

import type { BoundExpression, BoundIn } from '../../engine/sblr/bound.ts';
import { emitCallTest } from './calls.ts';
import { type Emitter, NotInPage } from './emitter.ts';
import { held, type Test } from './expressions.ts';
import { keyCode } from './keys.ts';
import { isWordType } from './value.ts';

/** Lists up to this length are compared one by one. */
const COMPARED_MAX = 8;

/** Where the values of a set come from: read once a run, without generated code. */
export type SetItem = { readonly parameter: number } | { readonly constant: unknown };

export interface ListSet {
  readonly items: readonly SetItem[];
  readonly type: BoundExpression['type'];
}

const itemOf = (expression: BoundExpression): SetItem | null =>
  expression.op === 'parameter'
    ? { parameter: expression.index }
    : expression.op === 'constant'
      ? { constant: expression.value }
      : null;

export function emitIn(emitter: Emitter, expression: BoundIn): Test {
  const { list, negated } = expression;
  const operand = held(emitter, expression.operand);
  if (operand.nil === 'true') return { yes: 'false', nil: 'true' };
  const items = list.map(itemOf);
  const set = list.length > COMPARED_MAX && items.every((item) => item !== null) && isKeyed(expression.operand);
  if (!set) return compared(emitter, expression, operand);
  if (!emitter.wide && !isWordType(operand.type)) throw new NotInPage();
  const type = expression.operand.type;
  const number = emitter.unit.constant({ items, type } satisfies ListSet, `${list.length} values`);
  const values = emitter.hoist(`set_${number}`, `c.setOf(${number})`);
  const has = `${values}.set.has(${keyCode(operand, emitter.unit.use)})`;
  const found = emitter.hold(operand.nil === 'false' ? has : `!(${operand.nil})&&${has}`);
  const nil = operand.nil === 'false' ? `(!${found}&&${values}.hasNull)` : `(${operand.nil}||!${found}&&${values}.hasNull)`;
  return { yes: negated ? `!${found}` : found, nil };
}

/** json has no equality; everything else has canonical values. */
const isKeyed = ({ type }: BoundExpression): boolean => type.name !== 'json' && type.name !== 'jsonb';

function compared(emitter: Emitter, expression: BoundIn, operand: ReturnType<typeof held>): Test {
  const found = emitter.name('v');
  const nil = emitter.name('n');
  const all = emitter.name('L');
  let nullable = operand.nil !== 'false';
  const lines = emitter.apart(() => {
    for (const item of expression.list) {
      const value = held(emitter, item);
      if (value.nil === 'true') {
        nullable = true;
        emitter.emit(`${nil}=true;`);
        continue;
      }
      const { yes, nil: isNull } = emitCallTest(
        emitter,
        { op: 'call', primitive: expression.equal, arguments: [expression.operand, item], type: expression.type, at: 0 },
        [{ ...operand, nil: 'false' }, value],
      );
      if (isNull === 'false') emitter.emit(`if(${yes}){${found}=true;break ${all};}`);
      else {
        nullable = true;
        emitter.emit(`if(${isNull})${nil}=true;else if(${yes}){${found}=true;${nullable ? `${nil}=false;` : ''}break ${all};}`);
      }
    }
  });
  const ifNull = operand.nil === 'false' ? '' : `if(${operand.nil}){${nil}=true;break ${all};}`;
  emitter.emit(`let ${found}=false,${nil}=false;${all}:{${ifNull}${lines}}`);
  // A NULL in the list counts only where nothing was found.
  const unknown = nullable ? `(${nil}&&!${found})` : 'false';
  return { yes: expression.negated ? `!${found}` : found, nil: unknown };
}
