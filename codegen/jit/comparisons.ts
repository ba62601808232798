/**
 * Comparisons inline: numbers as numbers (mixed number and bigint compare right in JavaScript), text by its bytes in the page and
 * by identity outside, LIKE with plain patterns and regular expressions on bytes.
 */

import type { BoundCall } from '../../engine/sblr/bound.ts';
import { matchesBytes } from '../../engine/values/regex.ts';
import { alignNumeric } from './arithmetic.ts';
import type { Emitter } from './emitter.ts';
import type { Test } from './expressions.ts';
import { anyNil, type Value } from './value.ts';

const OPERATORS: { readonly [operation: string]: string } = {
  equal: '===',
  notEqual: '!==',
  less: '<',
  lessOrEqual: '<=',
  greater: '>',
  greaterOrEqual: '>=',
};

const isNumber = (value: Value): boolean => value.rep === 'i' || value.rep === 'd';

/** A comparison that is emitted inline, or null. */
export function inlineComparison(emitter: Emitter, call: BoundCall, values: readonly Value[]): Test | null {
  const dot = call.primitive.indexOf('.');
  const type = call.primitive.slice(0, dot);
  const operation = call.primitive.slice(dot + 1);
  if (type === 'text' && (operation === 'like' || operation === 'notLike')) return likeBytes(emitter, call, operation, values);
  if (type === 'text' && operation in REGEX_FLAGS) return regexBytes(emitter, call, operation, values);
  const operator = OPERATORS[operation];
  if (operator === undefined || values.length !== 2) return null;
  const [a, b] = values;
  const nil = anyNil(a.nil, b.nil);
  const compared = (code: string): Test => ({ yes: code, nil });
  switch (type) {
    case 'bool':
    case 'int2':
    case 'int4':
    case 'date':
      return isNumber(a) && isNumber(b) ? compared(`${a.code}${operator}${b.code}`) : null;
    case 'int8':
    case 'oid':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return a.rep === 'b' || b.rep === 'b' ? null : compared(`${a.code}${operator}${b.code}`);
    case 'enum':
      return isNumber(a) && isNumber(b) ? compared(`${a.code}${operator}${b.code}`) : null;
    case 'float4':
    case 'float8':
      return compared(floatTest(operation, a.code, b.code));
    case 'numeric':
      return numericTest(emitter, call, operator, a, b, nil);
    case 'text':
    case 'char1':
      return textTest(emitter, operator, a, b, nil);
    case 'char':
      return blankPaddedTest(emitter, operator, a, b, nil);
    case 'uuid':
      return a.rep === 'v' && b.rep === 'v' && (operator === '===' || operator === '!==')
        ? compared(`${a.code}${operator}${b.code}`)
        : null;
    default:
      return null;
  }
}

/** NaN equals itself and is above everything. */
function floatTest(operation: string, a: string, b: string): string {
  switch (operation) {
    case 'equal':
      return `(${a}===${b}||${a}!==${a}&&${b}!==${b})`;
    case 'notEqual':
      return `!(${a}===${b}||${a}!==${a}&&${b}!==${b})`;
    case 'less':
      return `(${a}<${b}||${b}!==${b}&&${a}===${a})`;
    case 'lessOrEqual':
      return `(${a}<=${b}||${b}!==${b})`;
    case 'greater':
      return `(${a}>${b}||${a}!==${a}&&${b}===${b})`;
    default:
      return `(${a}>=${b}||${a}!==${a})`;
  }
}

function numericTest(emitter: Emitter, call: BoundCall, operator: string, a: Value, b: Value, nil: string): Test | null {
  if (a.rep === 'd' && b.rep === 'd') {
    const scale = Math.max(a.scale, b.scale);
    const left = alignNumeric(a, scale);
    const right = alignNumeric(b, scale);
    return left === null || right === null ? null : { yes: `${left.code}${operator}${right.code}`, nil };
  }
  const [first, second] = call.arguments;
  if (a.rep === 'd' && second?.op === 'parameter') {
    return { yes: `${a.code}${operator}${standIn(emitter, second.index, a.scale)}`, nil };
  }
  if (b.rep === 'd' && first?.op === 'parameter') {
    return { yes: `${standIn(emitter, first.index, b.scale)}${operator}${b.code}`, nil };
  }
  return null;
}

