/**
 * Keys of hash joins in generated code: how both sides' values become comparable words, their hash, and the test of a candidate.
 *
 *   word     bool, int2, int4, date              scaled   numerics of one static scale, as integers
 *   double   float4, float8                      text     by its characters
 *   long     int8, oid, time, timestamps         other    everything else, and whatever stands beside it: canonical values (keys.ts)
 */

import type { HashProbe, JoinKey } from '../../engine/plan/physical.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import { type Emitter, NotInPage } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { keyCode } from './keys.ts';
import { isTextType } from './leaves.ts';
import type { StoreCode } from './store-code.ts';
import {
  EXACT_DIGITS,
  isFloatType,
  isLongType,
  isWordType,
  makeValue,
  notNullCode,
  slotCode,
  slotValue,
  type Value,
} from './value.ts';

type KeyKind = 'word' | 'double' | 'long' | 'scaled' | 'text' | 'other';

const isScaled = (type: SqlType): boolean =>
  type.name === 'numeric' && type.scale >= 0 && type.length > 0 && type.length <= EXACT_DIGITS;

function keyKind({ left, right }: JoinKey): KeyKind {
  const { type } = right;
  if (isWordType(type)) return 'word';
  if (isFloatType(type)) return 'double';
  if (isLongType(type)) return 'long';
  if (isTextType(type)) return 'text';
  return isScaled(type) && isScaled(left.type) && left.type.scale === type.scale ? 'scaled' : 'other';
}

export type KeyMode = 'int' | 'words' | 'map';

export function keyMode(keys: HashProbe['keys']): KeyMode {
  const kinds = keys.map(keyKind);
  if (kinds.includes('other')) return 'map';
  return keys.length === 1 && kinds[0] === 'word' && !keys[0].nullsMatch ? 'int' : 'words';
}

/** A key of one side: held, in the form in which the other side's is compared with it. */
function keyValue(emitter: Emitter, key: JoinKey, side: 'left' | 'right'): Value {
  const expression = key[side];
  const value = emitValue(emitter, expression);
  // Bytes in a page: where they lie is in locals already.
  if (value.rep === 'b' && value.nil !== 'true' && keyKind(key) !== 'text') throw new NotInPage();
  if (value.nil === 'true' || value.rep === 'b') return value;
  const { type } = expression;
  if (keyKind(key) === 'scaled' && (value.rep !== 'd' || value.scale !== type.scale)) {
    const number = `${emitter.unit.use('scaledNumber')}(${notNullCode(value, emitter.unit.use)},${type.scale})`;
    const code = emitter.hold(value.nil === 'false' ? number : `${value.nil}?null:${number}`);
    return slotValue(makeValue('d', type, code, value.nil, type.scale, type.length), code);
  }
  if (/^\w+$/.test(value.code) && /^(\w+|\w+===null)$/.test(value.nil)) return value;
  return slotValue(value, emitter.hold(slotCode(value)));
}

/** Keys of a row, held. */
export interface RowKeys {
  readonly values: readonly Value[];
  /** A key is NULL that matches nothing then. */
  readonly nil: string;
}

export function emitKeys(emitter: Emitter, keys: HashProbe['keys'], side: 'left' | 'right'): RowKeys {
  const values = keys.map((key) => keyValue(emitter, key, side));
  const nils = values.flatMap(({ nil }, at) => (keys[at].nullsMatch || nil === 'false' ? [] : [nil]));
  return { values, nil: nils.includes('true') ? 'true' : nils.length === 0 ? 'false' : nils.join('||') };
}

/** Expression of the canonical key of a row: of mode 'map'. Some key may be NULL where NULLs do not match. */
export function canonicalKey(emitter: Emitter, { values }: RowKeys): string {
  const { use } = emitter.unit;
  const parts = values.map((value) => {
    if (value.nil === 'true') return 'null';
    return value.nil === 'false' ? keyCode(value, use) : `(${value.nil}?null:${keyCode(value, use)})`;
  });
  return parts.length === 1 ? parts[0] : parts.map((part) => `${use('keyPart')}(${part})`).join('+');
}

