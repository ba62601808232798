/**
 * Rows of an index range out of its entries (SM-P2): an entry that counts without its row gives an image of the columns that its key holds,
 * any other one the image of its row. What reads them does not see which.
 *
 *   entries of the cursor's batch   ->  which of them count (index-only.ts of txn)  ->  images in a row  ->  the stage's drain
 */

import { COUNT_FETCHES } from '../../engine/plan/counted.ts';
import { cursorKey, nextBatch, previousBatch } from '../../engine/storage/btree/cursor.ts';
import { type ByteViews, copyWords, privateViews } from '../../engine/storage/rows/byte-views.ts';
import { ROW_BYTES_MAX } from '../../engine/storage/rows/row-image.ts';
import { entriesThatCount } from '../../engine/txn/index-only.ts';
import { acceptRow } from '../../engine/txn/index-read.ts';
import { checkBound } from '../../engine/txn/snapshot.ts';
import { type KeyImage, keyImage } from '../rows/key-image.ts';
import { HeldPart } from './held-part.ts';
import type { IndexAccess, IndexReader } from './index-source.ts';
import type { State } from './state.ts';

/** Entries of one run: few at first, for who wants only the first row. */
const ENTRIES_MAX = 256;
const ENTRIES_FIRST = 4;
const ROOM = 65536;

/** Of this thread, for the reads to come. */
const spareRooms: ByteViews[] = [];
const SPARE_MAX = 4;

export class EntryReader extends HeldPart {
  readonly #access: IndexAccess;
  readonly #image: KeyImage;
  readonly #counts = new Uint8Array(ENTRIES_MAX);
  /** Of EXPLAIN ANALYZE: where rows that were read are counted, -1: nowhere. */
  readonly #counter: number;
  #reader!: IndexReader;
  #room: ByteViews | null = null;
  #entries = ENTRIES_FIRST;
  /** Images that are there, and how many of them have been taken. */
  count = 0;
  taken = 0;

  constructor(access: IndexAccess, columns: ReadonlySet<number>, counter: number) {
    super();
    const { table, position, keys } = access;
    this.#access = access;
    this.#counter = counter;
    this.#image = keyImage(table.layout, keys, table.indexes[position].kind, columns);
  }

  get images(): ByteViews {
    this.#room ??= spareRooms.pop() ?? privateViews(ROOM);
    return this.#room;
  }

  begin(c: State, reader: IndexReader): void {
    this.#reader = reader;
    this.count = 0;
    this.taken = 0;
    const { counts } = c.run;
    if (counts != null && this.#counter >= 0) counts[this.#counter + COUNT_FETCHES] ||= 1;
    this.#entries = ENTRIES_FIRST;
  }

  close(): void {
    if (this.#room !== null && spareRooms.length < SPARE_MAX) spareRooms.push(this.#room);
    this.#room = null;
  }

  /** The next images; false: there are none. */
  fill(c: State): boolean {
    const { tx } = c;
    const { table, position } = this.#access;
    const index = table.indexes[position];
    const scan = this.#reader.entries;
    const { cursor } = scan;
    this.taken = 0;
    for (this.count = 0; this.count === 0; ) {
      if (scan.entry >= cursor.count) {
        const { tree } = tx.context;
        const found = scan.backward ? previousBatch(tree, index.root, cursor) : nextBatch(tree, index.root, cursor);
        scan.entry = 0;
        // What is missing from the batch is missing from the snapshot only if that still stands.
        checkBound(tx);
        if (found === 0) return false;
      }
      const to = Math.min(cursor.count, scan.entry + this.#entries);
      this.#entries = Math.min(this.#entries * 4, ENTRIES_MAX);
      entriesThatCount(tx, table, index, cursor, scan.entry, to, this.#counts);
      this.#take(c, to);
    }
    return true;
  }

  /** Makes images of the batch's entries up to `to`, as far as there is room. */
  #take(c: State, to: number): void {
    const { table, position } = this.#access;
    const index = table.indexes[position];
    const scan = this.#reader.entries;
    const { cursor, key } = scan;
    const { words, bytes, starts, rowPages, rowSlots } = cursor;
    const { offsets, out } = c;
    const { i32, u16, u8, f64 } = this.images;
    const make = this.#image;
    const counts = this.#counts;
    const step = cursor.kind === 'i64' ? 2 : 1;
    const isBytes = cursor.kind === 'bytes';
    let used = 0;
    let count = 0;
    let fetched = 0;
    let entry = scan.entry;
    for (; entry < to && used + ROW_BYTES_MAX < ROOM; entry++) {
      let length = 0;
      if (counts[entry] === 1) {
        if (isBytes) length = make(words, bytes, starts[entry], starts[entry + 1], i32, u16, u8, f64, used);
        else length = make(words, bytes, entry * step, 0, i32, u16, u8, f64, used);
      } else {
        fetched++;
        cursorKey(cursor, entry, key);
        length = acceptRow(c.tx, table, index, key, rowPages[entry], rowSlots[entry], out);
        if (length === 0) continue;
        copyWords(i32, used, out.i32, 0, (length + 7) & ~7);
      }
      offsets[count++] = used;
      used += (length + 7) & ~7;
    }
    scan.entry = entry;
    this.count = count;
    if (fetched > 0) this.#noteFetched(c, fetched);
  }

  #noteFetched(c: State, rows: number): void {
    c.pages += rows;
    const { counts } = c.run;
    if (counts != null && this.#counter >= 0) counts[this.#counter + COUNT_FETCHES] += rows;
  }
}
