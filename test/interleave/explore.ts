/**
 * Explores the orders in which the steps of a case's sessions can happen.
 *
 * A run is fixed by its deviations: pairs (step, session). Without any, a session runs until it is done or waits, then the next
 * one gets its turn. A deviation gives the turn at that step to another session. Small cases are enumerated: every run with at
 * most `preemptions` deviations (few preemptions are enough for nearly all known interleaving bugs: Musuvathi and Qadeer,
 * PLDI 2007). Large ones are drawn from a seed. A failure names the case, the deviations or the seed, and the trace.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { InterleavingCase, SessionResult } from './case.ts';
import { awaitStop, createTurns, DONE, giveTurn, pointOf, resetTurns, stateOf, type TurnBuffer, WAITING } from './turn.ts';

export interface ExploreOptions {
  /** Most deviations of an enumerated run. */
  readonly preemptions: number;
  /** Most runs; when the enumeration is larger, a sample drawn with the seed is run. */
  readonly runs: number;
  readonly seed: number;
  /** Also this many runs with a random choice at every step. */
  readonly randomRuns?: number;
}

export interface Exploration {
  readonly runs: number;
  /** True when every run within the preemption bound was made. */
  readonly complete: boolean;
  /** Names of the yield points that were met, with how often. */
  readonly points: ReadonlyMap<string, number>;
}

type Deviations = readonly (readonly [step: number, session: number])[];
/** Chooses who goes next: one of `candidates`, of which the first is the one that runs by default. */
type Chooser = (step: number, candidates: readonly number[]) => number;

/** Rounds in which every session only waits before that counts as a hang: some waits end by their own time limit. */
const WAITING_ROUNDS_MAX = 400;
const STEPS_MAX = 20_000;

interface Arena {
  readonly test: InterleavingCase<unknown, unknown>;
  readonly turns: TurnBuffer;
  readonly workers: readonly Worker[];
  readonly ports: readonly MessagePort[];
  readonly points: Map<string, number>;
  runs: number;
}

/** Explores one case; throws at the first run that fails. `module` is the case's file URL. */
export async function explore(module: string, options: ExploreOptions): Promise<Exploration> {
  const arena = await openArena(module);
  try {
    const complete = enumerate(arena, options);
    const random = generator(options.seed ^ 0x5bd1e995);
    for (let i = 0; i < (options.randomRuns ?? 0); i++) {
      const seed = Math.floor(random() * 2 ** 31);
      runOnce(arena, `seed ${seed}`, randomChooser(seed));
    }
    return { runs: arena.runs, complete, points: arena.points };
  } finally {
    await Promise.all(arena.workers.map((worker) => worker.terminate()));
  }
}

/** Runs one case with one list of deviations: to repeat a failure. */
export async function replay(module: string, deviations: Deviations): Promise<string> {
  const arena = await openArena(module);
  try {
    return runOnce(arena, `deviations ${JSON.stringify(deviations)}`, deviationChooser(deviations, []));
  } finally {
    await Promise.all(arena.workers.map((worker) => worker.terminate()));
  }
}

async function openArena(module: string): Promise<Arena> {
  const { interleaving: test } = (await import(module)) as { interleaving: InterleavingCase<unknown, unknown> };
  const turns = createTurns(test.sessions);
  const ports: MessagePort[] = [];
  const workers: Worker[] = [];
  for (let session = 0; session < test.sessions; session++) {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker(new URL('./session-worker.ts', import.meta.url), {
      workerData: { module, session, turns, port: port2 },
      transferList: [port2],
      resourceLimits: { stackSizeMb: 8 },
    });
    worker.on('error', (error) => {
      throw error;
    });
    ports.push(port1);
    workers.push(worker);
    await new Promise<void>((resolve) => worker.once('online', () => resolve()));
  }
  return { test, turns, workers, ports, points: new Map(), runs: 0 };
}

