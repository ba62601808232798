/**
 * A stage that is spread by rows, not by pages: it begins at a few rows, which an index leads on to many. Every thread makes the
 * first rows for itself, and goes on with those of its morsels, numbers of rows behind each other.
 *
 *   rows of the input   0 1 2 3 | 4 5 6 7 | 8 9 ...      of thread 1: 0-3, 8-11; of thread 2: 4-7
 *
 * All see the same rows in the same order: they read by one snapshot, pages in their order, their rows by slots (ScanReader), and
 * entries of an index by key and row id. Plans inside expressions promise no order: none is below such a join (gather.ts of the
 * optimizer).
 */

import { COUNTS } from '../../engine/plan/counted.ts';
import type { IndexJoin, PhysicalNode } from '../../engine/plan/physical.ts';
import type { Builder } from './builder.ts';
import type { Emitter } from './emitter.ts';
import type { GatherFill } from './gather-fill.ts';
import { nextMorsel, type Progress } from './gather-task.ts';
import { eachNode } from './needed.ts';
import type { State } from './state.ts';
import type { Step } from './stages.ts';

/** More morsels than there will be: nobody knows how many before the rows are made. */
export const MORSELS_UNKNOWN = 2 ** 30;

/** Which rows are this thread's. */
export class RowShare {
  #words: Int32Array | null = null;
  #fill: GatherFill | null = null;
  #progress: Progress | null = null;
  #size = 1;
  #row = 0;
  #from = 0;
  #to = 0;
  /** Its pages are being read. */
  isBegun = false;

  /** `words` null: all of them. */
  begin(words: Int32Array | null, size: number, fill: GatherFill | null, progress: Progress | null): void {
    this.#words = words;
    this.#size = size;
    this.#fill = fill;
    this.#progress = progress;
    this.#row = 0;
    this.#from = 0;
    this.#to = 0;
    this.isBegun = false;
  }

  /** The next row. */
  isMine(c: State): boolean {
    const row = this.#row++;
    const words = this.#words;
    if (words === null) return true;
    while (row >= this.#to) this.#take(c, words);
    return row >= this.#from;
  }

  #take(c: State, words: Int32Array): void {
    this.end(c);
    const progress = this.#progress as Progress;
    progress.morsel = nextMorsel(words, MORSELS_UNKNOWN);
    this.#from = progress.morsel < 0 ? Number.POSITIVE_INFINITY : progress.morsel * this.#size;
    this.#to = this.#from + this.#size;
  }

  /** The morsel at hand is done. */
  end(c: State): void {
    const { morsel, marks } = this.#progress as Progress;
    if (morsel >= 0) marks.push(morsel, (this.#fill as GatherFill).count(c, morsel));
    (this.#progress as Progress).morsel = -1;
  }
}

/** Number of the part of a join that shares its input. */
const shareOf = (builder: Builder, join: IndexJoin): number => builder.own(join.key, () => builder.part(newShare));
const newShare = (): RowShare => new RowShare();

/** Writes: rows of others go no further. */
export function emitShare(emitter: Emitter, builder: Builder, join: IndexJoin): void {
  const name = emitter.hoist(`H${shareOf(builder, join)}`, `c.parts[${shareOf(builder, join)}]`);
  emitter.emit(`if(!${name}.isMine(c))break ${emitter.row};`);
}

export interface SharedSteps {
  readonly part: number;
  readonly size: number;
  /** Counters of EXPLAIN ANALYZE below it: what one thread counts is all there is. */
  readonly counters: readonly number[];
}

/** A join that shares its input. */
export const isShared = (step: Step): step is IndexJoin & { readonly share: number } =>
  step.node === 'IndexJoin' && step.share !== undefined;

/** The join among these steps that shares its input; null: none does. */
export function sharedSteps(builder: Builder, steps: readonly Step[]): SharedSteps | null {
  const step = steps.find(isShared);
  if (step === undefined) return null;
  const counters: number[] = [];
  eachNode(step.input, (node: PhysicalNode) => {
    if (node.node === 'Counted') for (let at = 0; at < COUNTS; at++) counters.push(node.counter + at);
  });
  return { part: shareOf(builder, step), size: step.share, counters };
}
