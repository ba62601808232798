/**
 * Rows through an index, one after the other: by whole keys, and by ranges of keys in either direction.
 *
 *   bounds(c)    generated: fills `values` with those of the key columns; false when one is NULL, for then no row is meant
 *   begin        values -> bytes (key codec) -> a cursor between two places
 *   next         the next row that is seen, in c.out, its id in c.rowIds[0]
 *
 * Of a column whose values are compared, NULLs are left out: the codec puts a mark before each value of a nullable column.
 */

import type { CatalogIndex, CatalogTable } from '../../engine/catalog/objects.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import {
  type Cursor,
  createCursor,
  cursorAt,
  cursorBound,
  cursorFirst,
  cursorLast,
  nextBatch,
} from '../../engine/storage/btree/cursor.ts';
import { hashKey } from '../../engine/storage/hash/hash-key.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import {
  createKeyScratch,
  type IndexKind,
  type IndexRuntime,
  KEY_OK,
  type KeyScratch,
  type TableRuntime,
} from '../../engine/storage/rows/runtime.ts';
import { rowIdOf } from '../../engine/storage/rows/row-image.ts';
import { acceptRow, createIndexScan, findRow, type IndexScan, nextRow } from '../../engine/txn/index-read.ts';
import { BOUND_INCLUSIVE, BOUND_PREFIX } from '../../engine/txn/serializable-reads.ts';
import { noteRange, noteTable } from '../../engine/txn/serializable.ts';
import { checkBound } from '../../engine/txn/snapshot.ts';
import { ROW_PAGE, ROW_SLOT, SERIALIZABLE, type Transaction } from '../../engine/txn/transactions.ts';
import { indexKind, type KeyColumn, type KeyMaker, keyExtractor, keyMaker, keySuccessor } from '../rows/key-extractor.ts';
import { scaledText } from '../rows/row-helpers.ts';
import { type State, standInOf } from './state.ts';

/** An index as a compiled statement uses it. */
export interface IndexAccess {
  readonly table: TableRuntime;
  readonly position: number;
  readonly keys: readonly KeyColumn[];
  /** Of the keys as such; a hash index stores their hashes. */
  readonly kind: IndexKind;
  readonly hashed: boolean;
}

export function indexAccess(catalog: CatalogTable, table: TableRuntime, index: CatalogIndex): IndexAccess {
  const keys = index.keys.map(({ attribute, descending, nullsFirst }) => {
    const column = catalog.columns.find(({ number }) => number === attribute);
    if (column === undefined) throw new SqlError(SQLSTATE.internal_error, 'an index names a column that its table has not');
    return { column: column.kernelColumn, descending, nullsFirst };
  });
  const hashed = index.method === 'hash';
  const kind = hashed ? indexKind(table.layout, keys) : table.indexes[index.kernelIndex].kind;
  return { table, position: index.kernelIndex, keys, kind, hashed };
}

/** What is asked of the index: so many equal columns, then perhaps bounds of the next. */
export interface RangeShape {
  readonly equal: number;
  /** 'none', or whether the bound itself belongs to the range. In terms of values, whatever the column's direction. */
  readonly low: 'none' | 'inclusive' | 'exclusive';
  readonly high: 'none' | 'inclusive' | 'exclusive';
  readonly backward: boolean;
}

interface Place {
  readonly key: KeyScratch;
  /** Behind all entries of the key, not before them. */
  behind: boolean;
  /** No bound at all. */
  open: boolean;
}

const newPlace = (): Place => ({ key: createKeyScratch(), behind: false, open: true });

/** Memory of a read: it goes from run to run, whatever the program. */
interface Tools {
  readonly kind: IndexKind;
  readonly start: Place;
  readonly end: Place;
  readonly cursor: Cursor;
  readonly scan: IndexScan;
}

/** Of this thread, for the reads to come. */
const spareTools: Record<IndexKind, Tools[]> = { i32: [], i64: [], bytes: [] };
const SPARE_MAX = 8;

function makeTools(index: IndexRuntime): Tools {
  const { kind } = index;
  const cursor = createCursor(kind);
  return { kind, start: newPlace(), end: newPlace(), cursor, scan: createIndexScan(index, cursor, false) };
}

