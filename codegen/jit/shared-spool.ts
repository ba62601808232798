/**
 * A WITH that plans inside expressions read, too: it has a state of its own, inside the statement's, so that it can be filled from
 * wherever it is first read, also in the midst of another stage. It is filled to its end in one call, once an execution.
 */

import type { SpoolPlan } from '../../engine/plan/physical.ts';
import type { Builder } from './builder.ts';
import { closeParts } from './close-parts.ts';
import type { StoreSink } from './collected.ts';
import { HeldPart } from './held-part.ts';
import { makeStages } from './make-stages.ts';
import { eachNode, expressionsOf } from './needed.ts';
import { NO_SINK, spoolSink } from './spools.ts';
import { type ProgramStage, runStages, type StagePlace } from './stage-list.ts';
import { type RunningStage, STAGE_DONE, STAGE_STOPPED } from './stage-run.ts';
import { spoolStages } from './stages.ts';
import { State } from './state.ts';

/** What a program keeps of it. */
interface SharedParts {
  readonly stages: readonly ProgramStage[];
  readonly makes: readonly ((state: State) => unknown)[];
  readonly counters: number;
  readonly copies: boolean;
  /** Of the inner state: the store. */
  readonly store: number;
}

interface Shared {
  readonly sink: StoreSink;
  /** Number of its SharedSpool among the parts of the statement's state. */
  readonly part: number;
}

export class SharedSpool extends HeldPart {
  readonly inside: State;
  readonly #outside: State;
  readonly #parts: SharedParts;
  readonly #place: StagePlace = { at: -1 };
  #isThere = false;

  constructor(outside: State, parts: SharedParts) {
    super();
    this.#outside = outside;
    this.#parts = parts;
    this.inside = new State(outside.kernel, parts.copies, outside);
    this.inside.counters = new Float64Array(parts.counters);
    for (const make of parts.makes) this.inside.parts.push(make(this.inside));
    this.inside.shut();
  }

  get rows(): unknown {
    return this.inside.parts[this.#parts.store];
  }

  /** STAGE_DONE: its rows are there. */
  fill(reader: State): number {
    if (this.#isThere) return STAGE_DONE;
    const { inside } = this;
    const { tx, parameters, context, canceled, counts } = this.#outside.run;
    const rowsMax = Number.POSITIVE_INFINITY;
    inside.open();
    inside.bind({ tx, parameters, context, canceled, counts: counts ?? null, rows: [], rowsMax, changes: 0, pause: null });
    inside.begin();
    this.#place.at = -1;
    try {
      const status = runStages(inside, this.#parts.stages, this.#place);
      this.#isThere = status === STAGE_DONE;
      if (status === STAGE_STOPPED) reader.stopped = inside.stopped;
      return status;
    } catch (error) {
      if (inside.at >= 0) reader.at = inside.at;
      throw error;
    }
  }

  close(): void {
    this.#isThere = false;
    closeParts(this.inside.parts);
    this.inside.shut();
  }
}

/** Compiles it, once a statement: `builder` is the statement's. */
export function sharedSpool(builder: Builder, spool: SpoolPlan): Shared {
  return builder.own(spool, () => {
    const made: { parts: SharedParts | null } = { parts: null };
    const part = builder.part(partOf(made));
    const inner = builder.inside(new Map());
    inner.within = part;
    inner.gatherProgram = builder.gatherProgram;
    eachNode(spool.root, (node) => {
      for (const expression of expressionsOf(node)) inner.countUses(expression);
    });
    const sink = spoolSink(inner, spool);
    const stages = makeStages(inner, spoolStages(spool, inner.subplans), NO_SINK);
    let copies = false;
    eachNode(spool.root, ({ node }) => {
      copies ||= node === 'PageScan';
    });
    made.parts = { stages, makes: inner.parts, counters: inner.counters, copies, store: sink.part };
    return { sink, part };
  });
}

/** Made apart, so that the program does not keep the builder. */
const partOf =
  (made: { readonly parts: SharedParts | null }) =>
  (state: State): SharedSpool =>
    new SharedSpool(state, made.parts as SharedParts);

const spoolOf = (state: State, part: number): SharedSpool => {
  let outermost = state;
  while (outermost.around !== null) outermost = outermost.around;
  return outermost.parts[part] as SharedSpool;
};

/** Finds the rows from a state of the statement. */
export const sharedRows = (part: number) => (state: State) => spoolOf(state, part).rows;

/** First the rows are collected, if nobody has, then they are read. */
export const behindShared = (stage: RunningStage, part: number): RunningStage => ({
  begin: (c) => stage.begin(c),
  run: (c) => {
    const status = spoolOf(c, part).fill(c);
    return status === STAGE_DONE ? stage.run(c) : status;
  },
});