/** A double that compares with integers of that scale as the parameter does. */
const standIn = (emitter: Emitter, index: number, scale: number): string =>
  emitter.hoist(`s${index}_${scale}`, `c.standIn(${index},${scale})`);

function textTest(emitter: Emitter, operator: string, a: Value, b: Value, nil: string): Test | null {
  if (a.rep === 'v' && b.rep === 'v') {
    if (operator === '===' || operator === '!==') return { yes: `${a.code}${operator}${b.code}`, nil };
    return { yes: `${emitter.unit.use('compareText')}(${a.code},${b.code})${operator}0`, nil };
  }
  if (a.rep !== 'b' || b.rep !== 'b') return null;
  if (operator === '===' || operator === '!==') {
    const same = `${a.length}===${b.length}&&${emitter.unit.use('sameBytes')}(${a.memory},${a.code},${b.memory},${b.code},${a.length})`;
    return { yes: operator === '===' ? `(${same})` : `!(${same})`, nil };
  }
  const compared = `${emitter.unit.use('compareBytes')}(${a.memory},${a.code},${a.length},${b.memory},${b.code},${b.length})`;
  return { yes: `${compared}${operator}0`, nil };
}

/** Blanks at the end do not count. */
function blankPaddedTest(emitter: Emitter, operator: string, a: Value, b: Value, nil: string): Test | null {
  if (a.rep !== 'b' || b.rep !== 'b' || (operator !== '===' && operator !== '!==')) return null;
  const same = `${emitter.unit.use('samePadded')}(${a.memory},${a.code},${a.length},${b.memory},${b.code},${b.length})`;
  return { yes: operator === '===' ? same : `!${same}`, nil };
}

/** A pattern that is a parameter: on bytes if it has nothing but `%`; else the row is looked at after its page. */
function likeBytes(emitter: Emitter, call: BoundCall, operation: string, values: readonly Value[]): Test | null {
  const [text, pattern] = values;
  const [, given] = call.arguments;
  if (text.rep !== 'b' || given.op !== 'parameter') return null;
  const matcher = emitter.hoist(`m_${given.index}`, `c.likeOf(${given.index})`);
  emitter.emit(`if(${matcher}===null)${emitter.exit}`);
  const yes = `${emitter.unit.use('matchBytes')}(${matcher},${text.memory},${text.code},${text.length})`;
  return { yes: operation === 'like' ? yes : `!${yes}`, nil: anyNil(text.nil, pattern.nil) };
}

const REGEX_FLAGS: { readonly [operation: string]: string } = {
  match: '',
  notMatch: '',
  matchInsensitive: 'i',
  notMatchInsensitive: 'i',
};

/** A regular expression that is a parameter: on bytes, if it is one run over them; else the row is looked at after its page. */
function regexBytes(emitter: Emitter, call: BoundCall, operation: string, values: readonly Value[]): Test | null {
  const [text, pattern] = values;
  const [, given] = call.arguments;
  if (text.rep !== 'b' || given.op !== 'parameter') return null;
  const flags = REGEX_FLAGS[operation];
  const regex = emitter.hoist(`x_${given.index}${flags}`, `c.regexOf(${given.index},'${flags}')`);
  emitter.emit(`if(${regex}===null)${emitter.exit}`);
  const yes = `${emitter.unit.function(matchesBytes, 'matchesBytes')}(${regex},${text.memory},${text.code},${text.length})`;
  return { yes: operation.startsWith('not') ? `!${yes}` : yes, nil: anyNil(text.nil, pattern.nil) };
}