/** What a reader has that does not read. */
const NO_KEY = createKeyScratch();

export class IndexReader {
  readonly #access: IndexAccess;
  readonly #maker: KeyMaker;
  readonly #numbers: Float64Array;
  readonly #given: (RowValue | undefined)[];
  /** Null while it does not read; then the next four are not its own. */
  #tools: Tools | null = null;
  #start!: Place;
  #end!: Place;
  #cursor!: Cursor;
  #scan!: IndexScan;
  /** Of a hash index. */
  readonly #hash: KeyScratch;
  readonly #own: KeyScratch;
  readonly #extract: ReturnType<typeof keyExtractor> | null;
  /** Filled by generated code: values of the equal columns, then low, then high. */
  readonly values: RowValue[] = [];
  #hashEntry = 0;

  constructor(access: IndexAccess) {
    this.#access = access;
    const { table, keys, kind, hashed } = access;
    this.#maker = keyMaker(table.layout, keys, kind);
    this.#numbers = new Float64Array(keys.length);
    this.#given = new Array(keys.length).fill(undefined);
    this.#hash = hashed ? createKeyScratch() : NO_KEY;
    this.#own = hashed ? createKeyScratch() : NO_KEY;
    this.#extract = hashed ? keyExtractor(table.layout, keys, kind) : null;
  }

  /** Takes its memory, if it has none. */
  #open(): void {
    if (this.#tools !== null) return;
    const { table, position } = this.#access;
    const index = table.indexes[position];
    const tools = spareTools[index.kind].pop() ?? makeTools(index);
    this.#tools = tools;
    this.#start = tools.start;
    this.#end = tools.end;
    this.#cursor = tools.cursor;
    this.#scan = tools.scan;
    (this.#scan as { index: IndexRuntime }).index = index;
  }

  /** Gives its memory away: nothing is read any more. */
  close(): void {
    const tools = this.#tools;
    if (tools === null) return;
    this.#tools = null;
    const spare = spareTools[tools.kind];
    if (spare.length < SPARE_MAX) spare.push(tools);
  }

  /**
   * Puts a value into the key's input. A numeric that the column cannot hold exactly is no key: 'none' of the rows has it; as a
   * bound it is rounded up or down to the next value that is inside.
   */
  #put(column: number, value: RowValue, round: 'none' | 'up' | 'down'): boolean {
    const placed = this.#access.table.layout.columns[this.#access.keys[column].column];
    this.#given[column] = value;
    if (placed.kind !== 'numeric' || typeof value !== 'string') return true;
    const exact = standInOf(value, placed.scale);
    const rounded = round === 'up' ? Math.ceil(exact) : round === 'down' ? Math.floor(exact) : exact;
    const limit = 10 ** placed.precision - 1;
    if (round === 'none' && (!Number.isInteger(rounded) || Math.abs(rounded) > limit)) return false;
    if (Math.abs(rounded) > limit) {
      // Beyond every value of the column: a low bound below all, a high one above all, bounds nothing.
      if (round === 'up' ? rounded > 0 : rounded < 0) return false;
    }
    this.#given[column] = scaledText(Math.max(-limit, Math.min(limit, rounded)), placed.scale);
    return true;
  }

