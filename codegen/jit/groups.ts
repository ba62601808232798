/**
 * Groups of an aggregation while it runs (SBLR-V6): a hash table of ints, keys as words, text keys in an arena, accumulators as
 * doubles; and, for what does not fit such, keys and states as JavaScript values.
 *
 *   table    group + 1 by hash, a power of two, at most half full          hashes, keys    KW words a group: null bits, then words
 *   sums     stride doubles a group: exact sums as hi * 2^32 + lo, counts  objects         states of the other aggregates
 *
 * Room is made before a page, so that nothing grows under a hold.
 */

import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { implementations } from '../../engine/values/functions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { scaledText } from '../rows/row-helpers.ts';
import { wordDouble, wordPair } from './helpers.ts';

const FIRST_GROUPS = 512;
const FIRST_ARENA = 16384;
/** Room for the text keys of one page. */
const ARENA_ROOM = 8192;

const TWO_32 = 4294967296;
const FOLD_ABOVE = 2 ** 52;
const INSTANT_WRAPS = 2n ** 61n;

export interface GroupsShape {
  /** Words of a key; 0: no keys, one group. */
  readonly keyWords: number;
  readonly stride: number;
  /** States that are objects, by their number in a group: makes of them. */
  readonly inits: readonly (() => unknown)[];
  /** Keys are kept as JavaScript values. */
  readonly general: boolean;
}

export class Groups {
  readonly shape: GroupsShape;
  table = new Int32Array(0);
  mask = 0;
  hashes = new Int32Array(0);
  keys = new Int32Array(0);
  sums: Float64Array;
  objects: unknown[] = [];
  arena: Uint8Array = new Uint8Array(0);
  arenaUsed = 0;
  count = 0;
  capacity = 0;
  readonly map = new Map<unknown, number>();
  /** Key values of general groups. */
  readonly rows: unknown[][] = [];
  #temporary: Buffer = Buffer.alloc(0);
  /** Site of a float sum that has overflowed under a hold, -1: none. */
  late = -1;

  constructor(shape: GroupsShape) {
    this.shape = shape;
    this.sums = new Float64Array(shape.stride);
  }

  /** An empty aggregation; without keys its one group is there. */
  begin(): void {
    const { shape } = this;
    this.late = -1;
    this.arenaUsed = 0;
    this.objects.length = 0;
    this.map.clear();
    this.rows.length = 0;
    this.sums.fill(0);
    this.table.fill(0);
    this.count = 0;
    if (shape.keyWords === 0 && !shape.general) {
      this.count = 1;
      this.init(0);
    }
  }

  init(group: number): void {
    const { inits } = this.shape;
    for (let index = 0; index < inits.length; index++) this.objects[group * inits.length + index] = inits[index]();
  }

  /** Makes room for so many more groups, and for the text keys of a page. */
  reserve(groups: number): void {
    const { keyWords, stride, general } = this.shape;
    if (keyWords === 0 && !general) return;
    if (this.arenaUsed + ARENA_ROOM > this.arena.length) this.#growArena();
    if (this.count + groups <= this.capacity) return;
    let capacity = Math.max(FIRST_GROUPS, this.capacity * 2);
    while (capacity < this.count + groups) capacity *= 2;
    this.capacity = capacity;
    this.sums = grown(this.sums, capacity * stride);
    if (general) return;
    const keys = new Int32Array(capacity * keyWords);
    keys.set(this.keys);
    this.keys = keys;
    const hashes = new Int32Array(capacity);
    hashes.set(this.hashes);
    this.hashes = hashes;
    this.table = new Int32Array(capacity * 2);
    this.mask = capacity * 2 - 1;
    for (let group = 0; group < this.count; group++) {
      let at = hashes[group] & this.mask;
      while (this.table[at] !== 0) at = (at + 1) & this.mask;
      this.table[at] = group + 1;
    }
  }

