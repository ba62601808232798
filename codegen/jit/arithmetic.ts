/**
 * Arithmetic of integers, floats and numerics of static scale, inline (SBLR, 'Types'): fast where the result is provably exact or
 * checked; where a check fails the page's rendering leaves the row to the wide one, and the wide one calls the primitive, which
 * gives the exact value or raises the error.
 */

import type { BoundCall, BoundExpression } from '../../engine/sblr/bound.ts';
import { primitiveFunction } from './calls.ts';
import { type Emitter, NotInPage } from './emitter.ts';
import { anyNil, EXACT_DIGITS, isFloatType, makeValue, notNullCode, type Value } from './value.ts';

const SIGNS: { readonly [operation: string]: string } = { add: '+', sub: '-', mul: '*' };

/** The value of a call that is emitted inline, or null. */
export function inlineArithmetic(emitter: Emitter, call: BoundCall, values: readonly Value[]): Value | null {
  const dot = call.primitive.indexOf('.');
  const type = call.primitive.slice(0, dot);
  const operation = call.primitive.slice(dot + 1);
  switch (type) {
    case 'int2':
    case 'int4':
      return smallInteger(emitter, call, type, operation, values);
    case 'int8':
      return longInteger(emitter, call, operation, values);
    case 'float4':
    case 'float8':
      return float(emitter, call, type, operation, values);
    case 'numeric':
      return numeric(emitter, call, operation, values);
    case 'date':
      if (operation === 'extract') return isYearOfDate(call) ? yearOfDate(emitter, call, values[1]) : null;
      return operation === 'sub' && values.every((value) => value.rep === 'i') ? dateDifference(emitter, call, values) : null;
    case 'text':
      return operation === 'same' ? { ...values[0], type: call.type } : null;
    default:
      return null;
  }
}

/** Leaves the page, or calls the primitive, when `wrong` is true; the result is in the local `name` (declared by `let`). */
function orElse(emitter: Emitter, call: BoundCall, values: readonly Value[], name: string, wrong: string): void {
  if (!emitter.wide) {
    emitter.emit(`if(${wrong})${emitter.exit}`);
    return;
  }
  const given = values.map((value) => notNullCode(value, emitter.unit.use)).join(',');
  const nil = anyNil(...values.map((value) => value.nil));
  const guard = nil === 'false' ? wrong : `!(${nil})&&(${wrong})`;
  emitter.emit(`if(${guard}){${emitter.unit.site(call.at)}${name}=${primitiveFunction(emitter, call.primitive)}(${given});}`);
}

const nilOf = (values: readonly Value[]): string => anyNil(...values.map((value) => value.nil));

/** Nulls hold 0 or null: in the page a division by such a 0 must not leave. */
const unlessNull = (emitter: Emitter, values: readonly Value[], test: string): string => {
  const nil = nilOf(values);
  return emitter.wide || nil === 'false' ? test : `!(${nil})&&(${test})`;
};

function smallInteger(
  emitter: Emitter,
  call: BoundCall,
  type: string,
  operation: string,
  values: readonly Value[],
): Value | null {
  if (values.some((value) => value.rep !== 'i')) return null;
  const [a, b] = values.map((value) => value.code);
  const result = (code: string): Value => makeValue('i', call.type, code, nilOf(values), 0, call.type.digits);
  const checked = (code: string, extra = ''): Value => {
    const name = emitter.name('v');
    emitter.emit(`let ${name}=${code};`);
    const range = type === 'int2' ? `${name}>32767||${name}<-32768` : `(${name}|0)!==${name}`;
    orElse(emitter, call, values, name, extra === '' ? range : unlessNull(emitter, values, `${extra}||${range}`));
    return result(`(${name}|0)`);
  };
  switch (operation) {
    case 'add':
    case 'sub':
    case 'mul':
      return checked(`${a}${SIGNS[operation]}(${b})`);
    case 'div.trunc':
      return checked(`Math.trunc(${a}/${b})`, `${b}===0`);
    case 'mod': {
      const name = emitter.name('v');
      emitter.emit(`let ${name}=(${a})%${b};`);
      orElse(emitter, call, values, name, unlessNull(emitter, values, `${name}!==${name}`));
      return result(`(${name}|0)`);
    }
    case 'negate':
      return checked(`-(${a})`);
    case 'abs':
      return checked(`Math.abs(${a})`);
    case 'plus':
      return result(a);
    case 'bitAnd':
      return result(`(${a}&${b})`);
    case 'bitOr':
      return result(`(${a}|${b})`);
    case 'bitXor':
      return result(`(${a}^${b})`);
    case 'to.int4':
    case 'to.int8':
      return { ...values[0], type: call.type };
    case 'to.int2': {
      const name = emitter.name('v');
      emitter.emit(`let ${name}=${a};`);
      orElse(emitter, call, values, name, `${name}>32767||${name}<-32768`);
      return result(name);
    }
    case 'to.float8':
      return makeValue('d', call.type, `(${a}|0)`, nilOf(values));
    case 'to.numeric':
      return makeValue('d', call.type, `(${a}|0)`, nilOf(values), 0, values[0].digits || 10);
    default:
      return null;
  }
}

