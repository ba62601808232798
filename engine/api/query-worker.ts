/** A query thread: attaches, runs what it is sent, one query after the other, and sends rows as long as somebody reads them. */

import { parentPort, workerData } from 'node:worker_threads';
import { toPlain } from '../../shm/errors.ts';
import { attach } from './api.ts';
import { BATCH_ROWS, CREDITS, type QueryAnswer, type QueryRequest, type QueryWorkerData, STOP } from './query-messages.ts';

const { handle, words } = workerData as QueryWorkerData;
const database = attach(handle);
const port = parentPort as NonNullable<typeof parentPort>;

const say = (answer: QueryAnswer): void => port.postMessage(answer);

/** Waits for a credit; false: nobody wants the rest. */
function takeCredit(number: number): boolean {
  for (;;) {
    if (Atomics.load(words, STOP) === number) return false;
    const credits = Atomics.load(words, CREDITS);
    if (credits > 0) {
      Atomics.sub(words, CREDITS, 1);
      return true;
    }
    Atomics.wait(words, CREDITS, credits, 1000);
  }
}

function answer({ number, text, values }: QueryRequest): void {
  const statement = database.prepare(text);
  if (statement.columns().length === 0) {
    const { changes, rows } = statement.run(...values);
    if (rows !== undefined) say({ kind: 'rows', number, rows });
    say({ kind: 'end', number, changes });
    return;
  }
  let batch: unknown[] = [];
  using rows = statement.iterate(...values);
  for (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH_ROWS) continue;
    if (!takeCredit(number)) break;
    say({ kind: 'rows', number, rows: batch });
    batch = [];
  }
  if (batch.length > 0) say({ kind: 'rows', number, rows: batch });
  say({ kind: 'end', number, changes: 0 });
}

port.on('message', (request: QueryRequest | 'close') => {
  if (request === 'close') {
    database.close();
    port.close();
    return;
  }
  const { session } = database.connection;
  try {
    if (Atomics.load(words, STOP) !== request.number) answer(request);
    else say({ kind: 'end', number: request.number, changes: 0 });
  } catch (error) {
    if (database.inTransaction) database.exec('rollback');
    say({ kind: 'error', number: request.number, error: toPlain(error) });
  } finally {
    session.clearCancel();
  }
});

say({ kind: 'ready', session: database.connection.session.slot });
