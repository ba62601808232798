/**
 * TX-T4, TX-T8: a statement that is spread over threads (codegen/jit/gather-stage.ts). A leader changes a row and asks for groups of all
 * rows in the same transaction, two others help. Whoever takes which pages, and whoever comes late or not at all: the answer is that of
 * one thread, in its order, the leader's own change in it; a statement that fails fails with the same error; and when it has ended,
 * nobody works on it any more.
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { receiveMessageOnPort } from 'node:worker_threads';
import type { GatherTask } from '../../../codegen/jit/gather-task.ts';
import type { Helper } from '../../../codegen/jit/gather-worker.ts';
import { attach, type Database, type DatabaseHandle, open } from '../../../engine/api/api.ts';
import { helperOn } from '../../../engine/api/pool-attach.ts';
import type { Helpers } from '../../../engine/plan/program.ts';
import { yieldPoint } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';

interface Payload {
  readonly handle: DatabaseHandle;
  /** [0] the leader's statement has ended, [1] answers that came behind that, [2] which statement. */
  readonly words: Int32Array;
}

interface Answer {
  readonly spread: unknown;
  readonly alone: unknown;
}

const HELPERS = 2;
const ENDED = 0;
const LATE = 1;
const WHICH = 2;

const ROWS = 700;
/** One row in the midst of them lets the second one fail. */
const STATEMENTS = [
  "select k, count(*) as n, sum(v) as s from t where pad like 'x%' group by k",
  "select k, count(*) as n, sum(10 / (v - 250)) as s from t where pad like 'x%' group by k",
];

const channels = (): { tasks: BroadcastChannel; answers: BroadcastChannel } => ({
  tasks: new BroadcastChannel(`gather tasks ${process.pid}`),
  answers: new BroadcastChannel(`gather answers ${process.pid}`),
});

/** What the pool does, without threads of its own: tasks and answers go over channels, and are there at once. */
function helpersOn(session: number, late: () => void): Helpers & { next(): unknown } {
  const { tasks, answers } = channels();
  const received = (channel: BroadcastChannel): unknown => receiveMessageOnPort(channel as never)?.message;
  return {
    threads: HELPERS,
    thread: session,
    generation: 1,
    running: HELPERS,
    busy: 0,
    want: () => {},
    post: (message) => tasks.postMessage(message),
    receive: () => received(answers),
    answer: (_thread, message) => {
      late();
      answers.postMessage(message);
    },
    isAlive: () => true,
    close: () => {
      tasks.close();
      answers.close();
    },
    next: () => received(tasks),
  };
}

let own: { directory: string; db: Database; run: number } | null = null;

function ownDatabase(): Database {
  if (own !== null) return own.db;
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-gather-case-'));
  const db = open(join(directory, 'db'), { pool: 0, durability: 'off', cacheSize: '8MB', logSegment: '1MB', logRing: '256KB' });
  own = { directory, db, run: 0 };
  db.exec('create table t (id int primary key, k int, v int, pad text)');
  db.exec(`insert into t select i, i * 7919 % 5, i, 'x' || repeat('y', 60) from generate_series(1, ${ROWS}) as s(i)`);
  db.exec('analyze t');
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  return db;
}

/** Of this session's thread, made with its first run. */
let mine: { db: Database; helpers: ReturnType<typeof helpersOn>; helper: Helper | null; words: Int32Array } | null = null;

function mineOf({ handle, words }: Payload, session: number): NonNullable<typeof mine> {
  if (mine !== null) {
    mine.words = words;
    return mine;
  }
  const db = attach(handle);
  const helpers = helpersOn(session, () => {
    if (Atomics.load(mine!.words, ENDED) !== 0) Atomics.add(mine!.words, LATE, 1);
  });
  mine = { db, helpers, helper: session === 0 ? null : helperOn(db.kernel, helpers, () => 1 << 20), words };
  if (session > 0) return mine;
  (db.engine.environment.kernel as { helpers: Helpers | null }).helpers = helpers;
  db.exec('set parallel_setup_cost = 0; set max_parallel_workers_per_gather = 2');
  return mine;
}

/** Rows, or the error's code. */
function answerOf(db: Database, text: string): unknown {
  try {
    return db.prepare(text).all();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** What one thread answers, by statement. */
const known: unknown[] = [];

function lead({ db, words }: NonNullable<typeof mine>): Answer {
  const which = words[WHICH];
  if (known[which] === undefined) {
    db.exec('set max_parallel_workers_per_gather = 0');
    known[which] = answerInTransaction(db, STATEMENTS[which], () => {});
    db.exec('set max_parallel_workers_per_gather = 2');
  }
  const spread = answerInTransaction(db, STATEMENTS[which], () => void Atomics.store(words, ENDED, 1));
  return { spread, alone: known[which] };
}

function answerInTransaction(db: Database, text: string, ended: () => void): unknown {
  db.exec('begin');
  db.exec('update t set v = 5000 where id = 3');
  const answer = answerOf(db, text);
  ended();
  yieldPoint('gatherCase.ended');
  db.exec('rollback');
  return answer;
}

function help({ helpers, helper, words }: NonNullable<typeof mine>): Answer {
  while (Atomics.load(words, ENDED) === 0) {
    const task = helpers.next();
    if (task === undefined) yieldPoint('gatherCase.wait');
    else helper!.help(task as GatherTask);
  }
  while (helpers.next() !== undefined);
  return { spread: null, alone: null };
}

export const interleaving: InterleavingCase<Payload, Answer> = {
  name: 'TX-T4, TX-T8: a statement is spread over three threads',
  sessions: 1 + HELPERS,
  setup() {
    const { handle } = ownDatabase();
    const words = new Int32Array(new SharedArrayBuffer(12));
    words[WHICH] = own!.run++ % STATEMENTS.length;
    return { handle, words };
  },
  session(payload, session) {
    if (session > 0) return help(mineOf(payload, session));
    try {
      return lead(mineOf(payload, session));
    } finally {
      Atomics.store(payload.words, ENDED, 1);
    }
  },
  check({ words }, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const [leader] = results.map((result) => (result.ok ? result.value : null));
    deepStrictEqual(leader!.spread, leader!.alone);
    strictEqual(Array.isArray(leader!.alone), words[WHICH] === 0, JSON.stringify(leader!.alone));
    strictEqual(words[LATE], 0, 'nobody works on a statement that has ended');
  },
  teardown() {},
};