const UNSAFE = (name: string): string => `${name}>9007199254740991||${name}<-9007199254740991`;

/** int8 as doubles: a result that rounds to a safe integer is exact. */
function longInteger(emitter: Emitter, call: BoundCall, operation: string, values: readonly Value[]): Value | null {
  if (operation === 'plus') return { ...values[0], type: call.type };
  if (values.some((value) => value.rep !== 'i' && value.rep !== 'd')) return null;
  const [a, b] = values.map((value) => value.code);
  const number = (code: string, digits: number, extra = ''): Value | null => {
    const proved = digits > 0 && digits <= EXACT_DIGITS && extra === '';
    if (emitter.wide && !proved) return null;
    const name = emitter.name('v');
    // + 0: no negative zero.
    emitter.emit(`const ${name}=${code}+0;`);
    if (!proved) {
      const wrong = extra === '' ? UNSAFE(name) : unlessNull(emitter, values, `${extra}||${UNSAFE(name)}`);
      orElse(emitter, call, values, name, wrong);
    }
    return makeValue('d', call.type, name, nilOf(values), 0, digits);
  };
  const [left, right = left] = values.map((value) => value.digits);
  const known = left > 0 && right > 0;
  switch (operation) {
    case 'add':
    case 'sub':
      return number(`${a}${SIGNS[operation]}(${b})`, known ? Math.max(left, right) + 1 : 0);
    case 'mul':
      return number(`${a}*(${b})`, known ? left + right : 0);
    case 'div.trunc':
      return number(`(${a}-(${a})%${b})/${b}`, left, `${b}===0`);
    case 'mod':
      return number(`(${a})%${b}`, right, `${b}===0`);
    case 'negate':
      return number(`-(${a})`, left);
    case 'to.numeric':
      return makeValue('d', call.type, `(+${a})`, nilOf(values), 0, left > 0 ? left : 16);
    case 'to.float8':
      return makeValue('d', call.type, `(+${a})`, nilOf(values));
    case 'to.int4': {
      const name = emitter.name('v');
      emitter.emit(`let ${name}=+${a};`);
      orElse(emitter, call, values, name, `(${name}|0)!==${name}`);
      return makeValue('i', call.type, name, nilOf(values), 0, call.type.digits);
    }
    default:
      return null;
  }
}

function float(emitter: Emitter, call: BoundCall, type: string, operation: string, values: readonly Value[]): Value | null {
  if (values.some((value) => value.rep !== 'd') || !isFloatType(call.type)) return null;
  const [a, b] = values.map((value) => value.code);
  if (operation === 'negate') return makeValue('d', call.type, `(-${a})`, nilOf(values));
  if (operation === 'abs') return makeValue('d', call.type, `Math.abs(${a})`, nilOf(values));
  if (operation === 'plus') return { ...values[0], type: call.type };
  if (operation === 'to.float8') return makeValue('d', call.type, `(+${a})`, nilOf(values));
  const sign = operation === 'div' ? '/' : SIGNS[operation];
  if (sign === undefined) return null;
  const name = emitter.name('v');
  const code = `${a}${sign}(${b})`;
  emitter.emit(`let ${name}=${type === 'float4' ? `Math.fround(${code})` : code};`);
  // Not finite, or 0 where nothing was: the primitive knows which of these are errors.
  const wrong = sign === '+' || sign === '-' ? `${name}-${name}!==0` : `${name}-${name}!==0||${name}===0`;
  // In the page a plain zero among the factors must not leave.
  const zero = sign === '*' ? `${name}-${name}!==0||${name}===0&&${a}!==0&&${b}!==0` : wrong;
  orElse(
    emitter,
    call,
    values,
    name,
    unlessNull(emitter, values, sign === '/' ? `${name}-${name}!==0||${name}===0&&${a}!==0` : zero),
  );
  return makeValue('d', call.type, name, nilOf(values));
}

