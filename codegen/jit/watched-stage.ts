/**
 * EXPLAIN ANALYZE: what a pipeline costs (SBLR-E5). A stage is one, from its source to what it fills; how long it ran and the pages that it
 * has looked into are noted for all its nodes, memory and files for the node that it fills.
 */

import {
  COUNT_LOOPS,
  COUNT_MEMORY,
  COUNT_PAGES,
  COUNT_PIPELINE,
  COUNT_READS,
  COUNT_SPILL,
  COUNT_TIME,
} from '../../engine/plan/counted.ts';
import type { Counted } from '../../engine/plan/physical.ts';
import { spilledBytes } from '../../engine/storage/space/spill-files.ts';
import type { Builder } from './builder.ts';
import { buildOf } from './join-build.ts';
import type { JoinStore } from './join-store.ts';
import type { ProgramStage } from './stage-list.ts';
import { type Collecting, isCollecting, type Stage, type Step } from './stages.ts';
import type { State } from './state.ts';

/** `part`: of what it fills, -1: none. */
export function watched(builder: Builder, { steps, fills, source }: Stage, made: ProgramStage, part: number): ProgramStage {
  const nodes = steps.filter((step): step is Counted => step.node === 'Counted').map(({ counter }) => counter);
  const filled = fills !== null && 'node' in fills.node ? (builder.counted.get(fills.node as never) ?? -1) : -1;
  if (nodes.length === 0 && filled < 0) return made;
  const from = builder.counted.get(source as never) ?? -1;
  const joins = (source.node === 'Tail' ? [source.join, ...steps] : steps).filter((step) =>
    isCollecting(step as Step),
  ) as Collecting[];
  const spilling = joins.flatMap((join) => {
    const counter = builder.counted.get(join);
    return counter === undefined ? [] : [{ counter, part: buildOf(builder, join).store.part }];
  });
  const watch = new Watch(builder.nextPipeline(made.isTail), nodes, filled, from, part, made.isTail ? 0 : 1, spilling);
  const { stage, begin, end } = made;
  return {
    ...made,
    stage: {
      begin: (c) => {
        watch.begin(c);
        watch.during(c, () => stage.begin(c));
      },
      run: (c) => watch.during(c, () => stage.run(c)),
    },
    begin: begin === null ? null : (c) => watch.during(c, () => begin(c)),
    end: (c) => {
      watch.during(c, () => end?.(c));
      watch.end(c);
    },
  };
}

class Watch {
  readonly #pipeline: number;
  readonly #nodes: readonly number[];
  readonly #filled: number;
  readonly #from: number;
  readonly #part: number;
  /** What goes on with what the pipeline before it fills is no loop of its own. */
  readonly #loops: number;

  /** Joins whose rows wait in files, if they do. */
  readonly #spilling: readonly { readonly counter: number; readonly part: number }[];

  constructor(
    pipeline: number,
    nodes: readonly number[],
    filled: number,
    from: number,
    part: number,
    loops: number,
    spilling: readonly { readonly counter: number; readonly part: number }[],
  ) {
    this.#spilling = spilling;
    this.#pipeline = pipeline;
    this.#nodes = nodes;
    this.#filled = filled;
    this.#from = from;
    this.#part = part;
    this.#loops = loops;
  }

  begin({ run: { counts } }: State): void {
    if (counts == null) return;
    for (const node of this.#nodes) {
      counts[node + COUNT_LOOPS] += this.#loops;
      counts[node + COUNT_PIPELINE] = this.#pipeline;
    }
  }

  during<Result>(c: State, body: () => Result): Result {
    const { counts } = c.run;
    const start = performance.now();
    const cache = c.tx.context.cache.counts;
    const { pages } = c;
    const { misses } = cache;
    const spilled = spilledBytes();
    try {
      return body();
    } finally {
      const time = performance.now() - start;
      if (counts != null) {
        for (const node of this.#nodes) {
          counts[node + COUNT_TIME] += time;
          counts[node + COUNT_PAGES] += c.pages - pages;
          counts[node + COUNT_READS] += cache.misses - misses;
        }
        // What a sort spills when it is read, it has spilled itself.
        const join = this.#spilling.find((one) => (c.parts[one.part] as JoinStore).isSpilled);
        const spills = join !== undefined ? join.counter : this.#filled >= 0 ? this.#filled : this.#from;
        if (spills >= 0) counts[spills + COUNT_SPILL] += spilledBytes() - spilled;
        this.#note(c, counts);
      }
    }
  }

  #note(c: State, counts: Float64Array): void {
    if (this.#filled < 0 || this.#part < 0) return;
    const { bytes } = c.parts[this.#part] as { readonly bytes?: number };
    const at = this.#filled + COUNT_MEMORY;
    if (bytes !== undefined && bytes > counts[at]) counts[at] = bytes;
  }

  end(c: State): void {
    const { counts } = c.run;
    if (counts != null) this.#note(c, counts);
  }
}
