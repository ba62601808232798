/**
 * Hash joins past work_mem: a stage whose probe finds its build side in a file puts its rows there instead (SwitchedStage), and the tail
 * goes through the parts.
 *
 *   for each part   build rows -> table; rows to be looked up -> the probe and what stands behind it; rows without a match (right, full)
 *   by pieces       the same for each piece of the build rows, and then what rows are that have found none, or not enough, in any
 *
 * All of this code is made when a join first spills.
 */

import type { Builder } from './builder.ts';
import type { MergeJoin } from '../../engine/plan/physical.ts';
import { type JoinBuild, buildOf } from './join-build.ts';
import { type WindowJoin, windowOf } from './join-merge.ts';
import type { JoinStore } from './join-store.ts';
import type { MergeWindow } from './merge-window.ts';
import type { OrderedStore } from './ordered-store.ts';
import type { RowStore } from './row-store.ts';
import type { MadeStage } from './sources.ts';
import type { Drain, Sink } from './stage-code.ts';
import { type GroupRoom, look, NO_GROUPS, type RunningStage, STAGE_DONE, STAGE_PAUSED, verdict } from './stage-run.ts';
import { isCollecting, type Stage } from './stages.ts';
import type { State } from './state.ts';

/** Parts that code needs which was made after the state. */
function addParts(builder: Builder, c: State): void {
  for (let part = c.parts.length; part < builder.parts.length; part++) c.parts.push(builder.parts[part](c));
}

/** More than the texts of a page have. */
const PAGE_TEXTS = 8192;

/** Room in a store for the rows of a page. */
export const storeRoom = (part: number): GroupRoom => ({
  reserve: (c, rows) => (c.parts[part] as RowStore).reserveRows(rows, PAGE_TEXTS),
  look: () => {},
});

interface Switch {
  /** The stage that runs instead; null: the stage itself. */
  instead: RunningStage | null;
}

/** Rows without a match do not go on. */
const KEEPS_MATCHES = new Set(['inner', 'semi', 'right']);
const NO_ROWS: RunningStage = { begin: () => {}, run: () => STAGE_DONE };

/**
 * A stage that ends at its first probe whose build side is in a file, or reads a merge's side from there; and that does not begin
 * where such a side is empty that no row gets past it. `make`: makes a stage that ends in `sink`.
 */
export function switched(
  builder: Builder,
  stage: Stage,
  sink: Sink,
  room: GroupRoom,
  make: (stage: Stage, sink: Sink, room: GroupRoom) => MadeStage,
): MadeStage {
  const made = make(stage, sink, room);
  const builds = stage.steps.flatMap((step, at) => (isCollecting(step) ? [{ at, build: buildOf(builder, step) }] : []));
  if (builds.length === 0) return made;
  const ways = builds.map(({ at, build }) => ({
    part: build.store.part,
    make:
      build.node.node === 'MergeJoin'
        ? windowedOf(builder, stage, at, build.node, (other) => switched(builder, other, sink, room, make))
        : insteadOf(builder, stage, at, build, make),
  }));
  const merges = builds.flatMap(({ build }) => (build.node.node === 'MergeJoin' ? [build.store.part] : []));
  const needed = stage.steps.some(({ node }) => node === 'LockRow')
    ? []
    : builds.filter(({ build }) => KEEPS_MATCHES.has(build.node.kind)).map(({ build }) => build.store.part);
  const part = builder.part((): Switch => ({ instead: null }));
  return { ...made, stage: switchedStage(part, made.stage, ways, needed, merges) };
}

/** Makes, once, the stage whose rows wait for their part of the file. */
function insteadOf(
  builder: Builder,
  stage: Stage,
  at: number,
  build: JoinBuild,
  make: (stage: Stage, sink: Sink, room: GroupRoom) => MadeStage,
): (c: State) => RunningStage {
  let made: RunningStage | null = null;
  return (c) => {
    const sink: Sink = { kind: 'build', emit: (emitter) => build.park(emitter) };
    made ??= make({ ...stage, steps: stage.steps.slice(0, at), fills: null }, sink, storeRoom(build.parked.part)).stage;
    addParts(builder, c);
    (c.parts[build.store.part] as JoinStore).beginParking();
    return made;
  };
}

/** Makes, once, the stage that reads the collected side of a merge from its file. */
function windowedOf(
  builder: Builder,
  stage: Stage,
  at: number,
  join: MergeJoin,
  make: (stage: Stage) => MadeStage,
): (c: State) => RunningStage {
  let made: RunningStage | null = null;
  const step: WindowJoin = { node: 'WindowJoin', join };
  return (c) => {
    made ??= make({ ...stage, steps: stage.steps.with(at, step) }).stage;
    addParts(builder, c);
    (c.parts[windowOf(builder, join).part] as MergeWindow).open();
    return made;
  };
}