  /** Encodes the first columns into a key. False: no row has it. */
  #encode(columns: number, key: KeyScratch): boolean {
    key.i32.fill(0);
    return this.#maker.encode({ numbers: this.#numbers, values: this.#given }, key, columns) === KEY_OK;
  }

  /** The row with the whole key in `values`: into c.out. False: there is none. */
  find(c: State): boolean {
    this.#open();
    const found = this.#findKey(c);
    this.close();
    return found;
  }

  #findKey(c: State): boolean {
    const { table, position, keys, hashed } = this.#access;
    for (let column = 0; column < keys.length; column++) if (!this.#put(column, this.values[column], 'none')) return false;
    if (!this.#encode(keys.length, this.#start.key)) return false;
    if (hashed) {
      this.#beginHash(c);
      return this.#nextHashed(c);
    }
    if (c.tx.isolation === SERIALIZABLE) {
      const { key } = this.#start;
      noteRange(c.kernel.locks, c.tx, table.id, table.indexes[position], key, BOUND_INCLUSIVE, key, BOUND_INCLUSIVE);
    }
    c.pages++;
    if (findRow(c.tx, table, position, this.#start.key, c.out) === 0) return false;
    c.oneRow(c.tx.ints[ROW_PAGE], c.tx.ints[ROW_SLOT]);
    return true;
  }

  /** Begins to read a range of `values`. False: it is empty. */
  begin(c: State, shape: RangeShape): boolean {
    this.#open();
    const { keys, hashed } = this.#access;
    for (let column = 0; column < shape.equal; column++) if (!this.#put(column, this.values[column], 'none')) return false;
    if (hashed) {
      if (!this.#encode(keys.length, this.#start.key)) return false;
      this.#beginHash(c);
      return true;
    }
    const descending = shape.equal < keys.length && keys[shape.equal].descending === true;
    const first = descending ? shape.high : shape.low;
    const last = descending ? shape.low : shape.high;
    const at = shape.equal;
    const lowAt = at;
    const highAt = at + (shape.low === 'none' ? 0 : 1);
    const ranged = shape.low !== 'none' || shape.high !== 'none';
    if (!this.#bound(this.#start, at, first, descending ? highAt : lowAt, false, descending, ranged)) return false;
    if (!this.#bound(this.#end, at, last, descending ? lowAt : highAt, true, descending, ranged)) return false;
    this.#place(c, shape.backward);
    return true;
  }

  /** One end of the range. `isEnd`: the one with the greater keys. */
  #bound(
    place: Place,
    equal: number,
    how: RangeShape['low'],
    from: number,
    isEnd: boolean,
    descending: boolean,
    ranged: boolean,
  ): boolean {
    place.open = false;
    if (how === 'none') return this.#openEnd(place, equal, isEnd, ranged);
    const isLow = isEnd === descending;
    const value = this.values[from];
    if (!this.#put(equal, value, isLow ? 'up' : 'down')) return false;
    // Rounded to a value that is inside: then that value belongs to the range.
    const inside = how === 'inclusive' || this.#given[equal] !== value ? this.#isInside(how, equal, value) : false;
    if (!this.#encode(equal + 1, place.key)) return false;
    return this.#side(place, equal + 1, isEnd === inside, isEnd);
  }

  #isInside(how: RangeShape['low'], column: number, value: RowValue): boolean {
    if (how === 'inclusive') return true;
    const placed = this.#access.table.layout.columns[this.#access.keys[column].column];
    return placed.kind === 'numeric' && !Number.isInteger(standInOf(String(value), placed.scale));
  }

  /** Without a bound of its own: where the equal columns begin or end, NULLs of the next column left out if it is compared. */
  #openEnd(place: Place, equal: number, isEnd: boolean, ranged: boolean): boolean {
    const { keys, kind, table } = this.#access;
    const key = equal < keys.length ? keys[equal] : undefined;
    const nullable = ranged && key !== undefined && table.layout.columns[key.column].nullable;
    const nullsFirst = key?.nullsFirst ?? key?.descending === true;
    const skipNulls = nullable && nullsFirst !== isEnd;
    if (equal === 0 && !skipNulls) {
      place.open = true;
      return true;
    }
    if (kind !== 'bytes' && skipNulls) {
      // NULL is the extreme key of the kind.
      place.key.i32[0] = nullsFirst ? -2147483648 : 2147483647;
      place.key.i32[1] = nullsFirst ? 0 : -1;
      place.key.length = 8;
      place.behind = !isEnd;
      return true;
    }
    if (equal > 0) {
      if (!this.#encode(equal, place.key)) return false;
    } else place.key.length = 0;
    if (skipNulls) {
      place.key.u8[place.key.length++] = isEnd ? 2 : 1;
      place.behind = false;
      return true;
    }
    return this.#side(place, equal, isEnd, isEnd);
  }

  /** Before or behind all entries that begin with the key. False: nothing is behind them, where the range was to begin. */
  #side(place: Place, columns: number, behind: boolean, isEnd: boolean): boolean {
    place.behind = behind;
    if (!behind || columns === this.#access.keys.length) return true;
    place.behind = false;
    place.open = !keySuccessor(place.key);
    return isEnd || !place.open;
  }

  #place(c: State, backward: boolean): void {
    const cursor = this.#cursor;
    if (c.tx.isolation === SERIALIZABLE) this.#note(c.tx, c);
    const from = backward ? this.#end : this.#start;
    const to = backward ? this.#start : this.#end;
    if (from.open) (backward ? cursorLast : cursorFirst)(cursor);
    else cursorAt(cursor, from.key, from.behind ? -1 : 0, from.behind ? 65535 : 0);
    if (!to.open) cursorBound(cursor, to.key, to.behind ? -1 : 0, to.behind ? 65535 : 0);
    cursor.count = 0;
    this.#scan.entry = 0;
    (this.#scan as { backward: boolean }).backward = backward;
  }

  /** A little more than is read counts as read. */
  #note(tx: Transaction, c: State): void {
    const { table, position } = this.#access;
    const flags = BOUND_INCLUSIVE | BOUND_PREFIX;
    const start = this.#start.open ? null : this.#start.key;
    const end = this.#end.open ? null : this.#end.key;
    noteRange(c.kernel.locks, tx, table.id, table.indexes[position], start, flags, end, flags);
  }

  /** The range that was begun, for who takes its entries without this reader (index-only.ts). */
  get entries(): IndexScan {
    return this.#scan;
  }

  /** The next row, into c.out. */
  next(c: State): boolean {
    if (this.#access.hashed) return this.#nextHashed(c);
    if (nextRow(c.tx, this.#access.table, this.#scan, c.out) === 0) return false;
    c.pages++;
    c.oneRow(c.tx.ints[ROW_PAGE], c.tx.ints[ROW_SLOT]);
    return true;
  }

  /** Adds the row ids of a batch of entries to `list`, whatever becomes of their rows. False: there are no more. */
  nextIds(c: State, list: { add(id: number): void }): boolean {
    const { table, position } = this.#access;
    const cursor = this.#cursor;
    const count = nextBatch(c.tx.context.tree, table.indexes[position].root, cursor);
    // What is missing from the batch is missing from the snapshot only if that still stands.
    checkBound(c.tx);
    for (let entry = 0; entry < count; entry++) list.add(rowIdOf(cursor.rowPages[entry], cursor.rowSlots[entry]));
    return count > 0;
  }

  #beginHash(c: State): void {
    const { table, kind } = this.#access;
    if (c.tx.isolation === SERIALIZABLE) noteTable(c.kernel.locks, c.tx, table.id);
    hashKey(kind, this.#start.key, this.#hash);
    cursorAt(this.#cursor, this.#hash, 0, 0);
    cursorBound(this.#cursor, this.#hash, -1, 65535);
    this.#cursor.count = 0;
    this.#hashEntry = 0;
  }

  /** Entries of one hash: the row's own key decides. */
  #nextHashed(c: State): boolean {
    const { table, position } = this.#access;
    const index = table.indexes[position];
    const cursor = this.#cursor;
    for (;;) {
      if (this.#hashEntry >= cursor.count) {
        this.#hashEntry = 0;
        if (nextBatch(c.tx.context.tree, index.root, cursor) === 0) return false;
      }
      const entry = this.#hashEntry++;
      const { out } = c;
      c.pages++;
      if (acceptRow(c.tx, table, index, this.#hash, cursor.rowPages[entry], cursor.rowSlots[entry], out) === 0) continue;
      const own = this.#own;
      own.i32.fill(0);
      if (
        this.#extract?.(out.i32, out.u16, out.u8, out.f64, 0, own) !== KEY_OK ||
        !equalKeys(this.#access.kind, own, this.#start.key)
      )
        continue;
      c.oneRow(cursor.rowPages[entry], cursor.rowSlots[entry]);
      return true;
    }
  }
}

/** A scratch goes from read to read: words and bytes of it hold what the kind of key before has left there. */
function equalKeys(kind: IndexKind, a: KeyScratch, b: KeyScratch): boolean {
  if (kind !== 'bytes') return a.i32[0] === b.i32[0] && (kind === 'i32' || a.i32[1] === b.i32[1]);
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a.u8[index] !== b.u8[index]) return false;
  return true;
}
