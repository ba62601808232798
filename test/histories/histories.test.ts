/** Large random histories of several threads, checked for what their isolation level does not allow. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openKernel } from '../../engine/api/kernel.ts';
import { Rows } from '../interleave/cases/kernel-store.ts';
import { anomalies, FIRST_VERSION, LEVELS, type Level, type Recorded } from './graph.ts';
import type { HistoryStart } from './history-test-worker.ts';
import type { HistoryPlan } from './transactions.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
const THREADS = 3;
const TRANSACTIONS = 250;
const ROWS = 12;

const levels = Object.keys(LEVELS) as Level[];

/** A transaction by what it does: 'r1=5' reads version 5 of row 1, 'w1:5>7' finds 5 and writes 7. */
function did(name: string, text: string, committed = true): Recorded {
  const steps = text.split(' ').map((step) => {
    const [, what, key, a, b] = /^([rw])(\d+)[=:](\d+)(?:>(\d+))?$/.exec(step) as RegExpExecArray;
    return what === 'r' ? { key: Number(key), version: Number(a) } : { key: Number(key), version: Number(b), before: Number(a) };
  });
  return { name, committed, steps };
}

const KNOWN: readonly (readonly [string, readonly Recorded[]])[] = [
  ['G1a: b saw version 5 of row 1, which nobody committed', [did('a', 'w1:0>5', false), did('b', 'r1=5')]],
  ['G1b: b saw version 5 of row 1, which a overwrote itself', [did('a', 'w1:0>5 w1:5>6'), did('b', 'r1=5')]],
  ['G0: a -> b -> a', [did('a', 'w1:0>1 w2:4>2'), did('b', 'w1:1>3 w2:0>4')]],
  ['G1c: a -> b -> a', [did('a', 'w1:0>1 r2=2'), did('b', 'w2:0>2 r1=1')]],
  ['G-single: a -> b -> a', [did('a', 'r1=0 r2=2'), did('b', 'w1:0>1 w2:0>2')]],
  ['G-single: a -> b -> a', [did('a', 'r1=0 w1:1>2'), did('b', 'r1=0 w1:0>1')]],
  ['G2: a -> b -> a', [did('a', 'r1=0 w2:0>1'), did('b', 'r2=0 w1:0>2')]],
];

for (const [says, history] of KNOWN) {
  test(`the graph of a history shows ${says}`, () => {
    const name = says.slice(0, says.indexOf(':'));
    for (const level of levels) {
      const isFound = anomalies(history, level).includes(says);
      deepStrictEqual(isFound, (LEVELS[level] as readonly string[]).includes(name), level);
    }
  });
}

test('transactions one after the other show nothing', () => {
  const history = [did('a', 'r1=0 w1:0>1 w2:0>2'), did('b', 'r2=2 w2:2>3 r1=1'), did('c', 'r1=1 r2=3')];
  for (const level of levels) deepStrictEqual(anomalies(history, level), []);
});

test(`TX-T10, TX-T16: histories of ${THREADS} threads show no cycle that their level does not allow (SCRATCHBIRD_SEED=${SEED})`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'histories-'));
  const kernel = openKernel(join(directory, 'database'), { pool: 0, cacheSize: '8MB', logSegment: '1MB', durability: 'relaxed' });
  const column = { kind: 'int32', nullable: false } as const;
  kernel.createTable({
    name: 'rows',
    columns: [
      { name: 'id', ...column },
      { name: 'v', ...column },
      { name: 'note', kind: 'text', nullable: false },
    ],
    indexes: [{ name: 'rows_id', columns: ['id'], unique: true }],
  });
  const own = new Rows(kernel);
  // Each history has rows of its own.
  const idsOf = (at: number): number[] => Array.from({ length: ROWS }, (_, n) => at * 1000 + n);
  own.transact((tx) => {
    for (const at of levels.keys()) for (const id of idsOf(at)) own.insert(tx, id, FIRST_VERSION);
  });
  const meeting = new Int32Array(new SharedArrayBuffer(4));
  const threads = Array.from({ length: THREADS }, async (_, session) => {
    const plans: HistoryPlan[] = levels.map((level, at) => ({
      level,
      seed: SEED,
      session,
      transactions: TRANSACTIONS,
      ids: idsOf(at),
    }));
    const workerData: HistoryStart = { handle: kernel.handle, plans, meeting, threads: THREADS };
    const worker = new Worker(new URL('./history-test-worker.ts', import.meta.url), { workerData });
    const [histories] = (await once(worker, 'message')) as [Recorded[][]];
    await once(worker, 'exit');
    return histories;
  });
  const histories = await Promise.all(threads);
  kernel.close();
  rmSync(directory, { recursive: true, force: true });
  for (const [at, level] of levels.entries()) {
    const history = histories.flatMap((one) => one[at]);
    deepStrictEqual(anomalies(history, level), [], level);
    const committed = history.filter((one) => one.committed).length;
    ok(committed > history.length / 4, `${level}: ${committed} of ${history.length} transactions committed`);
  }
});
