/**
 * Rows of both sides of a join that wait in a file, in 16 parts by four bits of their hash, the top ones first; a part that is read may
 * be split again by the next four (SBLR-V8). Rows of one hash come out in the order in which they went in.
 *
 *   spill file   block, block, ...      block: rows of one side and one part (row-blocks.ts)
 */

import {
  appendSpill,
  closeSpillFile,
  createSpillFile,
  readSpill,
  type SpillFile,
} from '../../engine/storage/space/spill-files.ts';
import type { Space } from '../../engine/storage/space/space.ts';
import { type BlockColumn, BlockPacker, type PackedBlock, unpacked } from './row-blocks.ts';
import type { RowStore } from './row-store.ts';

const PARTS = 16;
const BITS = 4;
const HASH_BITS = 32;
const BLOCK_ROWS = 1 << 15;

export interface RowsBlock {
  readonly count: number;
  readonly columns: readonly BlockColumn[];
  /** Of build rows: their hashes, where rows are found by them; numbers of those that are in no chain, from 0; canonical keys. */
  readonly hashes: Int32Array | null;
  readonly unlinked: readonly number[];
  readonly keys: readonly unknown[] | null;
}

/** What the rows of a build side have besides their columns. */
export interface BuildRows {
  /** By row, from 1: those that are kept with them; null: none are. */
  readonly hashes: Int32Array | null;
  /** Ascending. */
  readonly unlinked: readonly number[];
  readonly keys: readonly unknown[] | null;
}

type Side = 'build' | 'probe';

interface Place {
  readonly at: number;
  readonly block: PackedBlock;
}

/** What lies in a block besides columns and hashes. */
interface More {
  readonly unlinked: readonly number[];
  readonly keys: readonly unknown[] | null;
}

interface Part {
  readonly build: Place[];
  readonly probe: Place[];
  /** Bits of the hash that its rows have in common. */
  readonly bits: number;
}

export class JoinSpill {
  readonly #space: Space;
  #file: SpillFile | null = null;
  /** Bits that rows which are added have in common. */
  #bits = 0;
  #parts: Part[] = [];
  readonly #waiting: Part[] = [];
  #reading: Part | null = null;
  #next = { build: 0, probe: 0 };
  #bytes = new Uint8Array(new ArrayBuffer(0));
  readonly #packer = new BlockPacker();

  constructor(space: Space) {
    this.#space = space;
    this.#begin(0);
  }

  #begin(bits: number): void {
    this.#bits = bits;
    this.#parts = Array.from({ length: PARTS }, () => ({ build: [], probe: [], bits: bits + BITS }));
  }

  /** Whether rows that are added now can be told apart by their hashes. */
  get canSplit(): boolean {
    return this.#bits < HASH_BITS;
  }

  /** All rows of a store. `hashes`: by row, from 1: which part each goes to. */
  add(side: Side, store: RowStore, hashes: Int32Array, rows: BuildRows | null): void {
    const { count } = store;
    const shift = HASH_BITS - BITS - this.#bits;
    const ends = new Int32Array(PARTS + 1);
    for (let row = 1; row <= count; row++) ends[((hashes[row] >>> shift) & (PARTS - 1)) + 1]++;
    for (let part = 0; part < PARTS; part++) ends[part + 1] += ends[part];
    const order = new Int32Array(count);
    const next = ends.slice();
    for (let row = 1; row <= count; row++) order[next[(hashes[row] >>> shift) & (PARTS - 1)]++] = row;
    const isUnlinked = rows === null || rows.unlinked.length === 0 ? null : new Uint8Array(count + 1);
    if (isUnlinked !== null) for (const row of rows?.unlinked ?? []) isUnlinked[row] = 1;
    for (let part = 0; part < PARTS; part++) {
      for (let from = ends[part]; from < ends[part + 1]; from += BLOCK_ROWS) {
        const to = Math.min(ends[part + 1], from + BLOCK_ROWS);
        const unlinked: number[] = [];
        if (isUnlinked !== null) for (let at = from; at < to; at++) if (isUnlinked[order[at]] !== 0) unlinked.push(at - from);
        const keys = rows === null || rows.keys === null ? null : keysOf(rows.keys, order, from, to);
        const more: More | null = keys === null && unlinked.length === 0 ? null : { keys, unlinked };
        this.#write(this.#parts[part][side], this.#packer.pack(store, order, from, to, rows?.hashes ?? null, more));
      }
    }
  }

  #write(places: Place[], block: PackedBlock): void {
    this.#file ??= createSpillFile(this.#space);
    places.push({ at: appendSpill(this.#file, this.#packer.bytes, 0, block.bytes), block });
  }

  /** Begins to read a part; what is added from now on is split further. False: nothing waits. */
  nextPart(): boolean {
    for (const part of this.#parts) if (part.build.length + part.probe.length > 0) this.#waiting.push(part);
    this.#reading = this.#waiting.pop() ?? null;
    this.#next = { build: 0, probe: 0 };
    this.#begin(this.#reading?.bits ?? 0);
    return this.#reading !== null;
  }

  /** Some rows of the part, until the next ones are read; null at its end. */
  nextBlock(side: Side): RowsBlock | null {
    const place = this.#reading?.[side][this.#next[side]++];
    return place === undefined ? null : this.#read(place);
  }

  /** Whether there are further rows of the part. */
  hasMore(side: Side): boolean {
    return this.#reading !== null && this.#next[side] < this.#reading[side].length;
  }

  /** The rows of the part are read from the first one again. */
  rewind(side: Side): void {
    this.#next[side] = 0;
  }

  /** Rows of the part. */
  countOf(side: Side): number {
    return this.#reading === null ? 0 : this.#reading[side].reduce((sum, { block }) => sum + block.count, 0);
  }

  /** Of rows that all went to one part: what their blocks have, in the order in which they came. */
  get blocks(): readonly PackedBlock[] {
    return this.#parts[0].build.map(({ block }) => block);
  }

  /** One of these, until another one is read. */
  block(index: number): RowsBlock {
    return this.#read(this.#parts[0].build[index]);
  }

  #read({ at, block }: Place): RowsBlock {
    if (this.#bytes.length < block.bytes) this.#bytes = new Uint8Array(new ArrayBuffer(block.bytes * 2));
    readSpill(this.#file as SpillFile, at, this.#bytes, 0, block.bytes);
    const { columns, hashes, more } = unpacked(block, this.#bytes);
    const { unlinked, keys } = (more as More | null) ?? { unlinked: [], keys: null };
    return { count: block.count, columns, hashes, unlinked, keys };
  }

  close(): void {
    if (this.#file !== null) closeSpillFile(this.#file);
    this.#file = null;
  }
}

function keysOf(keys: readonly unknown[], order: Int32Array, from: number, to: number): unknown[] {
  const made: unknown[] = [];
  for (let at = from; at < to; at++) made.push(keys[order[at]] ?? null);
  return made;
}