/** Depth first over the deviations. Returns whether all of them were run. */
function enumerate(arena: Arena, options: ExploreOptions): boolean {
  const open: Deviations[] = [[]];
  const random = generator(options.seed);
  while (open.length > 0) {
    if (arena.runs >= options.runs) return false;
    // From the end while the bound is far, else anywhere: a cut enumeration should not be all alike.
    const at = open.length > options.runs ? Math.floor(random() * open.length) : open.length - 1;
    const deviations = open[at];
    open[at] = open[open.length - 1];
    open.pop();
    const alternatives: [number, number][] = [];
    runOnce(arena, `deviations ${JSON.stringify(deviations)}`, deviationChooser(deviations, alternatives));
    if (deviations.length >= options.preemptions) continue;
    for (const alternative of alternatives) open.push([...deviations, alternative]);
  }
  return true;
}

/** Follows the deviations, and collects what else could have been chosen after the last of them. */
function deviationChooser(deviations: Deviations, alternatives: [number, number][]): Chooser {
  const last = deviations.length === 0 ? -1 : deviations[deviations.length - 1][0];
  return (step, candidates) => {
    const deviation = deviations.find((candidate) => candidate[0] === step);
    if (deviation !== undefined && candidates.includes(deviation[1])) return deviation[1];
    if (step > last) for (const session of candidates.slice(1)) alternatives.push([step, session]);
    return candidates[0];
  };
}

function randomChooser(seed: number): Chooser {
  const random = generator(seed);
  return (_step, candidates) => candidates[Math.floor(random() * candidates.length)];
}

/** One run from setup to check. Returns its trace; an error carries it. */
function runOnce(arena: Arena, how: string, choose: Chooser): string {
  const { test } = arena;
  arena.runs++;
  const trace: string[] = [];
  const payload = test.setup();
  try {
    const results = runSessions(arena, payload, choose, trace);
    test.check(payload, results);
  } catch (error) {
    throw new Error(`${test.name}: run ${arena.runs} with ${how}\n${trace.join('\n')}`, { cause: error });
  } finally {
    test.teardown(payload);
  }
  return trace.join('\n');
}

function runSessions(arena: Arena, payload: unknown, choose: Chooser, trace: string[]): SessionResult<unknown>[] {
  const { test, turns, workers } = arena;
  resetTurns(turns, test.sessions);
  for (const worker of workers) worker.postMessage({ payload, run: arena.runs });
  for (let session = 0; session < test.sessions; session++) awaitStop(turns, session);
  let current = 0;
  let waitingRounds = 0;
  const stalled = new Set<number>();
  for (let step = 0; ; step++) {
    if (step > STEPS_MAX) throw new Error('the sessions take steps without end');
    const alive = sessionsInOrder(test.sessions, current).filter((session) => stateOf(turns, session) !== DONE);
    if (alive.length === 0) break;
    let candidates = alive.filter((session) => !stalled.has(session));
    if (candidates.length === 0) {
      if (++waitingRounds > WAITING_ROUNDS_MAX) throw new Error('every session waits: a hang');
      stalled.clear();
      candidates = alive;
    }
    current = candidates.length === 1 ? candidates[0] : choose(step, candidates);
    giveTurn(turns, current);
    note(arena, trace, step, current);
    if (stateOf(turns, current) === WAITING) stalled.add(current);
    else {
      stalled.clear();
      waitingRounds = 0;
    }
  }
  return arena.ports.map((port, session) => receiveResult(port, session));
}

function note(arena: Arena, trace: string[], step: number, session: number): void {
  const point = stateOf(arena.turns, session) === DONE ? 'done' : pointOf(arena.turns, session);
  trace.push(`${step}: session ${session} -> ${point}`);
  arena.points.set(point, (arena.points.get(point) ?? 0) + 1);
}

/** The current session first, the others behind it in turn. */
function sessionsInOrder(sessions: number, current: number): number[] {
  return Array.from({ length: sessions }, (_, i) => (current + i) % sessions);
}

function receiveResult(port: MessagePort, session: number): SessionResult<unknown> {
  const received = receiveMessageOnPort(port);
  if (received === undefined) throw new Error(`session ${session} is done but sent no result`);
  return received.message as SessionResult<unknown>;
}

/** mulberry32: small, seeded, good enough to choose who goes next. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