const switchedStage = (
  part: number,
  stage: RunningStage,
  ways: readonly { readonly part: number; readonly make: (c: State) => RunningStage }[],
  needed: readonly number[],
  merges: readonly number[],
): RunningStage => ({
  begin: (c) => {
    for (const one of merges) (c.parts[one] as OrderedStore).cursor = 1;
    const way = ways.find((one) => (c.parts[one.part] as JoinStore).isSpilled);
    const isEmpty = needed.some((one) => (c.parts[one] as JoinStore).isEmpty);
    const instead = isEmpty ? NO_ROWS : way === undefined ? null : way.make(c);
    (c.parts[part] as Switch).instead = instead;
    (instead ?? stage).begin(c);
  },
  run: (c) => ((c.parts[part] as Switch).instead ?? stage).run(c),
});

/** Where the tail of a join stands. */
interface TailPlace {
  state: 'unmatched' | 'next' | 'load' | 'probe' | 'rest';
  at: number;
}

export const tailPlace = (): TailPlace => ({ state: 'unmatched', at: 0 });

const ROWS_AT_ONCE = 1024;

/**
 * Code for rows that wait: looked up in the whole of their part; in a piece of it; when all pieces have been seen, null: nothing
 * is left.
 */
export interface TailCode {
  readonly probes: (c: State) => Drain;
  readonly pieces: (c: State) => Drain;
  readonly rest: ((c: State) => Drain) | null;
}

/**
 * The tail of a join with its store at part `from`. `code`: for rows that were parked; `unmatched`: for rows of the table, null:
 * they are of no interest.
 */
export function tailStage(
  part: number,
  from: number,
  code: TailCode,
  unmatched: Drain | null,
  room: GroupRoom = NO_GROUPS,
  isRows = false,
): RunningStage {
  const rowsOf = (c: State, drain: Drain, end: number): number => {
    const place = c.parts[part] as TailPlace;
    let moved = false;
    while (place.at < end) {
      if (look(c, moved)) return STAGE_PAUSED;
      moved = true;
      const to = Math.min(end, place.at + ROWS_AT_ONCE);
      room.reserve(c, to - place.at);
      place.at = drain(c, null, place.at, to);
      const status = verdict(c, isRows);
      if (status >= 0) return status;
    }
    return -1;
  };
  const behindPiece = (store: JoinStore): TailPlace['state'] => {
    if (!store.isPiece) return 'next';
    if (!store.isLastPiece) {
      store.nextPiece();
      return 'load';
    }
    if (code.rest === null) return 'next';
    store.rewindParked();
    return 'rest';
  };
  const step = (c: State, place: TailPlace, store: JoinStore): number => {
    switch (place.state) {
      case 'unmatched': {
        const status = unmatched === null ? -1 : rowsOf(c, unmatched, store.count + 1);
        if (status >= 0) return status;
        place.state = behindPiece(store);
        place.at = 1;
        return -1;
      }
      case 'next':
        if (!store.isSpilled) return STAGE_DONE;
        store.endPart();
        if (!store.nextPart()) return STAGE_DONE;
        place.state = 'load';
        return -1;
      case 'load':
        look(c, false);
        if (store.load()) return -1;
        place.state = 'probe';
        place.at = 1;
        store.parked?.begin();
        return -1;
      default: {
        const { parked } = store;
        const isRest = place.state === 'rest';
        const drain = isRest ? (code.rest as TailCode['probes']) : store.isPiece ? code.pieces : code.probes;
        const status = parked === null || parked.count === 0 ? -1 : rowsOf(c, drain(c), parked.count + 1);
        if (status >= 0) return status;
        place.at = 1;
        if (parked?.read() !== true) place.state = isRest ? 'next' : 'unmatched';
        return -1;
      }
    }
  };
  return {
    begin: (c) => {
      const place = c.parts[part] as TailPlace;
      place.state = (c.parts[from] as JoinStore).isSpilled ? 'next' : 'unmatched';
      place.at = 1;
    },
    run: (c) => {
      const place = c.parts[part] as TailPlace;
      for (;;) {
        const status = step(c, place, c.parts[from] as JoinStore);
        if (status >= 0) return status;
      }
    },
  };
}

/** A drain that is made when it is first asked for. */
export function lazily(builder: Builder, make: () => Drain): (c: State) => Drain {
  let made: Drain | null = null;
  return (c) => {
    if (made !== null) return made;
    made = make();
    addParts(builder, c);
    return made;
  };
}
