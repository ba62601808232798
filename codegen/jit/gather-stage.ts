/**
 * A stage that is spread over threads: the leader's side, and the loop over morsels that leader and helpers have in common.
 *
 *   leader   asks -> takes morsels itself -> none is left: nobody joins any more -> waits for who has joined -> puts together
 *   helper   joins -> takes morsels -> answers (gather-worker.ts)
 *
 * A leader relies on nobody: it has what no helper takes, and a helper that comes late finds nothing to do. What does not work spread
 * (a fill that has outgrown its memory, a plan that cannot be sent) the leader does again alone, by the stage's own way: a spread
 * stage has no effects before its parts are put together.
 *
 * Parts are put together in the order of morsels: rows and groups come in the order in which one thread would have met them. What
 * hangs on that order otherwise (sums of floats) is not spread: Aggregate.merge.
 *
 * It ends only when all who have joined have left: then nobody reads by the statement's snapshot, and nothing of it is in use. It
 * sleeps a few milliseconds at a time, looks at the statement's end and at whether they live; a helper that has died fails the
 * statement.
 */

import type { Helpers } from '../../engine/plan/program.ts';
import { DEPENDENCY, SERIALIZABLE } from '../../engine/txn/transactions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import type { GatherFill, Part } from './gather-fill.ts';
import { MORSELS_FULL, MORSELS_PAUSED, runMorsels, runShared } from './gather-morsels.ts';
import {
  closeGather,
  errorOf,
  type GatherAnswer,
  type GatherProgram,
  type GatherTask,
  gatherWords,
  helperGeneration,
  helperThread,
  isTaken,
  joined,
  LEFT,
  morselPages,
  type Progress,
  stopGather,
} from './gather-task.ts';
import { HeldPart } from './held-part.ts';
import type { JoinStore } from './join-store.ts';
import { MORSELS_UNKNOWN, type RowShare, type SharedSteps } from './row-share.ts';
import type { ScanReader } from './scan-source.ts';
import type { Drain } from './stage-code.ts';
import { type GroupRoom, look, type RunningStage, STAGE_DONE, STAGE_PAUSED } from './stage-run.ts';
import type { State } from './state.ts';

const testing = TESTING;

/** How a stage over pages goes on: where its reader is, and what its rows go through. */
export interface ScanParts {
  readonly reader: number;
  readonly drain: Drain;
  readonly room: GroupRoom;
}

export interface GatherShape {
  /** Among the stages of its program that are spread. */
  readonly number: number;
  /** Part of the statement's state whose inner state runs it (shared-spool.ts); -1: it runs in the statement's. */
  readonly within: number;
  /** Threads beside the leader, at most. */
  readonly helpers: number;
  /** Of EXPLAIN ANALYZE: where the threads that took part are counted; -1: nowhere. */
  readonly counter: number;
  readonly scan: ScanParts;
  readonly fill: GatherFill;
  /** Begins what it fills. */
  readonly begin: (c: State) => void;
  /** It is spread by rows; null: by pages. */
  readonly shared: SharedSteps | null;
  /** Parts of the stores that its joins look up. */
  readonly builds: readonly number[];
  /** What is sent; null: it cannot be. Made when first asked for. */
  readonly program: () => GatherProgram | null;
}

/** Sleep of a leader between two looks, in milliseconds. */
const WAIT_MS = 5;
/** Sleeps between looks whether helpers live. */
const WAITS_A_LOOK = 20;

type Way = 'undecided' | 'morsels' | 'waiting' | 'alone';

/** Of one run: closed with it. */
export class GatherPlace extends HeldPart {
  way: Way = 'undecided';
  words: Int32Array | null = null;
  id = 0;
  pages = 0;
  size = 1;
  morsels = 0;
  progress: Progress = { morsel: -1, marks: [] };
  /** Helpers at most. */
  most = 0;
  /** Sleeps so far, pauses in between. */
  waits = 0;
  /** Pool threads that ran when the task was posted. */
  posted = 0;
  task: GatherTask | null = null;
  answers: GatherAnswer[] = [];
  helpers: Helpers | null = null;
  /** Pages and rows counted before it began. */
  pagesBefore = 0;
  counts: Float64Array | null = null;

  /** Nobody works on it any more when this returns: whatever helpers have made is of no use. */
  stop(): void {
    const { words, helpers } = this;
    this.words = null;
    this.task = null;
    this.answers = [];
    if (words === null || helpers === null) return;
    stopGather(words);
    const count = closeGather(words);
    for (let waits = 0; Atomics.load(words, LEFT) < count; waits++) {
      const left = Atomics.load(words, LEFT);
      if (testing) yieldPoint('gather.stop.wait');
      if (left < count) Atomics.wait(words, LEFT, left, WAIT_MS);
      if (waits % WAITS_A_LOOK === WAITS_A_LOOK - 1 && deadHelper(words, count, helpers, this.answers) >= 0) break;
    }
    takeAnswers(this, helpers);
    this.answers = [];
  }

