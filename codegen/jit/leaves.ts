/**
 * Leaves of expressions: columns of a row image, parameters, constants, values in slots.
 */

import type { BoundConstant, BoundParameter } from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import { OVERFLOW_BIT } from '../../engine/storage/rows/row-image.ts';
import type { PlacedColumn } from '../../engine/storage/rows/row-layout.ts';
import { emitNotNull, emitNullTest } from '../rows/decoder.ts';
import { type ColumnReader, type Emitter, NotInPage, nullValue } from './emitter.ts';
import { isFloatType, isLongType, isWordType, makeValue, type Value } from './value.ts';

const HELPER = /\b(read[A-Z]\w*|scaledText|valueOfBytes)\(/g;

/** Bounds of the high word of a safe integer; the one value at its lower edge goes the wide way, too. */
const SAFE_HIGH = 0x200000;

/**
 * Reads a column of the image at `row`. Locals of the function: row, i32, u32, u16, u8, f64; wide ones besides: bytes, overflow.
 * `uses`: how often it is read; what is costly to read is then kept for the row.
 */
export function imageColumn(column: PlacedColumn, type: SqlType, uses: number, row = 'row'): ColumnReader {
  if (row !== 'row') return (emitter) => inOtherRow(imageColumn(column, type, 1)(emitter), row);
  const nil = column.nullBit < 0 ? 'false' : `(${emitNullTest(column)})`;
  const word = column.at >> 2;
  switch (column.kind) {
    case 'bool':
    case 'int16':
    case 'int32':
    case 'date':
      return () => makeValue('i', type, `i32[(row>>2)+${word}]`, nil, 0, type.digits);
    case 'float32':
    case 'float64':
      return () => makeValue('d', type, `f64[(row>>3)+${column.at >> 3}]`, nil);
    case 'numeric':
      return () => makeValue('d', type, `f64[(row>>3)+${column.at >> 3}]`, nil, column.scale, column.precision);
    case 'int64':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return (emitter) => (emitter.wide ? wideColumn(emitter, column, type, nil, 1) : longInPage(emitter, word, type, nil));
    case 'json':
      return (emitter) => (emitter.wide ? wideColumn(emitter, column, type, nil, uses) : jsonInPage(column, type, nil));
    case 'text':
      return (emitter) => (emitter.wide ? wideColumn(emitter, column, type, nil, uses) : textInPage(emitter, column, type, nil));
    default:
      return (emitter) => (emitter.wide ? wideColumn(emitter, column, type, nil, uses) : onlyNull(type, nil));
  }
}

/** The same of an image whose offset is in another local. */
function inOtherRow(value: Value, row: string): Value {
  const code = value.code.replaceAll(/\brow\b/g, row);
  const image = value.image === undefined ? undefined : { ...value.image, row, code };
  return { ...value, code, nil: value.nil.replaceAll(/\brow\b/g, row), ...(image === undefined ? {} : { image }) };
}

/** Two words as a double while it is a safe integer. */
function longInPage(emitter: Emitter, word: number, type: SqlType, nil: string): Value {
  const high = emitter.hold(`i32[(row>>2)+${word + 1}]`);
  emitter.emit(`if(${high}<${-SAFE_HIGH + 1}||${high}>${SAFE_HIGH - 1})${emitter.exit}`);
  return makeValue('d', type, emitter.hold(`${high}*4294967296+u32[(row>>2)+${word}]`), nil);
}

/** The bytes, unless they lie in an overflow chain. */
function textInPage(emitter: Emitter, column: PlacedColumn, type: SqlType, nil: string): Value {
  const length = emitter.hold(`u16[(row>>1)+${(column.at >> 1) + 1}]`);
  emitter.emit(`if((${length}&${OVERFLOW_BIT})!==0)${emitter.exit}`);
  const code = emitter.hold(`row+u16[(row>>1)+${column.at >> 1}]`);
  return { ...makeValue('b', type, code, nil), length, memory: 'u8' };
}

/** For what looks into its text: nothing else computes with it in a page. */
const jsonInPage = (column: PlacedColumn, type: SqlType, nil: string): Value =>
  Object.assign(onlyNull(type, nil), { raw: (emitter: Emitter) => textInPage(emitter, column, type, nil) });

/** Whether it is NULL is all that a page tells of the other types. */
const onlyNull = (type: SqlType, nil: string): Value => withoutCode(makeValue('b', type, '', nil));

/** A value that the page cannot compute with. */
const withoutCode = (value: Value): Value => ({
  ...value,
  get code(): string {
    throw new NotInPage();
  },
});

interface ColumnRead {
  readonly read: string;
  readonly helpers: readonly string[];
}

const columnReads = new WeakMap<PlacedColumn, ColumnRead>();

/** What reads a column as decoders do, and what it calls. */
function readOf(column: PlacedColumn): ColumnRead {
  let known = columnReads.get(column);
  if (known === undefined) {
    const read = emitNotNull(column);
    known = { read, helpers: Array.from(read.matchAll(HELPER), ([, helper]) => helper) };
    columnReads.set(column, known);
  }
  return known;
}

/** As the decoders of rows give it. */
function wideColumn(emitter: Emitter, column: PlacedColumn, type: SqlType, nil: string, uses: number): Value {
  const { read, helpers } = readOf(column);
  for (const helper of helpers) emitter.unit.use(helper);
  const imaged = (code: string): Value => ({ ...makeValue('v', type, code, nil), image: { column, row: 'row', code } });
  if (uses < 2) return imaged(`(${read})`);
  const name = `t${column.index}`;
  if (!emitter.rowCaches.includes(name)) emitter.rowCaches.push(name);
  return imaged(`(${name}===undefined?${name}=${read}:${name})`);
}

function nilParameter(emitter: Emitter, index: number): string {
  emitter.hoist('pz', 'c.nulls');
  return emitter.hoist(`z${index}`, `pz[${index}]!==0`);
}

/** A parameter: loaded once a call. Literals that were lifted out are never NULL, and their types say so. */
export function emitParameter(emitter: Emitter, { index, type }: BoundParameter): Value {
  const name = `p${index}`;
  if (emitter.unit.isShown) emitter.unit.notes.set(name, `parameter or literal ${index + 1}, ${type.name}`);
  const nil = type.nullable ? nilParameter(emitter, index) : 'false';
  if (isWordType(type)) {
    emitter.hoist('pn', 'c.numbers');
    const code = type.name === 'date' ? `${emitter.unit.use('dateWord')}(pn[${index}])` : `pn[${index}]|0`;
    return makeValue('i', type, emitter.hoist(name, code), nil, 0, type.digits);
  }
  if (isFloatType(type)) {
    emitter.hoist('pn', 'c.numbers');
    return makeValue('d', type, emitter.hoist(name, `pn[${index}]`), nil);
  }
  emitter.hoist('pv', 'c.values');
  if (isLongType(type)) return longParameter(emitter, index, type, nil);
  if (emitter.wide) return makeValue('v', type, emitter.hoist(name, `pv[${index}]`), nil);
  // A numeric is compared by what stands for it (comparisons.ts).
  if (type.name === 'numeric') return withoutCode(makeValue('v', type, '', nil));
  if (!isBytesType(type)) throw new NotInPage();
  const bytes = emitter.hoist(`q_${index}`, `c.textOf(${index})`);
  return { ...makeValue('b', type, '0', nil), length: `${bytes}.length`, memory: bytes };
}

function longParameter(emitter: Emitter, index: number, type: SqlType, nil: string): Value {
  emitter.hoist('pn', 'c.numbers');
  if (emitter.wide) {
    const code = `pv[${index}]===undefined?pn[${index}]:pv[${index}]`;
    return makeValue('v', type, emitter.hoist(`p${index}`, code), nil);
  }
  // A bigint: the page does without it.
  const isWide = emitter.hoist(`x_${index}`, `pv[${index}]!=null`);
  emitter.emit(`if(${isWide})${emitter.exit}`);
  return makeValue('d', type, emitter.hoist(`p${index}`, `pn[${index}]`), nil);
}

/** Types that are texts in a row; those of char(n) are equal where they differ only in blanks at the end. */
const isBytesType = (type: SqlType): boolean => isTextType(type) || type.name === 'char';

/** Types whose equality and order are those of their bytes. */
export const isTextType = (type: SqlType): boolean =>
  type.name === 'text' || type.name === 'varchar' || type.name === 'name' || type.name === 'char1';

export function emitConstant(emitter: Emitter, { value, type }: BoundConstant): Value {
  if (value === null) return nullValue(type);
  const { unit } = emitter;
  const note = `a constant of type ${type.name}`;
  if (type.name === 'bool') return makeValue('i', type, value === true ? '1' : '0', 'false');
  if (isWordType(type)) {
    const word = type.name === 'date' ? wordOfDate(Number(value)) : Number(value);
    return makeValue('i', type, unit.constant(word, note), 'false', 0, Math.abs(word) < 1000 ? 3 : type.digits);
  }
  if (isFloatType(type)) return makeValue('d', type, unit.constant(value, note), 'false');
  if (typeof value === 'number' && isLongType(type)) {
    const digits = Number.isSafeInteger(value) ? Math.min(16, String(Math.abs(value)).length) : 0;
    return makeValue('d', type, unit.constant(value, note), 'false', 0, digits);
  }
  const scaled = type.name === 'numeric' ? scaledConstant(String(value)) : null;
  if (scaled !== null) {
    return makeValue('d', type, unit.constant(scaled.number, note), 'false', scaled.scale, scaled.digits);
  }
  if (emitter.wide) return makeValue('v', type, unit.constant(value, note), 'false');
  if (!isBytesType(type)) throw new NotInPage();
  const bytes = unit.constant(Buffer.from(String(value)), note);
  return { ...makeValue('b', type, '0', 'false'), length: `${bytes}.length`, memory: bytes };
}

function wordOfDate(days: number): number {
  if (days === Number.POSITIVE_INFINITY) return 0x7fffffff;
  return days === Number.NEGATIVE_INFINITY ? -0x80000000 : days;
}

const PLAIN_DECIMAL = /^(-?)(\d{1,15})(?:\.(\d{1,14}))?$/;

/** A short decimal as its scaled integer. */
export function scaledConstant(text: string): { number: number; scale: number; digits: number } | null {
  const match = PLAIN_DECIMAL.exec(text);
  if (match === null) return null;
  const fraction = match[3] ?? '';
  const digits = (match[2] + fraction).replace(/^0+(?=\d)/, '');
  if (digits.length > 15) return null;
  const number = Number(digits);
  return { number: match[1] === '-' && number !== 0 ? -number : number, scale: fraction.length, digits: digits.length };
}
