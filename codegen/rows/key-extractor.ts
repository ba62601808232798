/**
 * Generated functions of one index: its key from a row image, whether two images have the same key; and, from those, keys of
 * values that are searched for. See key-codec.ts for the bytes and runtime.ts for the kinds.
 */

import { limitExceeded, type SqlError } from '../../shm/errors.ts';
import { type ByteViews, privateViews } from '../../engine/storage/rows/byte-views.ts';
import { OVERFLOW_BIT, ROW_SCRATCH_BYTES } from '../../engine/storage/rows/row-image.ts';
import { layoutRow, type PlacedColumn, type RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { RowInput } from '../../engine/storage/rows/row-value.ts';
import {
  type IndexKind,
  type IndexRuntime,
  KEY_BYTES_MAX,
  KEY_OK,
  KEY_OVERFLOW,
  KEY_TOO_LONG,
  type KeyExtractor,
  type KeyScratch,
  type KeyStatus,
  type TokenClass,
} from '../../engine/storage/rows/runtime.ts';
import { compile } from './compile.ts';
import { encodeError, ROW_WIDE, rowEncoder } from './encoder.ts';
import type { CollationKey } from './key-codec.ts';
import { keyHelpers, TAKE_KEY_HELPERS } from './key-helpers.ts';
import { INSTANT_KEY_BIAS } from './row-helpers.ts';

/** One column of an index. */
export interface KeyColumn {
  /** Index of the column in the table's layout. */
  readonly column: number;
  readonly descending?: boolean;
  /** Left out: NULLs last in ascending columns, first in descending ones, as if NULL were the greatest value. */
  readonly nullsFirst?: boolean;
  /** Text only; left out: order of the bytes (C). */
  readonly collation?: CollationKey;
  /** Of an inverted index: what it makes entries of. */
  readonly tokens?: TokenClass;
}

const nullsFirst = (key: KeyColumn): boolean => key.nullsFirst ?? key.descending === true;

/** The kind an index over these columns has: words where one column allows it. */
export function indexKind(layout: RowLayout, keys: readonly KeyColumn[]): IndexKind {
  if (keys.length !== 1) return 'bytes';
  const column = layout.columns[keys[0].column];
  switch (column.kind) {
    case 'bool':
    case 'int16':
    case 'int32':
    case 'date':
      return column.nullable ? 'i64' : 'i32';
    case 'time':
    case 'numeric':
    case 'float32':
    case 'float64':
      return 'i64';
    case 'int64':
    case 'timestamp':
    case 'timestamptz':
      return column.nullable ? 'bytes' : 'i64';
    default:
      return 'bytes';
  }
}

const EXTRACT_PARAMETERS = 'i32,u16,u8,f64,row,key';

/** The extractor of a key for images of `layout`, as IndexRuntime.extract. `kind` as indexKind() says, or 'bytes'. */
export function keyExtractor(
  layout: RowLayout,
  keys: readonly KeyColumn[],
  kind: IndexKind = indexKind(layout, keys),
): KeyExtractor {
  const collations = keys.flatMap((key) => (key.collation === undefined ? [] : [key.collation]));
  return compile<KeyExtractor>(extractorSource(layout, keys, kind), 'h,collations', [keyHelpers, collations]);
}

/** Canonical source of an extractor. */
export function extractorSource(layout: RowLayout, keys: readonly KeyColumn[], kind: IndexKind): string {
  const body = kind === 'bytes' ? bytesBody(layout, keys) : wordsBody(layout.columns[keys[0].column], keys[0], kind);
  return `${TAKE_KEY_HELPERS}return(function(${EXTRACT_PARAMETERS}){${body}})`;
}

const nullTest = (column: PlacedColumn): string =>
  `(i32[(row>>2)+${4 + (column.nullBit >> 5)}]&${1 << (column.nullBit & 31)})!==0`;
const wordOf = (column: PlacedColumn, word = 0): string => `i32[(row>>2)+${(column.at >> 2) + word}]`;
/** The infinities and what wraps around come to lie where they belong. */
const instantHigh = (column: PlacedColumn): string => `(${wordOf(column, 1)}+${INSTANT_KEY_BIAS}|0)`;
const doubleOf = (column: PlacedColumn): string => `f64[(row>>3)+${column.at >> 3}]`;

function wordsBody(column: PlacedColumn, key: KeyColumn, kind: IndexKind): string {
  const not = key.descending === true ? '~' : '';
  if (kind === 'i32') return `key.i32[0]=${not}${wordOf(column)};key.length=4;key.nulls=0;return 0;`;
  const end = 'key.length=8;key.nulls=0;return 0;';
  const extreme = nullsFirst(key) ? 'key.i32[0]=-2147483648;key.i32[1]=0;' : 'key.i32[0]=2147483647;key.i32[1]=-1;';
  const whenNull = column.nullBit < 0 ? '' : `if(${nullTest(column)}){${extreme}key.length=8;key.nulls=1;return 0;}`;
  return whenNull + wordsValue(column, not) + end;
}

function wordsValue(column: PlacedColumn, not: string): string {
  switch (column.kind) {
    case 'float32':
    case 'float64':
      return `mapFloat(${doubleOf(column)});key.i32[0]=${not}mappedWords[1];key.i32[1]=${not}mappedWords[0];`;
    case 'numeric':
      return `const d=${doubleOf(column)};key.i32[0]=${not}Math.floor(d/4294967296);key.i32[1]=${not}(d|0);`;
    case 'int64':
    case 'time':
      return `key.i32[0]=${not}${wordOf(column, 1)};key.i32[1]=${not}${wordOf(column)};`;
    case 'timestamp':
    case 'timestamptz':
      return `key.i32[0]=${not}${instantHigh(column)};key.i32[1]=${not}${wordOf(column)};`;
    default:
      return `const v=${not}${wordOf(column)};key.i32[0]=v>>31;key.i32[1]=v;`;
  }
}

function bytesBody(layout: RowLayout, keys: readonly KeyColumn[]): string {
  let collation = 0;
  const parts = keys.map((key, index) => {
    const column = layout.columns[key.column];
    const value = bytesValue(column, key, index === keys.length - 1, key.collation === undefined ? -1 : collation++);
    if (column.nullBit < 0) return value;
    return `if(${nullTest(column)}){u[a++]=${nullsFirst(key) ? 0 : 2};n++;}else{u[a++]=1;${value}}`;
  });
  return `const u=key.u8;let a=0,n=0,o=0,l=0;${parts.join('')}key.length=a;key.nulls=n;return a>${KEY_BYTES_MAX}?${KEY_TOO_LONG}:${KEY_OK};`;
}

function bytesValue(column: PlacedColumn, key: KeyColumn, last: boolean, collation: number): string {
  const descending = key.descending === true;
  const not = descending ? '~' : '';
  const words = descending ? -1 : 0;
  const bytes = descending ? 255 : 0;
  switch (column.kind) {
    case 'bool':
      return `u[a++]=${wordOf(column)}${descending ? '^255' : ''};`;
    case 'int16':
    case 'int32':
    case 'date':
      return `a=putKeyInt32(u,a,${not}${wordOf(column)});`;
    case 'int64':
    case 'time':
      return `a=putKeyInt64(u,a,${not}${wordOf(column)},${not}${wordOf(column, 1)});`;
    case 'timestamp':
    case 'timestamptz':
      return `a=putKeyInt64(u,a,${not}${wordOf(column)},${not}${instantHigh(column)});`;
    case 'float32':
    case 'float64':
      return `a=putKeyFloat(u,a,${doubleOf(column)},${words});`;
    case 'numeric':
      return `a=putKeyInteger(u,a,${doubleOf(column)},${words});`;
    case 'uuid':
      return `a=putKeyUuid(u,a,u8,row+${column.at},${bytes});`;
    case 'interval':
      return `a=putKeyInterval(u,a,i32,(row>>2)+${column.at >> 2},${bytes});`;
    default:
      return variableValue(column, last && !descending, bytes, collation);
  }
}

function variableValue(column: PlacedColumn, tail: boolean, mask: number, collation: number): string {
  const load = `o=row+u16[(row>>1)+${column.at >> 1}];l=u16[(row>>1)+${(column.at >> 1) + 1}];if(l&${OVERFLOW_BIT})return ${KEY_OVERFLOW};`;
  const trim = column.blankPadded === true ? 'while(l>0&&u8[o+l-1]===32)l--;' : '';
  let put = `putKeyBytes(u,a,u8,o,l,${mask})`;
  if (column.kind === 'nested') put = `putKeyNested(u,a,u8,o,${mask},${tail})`;
  else if (column.kind === 'wideNumeric') put = `putKeyWide(u,a,u8,o,l,${mask})`;
  else if (collation >= 0) put = `putKeyCollated(u,a,collations[${collation}],u8,o,l,${mask})`;
  else if (tail) put = 'putKeyTail(u,a,u8,o,l)';
  return `${load}${trim}a=${put};if(a<0)return ${KEY_TOO_LONG};`;
}

/** Whether two images have the same key, as IndexRuntime.sameKey: true is certain. */
export function sameKeyTest(layout: RowLayout, keys: readonly KeyColumn[]): IndexRuntime['sameKey'] {
  const views = ['i32', 'u16', 'u8', 'f64'];
  const take = views.map((view) => `const ${view}=a.${view},${view}b=b.${view};`).join('');
  const tests = keys.map((key) => emitSame(layout.columns[key.column])).join('');
  const source = `${TAKE_KEY_HELPERS}return(function(a,row,b,rowb){${take}${tests}return true;})`;
  return compile(source, 'h', [keyHelpers]);
}

function emitSame(column: PlacedColumn): string {
  const value = emitSameValue(column);
  if (column.nullBit < 0) return value;
  const other = nullTest(column).replace('i32', 'i32b').replace('row', 'rowb');
  return `if(${nullTest(column)}){if(!(${other}))return false;}else{if(${other})return false;${value}}`;
}

function emitSameValue(column: PlacedColumn): string {
  if (column.kind === 'float32' || column.kind === 'float64') {
    return `{const x=f64[(row>>3)+${column.at >> 3}],y=f64b[(rowb>>3)+${column.at >> 3}];if(x!==y&&(x===x||y===y))return false;}`;
  }
  if (column.bytes > 0) {
    const tests = Array.from({ length: column.bytes >> 2 }, (_, word) => {
      const at = (column.at >> 2) + word;
      return `i32[(row>>2)+${at}]!==i32b[(rowb>>2)+${at}]`;
    });
    return `if(${tests.join('||')})return false;`;
  }
  const at = column.at >> 1;
  return (
    `{const l=u16[(row>>1)+${at + 1}];if(l!==u16b[(rowb>>1)+${at + 1}]||(l&${OVERFLOW_BIT})!==0` +
    `||!sameBytes(u8,row+u16[(row>>1)+${at}],u8b,rowb+u16b[(rowb>>1)+${at}],l))return false;}`
  );
}

/** Functions of one index that need no row of the table. */
export interface KeyMaker {
  readonly kind: IndexKind;
  /**
   * Makes the key of values: `input` has one entry for each of the first `columns` columns of the index, in their order (left
   * out: all). Fewer make the beginning of a key of kind 'bytes' (see keySuccessor). KEY_TOO_LONG: no row has such a key.
   * Errors: 22P02, 22003, and 23502 for NULL where the column is NOT NULL.
   */
  readonly encode: (input: RowInput, key: KeyScratch, columns?: number) => KeyStatus;
}

/** The small row of this thread: nobody needs it behind the call. Made when first used. */
let smallRow: ByteViews | null = null;

/** Makers of a layout that were made, by their columns; those with collations are made anew. */
const knownMakers = new WeakMap<RowLayout, Map<string, KeyMaker>>();

/** Key maker of an index: the values are encoded as a small row, the row's key is taken. One for each thread. */
export function keyMaker(layout: RowLayout, keys: readonly KeyColumn[], kind: IndexKind = indexKind(layout, keys)): KeyMaker {
  if (keys.some(({ collation }) => collation !== undefined)) return makeKeyMaker(layout, keys, kind);
  let makers = knownMakers.get(layout);
  if (makers === undefined) {
    makers = new Map();
    knownMakers.set(layout, makers);
  }
  const name = `${kind} ${keys.map((key) => `${key.column},${key.descending === true},${nullsFirst(key)}`).join(' ')}`;
  let maker = makers.get(name);
  if (maker === undefined) {
    maker = makeKeyMaker(layout, keys, kind);
    makers.set(name, maker);
  }
  return maker;
}

function makeKeyMaker(layout: RowLayout, keys: readonly KeyColumn[], kind: IndexKind): KeyMaker {
  smallRow ??= privateViews(ROW_SCRATCH_BYTES);
  const scratch = smallRow;
  const makers = keys.map((_, index) => {
    const part = keys.slice(0, index + 1);
    const small = layoutRow(part.map((key) => ({ ...layout.columns[key.column], id: 0 })));
    // The last column of a beginning is not the key's last: it has its end, so that only whole values match.
    const own = part.map((key, column) => ({ ...key, column }));
    const source = index === keys.length - 1 ? keyExtractor(small, own, kind) : prefixExtractor(small, own);
    return { small, encode: rowEncoder(small), extract: source };
  });
  return {
    kind,
    encode: (input, key, columns = keys.length) => {
      const { small, encode, extract } = makers[columns - 1];
      const length = encode(scratch.i32, scratch.u16, scratch.u8, scratch.f64, scratch.bytesView, 0, input.numbers, input.values);
      if (length === ROW_WIDE) return KEY_TOO_LONG;
      if (length < 0) throw encodeError(small, length);
      return extract(scratch.i32, scratch.u16, scratch.u8, scratch.f64, 0, key);
    },
  };
}

function prefixExtractor(layout: RowLayout, keys: readonly KeyColumn[]): KeyExtractor {
  let collation = 0;
  const collations = keys.flatMap((key) => (key.collation === undefined ? [] : [key.collation]));
  const parts = keys.map((key) => {
    const column = layout.columns[key.column];
    const value = bytesValue(column, key, false, key.collation === undefined ? -1 : collation++);
    return column.nullBit < 0 ? value : `if(${nullTest(column)}){u[a++]=${nullsFirst(key) ? 0 : 2};n++;}else{u[a++]=1;${value}}`;
  });
  const body = `const u=key.u8;let a=0,n=0,o=0,l=0;${parts.join('')}key.length=a;key.nulls=n;return a>${KEY_BYTES_MAX}?${KEY_TOO_LONG}:${KEY_OK};`;
  return compile(`${TAKE_KEY_HELPERS}return(function(${EXTRACT_PARAMETERS}){${body}})`, 'h,collations', [keyHelpers, collations]);
}

/**
 * Turns the beginning of a key into the least key that is above all keys with that beginning. False: there is none (the
 * beginning is empty or all 255), the range is open at the end.
 */
export function keySuccessor(key: KeyScratch): boolean {
  let length = key.length;
  while (length > 0 && key.u8[length - 1] === 255) length--;
  key.length = length;
  if (length === 0) return false;
  key.u8[length - 1]++;
  return true;
}

/** Makes IndexRuntime.extractWide: the row is rebuilt with the values of its key columns inline, or found too long. */
export function wideKeyExtractor(layout: RowLayout, keys: readonly KeyColumn[], kind: IndexKind): IndexRuntime['extractWide'] {
  const extract = keyExtractor(layout, keys, kind);
  return (views, row, key, read) => {
    const status = extract(views.i32, views.u16, views.u8, views.f64, row, key);
    if (status !== KEY_OVERFLOW) return status;
    const values = new Map<PlacedColumn, Uint8Array>();
    let bytes = layout.fixedEnd;
    for (const { column: index } of keys) {
      const column = layout.columns[index];
      if (column.bytes > 0 || values.has(column)) continue;
      const value = variableValueOf(column, views, row, read);
      values.set(column, value);
      bytes += value.length;
    }
    // Offsets in an image are 16 bits. Only a wide numeric made of zeros has a short key where the value is that long.
    if (bytes > 0x7000) return KEY_TOO_LONG;
    return extractRebuilt(layout, extract, views, row, values, bytes, key);
  };
}

function variableValueOf(
  column: PlacedColumn,
  views: ByteViews,
  row: number,
  read: (views: ByteViews, reference: number) => Uint8Array,
): Uint8Array {
  const at = row + views.u16[(row + column.at) >> 1];
  const length = views.u16[((row + column.at) >> 1) + 1];
  return (length & OVERFLOW_BIT) !== 0 ? read(views, at) : views.u8.slice(at, at + length);
}

function extractRebuilt(
  layout: RowLayout,
  extract: KeyExtractor,
  views: ByteViews,
  row: number,
  values: Map<PlacedColumn, Uint8Array>,
  bytes: number,
  key: KeyScratch,
): KeyStatus {
  const image = privateViews(bytes);
  image.u8.set(views.u8.subarray(row, row + layout.fixedEnd), 0);
  let at = layout.fixedEnd;
  for (const [column, value] of values) {
    image.u8.set(value, at);
    image.u16[column.at >> 1] = at;
    image.u16[(column.at >> 1) + 1] = value.length;
    at += value.length;
  }
  return extract(image.i32, image.u16, image.u8, image.f64, 0, key);
}

/** The error of KEY_TOO_LONG. */
export const keyTooLong = (): SqlError =>
  limitExceeded('the length of an index key in bytes (or more)', KEY_BYTES_MAX + 1, KEY_BYTES_MAX);
