/** Sorted runs in a spill file: blocks of rows column by column, and a reader of one run (row-sorter.ts). */

import { readSpill, type SpillFile } from '../../engine/storage/space/spill-files.ts';
import { nodeV8 } from '../../shm/node-modules.ts';
import { compareKeys } from './key-sort.ts';
import type { BlockColumn } from './row-blocks.ts';

export interface Block {
  readonly count: number;
  /** Keys one after the other, and where each ends. */
  readonly keys: Uint8Array;
  readonly ends: Int32Array;
  readonly columns: readonly BlockColumn[];
}

export function blockBytes(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes);
  return length;
}

export class RunReader {
  readonly #spill: SpillFile;
  #position: number;
  readonly #end: number;
  /** Of two runs with equal keys the one that was written first has the rows that came first. */
  readonly #number: number;
  block!: Block;
  at = 0;

  constructor(spill: SpillFile, position: number, end: number, number: number) {
    this.#spill = spill;
    this.#position = position;
    this.#end = end;
    this.#number = number;
  }

  /** Reads the next block; false at the end. */
  load(): boolean {
    if (this.#position >= this.#end) return false;
    const header = Buffer.alloc(4);
    readSpill(this.#spill, this.#position, header, 0, 4);
    const length = header.readUInt32LE();
    const bytes = Buffer.alloc(length);
    readSpill(this.#spill, this.#position + 4, bytes, 0, length);
    this.#position += 4 + length;
    this.block = nodeV8().deserialize(bytes) as Block;
    this.at = 0;
    return true;
  }

  advance(): boolean {
    return ++this.at < this.block.count || this.load();
  }

  key(): Uint8Array {
    const { keys, ends } = this.block;
    return keys.subarray(this.at === 0 ? 0 : ends[this.at - 1], ends[this.at]);
  }

  isBefore(other: RunReader): boolean {
    const a = this.block;
    const b = other.block;
    const from = this.at === 0 ? 0 : a.ends[this.at - 1];
    const at = other.at === 0 ? 0 : b.ends[other.at - 1];
    const difference = compareKeys(a.keys, from, a.ends[this.at], b.keys, at, b.ends[other.at]);
    return difference < 0 || (difference === 0 && this.#number < other.#number);
  }
}

/** Puts the run whose row comes first in front. */
export function heapify(runs: RunReader[]): void {
  for (let at = (runs.length >> 1) - 1; at >= 0; at--) sink(runs, at);
}

/** The run at `at` goes down until those below come after it. */
export function sink(runs: RunReader[], at: number): void {
  for (;;) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2]) if (child < runs.length && runs[child].isBefore(runs[least])) least = child;
    if (least === at) return;
    const run = runs[at];
    runs[at] = runs[least];
    runs[least] = run;
    at = least;
  }
}
