/**
 * What a row gives to an exact sum of numerics (SBLR, 'Types'): an integer of the sum's scale in a double, checked where its digits
 * are not proved; and what to do where a check fails: in the page the row leaves, outside it is computed once more as a text.
 *
 *   k  0: the text holds it    1: the double does    2: it is NULL           e  digits behind the point that the value has itself
 *
 * A CASE whose branches have different scales (ELSE 0) is taken apart, for each branch is an integer of its own scale.
 */

import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import { isVolatile } from '../../engine/plan/optimize/columns.ts';
import { alignChecked, alignNumeric } from './arithmetic.ts';
import { emitJump } from './conditions.ts';
import { type Emitter, NotInPage } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { OPERANDS_MAX } from './outlined.ts';
import { boxedCode, EXACT_DIGITS, makeValue, type Value } from './value.ts';

const KEEPS_NUMBERS = /^(numeric\.(add|sub|mul|negate|abs|plus)|int[248]\.to\.numeric)$/;

/** Never NaN: what is stored in so few digits, and what is computed from that; a cast to such a type may be NaN. */
export function isNumber(expression: BoundExpression, stored: ReadonlySet<ColumnId>): boolean {
  if (expression.op === 'call') {
    return KEEPS_NUMBERS.test(expression.primitive) && expression.arguments.every((one) => isNumber(one, stored));
  }
  if (expression.op === 'column') return expression.type.name !== 'numeric' || stored.has(expression.column);
  if (expression.op === 'parameter') return /^int[248]$/.test(expression.type.name);
  return expression.op === 'constant' && expression.value !== 'NaN';
}

/** The scale of a sum of these values; mixed: some have fewer digits behind the point than others. */
export interface ExactForm {
  readonly scale: number;
  readonly mixed: boolean;
}

/** The form of an expression of type numeric, or null. */
export function exactForm(expression: BoundExpression, stored: ReadonlySet<ColumnId>): ExactForm | null {
  if (expression.op !== 'case') {
    const { scale } = expression.type;
    return expression.type.name === 'numeric' && scale >= 0 && isNumber(expression, stored) ? { scale, mixed: false } : null;
  }
  if (expression.whens.length > OPERANDS_MAX || isVolatile(expression)) return null;
  const results = [...expression.whens.map(({ result }) => result), expression.otherwise].filter((one) => !isNull(one));
  const forms = results.map((one) => exactForm(one, stored));
  if (forms.length === 0 || forms.includes(null)) return null;
  const scales = forms.map((form) => (form as ExactForm).scale);
  const scale = Math.max(...scales);
  return { scale, mixed: forms.some((form) => form?.mixed === true || form?.scale !== scale) };
}

const isNull = (node: BoundExpression): boolean => node.op === 'constant' && node.value === null;

interface Places {
  readonly number: string;
  readonly state: string;
  /** '': not asked for. */
  readonly shown: string;
  readonly scale: number;
  readonly all: string;
}

/** Evaluates an input; the value is one of `scale`, with what it takes besides in `exact`. */
export function exactInput(emitter: Emitter, expression: BoundExpression, { scale, mixed }: ExactForm): Value {
  const [number, state, all] = [emitter.name('sx'), emitter.name('sk'), emitter.name('L')];
  const shown = mixed ? emitter.name('se') : '';
  const places: Places = { number, state, shown, scale, all };
  const exit = emitter.exit;
  // Outside the page a failed check leaves the block, and `state` is 0.
  if (emitter.wide) emitter.exit = `break ${all};`;
  let body: string;
  try {
    body = emitter.apart(() => fill(emitter, expression, places));
  } finally {
    emitter.exit = exit;
  }
  emitter.emit(`let ${number}=0,${state}=0${mixed ? `,${shown}=0` : ''};${all}:{${body}}`);
  const text = emitter.wide ? slowText(emitter, expression, state) : '';
  const value = makeValue('d', expression.type, number, `${state}===2`, scale, EXACT_DIGITS + 1);
  return { ...value, exact: { state, text, shown } };
}

function slowText(emitter: Emitter, expression: BoundExpression, state: string): string {
  const text = emitter.name('st');
  const slow = emitter.apart(() => {
    const code = boxedCode(emitValue(emitter, expression), emitter.unit.use);
    emitter.emit(`${text}=${code};if(${text}===null)${state}=2;`);
  });
  emitter.emit(`let ${text}=null;if(${state}===0){${slow}}`);
  return text;
}

/** Code that sets the places by an expression and leaves the block. */
function fill(emitter: Emitter, expression: BoundExpression, places: Places): void {
  if (expression.op === 'case') {
    for (const { condition, result } of expression.whens) {
      const label = emitter.name('L');
      const branch = emitter.apart(() => {
        emitJump(emitter, condition, 'notTrue', label);
        fill(emitter, result, places);
      });
      emitter.emit(`${label}:{${branch}}`);
    }
    fill(emitter, expression.otherwise, places);
    return;
  }
  const { number, state, shown, scale, all } = places;
  if (isNull(expression)) {
    emitter.emit(`${state}=2;break ${all};`);
    return;
  }
  const value = emitValue(emitter, expression);
  if (value.rep !== 'd' && value.rep !== 'i') {
    if (!emitter.wide) throw new NotInPage();
    emitter.emit(`break ${all};`);
    return;
  }
  const code = scaledTo(emitter, value, scale);
  const set = `${number}=${code};${state}=1;${shown === '' ? '' : `${shown}=${value.scale};`}`;
  if (value.nil === 'true') emitter.emit(`${state}=2;`);
  else emitter.emit(value.nil === 'false' ? set : `if(${value.nil})${state}=2;else{${set}}`);
  emitter.emit(`break ${all};`);
}

/** The integer with more digits behind the point, checked where they are not proved to be few. */
function scaledTo(emitter: Emitter, value: Value, scale: number): string {
  if (value.scale === scale) return value.code;
  const proved = value.digits > 0 ? alignNumeric(value, scale) : null;
  return (proved ?? alignChecked(emitter, value, scale)).code;
}
