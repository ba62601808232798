/**
 * Groups of an aggregation while it runs (SBLR-V6): a hash table of ints, keys as words, text keys in an arena, accumulators as
 * doubles; and, for what does not fit such, keys and states as JavaScript values.
 *
 *   table    group + 1 by hash, a power of two, at most half full          hashes, keys    KW words a group: null bits, then words
 *   sums     stride doubles a group: exact sums as hi * 2^32 + lo, counts  objects         states of the other aggregates
 *
 * Room is made before a page, so that nothing grows under a hold. Past work_mem (SBLR-V8) no group is entered any more: rows of
 * others wait in a file, in 16 parts by the top bits of their hash; a part is filled when the groups before it have been read, and
 * may be split by the next bits. So all rows of a group are added in the order in which they came, as they are without a file.
 */

import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { implementations } from '../../engine/values/functions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { KernelAccess } from '../../engine/plan/program.ts';
import { rowHelpers, scaledText } from '../rows/row-helpers.ts';
import { takeGrowth } from './aggregate-wraps.ts';
import { DistinctValues } from './distinct-values.ts';
import { checkMemory, memoryLimit } from './memory-limit.ts';
import { HeldPart } from './held-part.ts';
import { wordDouble, wordPair } from './helpers.ts';
import { SpillParts } from './spill-parts.ts';

const FIRST_GROUPS = 512;
const FIRST_ARENA = 16384;
/** Room for the text keys of one page. */
const ARENA_ROOM = 8192;
/** What is given back when an aggregation ends: more words than this. */
const KEPT_WORDS = 1 << 16;

const TWO_32 = 4294967296;
const FOLD_ABOVE = 2 ** 52;
const INSTANT_WRAPS = 2n ** 61n;

/** About what a group of JavaScript values takes besides its key, and a state that is an object. */
const GENERAL_BYTES = 160;
const OBJECT_BYTES = 48;
/** Of several groups a set goes to a file by itself when it takes more than this part of work_mem. */
const SET_PART = 16;

export interface GroupsShape {
  /** Words of a key; 0: no keys, one group. */
  readonly keyWords: number;
  readonly stride: number;
  /** States that are objects, by their number in a group: makes of them. */
  readonly inits: readonly (() => unknown)[];
  /** Keys are kept as JavaScript values. */
  readonly general: boolean;
  /** Grouping sets: a row may make so many groups. */
  readonly sets: number;
  /** Numbers of the sets without keys: they have a row even when there is none below. */
  readonly empty: readonly number[];
  /** Key columns. */
  readonly keys: number;
  /** Whether rows may wait in a file; else the tables grow. */
  readonly spills: boolean;
}

/** Adds rows that waited in a file. */
export type Refill = (c: unknown, list: readonly unknown[][], i: number, to: number) => number;

export class Groups extends HeldPart {
  readonly shape: GroupsShape;
  readonly #refill: { readonly fill: Refill | null };
  readonly #kernel: KernelAccess;
  table = new Int32Array(0);
  mask = 0;
  hashes = new Int32Array(0);
  keys = new Int32Array(0);
  sums: Float64Array;
  objects: unknown[] = [];
  arena: Uint8Array = new Uint8Array(0);
  #arenaText: Buffer = Buffer.alloc(0);
  arenaUsed = 0;
  count = 0;
  capacity = 0;
  readonly map = new Map<unknown, number>();
  /** Key values of general groups, behind them the number of the set. */
  readonly rows: unknown[][] = [];
  /** Text keys of the row at hand, by key. */
  readonly texts: Uint8Array[] = [];
  /** No more groups are entered: rows of others wait in the file. */
  full = false;
  /** Site of a float sum that has overflowed under a hold, -1: none. */
  late = -1;
  /** Bytes of states that grow. */
  #grown = 0;
  #workMemory = 0;
  #spill: SpillParts | null = null;
  /** Sets of different values that are in files; what the others took then, and a little more. */
  readonly #moved: DistinctValues[] = [];
  #movedAt = 0;

  constructor(shape: GroupsShape, refill: { readonly fill: Refill | null }, kernel: KernelAccess) {
    super();
    this.shape = shape;
    this.#refill = refill;
    this.#kernel = kernel;
    this.sums = new Float64Array(shape.stride);
  }