  #growArena(): void {
    const larger = new Uint8Array(Math.max(FIRST_ARENA, this.arena.length * 2));
    larger.set(this.arena);
    this.arena = larger;
  }

  /** Keeps the bytes of a new group's text key; returns where. */
  keepText(memory: Uint8Array, from: number, length: number): number {
    while (this.arenaUsed + length > this.arena.length) this.#growArena();
    const at = this.arenaUsed;
    for (let index = 0; index < length; index++) this.arena[at + index] = memory[from + index];
    this.arenaUsed = at + length;
    return at;
  }

  /** UTF-8 of a string, valid until the next call. */
  bytesOf(text: string): Uint8Array {
    this.#temporary = Buffer.from(text);
    return this.#temporary;
  }

  /** Words of an int8 or timestamp into wordPair. True: two words of a bigint, not those of a double. */
  longWords(value: number | bigint): boolean {
    if (typeof value === 'number') {
      wordDouble[0] = value + 0;
      return false;
    }
    wordPair[0] = Number(BigInt.asIntN(32, value));
    wordPair[1] = Number(BigInt.asIntN(32, value >> 32n));
    return true;
  }

  // ---- reading keys ----

  double(at: number): number {
    wordPair[0] = this.keys[at];
    wordPair[1] = this.keys[at + 1];
    return wordDouble[0];
  }

  /** `instant`: no timestamp is as long before 1970 as 63 bits would be; the last ones are a little more. */
  long(at: number, isBig: boolean, instant: boolean): number | bigint {
    if (!isBig) return this.double(at);
    const value = (BigInt(this.keys[at + 1]) << 32n) | BigInt(this.keys[at] >>> 0);
    return instant && value < -INSTANT_WRAPS ? BigInt.asUintN(64, value) : value;
  }

  text(at: number): string {
    const from = this.keys[at];
    const { arena } = this;
    return Buffer.from(arena.buffer, arena.byteOffset + from, this.keys[at + 1]).toString();
  }

  // ---- exact sums: low part, high part, count ----

  /** Adds a number that may be a bigint or beyond what the low part takes at once. */
  addLong(at: number, object: number, value: number | bigint): void {
    this.sums[at + 2]++;
    if (typeof value === 'bigint') {
      this.objects[object] = ((this.objects[object] as bigint | undefined) ?? 0n) + value;
      return;
    }
    const high = Math.floor(value / TWO_32);
    this.sums[at + 1] += high;
    this.sums[at] += value - high * TWO_32;
    if (this.sums[at] > FOLD_ABOVE) this.#fold(at);
  }

  #fold(at: number): void {
    const high = Math.floor(this.sums[at] / TWO_32);
    this.sums[at + 1] += high;
    this.sums[at] -= high * TWO_32;
  }

  /** Adds a numeric given as text, of at most `scale` digits behind the point. */
  addText(at: number, object: number, text: string, scale: number): void {
    this.sums[at + 2]++;
    const point = text.indexOf('.');
    const digits = point < 0 ? text : text.slice(0, point) + text.slice(point + 1);
    const missing = scale - (point < 0 ? 0 : text.length - point - 1);
    this.objects[object] = ((this.objects[object] as bigint | undefined) ?? 0n) + BigInt(digits) * 10n ** BigInt(missing);
  }

  #total(at: number, object: number): bigint {
    const big = object < 0 ? undefined : (this.objects[object] as bigint | undefined);
    return BigInt(this.sums[at + 1]) * 4294967296n + BigInt(this.sums[at]) + (big ?? 0n);
  }

  /** A sum of type int8. */
  sumLong(at: number, object: number): number | bigint | null {
    if (this.sums[at + 2] === 0) return null;
    const total = this.#total(at, object);
    if (BigInt.asIntN(64, total) !== total) {
      throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'bigint out of range');
    }
    const number = Number(total);
    return Number.isSafeInteger(number) ? number : total;
  }

  /** A sum of type numeric, `scale` digits behind the point. */
  sumNumeric(at: number, object: number, scale: number): string | null {
    return this.sums[at + 2] === 0 ? null : bigText(this.#total(at, object), scale);
  }

  average(at: number, object: number, scale: number): RowValue {
    if (this.sums[at + 2] === 0) return null;
    return implementations['numeric.div.postgresql'](bigText(this.#total(at, object), scale), String(this.sums[at + 2]));
  }

  // ---- least and greatest of int8 and the like, where some are bigints ----

  /** `at`: the extreme of the safe ones, and whether there is one; `object`: of the others. */
  extremeLong(at: number, object: number, value: number | bigint, greatest: boolean): void {
    if (typeof value === 'number') {
      if (this.sums[at + 1] === 0 || (greatest ? value > this.sums[at] : value < this.sums[at])) this.sums[at] = value;
      this.sums[at + 1] = 1;
      return;
    }
    const known = this.objects[object] as bigint | undefined;
    if (known === undefined || (greatest ? value > known : value < known)) this.objects[object] = value;
  }

  readExtreme(at: number, object: number, greatest: boolean): number | bigint | null {
    const big = this.objects[object] as bigint | undefined;
    if (this.sums[at + 1] === 0) return big ?? null;
    const small = this.sums[at];
    return big !== undefined && (greatest ? big > small : big < small) ? big : small;
  }
}

function grown(from: Float64Array, length: number): Float64Array {
  const to = new Float64Array(length);
  to.set(from.length <= length ? from : from.subarray(0, length));
  return to;
}

function bigText(value: bigint, scale: number): string {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return scaledText(number, scale);
  if (scale === 0) return String(value);
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