/** Numerics of static scale: exact integers below 10^15, or checked. */
function numeric(emitter: Emitter, call: BoundCall, operation: string, values: readonly Value[]): Value | null {
  if (operation === 'plus') return { ...values[0], type: call.type };
  if (values.some((value) => value.rep !== 'd')) return null;
  const scales = values.map((value) => value.scale);
  const [a, b] = values;
  const number = (code: string, scale: number, digits: number): Value | null => {
    const proved = digits <= EXACT_DIGITS;
    // Outside the page a check needs somewhere to go when it fails (exact-inputs.ts).
    if (emitter.wide && !proved && emitter.exit === '') return null;
    const name = emitter.hold(`${code}+0`);
    if (!proved) emitter.emit(`if(${UNSAFE(name)})${emitter.exit}`);
    return makeValue('d', call.type, name, nilOf(values), scale, Math.min(digits, EXACT_DIGITS + 1));
  };
  switch (operation) {
    case 'add':
    case 'sub': {
      const scale = Math.max(...scales);
      const left = alignNumeric(a, scale) ?? (emitter.exit === '' ? null : alignChecked(emitter, a, scale));
      const right = alignNumeric(b, scale) ?? (emitter.exit === '' ? null : alignChecked(emitter, b, scale));
      if (left === null || right === null) return null;
      return number(`${left.code}${SIGNS[operation]}(${right.code})`, scale, Math.max(left.digits, right.digits) + 1);
    }
    case 'mul':
      return number(`${a.code}*(${b.code})`, scales[0] + scales[1], a.digits + b.digits);
    case 'negate':
      return number(`-${a.code}`, a.scale, a.digits);
    case 'abs':
      return number(`Math.abs(${a.code})`, a.scale, a.digits);
    case 'to.float8':
      return makeValue('d', call.type, `(${a.code}/${10 ** a.scale})`, nilOf(values));
    default:
      return null;
  }
}

/** The same value with more digits behind the point; null when it may not be exact. */
export function alignNumeric(value: Value, scale: number): Value | null {
  if (value.scale === scale) return value;
  const digits = value.digits + scale - value.scale;
  if (digits > EXACT_DIGITS) return null;
  return { ...value, code: `(${value.code}*${10 ** (scale - value.scale)})`, scale, digits };
}

/** The same, checked: for where there is a way out. */
export function alignChecked(emitter: Emitter, value: Value, scale: number): Value {
  const code = emitter.hold(`${value.code}*${10 ** (scale - value.scale)}`);
  emitter.emit(`if(${UNSAFE(code)})${emitter.exit}`);
  return { ...value, code, scale, digits: EXACT_DIGITS + 1 };
}

function dateDifference(emitter: Emitter, call: BoundCall, values: readonly Value[]): Value {
  const [a, b] = values.map((value) => value.code);
  const name = emitter.name('v');
  emitter.emit(`let ${name}=${a}-(${b});`);
  const infinite = [a, b].map((code) => `${code}===2147483647||${code}===-2147483648`).join('||');
  orElse(emitter, call, values, name, `(${name}|0)!==${name}||${infinite}`);
  return makeValue('i', call.type, name, nilOf(values), 0, call.type.digits);
}

/** extract(year from date): a small whole number, but of the infinite dates. */
export function isYearOfDate(expression: BoundExpression): boolean {
  if (expression.op !== 'call' || expression.primitive !== 'date.extract') return false;
  const [field] = expression.arguments;
  return field.op === 'constant' && field.value === 'year';
}

const YEAR_DIGITS = 7;

const yearOfDate = (emitter: Emitter, call: BoundCall, date: Value): Value =>
  makeValue('d', call.type, emitter.hold(`${emitter.unit.use('yearOfWord')}(${date.code})`), date.nil, 0, YEAR_DIGITS);

/** Only the page's rendering knows values as bytes. */
export function noBytes(value: Value): Value {
  if (value.rep === 'b') throw new NotInPage();
  return value;
}
