/**
 * The thread that writes the log for all workers (SM-W3): a worker that flushed in line would serve nobody meanwhile, and with each
 * of its clients waiting for the next, hardly two commits would share a flush.
 *
 *   worker: commits ... WANTED += 1, notify --> log thread: seen = WANTED; write, fdatasync; DONE = seen, notify --> answers leave
 *
 * Who writes much asks for it long before it commits, so that it need not write itself. Between two flushes the thread touches memory
 * for who fills the cache (touch-ahead.ts).
 */

import { parentPort, workerData } from 'node:worker_threads';
import { isPoisoned } from '../../shm/critical.ts';
import { toPlain } from '../../shm/errors.ts';
import { attach, type Database } from '../api/api.ts';
import { entered } from '../exec/run.ts';
import { createTouchAhead, touchAhead } from '../storage/cache/touch-ahead.ts';
import { flushTo, tailLsn } from '../storage/log/flush.ts';
import { DONE, type LogThreadData, STOP, WANTED } from './log-words.ts';

/** Milliseconds of a sleep: then it looks whether it is to stop. */
const SLEEP_MS = 100;

function serve(database: Database, words: Int32Array): void {
  const { engine, kernel } = database;
  const { log, shm } = kernel.parts;
  const ahead = createTouchAhead(shm);
  for (;;) {
    const wanted = Atomics.load(words, WANTED);
    if (wanted === Atomics.load(words, DONE)) {
      if (Atomics.load(words, STOP) !== 0) return;
      if (touchAhead(ahead)) continue;
      Atomics.wait(words, WANTED, wanted, SLEEP_MS);
      continue;
    }
    entered(engine, () => flushTo(log, tailLsn(log)));
    Atomics.store(words, DONE, wanted);
    Atomics.notify(words, DONE);
  }
}

const { handle, memory } = workerData as LogThreadData;
const database = attach(handle);
try {
  parentPort?.postMessage({ kind: 'ready' });
  serve(database, new Int32Array(memory));
  database.close();
} catch (error) {
  parentPort?.postMessage({ kind: 'lost', error: toPlain(error) });
  if (!isPoisoned(database.engine.shm)) database.close();
}
