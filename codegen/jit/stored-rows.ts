/**
 * Rows that wait between two stages, in the order in which they came, read as often as is asked: WITH, what a recursion gave, rows behind a
 * limit. Past work_mem those that are there go to a spill file in blocks (SBLR-V8), and the store begins anew behind them.
 *
 *   blocks of the file | rows in memory          count: of the rows in memory; total: of all
 *
 * Who reads has a view of its own (StoredView): one block at a time, or the rows in memory as they lie. So several may read at different
 * places, and one may read while a run inside it reads the same rows.
 */

import type { KernelAccess } from '../../engine/plan/program.ts';
import {
  appendSpill,
  closeSpillFile,
  createSpillFile,
  readSpill,
  type SpillFile,
} from '../../engine/storage/space/spill-files.ts';
import { nodeV8 } from '../../shm/node-modules.ts';
import { type BlockColumn, blockColumns, serialised } from './row-blocks.ts';
import { RowStore, type StoreColumn } from './row-store.ts';
import type { Drain } from './stage-code.ts';
import { type GroupRoom, look, type RunningStage, STAGE_DONE, STAGE_PAUSED, verdict } from './stage-run.ts';

const BLOCK_ROWS = 4096;

interface Block {
  readonly at: number;
  readonly bytes: number;
  readonly count: number;
}

export class StoredRows extends RowStore {
  readonly #kernel: KernelAccess;
  #file: SpillFile | null = null;
  #blocks: Block[] = [];
  #spilled = 0;

  constructor(columns: readonly StoreColumn[], kernel: KernelAccess) {
    super(columns);
    this.#kernel = kernel;
  }

  get total(): number {
    return this.#spilled + this.count;
  }

  /** Blocks in the file; the rows in memory come behind them. */
  get blocks(): number {
    return this.#blocks.length;
  }

  override begin(): void {
    this.#forgetFile();
    super.begin();
  }

  protected override get spare(): number {
    return Math.max(0, this.#kernel.workMemory - this.bytes);
  }

  protected override full(): void {
    if (this.count > 0 && this.bytes > this.#kernel.workMemory) this.#spill();
  }

  #spill(): void {
    this.#file ??= createSpillFile(this.#kernel.parts.space);
    const { count } = this;
    const order = Int32Array.from({ length: count }, (_, at) => at + 1);
    for (let from = 0; from < count; from += BLOCK_ROWS) {
      const to = Math.min(count, from + BLOCK_ROWS);
      const block = serialised(blockColumns(this, order, from, to));
      this.#blocks.push({ at: appendSpill(this.#file, block, 0, block.length), bytes: block.length, count: to - from });
    }
    this.#spilled += count;
    this.empty();
  }

  /** The columns of a block, and how many rows they have. */
  readBlock(index: number): { readonly columns: readonly BlockColumn[]; readonly count: number } {
    const { at, bytes, count } = this.#blocks[index];
    const room = Buffer.allocUnsafeSlow(bytes);
    readSpill(this.#file as SpillFile, at, room, 0, bytes);
    return { columns: nodeV8().deserialize(room) as BlockColumn[], count };
  }

  #forgetFile(): void {
    if (this.#file !== null) closeSpillFile(this.#file);
    this.#file = null;
    this.#blocks = [];
    this.#spilled = 0;
  }

  override close(): void {
    this.#forgetFile();
    super.close();
  }
}

/** What one reader sees of the rows: a block of them. */
export class StoredView extends RowStore {
  #isAdopted = false;

  /** Block `index` of the source, or its rows in memory behind the last one. */
  take(source: StoredRows, index: number): void {
    if (this.#isAdopted) this.forget();
    this.#isAdopted = index >= source.blocks;
    if (this.#isAdopted) {
      this.adoptColumns(source.count, source.ownColumns);
      return;
    }
    this.begin();
    const { columns, count } = source.readBlock(index);
    this.appendBlock(columns, count);
  }

  override close(): void {
    if (this.#isAdopted) this.forget();
    this.#isAdopted = false;
    super.close();
  }
}

/** Where a reader is: block, next row of the view. */
export interface StoredPlace {
  block: number;
  at: number;
}

export const storedPlace = (): StoredPlace => ({ block: -1, at: 1 });

const ROWS_AT_ONCE = 1024;

/** Reads the rows of the StoredRows in part `from` through the view in part `view`. */
export function storedStage(
  part: number,
  from: number,
  view: number,
  drain: Drain,
  groups: GroupRoom,
  isRows: boolean,
): RunningStage {
  return {
    begin: (c) => Object.assign(c.parts[part] as StoredPlace, storedPlace()),
    run: (c) => {
      const place = c.parts[part] as StoredPlace;
      const source = c.parts[from] as StoredRows;
      const seen = c.parts[view] as StoredView;
      for (let moved = false; ; moved = true) {
        if (place.block < 0 || place.at > seen.count) {
          if (place.block >= source.blocks) return STAGE_DONE;
          place.block++;
          place.at = 1;
          seen.take(source, place.block);
          continue;
        }
        if (look(c, moved)) return STAGE_PAUSED;
        const to = Math.min(seen.count + 1, place.at + ROWS_AT_ONCE);
        groups.reserve(c, to - place.at);
        place.at = drain(c, null, place.at, to);
        const end = verdict(c, isRows);
        if (end >= 0) return end;
      }
    },
  };
}

/** Made apart, so that programs do not keep their builder. */
export const viewOf = (columns: readonly StoreColumn[]): StoredView => new StoredView(columns);