  close(): void {
    this.stop();
  }
}

/** Number of a helper that will never answer, -1: none. */
function deadHelper(words: Int32Array, count: number, helpers: Helpers, answers: readonly GatherAnswer[]): number {
  for (let number = 0; number < count; number++) {
    if (answers.some((answer) => answer.number === number)) continue;
    const thread = helperThread(words, number);
    // One that has not said who it is in all this time has died before it could.
    if (thread < 0 || !helpers.isAlive(thread, helperGeneration(words, number))) return number;
  }
  return -1;
}

function takeAnswers(place: GatherPlace, helpers: Helpers): void {
  for (let answer = helpers.receive(); answer !== undefined; answer = helpers.receive()) {
    if ((answer as GatherAnswer).id === place.id) place.answers.push(answer as GatherAnswer);
  }
}

let tasks = 0;

export class GatherStage implements RunningStage {
  readonly shape: GatherShape;
  readonly #part: number;
  /** The same by one thread. */
  readonly #alone: RunningStage;

  constructor(shape: GatherShape, part: number, alone: RunningStage) {
    this.shape = shape;
    this.#part = part;
    this.#alone = alone;
  }

  begin(c: State): void {
    const place = c.parts[this.#part] as GatherPlace;
    place.stop();
    place.way = 'undecided';
    const { shared } = this.shape;
    if (shared !== null) (c.parts[shared.part] as RowShare).begin(null, 1, null, null);
    this.#alone.begin(c);
  }

  run(c: State): number {
    const place = c.parts[this.#part] as GatherPlace;
    if (place.way === 'undecided') this.#decide(c, place);
    if (place.way === 'alone') return this.#alone.run(c);
    try {
      return this.#spread(c, place);
    } catch (error) {
      place.stop();
      throw error;
    }
  }

  #spread(c: State, place: GatherPlace): number {
    const { shape } = this;
    const words = place.words as Int32Array;
    if (place.way === 'morsels') {
      const { shared } = shape;
      const status =
        shared === null
          ? runMorsels(c, words, place.pages, place.size, shape, place.progress, () => this.#post(c, place))
          : runShared(c, place.pages, shape, shared);
      if (status === MORSELS_PAUSED) return STAGE_PAUSED;
      if (status === MORSELS_FULL) return this.#goAlone(c, place);
      place.way = 'waiting';
    }
    const status = this.#wait(c, place, words);
    if (status !== STAGE_DONE) return status;
    const { answers } = place;
    const failed = answers.find(({ kind }) => kind === 'failed');
    if (failed !== undefined) throw errorOf(failed.error as NonNullable<typeof failed.error>);
    if (answers.some(({ kind }) => kind === 'cannot') || !this.#putTogether(c, place)) return this.#goAlone(c, place);
    place.stop();
    return STAGE_DONE;
  }

  /** Whether it is worth asking for help now. */
  #decide(c: State, place: GatherPlace): void {
    place.way = 'alone';
    const { shape } = this;
    const helpers = c.kernel.helpers ?? null;
    if (helpers === null || (c.around !== null && shape.within < 0) || c.tx.isolation === SERIALIZABLE) return;
    const builds = shape.builds.map((part) => c.parts[part] as JoinStore);
    if (builds.some((build) => build.isSpilled || build.isEmpty)) return;
    const { pages } = c.parts[shape.scan.reader] as ScanReader;
    // Where others are at work each of them has a core.
    const count = shape.helpers - helpers.busy;
    const { shared } = shape;
    if ((pages < 2 && shared === null) || count < 1) return;
    helpers.want(count);
    place.helpers = helpers;
    place.most = count;
    place.words = gatherWords(count);
    place.id = helpers.generation * 2 ** 24 + (tasks++ % 2 ** 24);
    place.pages = pages;
    place.size = shared?.size ?? morselPages(pages, count + 1);
    place.morsels = shared === null ? Math.ceil(pages / place.size) : MORSELS_UNKNOWN;
    place.progress = { morsel: -1, marks: [] };
    place.posted = 0;
    place.waits = 0;
    place.answers = [];
    place.counts = c.run.counts?.slice() ?? null;
    place.pagesBefore = c.pages;
    place.way = 'morsels';
    shape.fill.begin?.(c);
    if (shared !== null) (c.parts[shared.part] as RowShare).begin(place.words, place.size, shape.fill, place.progress);
    this.#post(c, place);
    // What cannot be sent is not tried again.
    if (place.way !== 'morsels') place.stop();
  }

  /** Asks the threads of the pool, and again those that have come since. */
  #post(c: State, place: GatherPlace): void {
    const words = place.words as Int32Array;
    const helpers = place.helpers as Helpers;
    const { running } = helpers;
    if (running <= place.posted || joined(words) >= place.most) return;
    if (isTaken(words, place.morsels)) return;
    place.task ??= this.#task(c, place, words);
    if (place.task === null) {
      place.posted = Number.POSITIVE_INFINITY;
      return;
    }
    helpers.want(place.most);
    place.posted = running;
    helpers.post(place.task);
    if (testing) yieldPoint('gather.posted');
  }

  #task(c: State, place: GatherPlace, words: Int32Array): GatherTask | null {
    const { shape } = this;
    const program = shape.program();
    if (program === null) return null;
    const { tx, kernel, context } = c;
    const helpers = place.helpers as Helpers;
    const builds: GatherTask['builds'][number][] = [];
    for (const part of shape.builds) {
      const build = (c.parts[part] as JoinStore).image();
      if (build === null) return null;
      builds.push({ part, build });
    }
    const { statementTime, transactionTime, timeZone, user, sessionUser, database, schema, searchPath } = context;
    return {
      kind: 'gather',
      id: place.id,
      leader: helpers.thread,
      words,
      program,
      stage: shape.number,
      pages: place.pages,
      size: place.size,
      morsels: place.morsels,
      helpersMax: place.most,
      parameters: { nulls: c.nulls, numbers: c.numbers, values: c.values },
      context: { statementTime, transactionTime, timeZone, user, sessionUser, database, schema, searchPath },
      times: tx.times,
      builds,
      // Some take more morsels than others; what they have together is looked at when it is put together.
      workMemory: Math.floor((kernel.workMemory * 2) / (place.most + 1)),
      counters: c.run.counts?.length ?? 0,
    };
  }

