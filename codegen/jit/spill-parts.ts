/**
 * Rows that wait in a file, in 16 parts by four bits of a hash, the top ones first; a part that is read may be split again by the
 * next four (SBLR-V8). Rows of one hash come out in the order in which they went in.
 *
 *   spill file   block, block, ...      block: rows of one part as V8 serialises them
 */

import {
  appendSpill,
  closeSpillFile,
  createSpillFile,
  readSpill,
  type SpillFile,
} from '../../engine/storage/space/spill-files.ts';
import type { Space } from '../../engine/storage/space/space.ts';
import { nodeV8 } from '../../shm/node-modules.ts';

const PARTS = 16;
const BITS = 4;
const BLOCK_ROWS = 128;
const HASH_BITS = 32;

interface Block {
  readonly at: number;
  readonly bytes: number;
}

interface Part {
  readonly blocks: Block[];
  rows: unknown[][];
}

interface Waiting {
  readonly blocks: readonly Block[];
  /** Bits of the hash that its rows have in common. */
  readonly bits: number;
}

const emptyParts = (): Part[] => Array.from({ length: PARTS }, () => ({ blocks: [], rows: [] }));

export class SpillParts {
  readonly #space: Space;
  #file: SpillFile | null = null;
  #parts = emptyParts();
  /** Bits that rows which are added have in common. */
  #bits = 0;
  readonly #waiting: Waiting[] = [];
  #reading: Waiting | null = null;
  #next = 0;

  constructor(space: Space) {
    this.#space = space;
  }

  /** Whether rows that are added now can be told apart by their hashes. */
  get canSplit(): boolean {
    return this.#bits < HASH_BITS;
  }

  add(hash: number, row: unknown[]): void {
    const part = this.#parts[(hash >>> (HASH_BITS - BITS - this.#bits)) & (PARTS - 1)];
    part.rows.push(row);
    if (part.rows.length >= BLOCK_ROWS) this.#write(part);
  }

  #write(part: Part): void {
    this.#file ??= createSpillFile(this.#space);
    const block = nodeV8().serialize(part.rows);
    part.blocks.push({ at: appendSpill(this.#file, block, 0, block.length), bytes: block.length });
    part.rows = [];
  }

  /** Begins to read a part; what is added from now on is split further. False: nothing waits. */
  nextPart(): boolean {
    for (const part of this.#parts) {
      if (part.rows.length > 0) this.#write(part);
      if (part.blocks.length > 0) this.#waiting.push({ blocks: part.blocks, bits: this.#bits + BITS });
    }
    this.#parts = emptyParts();
    this.#reading = this.#waiting.pop() ?? null;
    this.#next = 0;
    if (this.#reading !== null) this.#bits = this.#reading.bits;
    return this.#reading !== null;
  }

  /** Some rows of the part; none at its end. */
  nextRows(): unknown[][] {
    const block = this.#reading?.blocks[this.#next++];
    if (block === undefined || this.#file === null) return [];
    const bytes = Buffer.alloc(block.bytes);
    readSpill(this.#file, block.at, bytes, 0, block.bytes);
    return nodeV8().deserialize(bytes) as unknown[][];
  }

  close(): void {
    if (this.#file !== null) closeSpillFile(this.#file);
    this.#file = null;
  }
}
