/** What a stage that is spread fills: how its part goes from thread to thread, and how parts are put together (gather-stage.ts). */

import type { State } from './state.ts';

/** What one thread has filled. */
export interface Part {
  /** Its morsels in the order in which it took them, each with how far it had filled: pairs. */
  readonly marks: readonly number[] | Int32Array;
  /** Null: the leader's, which is in its state. */
  readonly image: unknown;
}

export interface GatherFill {
  /** Morsels begin. What it fills has begun. */
  begin?(c: State): void;
  /** How far it is filled: groups, rows. Asked at the end of each morsel. */
  count(c: State, morsel: number): number;
  /** It goes to a file: parts of it cannot be put together. */
  isFull(c: State): boolean;
  /** For another thread: numbers in shared memory, the rest as it is; null: it cannot be sent. */
  image(c: State): unknown;
  /** Into the leader's state, in the order of morsels. False: it does not fit, and the leader's part is of no use any more. */
  merge(c: State, parts: readonly Part[]): boolean;
}

/** What one thread filled in one morsel: of the part with that number, from one count to another. */
export interface Run {
  readonly part: number;
  readonly morsel: number;
  readonly from: number;
  readonly to: number;
}

/** Runs that are not empty, in the order of morsels. `first`: where a part begins. */
export function runsOf(parts: readonly Part[], first: number): Run[] {
  const runs: Run[] = [];
  parts.forEach(({ marks }, part) => {
    let from = first;
    for (let at = 0; at < marks.length; at += 2) {
      const to = marks[at + 1];
      if (to > from) runs.push({ part, morsel: marks[at], from, to });
      from = to;
    }
  });
  return runs.sort((a, b) => a.morsel - b.morsel);
}

type Words = Int32Array | Float64Array | Uint8Array;

/** The first `length` elements in memory that other threads see; themselves, where they lie there. */
export function sharedCopy<Kind extends Words>(from: Kind, length: number): Kind {
  if (from.buffer instanceof SharedArrayBuffer) return from.subarray(0, length) as Kind;
  const made = from.constructor as new (memory: SharedArrayBuffer) => Kind;
  const copy = new made(new SharedArrayBuffer(length * from.BYTES_PER_ELEMENT));
  copy.set(from.subarray(0, length) as never);
  return copy;
}
