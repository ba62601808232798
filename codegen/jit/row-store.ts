/**
 * Rows that are collected column by column: the build side of a join, what waits for a tail, what a recursion gave. No object a row.
 *
 *   data[k]     kind 'i': Int32Array      'd': Float64Array      'l': Float64Array, a bigint as NaN, itself in bigs[k]
 *               'v': array of values as slots have them, null for NULL
 *               't': text as UTF-8 in chars[k], each row's up to data[k][row]; an Int32Array
 *   nulls[k]    a mark a row, where the column may be NULL and is not 'v'
 *   rows        1 to count; row 0 has nothing but NULLs: it stands for the row that an outer join does not find
 *
 * Memory is counted as it grows (SBLR-V8). Generated code writes a row thus: n = count + 1; at `limit` it asks more() for the row's
 * number and takes the arrays anew; it writes the columns, then count = n.
 */

import { sharedCopy } from './gather-fill.ts';
import { HeldPart } from './held-part.ts';
import { keepMemory, takeMemory } from './kept-memory.ts';
import type { BlockColumn } from './row-blocks.ts';

export type StoreKind = 'i' | 'd' | 'l' | 'v' | 't';

export interface StoreColumn {
  readonly kind: StoreKind;
  readonly nullable: boolean;
  /** Of text: its UTF-8 is kept as well, once all rows are there. */
  readonly bytes: boolean;
}

/** JavaScript values on their way to another thread: each once, and for each row which it is. */
interface Dictionary {
  readonly values: readonly unknown[];
  readonly codes: Int32Array;
}

const isDictionary = (data: object): data is Dictionary => 'codes' in data;
const valueAt = (data: readonly unknown[] | Dictionary, row: number): unknown =>
  isDictionary(data) ? data.values[data.codes[row]] : data[row];
const valuesOf = ({ values, codes }: Dictionary): unknown[] => Array.from(codes, (code) => values[code]);

/** Null: there are too many. */
function dictionaryOf(data: readonly unknown[], count: number): Dictionary | null {
  const codes = new Int32Array(new SharedArrayBuffer((count + 1) * 4));
  const known = new Map<unknown, number>();
  for (let row = 0; row <= count; row++) {
    const value = data[row];
    let code = known.get(value);
    if (code === undefined) {
      code = known.size;
      if (code > SENT_VALUES) return null;
      known.set(value, code);
    }
    codes[row] = code;
  }
  return { values: [...known.keys()], codes };
}

/** A column of a store as another thread reads it. */
export interface ColumnImage {
  readonly data: Int32Array | Float64Array | unknown[] | Dictionary;
  readonly nulls: Uint8Array | null;
  readonly bigs: Map<number, bigint> | null;
  readonly chars: Uint8Array | null;
  readonly texts: Uint8Array | null;
  readonly places: Int32Array | null;
}

type ColumnData = Int32Array | Float64Array | unknown[];

const FIRST_ROWS = 64;
const FIRST_BYTES = 64;
const FIRST_CHARS = 1024;
/** More than this is given back with the end of a run. */
const KEPT_ROWS = 4096;
/** Rows between looks at the memory. */
const LOOK_ROWS = 4096;
const LEAST_ROWS = 16;
/** What a slot of a plain array takes, and a value in it that is no text. */
const SLOT_BYTES = 8;
/** Different JavaScript values that are copied for another thread, which takes about a microsecond for each. */
const SENT_VALUES = 20_000;

export class RowStore extends HeldPart {
  readonly columns: readonly StoreColumn[];
  readonly data: ColumnData[] = [];
  readonly nulls: (Uint8Array | null)[] = [];
  readonly bigs: (Map<number, bigint> | null)[] = [];
  /** Of 't': the bytes, and the same memory for Node's decoders. */
  readonly chars: Uint8Array[] = [];
  readonly charsText: Buffer[] = [];
  /** UTF-8 of the texts of a column, and where each row's begins: text `row` ends where the next begins. */
  readonly texts: (Uint8Array | null)[] = [];
  readonly places: (Int32Array | null)[] = [];
  readonly #kept: (string | undefined)[][] = [];
  count = 0;
  /** The row number at which more() is to be asked. */
  limit = 0;
  capacity = 0;
  /** Bytes of values outside the arrays. */
  extra = 0;

  constructor(columns: readonly StoreColumn[]) {
    super();
    this.columns = columns;
  }

  /** An empty store. */
  begin(): void {
    takeMemory(this);
    this.count = 0;
    this.extra = 0;
    this.#kept.length = 0;
    this.bigs.fill(null);
    if (this.capacity === 0) this.#allocate(FIRST_ROWS);
    this.columns.forEach(({ kind }, column) => {
      if (kind === 'v') this.data[column] = [null];
    });
    this.limit = this.capacity;
  }

