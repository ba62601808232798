/**
 * Rows that are sorted (SBLR-V7, V8): kept in memory while they fit work_mem, else sorted runs go to a spill file and are merged.
 * Stable: of equal rows the one that came first. TopN keeps the first rows of the order only; when these do not fit either, they go
 * to runs as well.
 *
 *   spill file   run: block, block, ...      block: length u32, rows as V8 serialises them
 */

import {
  appendSpill,
  closeSpillFile,
  createSpillFile,
  readSpill,
  type SpillFile,
} from '../../engine/storage/space/spill-files.ts';
import type { Few } from './few.ts';
import type { Space } from '../../engine/storage/space/space.ts';
import { nodeV8 } from '../../shm/node-modules.ts';

export type Row = unknown[];
export type Compare = (a: Row, b: Row) => number;

/** What a row costs besides its texts. */
const ROW_BYTES = 48;
const SLOT_BYTES = 16;
const BLOCK_ROWS = 256;
/** Rows handed on at once. */
const BATCH_ROWS = 1024;
/** A TopN sorts what it has when it has this many times what it keeps. */
const SLACK = 4;
const KEPT_MIN = 256;

interface Run {
  at: number;
  readonly end: number;
  rows: Row[];
  next: number;
}

export class Sorter {
  readonly #compare: Compare;
  readonly #space: () => Space;
  readonly #workMemoryOf: () => number;
  #workMemory = 0;
  #rows: Row[] = [];
  #bytes = 0;
  #spill: SpillFile | null = null;
  #runs: Run[] = [];
  /** Rows that the first ones are wanted of; Infinity: all. */
  #keep = Number.POSITIVE_INFINITY;
  #worst: Row | null = null;
  #skip = 0;
  /** Rows that are equal to the last one are kept as well; merging, which one that is. */
  #ties = false;
  #last: Row | null = null;
  /** Rows of the merged order that may still be handed on, the skipped ones among them. */
  #left = 0;

  /** Counts the rows that are sorted. */
  readonly #few: Few | null;

  /** `workMemory` is asked when a statement begins. */
  constructor(compare: Compare, workMemory: () => number, space: () => Space, few: Few | null = null) {
    this.#compare = compare;
    this.#workMemoryOf = workMemory;
    this.#space = space;
    this.#few = few;
  }

  /** Begins; `skip` rows of the order are passed over, `limit` follow, with those that are equal to the last one by `ties`. */
  start(limit: number, skip: number, ties: boolean): void {
    this.close();
    this.#workMemory = this.#workMemoryOf();
    this.#keep = limit + skip;
    this.#ties = ties;
    this.#last = null;
    this.#skip = skip;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(row: Row): void {
    if (this.#few !== null) this.#few.rows++;
    if (this.#worst !== null && this.#compare(row, this.#worst) >= (this.#ties ? 1 : 0)) return;
    this.#rows.push(row);
    this.#bytes += bytesOf(row);
    if (this.#rows.length >= Math.max(KEPT_MIN, this.#keep * SLACK)) this.#cut();
    if (this.#bytes <= this.#workMemory) return;
    if (this.#rows.length > this.#keep) this.#cut();
    if (this.#bytes > this.#workMemory / 2) this.#spillRun();
  }

  /** Only the first rows of the order are wanted: the others go. */
  #cut(): void {
    this.#rows.sort(this.#compare);
    this.#rows.length = this.#wanted();
    this.#worst = this.#rows.length < this.#keep ? null : (this.#rows[this.#rows.length - 1] ?? null);
    this.#bytes = 0;
    for (const row of this.#rows) this.#bytes += bytesOf(row);
  }

  /** Of sorted rows the first that are wanted. */
  #wanted(): number {
    let kept = Math.min(this.#rows.length, this.#keep);
    const last = this.#rows[kept - 1];
    if (this.#ties && kept > 0) while (kept < this.#rows.length && this.#compare(this.#rows[kept], last) <= 0) kept++;
    return kept;
  }

  #spillRun(): void {
    const spill = this.#spill ?? createSpillFile(this.#space());
    this.#spill = spill;
    this.#rows.sort(this.#compare);
    const at = spill.length;
    for (let from = 0; from < this.#rows.length; from += BLOCK_ROWS) {
      const block = nodeV8().serialize(this.#rows.slice(from, from + BLOCK_ROWS));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(block.length);
      appendSpill(spill, length, 0, 4);
      appendSpill(spill, block, 0, block.length);
    }
    this.#runs.push({ at, end: spill.length, rows: [], next: 0 });
    this.#rows = [];
    this.#bytes = 0;
  }

  /** All rows are there. */
  finish(): void {
    this.#rows.sort(this.#compare);
    this.#rows.length = this.#wanted();
    if (this.#runs.length === 0) {
      if (this.#skip > 0) this.#rows = this.#rows.slice(this.#skip);
      return;
    }
    this.#runs.push({ at: 0, end: 0, rows: this.#rows, next: 0 });
    this.#rows = [];
    this.#left = this.#keep;
  }

  /** The next rows of the order; empty at the end. */
  nextRows(): Row[] {
    if (this.#runs.length > 0) return this.#merge();
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  #merge(): Row[] {
    const merged: Row[] = [];
    while (merged.length < BATCH_ROWS && (this.#left > 0 || this.#ties)) {
      let best: Run | null = null;
      // The earlier run first among equals: its rows came first.
      for (const run of this.#runs) {
        if (run.next >= run.rows.length && !this.#fill(run)) continue;
        if (best === null || this.#compare(run.rows[run.next], best.rows[best.next]) < 0) best = run;
      }
      if (best === null) break;
      const row = best.rows[best.next++];
      if (this.#left <= 0 && (this.#last === null || this.#compare(row, this.#last) > 0)) {
        this.#runs = [];
        break;
      }
      if (--this.#left === 0) this.#last = row;
      if (this.#skip > 0) this.#skip--;
      else merged.push(row);
    }
    return merged;
  }

  #fill(run: Run): boolean {
    const spill = this.#spill;
    if (run.at >= run.end || spill === null) return false;
    const header = Buffer.alloc(4);
    readSpill(spill, run.at, header, 0, 4);
    const length = header.readUInt32LE();
    const block = Buffer.alloc(length);
    readSpill(spill, run.at + 4, block, 0, length);
    run.at += 4 + length;
    run.rows = nodeV8().deserialize(block) as Row[];
    run.next = 0;
    return true;
  }

  close(): void {
    this.#rows = [];
    this.#bytes = 0;
    this.#runs = [];
    this.#worst = null;
    if (this.#spill !== null) closeSpillFile(this.#spill);
    this.#spill = null;
  }
}

function bytesOf(row: Row): number {
  let bytes = ROW_BYTES + row.length * SLOT_BYTES;
  for (const slot of row) {
    if (typeof slot === 'string') bytes += slot.length;
    else if (slot instanceof Uint8Array) bytes += slot.length;
    // A row of the result.
    else if (typeof slot === 'object' && slot !== null) bytes += bytesOf(Object.values(slot));
  }
  return bytes;
}
