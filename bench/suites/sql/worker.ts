/** A thread of the measures of SQL: attaches, and carries out orders as kernel/worker.ts does. */
import { parentPort, workerData } from 'node:worker_threads';
import { attach, type Database, type DatabaseHandle } from '../../../engine/api/api.ts';
import { randomKeys } from '../kernel/items.ts';
import type { Answer, Order } from '../kernel/worker.ts';
import { meet, workFor } from '../kernel/meeting.ts';
import { readSqlItems, statementsOf } from './items.ts';

export interface SqlWorkerStart {
  readonly handle: DatabaseHandle;
  readonly meeting: Int32Array;
}

const KEYS = 1 << 16;
const READ_BATCH = 1024;

const { handle, meeting } = workerData as SqlWorkerStart;
const database: Database = attach(handle);
const items = { database, ...statementsOf(database) };
const port = parentPort as NonNullable<typeof parentPort>;

function read(order: Order): number {
  const keys = randomKeys(KEYS, order.low, order.high, order.low + 1);
  let at = 0;
  const batch = (): number => {
    at = (at + READ_BATCH) % (KEYS - READ_BATCH);
    readSqlItems(items, keys, at, at + READ_BATCH);
    return READ_BATCH;
  };
  workFor(order.warmupMilliseconds, batch);
  meet(meeting, order.party);
  return workFor(order.milliseconds, batch);
}

/** Sessions that commit row after row, beside each other. */
async function commit(order: Order): Promise<number> {
  const keys = randomKeys(KEYS, order.low, order.high, order.low + 1);
  const sessions = Array.from({ length: order.sessions }, () => database.session());
  let at = 0;
  let done = 0;
  let until = performance.now() + order.warmupMilliseconds;
  const loop = async (session: (typeof sessions)[number]): Promise<void> => {
    while (performance.now() < until) {
      at = (at + 1) & (KEYS - 1);
      await session.run('update item set price = price + 1 where id = $1', [keys[at]]);
      done++;
    }
  };
  await Promise.all(sessions.map(loop));
  meet(meeting, order.party);
  done = 0;
  const start = performance.now();
  until = start + order.milliseconds;
  await Promise.all(sessions.map(loop));
  const rate = (done * 1000) / (performance.now() - start);
  for (const session of sessions) await session.close();
  return rate;
}

port.on('message', (order: Order | 'end') => {
  if (order === 'end') {
    database.close();
    port.close();
    return;
  }
  const answer = (value: Answer): void => port.postMessage(value);
  Promise.resolve(order.kind === 'read' ? read(order) : commit(order)).then(
    (rate) => answer({ rate }),
    (error: Error) => answer({ error: error.stack ?? error.message }),
  );
});
port.postMessage('ready');
