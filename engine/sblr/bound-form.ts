/** The bound form as its table sees it: which node a value in memory is, and what is written for it. */

import { BOUND_OPCODES } from './bound-opcodes.ts';
import { type NodeForm, type Operand, readForm } from './form.ts';
import { malformed } from './verify-source.ts';

export const BOUND_FORM = readForm(BOUND_OPCODES);

export type Plain = { readonly [name: string]: unknown };

/** Member that tells a node from others of its category. */
export const tagOf = (category: string): 'op' | 'kind' | null =>
  category === 'statement' ? 'kind' : category === 'expression' || category === 'relation' ? 'op' : null;

/** The form of a value that stands where a node of a category is expected. */
export function formOfValue(value: unknown, category: string): NodeForm {
  const tag = tagOf(category);
  const form = tag === null ? BOUND_FORM.alone.get(category) : BOUND_FORM.byName.get(String((value as Plain)[tag]));
  if (form?.category !== category)
    throw malformed(`${category} ${tag === null ? '' : String((value as Plain)[tag])} is not known`);
  return form;
}

/** Rows of VALUES are lists in memory. */
export const operandOf = (value: unknown, form: NodeForm, operand: Operand): unknown =>
  form.name === 'valueRow' ? value : (value as Plain)[operand.name];

/** The value in memory of a node with these operands. */
export function valueOfNode(form: NodeForm, operands: { [name: string]: unknown }): unknown {
  if (form.name === 'valueRow') return operands.items;
  const tag = tagOf(form.category);
  return tag === null ? operands : { [tag]: form.name, ...operands };
}
