/**
 * Rows made from keys: the columns of an index that can be had back exactly from its entries, written to an image of the table's layout.
 * What an index-only read gives to code that reads images; the other columns hold anything.
 *
 * Not to be had back: floats (-0 is 0 in a key), wide numerics (their scale is lost), intervals (only their order is kept), char(n)
 * (blanks at the end), collated text, values made of others.
 */

import type { PlacedColumn, RowLayout } from '../../engine/storage/rows/row-layout.ts';
import { ROW_LAYOUT_SHIFT } from '../../engine/storage/rows/row-image.ts';
import type { IndexKind } from '../../engine/storage/rows/runtime.ts';
import { compile } from './compile.ts';
import type { KeyColumn } from './key-extractor.ts';
import { INSTANT_KEY_BIAS } from './row-helpers.ts';

/**
 * Makes the image of a key at byte offset `row`; returns its length. Of word kinds the key's words lie in `words` from `at` on; of
 * byte kinds its bytes in `bytes` from `at` to `end`.
 */
export type KeyImage = (
  words: Int32Array,
  bytes: Uint8Array,
  at: number,
  end: number,
  i32: Int32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  f64: Float64Array,
  row: number,
) => number;

const EXACT = new Set('bool int16 int32 int64 date time timestamp timestamptz numeric uuid text bytes'.split(' '));
const SKIPPED: ReadonlyMap<string, number> = new Map([
  ['float32', 8],
  ['float64', 8],
  ['interval', 11],
]);

const isExact = (column: PlacedColumn, key: KeyColumn): boolean =>
  EXACT.has(column.kind) && key.collation === undefined && column.blankPadded !== true;

/** Whether it is known where the next column begins. */
const canBePassed = (column: PlacedColumn, key: KeyColumn): boolean =>
  isExact(column, key) || SKIPPED.has(column.kind) || (column.kind === 'text' && key.collation === undefined);

/** Columns of the layout that an index's keys hold exactly. */
export function columnsInKey(layout: RowLayout, keys: readonly KeyColumn[]): Set<number> {
  const columns = new Set<number>();
  for (const key of keys) {
    const column = layout.columns[key.column];
    if (isExact(column, key)) columns.add(key.column);
    if (!canBePassed(column, key)) break;
  }
  return columns;
}

/** The maker of images with the columns `wanted`, which columnsInKey() holds. */
export function keyImage(layout: RowLayout, keys: readonly KeyColumn[], kind: IndexKind, wanted: ReadonlySet<number>): KeyImage {
  const head =
    Array.from({ length: layout.nullWords }, (_, word) => `i32[(row>>2)+${4 + word}]=0;`).join('') + `let z=${layout.fixedEnd};`;
  const end = `i32[(row>>2)+3]=${layout.number << ROW_LAYOUT_SHIFT}|z;return z;`;
  const body = kind === 'bytes' ? bytesBody(layout, keys, wanted) : wordsBody(layout.columns[keys[0].column], keys[0], kind);
  const source = `return(function(words,bytes,at,end,i32,u16,u8,f64,row){${head}${body}${end}})`;
  return compile<KeyImage>(source, '', []);
}

const setNull = (column: PlacedColumn): string => `i32[(row>>2)+${4 + (column.nullBit >> 5)}]|=${1 << (column.nullBit & 31)};`;
const word = (column: PlacedColumn, offset = 0): string => `i32[(row>>2)+${(column.at >> 2) + offset}]`;

/** Writes a value whose key words are in expressions: `low` alone for 4 bytes. */
function putWords(column: PlacedColumn, low: string, high: string): string {
  if (column.bytes === 4) return `${word(column)}=${low};`;
  switch (column.kind) {
    case 'numeric':
      return `f64[(row>>3)+${column.at >> 3}]=(${high})*4294967296+((${low})>>>0);`;
    case 'timestamp':
    case 'timestamptz':
      return `${word(column)}=${low};${word(column, 1)}=(${high})-(${INSTANT_KEY_BIAS})|0;`;
    default:
      return `${word(column)}=${low};${word(column, 1)}=${high};`;
  }
}

function wordsBody(column: PlacedColumn, key: KeyColumn, kind: IndexKind): string {
  const not = key.descending === true ? '~' : '';
  if (kind === 'i32') return putWords(column, `${not}words[at]`, '');
  const put = putWords(column, `${not}l`, `${not}h`);
  const load = 'const h=words[at],l=words[at+1];';
  if (column.nullBit < 0) return load + put;
  return `${load}if(h===-2147483648&&l===0||h===2147483647&&l===-1){${setNull(column)}}else{${put}}`;
}

const wordAt = (offset: string): string =>
  `(bytes[${offset}]<<24|bytes[${offset}+1]<<16|bytes[${offset}+2]<<8|bytes[${offset}+3])`;

function bytesBody(layout: RowLayout, keys: readonly KeyColumn[], wanted: ReadonlySet<number>): string {
  // A column may be named twice; where its first value stands is known.
  const isTaken = keys.map(
    (key, index) => wanted.has(key.column) && keys.findIndex(({ column }) => column === key.column) === index,
  );
  return keys
    .slice(0, isTaken.lastIndexOf(true) + 1)
    .map((key, index) => {
      const column = layout.columns[key.column];
      const value = bytesValue(column, key, index === keys.length - 1, isTaken[index]);
      if (column.nullBit < 0) return value;
      return `if(bytes[at++]!==1){${isTaken[index] ? setNull(column) : ''}}else{${value}}`;
    })
    .join('');
}

function bytesValue(column: PlacedColumn, key: KeyColumn, last: boolean, isWanted: boolean): string {
  const descending = key.descending === true;
  const not = descending ? '~' : '';
  const skipped = SKIPPED.get(column.kind);
  if (skipped !== undefined) return `at+=${skipped};`;
  if (column.kind === 'bool') return isWanted ? `${word(column)}=bytes[at++]${descending ? '^255' : ''};` : 'at++;';
  if (column.kind === 'uuid') {
    const put = `for(let n=0;n<16;n++)u8[row+${column.at}+n]=bytes[at+n]${descending ? '^255' : ''};`;
    return `${isWanted ? put : ''}at+=16;`;
  }
  if (column.bytes === 4) {
    return `${isWanted ? putWords(column, `${not}${wordAt('at')}^-2147483648`, '') : ''}at+=4;`;
  }
  if (column.bytes === 8) {
    const put = putWords(column, `${not}${wordAt('(at+4)')}`, `(${not}${wordAt('at')})^-2147483648`);
    return `${isWanted ? put : ''}at+=8;`;
  }
  return variableValue(column, last && !descending, descending ? 255 : 0, isWanted);
}

/** Bytes to the end of the key; or up to a 0 behind a 0, where 0 and another byte stand for 0. */
function variableValue(column: PlacedColumn, tail: boolean, mask: number, isWanted: boolean): string {
  const pair = `u16[(row>>1)+${column.at >> 1}]=s;u16[(row>>1)+${(column.at >> 1) + 1}]=z-s;`;
  const put = isWanted ? 'u8[row+z++]=' : '';
  const copy = tail
    ? `for(;at<end;at++)${isWanted ? `${put}bytes[at]` : ''};`
    : `for(;at<end;at++){const b=bytes[at]^${mask};if(b===0&&(bytes[++at]^${mask})===0)break;${isWanted ? `${put}b;` : ''}}at++;`;
  return `{const s=z;${copy}${isWanted ? pair : ''}}`;
}
