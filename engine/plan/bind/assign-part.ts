/** SET column[1].field = value: the column with one part of it changed. */

import type { BoundExpression } from '../../sblr/bound.ts';
import type { SourceExpression, SourceFieldNode, SourceSubscriptNode } from '../../sblr/source.gen.ts';
import type { SqlType } from '../../sblr/types.ts';
import { assignedArray, bindSubscripts, itemOf } from './arrays.ts';
import type { Clause } from './clause.ts';
import { castAssign } from './coerce.ts';
import { fieldNamed, withField } from './records.ts';

/** From the column to the part: brackets that stand together are one step. */
type Step = { readonly field: SourceFieldNode } | { readonly chain: readonly SourceSubscriptNode[] };

function stepsOf(path: SourceExpression): Step[] {
  const steps: Step[] = [];
  let node = path;
  while (node.op === 'field' || node.op === 'subscript') {
    const [first] = steps;
    if (node.op === 'field') steps.unshift({ field: node });
    else if (first !== undefined && 'chain' in first) steps[0] = { chain: [node, ...first.chain] };
    else steps.unshift({ chain: [node] });
    node = node.operand;
  }
  return steps;
}

/** `bind`: the value. 42804, 42703 */
export function assignedPart(
  base: BoundExpression,
  path: SourceExpression,
  bind: () => BoundExpression,
  name: string,
  at: number,
  clause: Clause,
): BoundExpression {
  const { state } = clause;
  const set = (whole: BoundExpression, steps: readonly Step[], type: SqlType): BoundExpression => {
    const [step, ...rest] = steps;
    if (step === undefined) return castAssign(state, bind(), { name, type }, at);
    if ('field' in step) {
      const field = fieldNamed(whole, step.field.name, step.field.quoted, step.field.at, state);
      return withField(whole, field, set(field.read, rest, field.type), at, state);
    }
    const subscripts = bindSubscripts(step.chain, clause);
    return assignedArray(
      whole,
      subscripts,
      (wanted) => (rest.length === 0 ? set(whole, [], wanted) : set(itemOf(whole, subscripts, at, state), rest, wanted)),
      at,
      state,
    );
  };
  return set(base, stepsOf(path), base.type);
}
