/**
 * Rows as bytes that wait: those of statements that write or lock, until nothing can undo them any more (TX-T11), and those that a
 * join has made beyond what the caller has room for.
 */

import type { State } from './state.ts';

/** Gives held rows from number `from` on, as many as there is room for; returns the number of the next. */
export function giveHeldBytes(c: State, from: number): number {
  const { heldBytes, output, max, mark } = c;
  const ends = c.held as number[];
  let next = from;
  while (next < ends.length && c.written < max && output.at < mark) {
    const start = next === 0 ? 0 : ends[next - 1];
    copyRow(c, heldBytes.bytes, start, ends[next++]);
  }
  return next;
}

/** All of them, whatever room there is: of statements of one row. */
export function giveAllHeldBytes(c: State): void {
  const { heldBytes, held } = c;
  copyRow(c, heldBytes.bytes, 0, (held as number[])[held.length - 1]);
}

function copyRow(c: State, bytes: Buffer, start: number, end: number): void {
  const { output } = c;
  output.need(end - start);
  bytes.copy(output.bytes, output.at, start, end);
  output.at += end - start;
  c.written++;
}

export class SurplusBytes {
  #bytes: Buffer = Buffer.alloc(0);
  /** Where the rows end; the first entry is where the first begins. */
  #ends: number[] = [];
  #next = 0;

  get isEmpty(): boolean {
    return this.#next + 1 >= this.#ends.length;
  }

  /** Takes the rows behind the last that there is room for out of the output. */
  take(c: State): void {
    const { output, ends, max } = c;
    const [first] = ends;
    this.#bytes = Buffer.from(output.bytes.subarray(first, output.at));
    this.#ends = ends.map((end) => end - first);
    this.#next = 0;
    output.at = first;
    c.written = max;
    c.ends = [];
  }

  /** True: they fill the caller's room. */
  give(c: State): boolean {
    const { output, max, mark } = c;
    while (!this.isEmpty && c.written < max && output.at < mark) {
      copyRow(c, this.#bytes, this.#ends[this.#next], this.#ends[this.#next + 1]);
      this.#next++;
    }
    if (!this.isEmpty) return true;
    this.clear();
    return c.written >= max || output.at >= mark;
  }

  clear(): void {
    this.#ends = [];
    this.#next = 0;
  }
}