  #allocate(capacity: number): void {
    const count = this.count + 1;
    this.columns.forEach(({ kind, nullable }, column) => {
      if (kind === 'v') {
        this.data[column] ??= [null];
        return;
      }
      const data = kind === 'i' || kind === 't' ? new Int32Array(capacity) : new Float64Array(capacity);
      if (kind === 't' && this.chars[column] === undefined) this.charRoom(column, 0, FIRST_CHARS);
      const before = this.data[column] as Float64Array | undefined;
      if (before !== undefined) data.set(before.subarray(0, count));
      this.data[column] = data;
      const marks = nullable ? new Uint8Array(capacity) : null;
      const marked = this.nulls[column];
      if (marks !== null && marked != null) marks.set(marked.subarray(0, count));
      if (marks !== null) marks[0] = 1;
      this.nulls[column] = marks;
      this.bigs[column] ??= null;
    });
    this.capacity = capacity;
  }

  /** Room for one more row at least; its number. */
  more(): number {
    this.full();
    if (this.count + 1 >= this.capacity) this.#allocate(this.capacity * 2);
    // Not so far that it outgrows its memory by much before it is looked at again.
    const rows = (this.spare / 2 / (this.bytes / (this.count + 1))) | 0;
    this.limit = Math.min(this.capacity, this.count + 1 + Math.max(LEAST_ROWS, Math.min(LOOK_ROWS, rows)));
    return this.count + 1;
  }

  /** Bytes that it may still take. */
  protected get spare(): number {
    return LOOK_ROWS << 10;
  }

  /** Called now and then while it grows: makes room elsewhere when it has grown too large. */
  protected full(): void {}

  /** Once all rows are there: the bytes of texts that are read as such. */
  protected encodeTexts(): void {
    this.columns.forEach(({ kind, bytes }, column) => {
      if (kind === 'v' && bytes) this.#encode(column);
    });
  }

  #encode(column: number): void {
    const texts = this.data[column] as (string | null)[];
    const places = new Int32Array(this.count + 2);
    let memory = Buffer.allocUnsafeSlow(Math.max(FIRST_BYTES, this.count * 16));
    let at = 0;
    for (let row = 1; row <= this.count; row++) {
      places[row] = at;
      const text = texts[row];
      if (text === null) continue;
      if (at + text.length * 3 > memory.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(memory.length * 2, at + text.length * 3));
        larger.set(memory);
        memory = larger;
      }
      at += memory.write(text, at);
    }
    places[this.count + 1] = at;
    this.texts[column] = new Uint8Array(memory.buffer, memory.byteOffset, memory.length);
    this.places[column] = places;
  }

  /** Bytes that it takes now. */
  get bytes(): number {
    let bytes = this.extra;
    this.columns.forEach(({ kind, nullable }, column) => {
      bytes += (this.count + 1) * ((kind === 'i' || kind === 't' ? 4 : SLOT_BYTES) + (nullable && kind !== 'v' ? 1 : 0));
      if (kind === 't' && this.data[column] !== undefined) bytes += (this.data[column] as Int32Array)[this.count];
    });
    return bytes;
  }

  /** Room for `bytes` bytes of text behind `used`. */
  charRoom(column: number, used: number, bytes: number): void {
    const before = this.chars[column];
    if (before !== undefined && used + bytes <= before.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(FIRST_CHARS, used + bytes, (before?.length ?? 0) * 2));
    if (before !== undefined) larger.set(before.subarray(0, used));
    this.charsText[column] = larger;
    this.chars[column] = new Uint8Array(larger.buffer);
  }

  /** Puts the text of row `row` behind those of the rows before it; null: none. */
  putChars(column: number, row: number, text: string | null): void {
    const ends = this.data[column] as Int32Array;
    let at = ends[row - 1];
    if (text !== null) {
      const { length } = text;
      this.charRoom(column, at, length * 3);
      const chars = this.chars[column];
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code > 127) break;
        chars[at + index] = code;
      }
      at += index === length ? length : this.charsText[column].write(text, at);
    }
    ends[row] = at;
  }

  /** Texts that were made of the bytes of a column, by row. */
  kept(column: number): (string | undefined)[] {
    let texts = this.#kept[column];
    if (texts === undefined) {
      texts = [];
      this.#kept[column] = texts;
    }
    return texts;
  }

  /** Makes room for so many rows, and as many bytes of text in each column, that are written where nothing can grow. */
  reserveRows(rows: number, bytes: number): void {
    // Code that is made when it is first needed may have said what the columns are after the store had begun.
    if (this.data.length < this.columns.length) this.#allocate(this.capacity);
    if (this.count + rows >= this.limit) {
      this.full();
      let { capacity } = this;
      while (this.count + rows + 1 >= capacity) capacity *= 2;
      if (capacity !== this.capacity) this.#allocate(capacity);
      this.limit = Math.min(this.capacity, this.count + rows + LOOK_ROWS);
    }
    this.columns.forEach(({ kind }, column) => {
      if (kind === 't') this.charRoom(column, (this.data[column] as Int32Array)[this.count], bytes);
    });
  }

  /** Keeps a bigint for row `row` of a column of kind 'l'; what is written in its place. */
  keepBig(column: number, row: number, value: bigint): number {
    const bigs = this.bigs[column] ?? new Map<number, bigint>();
    this.bigs[column] = bigs;
    bigs.set(row, value);
    return Number.NaN;
  }

  big(column: number, row: number): bigint {
    return this.bigs[column]?.get(row) as bigint;
  }

  isBig(column: number, row: number, value: unknown): boolean {
    return this.bigs[column]?.get(row) === value;
  }

  /** The rows as another thread can read them; null: too many of them are JavaScript values. */
  columnImages(): ColumnImage[] | null {
    const { count } = this;
    const images: ColumnImage[] = [];
    for (let column = 0; column < this.columns.length; column++) {
      const { kind } = this.columns[column];
      const data = this.data[column];
      const values = kind === 'v' ? dictionaryOf(data as unknown[], count) : null;
      if (kind === 'v' && values === null) return null;
      const marks = this.nulls[column] ?? null;
      const texts = this.texts[column] ?? null;
      const places = this.places[column] ?? null;
      images.push({
        data: values ?? sharedCopy(data as Int32Array, count + 1),
        nulls: marks === null ? null : sharedCopy(marks, count + 1),
        bigs: this.bigs[column] ?? null,
        chars: kind === 't' ? sharedCopy(this.chars[column], (data as Int32Array)[count]) : null,
        texts: texts === null || places === null ? null : sharedCopy(texts, places[count + 1]),
        places: places === null ? null : sharedCopy(places, count + 2),
      });
    }
    return images;
  }

  /** The same of the own thread: what there is, not a copy. */
  get ownColumns(): ColumnImage[] {
    return this.columns.map(({ kind }, column) => ({
      data: this.data[column],
      nulls: this.nulls[column] ?? null,
      bigs: this.bigs[column] ?? null,
      chars: kind === 't' ? this.chars[column] : null,
      texts: null,
      places: null,
    }));
  }

  /** No rows, and room for so many, with so many bytes of text in each column, in memory that other threads see. */
  beginMerged(rows: number, texts: readonly number[]): void {
    takeMemory(this);
    const capacity = Math.max(FIRST_ROWS, rows + 2);
    this.columns.forEach(({ kind, nullable }, column) => {
      this.bigs[column] = null;
      if (kind === 'v') {
        this.data[column] = [null];
        return;
      }
      const isWord = kind === 'i' || kind === 't';
      const memory = new SharedArrayBuffer(capacity * (isWord ? 4 : 8));
      this.data[column] = isWord ? new Int32Array(memory) : new Float64Array(memory);
      this.nulls[column] = nullable ? new Uint8Array(new SharedArrayBuffer(capacity)) : null;
      if (nullable) (this.nulls[column] as Uint8Array)[0] = 1;
      if (kind !== 't') return;
      const chars = new SharedArrayBuffer(Math.max(FIRST_CHARS, texts[column]));
      this.chars[column] = new Uint8Array(chars);
      this.charsText[column] = Buffer.from(chars);
    });
    this.count = 0;
    this.extra = 0;
    this.#kept.length = 0;
    this.capacity = capacity;
    this.limit = capacity;
  }

  /** Puts rows behind those that are there: those of an image behind its row `from` up to row `to`. */
  appendRows(images: readonly ColumnImage[], from: number, to: number): void {
    const at = this.count + 1;
    images.forEach(({ data, nulls, bigs, chars }, column) => {
      const { kind } = this.columns[column];
      if (kind === 'v') {
        const values = this.data[column] as unknown[];
        for (let row = from + 1; row <= to; row++) values.push(valueAt(data as unknown[] | Dictionary, row));
        return;
      }
      const target = this.data[column] as Float64Array;
      if (nulls !== null) (this.nulls[column] as Uint8Array).set(nulls.subarray(from + 1, to + 1), at);
      if (kind === 't') {
        this.#appendTexts(column, data as Int32Array, chars as Uint8Array, from, to);
        return;
      }
      target.set((data as Float64Array).subarray(from + 1, to + 1), at);
      if (bigs === null) return;
      for (let row = from + 1; row <= to; row++) {
        const big = bigs.get(row);
        if (big !== undefined) this.keepBig(column, at + row - from - 1, big);
      }
    });
    this.count += to - from;
  }

  /** Puts the rows of a block behind those that are there. */
  protected appendBlock(columns: readonly BlockColumn[], count: number): void {
    const texts = columns.map(({ chars }) => chars?.length ?? 0);
    this.reserveRows(count, Math.max(0, ...texts));
    const before = this.count;
    columns.forEach(({ data, nulls, chars }, column) => {
      const { kind } = this.columns[column];
      const own = this.data[column];
      if (nulls !== null) (this.nulls[column] as Uint8Array).set(nulls, before + 1);
      if (chars !== undefined) {
        const words = own as Int32Array;
        const moved = words[before];
        this.chars[column].set(chars, moved);
        for (let at = 0; at < count; at++) words[before + 1 + at] = moved + (data[at] as number);
        return;
      }
      if (kind === 'v') this.#appendValues(own as unknown[], data);
      else if (Array.isArray(data)) this.#appendLongs(column, before, data);
      else (own as Float64Array).set(data as Float64Array, before + 1);
    });
    this.count = before + count;
  }

  #appendValues(own: unknown[], values: ArrayLike<unknown>): void {
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      own.push(value);
      this.extra += typeof value === 'string' ? value.length : 16;
    }
  }

  #appendLongs(column: number, before: number, values: readonly unknown[]): void {
    const own = this.data[column] as Float64Array;
    values.forEach((value, at) => {
      const row = before + 1 + at;
      own[row] = typeof value === 'bigint' ? this.keepBig(column, row, value) : (value as number);
    });
  }

  #appendTexts(column: number, ends: Int32Array, chars: Uint8Array, from: number, to: number): void {
    const own = this.data[column] as Int32Array;
    const at = this.count;
    const moved = own[at] - ends[from];
    this.chars[column].set(chars.subarray(ends[from], ends[to]), own[at]);
    for (let row = from + 1; row <= to; row++) own[at + row - from] = ends[row] + moved;
  }

  /** Takes the rows of another thread: to be read only, until forget(). */
  protected adoptColumns(count: number, images: readonly ColumnImage[]): void {
    takeMemory(this);
    this.count = count;
    this.extra = 0;
    this.capacity = 0;
    this.#kept.length = 0;
    images.forEach(({ data, nulls, bigs, chars, texts, places }, column) => {
      this.data[column] = isDictionary(data) ? valuesOf(data) : data;
      this.nulls[column] = nulls;
      this.bigs[column] = bigs;
      this.texts[column] = texts;
      this.places[column] = places;
      if (chars === null) return;
      this.chars[column] = chars;
      this.charsText[column] = Buffer.from(chars.buffer, chars.byteOffset, chars.length);
    });
  }

  /** No rows, in the memory that is there: for who has put them elsewhere while others come. */
  protected empty(): void {
    this.count = 0;
    this.extra = 0;
    this.#kept.length = 0;
    this.bigs.fill(null);
    this.columns.forEach(({ kind }, column) => {
      if (kind === 'v') this.data[column] = [null];
    });
  }

  /** Forgets the rows. */
  drop(): void {
    this.count = 0;
    this.extra = 0;
    this.#kept.length = 0;
    this.bigs.fill(null);
    this.texts.length = 0;
    this.places.length = 0;
    if (this.capacity === 0) return;
    if (this.capacity > KEPT_ROWS) {
      takeMemory(this);
      this.forget();
      return;
    }
    this.columns.forEach(({ kind }, column) => {
      if (kind === 'v') this.data[column] = [null];
    });
    keepMemory(this, this.#keptBytes());
  }

  /** Lets go of its memory. */
  forget(): void {
    this.data.length = 0;
    this.nulls.length = 0;
    this.chars.length = 0;
    this.charsText.length = 0;
    this.capacity = 0;
  }

  /** What its arrays take, whatever is in them. */
  #keptBytes(): number {
    let bytes = 0;
    this.columns.forEach(({ kind, nullable }, column) => {
      if (kind === 'v') return;
      bytes += this.capacity * ((kind === 'i' || kind === 't' ? 4 : SLOT_BYTES) + (nullable ? 1 : 0));
      if (kind === 't') bytes += this.chars[column].length;
    });
    return bytes;
  }

  close(): void {
    this.drop();
  }
}
