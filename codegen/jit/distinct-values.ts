/**
 * The values that an aggregate of different values has seen, in one group. Past work_mem they go to a file by their hash
 * (SBLR-V8), those that come later behind them, and are told apart when the result is asked for, part by part.
 *
 *   in memory    a set of canonical values; a new one is counted at once
 *   in a file    [key]              has been counted
 *                [key, ...values]   may be new: is counted where its key is the first of its part
 *
 * Values are then counted in another order than they came in: only aggregates for which that is the same go to files.
 */

import type { Space } from '../../engine/storage/space/space.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { Aggregate } from '../../engine/values/aggregates.ts';
import { hashOfKey } from './helpers.ts';
import { SpillParts } from './spill-parts.ts';

/** What an entry of the set takes, about, besides its text. */
const ENTRY_BYTES = 48;
/** Once they are in a file so many are remembered: most of the same that follow need not go there. */
const REMEMBERED = 4096;

const PLAIN = /^(count|bool_and|bool_or|every|bit_\w+\.\w+|min\.\w+|max\.\w+|(sum|avg)\.(int[248]|numeric))$/;

/** Whether the order in which values are counted is the same to an aggregate. */
export const isOrderless = (primitive: string): boolean => PLAIN.test(primitive);

const bytesOf = (key: unknown): number => ENTRY_BYTES + (typeof key === 'string' ? key.length : 0);

export class DistinctValues {
  readonly #base: Aggregate;
  readonly mayWait: boolean;
  #state: unknown;
  readonly #seen = new Set<unknown>();
  #parts: SpillParts | null = null;
  #most = 0;
  /** Bytes of the set. */
  bytes = 0;

  constructor(base: Aggregate, mayWait: boolean) {
    this.#base = base;
    this.mayWait = mayWait;
    this.#state = base.init();
  }

  /** Bytes by which it has grown. */
  add(key: unknown, values: readonly RowValue[]): number {
    if (this.#seen.has(key)) return 0;
    if (this.#parts !== null) {
      if (this.#seen.size >= REMEMBERED) this.#seen.clear();
      this.#seen.add(key);
      this.#parts.add(hashOfKey(key), [key, ...values]);
      return 0;
    }
    this.#seen.add(key);
    this.#state = this.#base.step(this.#state, ...values);
    const bytes = bytesOf(key);
    this.bytes += bytes;
    return bytes;
  }

  get isInFile(): boolean {
    return this.#parts !== null;
  }

  /** From here on its values wait in a file; `most`: bytes of a set in memory. */
  moveToFile(space: Space, most: number): void {
    this.#parts = new SpillParts(space);
    this.#most = most;
    this.#markAll();
    this.bytes = 0;
  }

  /** Those of the set have been counted. */
  #markAll(): void {
    for (const key of this.#seen) this.#parts?.add(hashOfKey(key), [key]);
    this.#seen.clear();
  }

  result(): RowValue {
    const parts = this.#parts;
    while (parts?.nextPart() === true) this.#countPart(parts);
    this.close();
    return this.#base.result(this.#state);
  }

  #countPart(parts: SpillParts): void {
    const seen = this.#seen;
    seen.clear();
    let bytes = 0;
    for (let rows = parts.nextRows(); rows.length > 0; rows = parts.nextRows()) {
      for (const [key, ...values] of rows) {
        if (seen.has(key)) continue;
        seen.add(key);
        bytes += bytesOf(key);
        if (values.length > 0) this.#state = this.#base.step(this.#state, ...(values as RowValue[]));
      }
      if (bytes > this.#most && parts.canSplit) {
        this.#split(parts);
        return;
      }
    }
    seen.clear();
  }

  /** The part is too large: what it has goes to parts of its own, what was counted first. */
  #split(parts: SpillParts): void {
    this.#markAll();
    for (let rows = parts.nextRows(); rows.length > 0; rows = parts.nextRows())
      for (const row of rows) parts.add(hashOfKey(row[0]), row);
  }

  close(): void {
    this.#parts?.close();
    this.#parts = null;
    this.#seen.clear();
  }
}