/** Writes the hash of a row's keys; its local: of mode 'words'. */
export function emitHash(emitter: Emitter, keys: HashProbe['keys'], { values }: RowKeys): string {
  const words = values.map((value, at) => {
    if (value.nil === 'true') return '0';
    const code = value.rep === 'b' ? hashBytes(emitter, value) : hashCode(emitter, keyKind(keys[at]), value.code);
    return value.nil === 'false' ? code : `(${value.nil}?0:${code})`;
  });
  const hash = emitter.name('h');
  emitter.emit(`let ${hash}=Math.imul(${words[0]},-1640531535);`);
  for (const word of words.slice(1)) emitter.emit(`${hash}=Math.imul(${hash}^${hash}>>>15^${word},-2048144789);`);
  emitter.emit(`${hash}^=${hash}>>>15;`);
  return hash;
}

/** The hash of a text that lies in a page; one that is not plain ASCII is hashed by its characters, after the page. */
function hashBytes(emitter: Emitter, { code, length, memory, nil }: Value): string {
  const hash = emitter.name('h');
  const size = nil === 'false' ? length : `${nil}?0:${length}`;
  emitter.emit(
    `let ${hash}=${size};for(let e=0,z=${hash};e<z;e++){const b=${memory}[${code}+e];if(b>127)${emitter.exit}` +
      `${hash}=Math.imul(${hash}^b,16777619)^${hash}>>>15;}`,
  );
  return hash;
}

function hashCode(emitter: Emitter, kind: KeyKind, code: string): string {
  const { use } = emitter.unit;
  switch (kind) {
    case 'word':
      return code;
    case 'text':
      return `${use('hashText')}(${code})`;
    case 'long':
      return `${use('hashLong')}(${code})`;
    default:
      return `${use('hashDouble')}(${code})`;
  }
}

/**
 * Test of the keys of row `row` of the store, at `places`, against these. `unless`: what else counts as equal: 'null', where one of
 * them is NULL that matches nothing; then the keys need not be those of a chain.
 */
export function keyTest(
  emitter: Emitter,
  keys: HashProbe['keys'],
  { values }: RowKeys,
  store: StoreCode,
  places: readonly number[],
  row: string,
  unless: 'never' | 'null',
): string {
  const tests = keys.map((key, at) => {
    const value = values[at];
    const stored = store.stored(emitter, places[at], row);
    const same = value.nil === 'true' ? 'false' : sameCode(emitter, store, places[at], row, stored.data, value, keyKind(key));
    const storedNil = stored.nil;
    if (key.nullsMatch) {
      if (value.nil === 'false' && storedNil === 'false') return same;
      return `((${value.nil})?(${storedNil}):!(${storedNil})&&${same})`;
    }
    if (unless === 'never') return same;
    return `(${[value.nil, storedNil, same].filter((one) => one !== 'false').join('||')})`;
  });
  return tests.join('&&');
}

function sameCode(
  emitter: Emitter,
  store: StoreCode,
  place: number,
  row: string,
  data: string,
  value: Value,
  kind: KeyKind,
): string {
  const { code } = value;
  if (value.rep === 'b') {
    const stored = store.bytesOf(emitter, place, row);
    const bytes = `${emitter.unit.use('sameBytes')}(${stored.memory},${stored.from},${value.memory},${code},${value.length})`;
    return `${stored.length}===${value.length}&&${bytes}`;
  }
  if (store.columns[place].kind === 't') return `${store.textAt(emitter, place, row)}===${code}`;
  if (kind === 'other') {
    const { use } = emitter.unit;
    return `${keyCode({ ...store.columns[place].like, code: data, nil: 'false' }, use)}===${keyCode(value, use)}`;
  }
  if (kind === 'double' || kind === 'scaled') return `(${data}===${code}||${code}!==${code}&&${data}!==${data})`;
  if (kind !== 'long' || store.columns[place].kind !== 'l') return `${data}===${code}`;
  return value.rep === 'd' ? `${data}===${code}` : `(${data}===${code}||${store.name(emitter)}.isBig(${place},${row},${code}))`;
}