  /** An empty aggregation; without keys its one group is there. */
  begin(): void {
    this.close();
    this.#workMemory = this.#kernel.workMemory;
    this.#clear();
  }

  #clear(): void {
    const { keyWords, general } = this.shape;
    this.late = -1;
    this.full = false;
    this.arenaUsed = 0;
    this.#closeSets();
    this.objects.length = 0;
    this.map.clear();
    this.rows.length = 0;
    this.sums.fill(0);
    this.table.fill(0);
    this.count = 0;
    this.#grown = 0;
    takeGrowth();
    if (keyWords === 0 && !general) {
      this.count = 1;
      this.init(0);
    }
  }

  /** Gives back files and large memory. */
  close(): void {
    this.#spill?.close();
    this.#spill = null;
    this.#closeSets();
    this.objects.length = 0;
    this.map.clear();
    this.rows.length = 0;
    if (this.keys.length + this.table.length <= KEPT_WORDS && this.arena.length <= KEPT_WORDS) return;
    this.capacity = 0;
    this.mask = 0;
    this.table = new Int32Array(0);
    this.hashes = new Int32Array(0);
    this.keys = new Int32Array(0);
    this.arena = new Uint8Array(0);
    this.sums = new Float64Array(this.shape.stride);
  }

  init(group: number): void {
    const { inits } = this.shape;
    for (let index = 0; index < inits.length; index++) this.objects[group * inits.length + index] = inits[index]();
  }

  /** One row has brought more groups than there was room for. */
  more(): void {
    this.reserve(FIRST_GROUPS);
  }

  /** Makes room for the groups of so many more rows, and for the text keys of a page; or the groups are full. */
  reserve(rows: number): void {
    const { keyWords, stride, general, sets, spills } = this.shape;
    const groups = rows * sets;
    if (this.shape.inits.length > 0) this.#grown += takeGrowth();
    if (this.bytes > this.#workMemory) {
      if (this.#grown > this.#workMemory / 2) this.#moveSets();
      checkMemory(this.bytes, memoryLimit(this.#kernel));
      if (spills && !this.full && this.count > 0) this.full = this.#spill === null || this.#spill.canSplit;
    }
    if (keyWords === 0 && !general) return;
    if (this.arenaUsed + ARENA_ROOM * sets > this.arena.length) this.#growArena(ARENA_ROOM * sets);
    if (this.count + groups <= this.capacity || this.full) return;
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
    const table = new Int32Array(capacity * 2);
    const mask = capacity * 2 - 1;
    this.table = table;
    this.mask = mask;
    for (let group = 0; group < this.count; group++) {
      let at = hashes[group] & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = group + 1;
    }
  }

  /** Sets of different values go to files, where they take much: of one group any, else the large ones. */
  #moveSets(): void {
    if (this.#grown < this.#movedAt) return;
    const least = this.count === 1 ? 0 : this.#workMemory / SET_PART;
    for (const object of this.objects) {
      if (!(object instanceof DistinctValues) || !object.mayWait || object.isInFile || object.bytes <= least) continue;
      this.#grown -= object.bytes;
      object.moveToFile(this.#kernel.parts.space, this.#workMemory);
      this.#moved.push(object);
    }
    this.#movedAt = this.#grown + this.#workMemory / SET_PART;
  }

  #closeSets(): void {
    for (const set of this.#moved) set.close();
    this.#moved.length = 0;
    this.#movedAt = 0;
  }

  /** What the groups take: those that are there, not the room for further ones. */
  get bytes(): number {
    const { keyWords, stride, general, inits } = this.shape;
    const each = 8 * stride + inits.length * OBJECT_BYTES + (general ? GENERAL_BYTES : 4 * keyWords + 12);
    return this.count * each + this.arenaUsed + this.#grown;
  }

  #growArena(bytes: number): void {
    const larger = new Uint8Array(Math.max(FIRST_ARENA, this.arena.length * 2, this.arenaUsed + bytes));
    larger.set(this.arena);
    this.arena = larger;
    this.#arenaText = Buffer.from(larger.buffer);
  }

  // ---- groups of several threads ----

  /** No groups, and room for so many: what there was stays with whoever has taken its arrays. */
  beginMerged(groups: number): void {
    const { keyWords, stride, general } = this.shape;
    let capacity = FIRST_GROUPS;
    while (capacity < groups) capacity *= 2;
    this.count = 0;
    this.capacity = capacity;
    this.objects.length = 0;
    this.map.clear();
    this.rows.length = 0;
    this.sums = new Float64Array(capacity * stride);
    this.arena = new Uint8Array(0);
    this.arenaUsed = 0;
    if (general) return;
    this.keys = new Int32Array(capacity * keyWords);
    this.hashes = new Int32Array(capacity);
    this.table = new Int32Array(capacity * 2);
    this.mask = capacity * 2 - 1;
  }

  /** False: they are more than may be in memory, and wait in no file. */
  endMerged(): boolean {
    return this.bytes <= this.#workMemory;
  }

  // ---- rows that wait ----

  /** A row of a group that is not there: [set, keys, arguments]. */
  spill(hash: number, row: unknown[]): void {
    this.#spill ??= new SpillParts(this.#kernel.parts.space);
    this.#spill.add(hash, row);
  }

  /** All rows are there. */
  finish(): void {
    const { empty, keys } = this.shape;
    if (this.count > 0) return;
    for (const set of empty) {
      this.reserve(1);
      const group = this.count++;
      this.init(group);
      if (this.shape.general) this.rows.push([...new Array<null>(keys).fill(null), set]);
      else {
        this.keys[group * this.shape.keyWords] = 2 ** keys - 1;
        this.keys[(group + 1) * this.shape.keyWords - 1] = set;
      }
    }
  }

  /** The groups have been read: begins with a part of what waits; false when there is none. */
  nextPart(): boolean {
    if (this.#spill === null || !this.#spill.nextPart()) return false;
    this.#clear();
    return true;
  }

  /** Adds some rows of the part; false at its end. */
  fillOn(c: unknown): boolean {
    const rows = this.#spill?.nextRows() ?? [];
    if (rows.length === 0) return false;
    this.reserve(rows.length);
    (this.#refill.fill as Refill)(c, rows, 0, rows.length);
    if (this.late >= 0) implementations['float8.add'](Number.MAX_VALUE, Number.MAX_VALUE);
    return true;
  }

  // ---- texts ----

  /** Keeps the bytes of a new group's text key; returns where. */
  keepText(memory: Uint8Array, from: number, length: number): number {
    if (this.arenaUsed + length > this.arena.length) this.#growArena(length);
    const at = this.arenaUsed;
    for (let index = 0; index < length; index++) this.arena[at + index] = memory[from + index];
    this.arenaUsed = at + length;
    return at;
  }

  /** Puts a string into texts[key] as UTF-8; returns its bytes. */
  putText(key: number, text: string): number {
    const { length } = text;
    let memory = this.texts[key];
    if (memory === undefined || memory.length < length * 3) {
      while (this.texts.length < key) this.texts.push(new Uint8Array(0));
      memory = Buffer.alloc(Math.max(256, length * 6));
      this.texts[key] = memory;
    }
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) return (memory as Buffer).write(text, 0);
      memory[index] = code;
    }
    return length;
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
    return rowHelpers.readText(this.arena, this.#arenaText, this.keys[at], this.keys[at + 1]);
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
  addText(at: number, object: number, text: string, scale: number, mixed: boolean): void {
    this.sums[at + 2]++;
    const point = text.indexOf('.');
    if (mixed && point >= 0) this.sums[at + 3] = Math.max(this.sums[at + 3], text.length - point - 1);
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

  /** A sum of type numeric, of integers of `scale`; mixed: with as many digits behind the point as the longest value had. */
  sumNumeric(at: number, object: number, scale: number, mixed: boolean): string | null {
    if (this.sums[at + 2] === 0) return null;
    const total = this.#total(at, object);
    const shown = mixed ? this.sums[at + 3] : scale;
    return bigText(shown === scale ? total : total / 10n ** BigInt(scale - shown), shown);
  }

  average(at: number, object: number, scale: number, mixed: boolean): RowValue {
    const sum = this.sumNumeric(at, object, scale, mixed);
    return sum === null ? null : implementations['numeric.div.postgresql'](sum, String(this.sums[at + 2]));
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
