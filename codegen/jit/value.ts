/**
 * Values in generated code (SBLR-V1, V2): how a value of each type is held in locals, and how it is boxed as a RowValue.
 *
 *   'i'  int32: bool 0/1, int2, int4, date (its word: the extreme ones are the infinities)
 *   'd'  double: float4, float8; int8, time, timestamps proved or checked to be safe integers (timestamps also +-Infinity);
 *        numeric with a static scale as its scaled integer of at most 15 digits
 *   'v'  RowValue, null when it is NULL: everything else; int8 and timestamps as number or bigint
 *   'b'  text in a page: (memory, offset, length), under the hold only
 */

import type { Emitter } from './emitter.ts';
import { isEnumType, isObjectNumber, type SqlType } from '../../engine/sblr/types.ts';
import type { PlacedColumn } from '../../engine/storage/rows/row-layout.ts';

export type Rep = 'i' | 'd' | 'v' | 'b';

export interface Value {
  readonly rep: Rep;
  readonly type: SqlType;
  /** JavaScript expression without effects, cheap enough to stand more than once. 'b': byte offset in `memory`. */
  readonly code: string;
  /** 'false', 'true', or an expression that is true when the value is NULL; `code` is 0 or null then. */
  readonly nil: string;
  /** numeric as 'd': digits behind the point. */
  readonly scale: number;
  /** Integers and scaled numerics: |value| < 10^digits; 0: no bound is known. */
  readonly digits: number;
  /** 'b': expression of the length in bytes; name of the Uint8Array. */
  readonly length: string;
  readonly memory: string;
  /** json and jsonb in a page: emits where the text lies. */
  readonly raw?: (emitter: Emitter) => Value;
  /** Of a column of an image, for whoever wants its words and bytes: as long as `code` is what it was there. */
  readonly image?: { readonly column: PlacedColumn; readonly row: string; readonly code: string };
  /** Of an input of an exact sum (exact-inputs.ts): locals that say what holds it; '' where there is none. */
  readonly exact?: { readonly state: string; readonly text: string; readonly shown: string };
}

/** Digits that a double holds whatever they are. */
export const EXACT_DIGITS = 15;

export function makeValue(rep: Rep, type: SqlType, code: string, nil: string, scale = 0, digits = 0): Value {
  return { rep, type, code, nil, scale, digits, length: '', memory: '' };
}

/** Either is NULL. */
export function anyNil(...nils: readonly string[]): string {
  const kept = nils.filter((nil) => nil !== 'false');
  if (kept.includes('true')) return 'true';
  return kept.length === 0 ? 'false' : [...new Set(kept)].join('||');
}

/** Types whose values are words in locals: 'i'. */
export const isWordType = (type: SqlType): boolean =>
  type.name === 'bool' || type.name === 'int2' || type.name === 'int4' || type.name === 'date';

/** int8 and what is stored like it: number while safe, else bigint. */
export const isLongType = (type: SqlType): boolean =>
  type.name === 'int8' ||
  type.name === 'time' ||
  type.name === 'timestamp' ||
  type.name === 'timestamptz' ||
  type.name === 'oid' ||
  isObjectNumber(type.name);

/** Enums are numbers in the order of their labels. */
export const isFloatType = (type: SqlType): boolean => type.name === 'float4' || type.name === 'float8' || isEnumType(type.name);

/** The rep in which values of a type are kept in slots and come out of primitives; numerics with a proved bound are 'd' besides. */
export function plainRep(type: SqlType): Rep {
  if (isWordType(type)) return 'i';
  return isFloatType(type) ? 'd' : 'v';
}

/** Expression of the value as a RowValue that is not NULL. `use` takes a helper in. */
export function notNullCode(value: Value, use: (helper: string) => string): string {
  switch (value.type.name) {
    case 'bool':
      return value.rep === 'i' ? `${value.code}!==0` : value.code;
    case 'date':
      return value.rep === 'i' ? `${use('readDate')}(${value.code})` : value.code;
    case 'numeric':
      if (value.exact !== undefined) return exactText(value, value.exact, use('scaledText'));
      return value.rep === 'd' ? `${use('scaledText')}(${value.code},${value.scale})` : value.code;
    default:
      return value.code;
  }
}

function exactText({ code, scale }: Value, { state, text, shown }: NonNullable<Value['exact']>, scaledText: string): string {
  const number = shown === '' ? `${scaledText}(${code},${scale})` : `${scaledText}(${code}/10**(${scale}-${shown}),${shown})`;
  return text === '' ? number : `(${state}===0?${text}:${number})`;
}

/** Expression of the value as a RowValue. */
export function boxedCode(value: Value, use: (helper: string) => string): string {
  if (value.nil === 'true') return 'null';
  const code = notNullCode(value, use);
  // What lies in a slot is null where it is NULL.
  if (value.nil === 'false' || (code === value.code && value.nil === `${value.code}===null`)) return code;
  return `${value.nil}?null:${code}`;
}

/** The same for a slot of a row that is kept: as the rep has it, or null. */
export function slotCode(value: Value): string {
  if (value.nil === 'true') return 'null';
  if (value.nil === 'false' || (value.rep === 'v' && value.nil === `${value.code}===null`)) return value.code;
  return `${value.nil}?null:${value.code}`;
}

/** A value that lies in a slot: `code` is null when it is NULL. */
export function slotValue(like: Value, code: string): Value {
  return { ...like, rep: like.rep, code, nil: like.nil === 'false' ? 'false' : `${code}===null` };
}

/** The slot of a value in the form of another one of its column, which may have been computed elsewhere. */
export function slotAs(like: Value, value: Value, use: (helper: string) => string): string {
  if (value.nil === 'true') return 'null';
  const code = codeAs(like, value, use);
  if (value.nil === 'false' || (value.rep === 'v' && value.nil === `${value.code}===null` && code === value.code)) return code;
  return `${value.nil}?null:${code}`;
}

function codeAs({ rep, scale }: Value, value: Value, use: (helper: string) => string): string {
  if (rep === 'v') return notNullCode(value, use);
  if (value.rep === rep && (value.type.name !== 'numeric' || value.scale === scale)) return value.code;
  switch (value.type.name) {
    case 'numeric':
      return `${use('scaledNumber')}(${notNullCode(value, use)},${scale})`;
    case 'bool':
      return value.rep === 'v' ? `(${value.code}===true?1:0)` : value.code;
    case 'date':
      return value.rep === 'v' ? `${use('dateWord')}(${value.code})` : value.code;
    default:
      return value.code;
  }
}