  /** Until all who have joined have answered. */
  #wait(c: State, place: GatherPlace, words: Int32Array): number {
    const helpers = place.helpers as Helpers;
    const count = closeGather(words);
    for (; Atomics.load(words, LEFT) < count; place.waits++) {
      if (look(c, true)) return STAGE_PAUSED;
      const left = Atomics.load(words, LEFT);
      if (testing) yieldPoint('gather.wait');
      if (left < count) Atomics.wait(words, LEFT, left, WAIT_MS);
      if (place.waits % WAITS_A_LOOK !== WAITS_A_LOOK - 1) continue;
      takeAnswers(place, helpers);
      if (deadHelper(words, count, helpers, place.answers) < 0) continue;
      throw new SqlError(SQLSTATE.internal_error, 'a background thread that took part in the statement has ended', {
        hint: 'Run the statement again.',
      });
    }
    takeAnswers(place, helpers);
    return STAGE_DONE;
  }

  /** False: together they are too large. */
  #putTogether(c: State, place: GatherPlace): boolean {
    const { fill } = this.shape;
    const parts: Part[] = [{ marks: place.progress.marks, image: null }];
    const { times } = c.tx;
    for (const { marks, fill: image, dependency, counts } of place.answers) {
      if (dependency > times[DEPENDENCY]) times[DEPENDENCY] = dependency;
      if (marks.length > 0) parts.push({ marks, image });
      const total = c.run.counts;
      if (counts !== null && total != null) for (let at = 0; at < counts.length; at++) total[at] += counts[at];
    }
    c.pages = place.pagesBefore + place.pages;
    if (c.run.counts != null && this.shape.counter >= 0) c.run.counts[this.shape.counter] = 1 + place.answers.length;
    return parts.length === 1 || fill.merge(c, parts);
  }

  /** From the beginning, by one thread. */
  #goAlone(c: State, place: GatherPlace): number {
    place.stop();
    place.way = 'alone';
    if (place.counts !== null) c.run.counts?.set(place.counts);
    if (c.run.counts != null && this.shape.counter >= 0) c.run.counts[this.shape.counter] = 1;
    for (const part of this.shape.builds) (c.parts[part] as JoinStore).matched.fill(0);
    const { shared } = this.shape;
    if (shared !== null) (c.parts[shared.part] as RowShare).begin(null, 1, null, null);
    this.shape.begin(c);
    this.#alone.begin(c);
    return this.#alone.run(c);
  }
}
