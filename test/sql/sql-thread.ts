/** A worker thread that attaches to a test's database and runs what it is sent, one text after the other; see threads.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { attach, type DatabaseHandle } from '../../engine/api/api.ts';
import { type PlainError, toPlain } from '../../shm/errors.ts';

/** `text` is SQL; `body` is the source of a function of (database, ...values), for what SQL does not say. */
export type ThreadRequest =
  | { readonly number: number; readonly text: string; readonly values: readonly unknown[] }
  | { readonly number: number; readonly body: string; readonly values: readonly unknown[] }
  | 'close';

export type ThreadAnswer =
  | { readonly kind: 'ready'; readonly session: number }
  | { readonly kind: 'done'; readonly number: number; readonly value: unknown }
  | { readonly kind: 'error'; readonly number: number; readonly error: PlainError };

export interface ThreadData {
  readonly handle: DatabaseHandle;
}

const port = parentPort as NonNullable<typeof parentPort>;
const database = attach((workerData as ThreadData).handle);

const say = (answer: ThreadAnswer): void => port.postMessage(answer);

function answer(request: Exclude<ThreadRequest, 'close'>): unknown {
  const { values } = request;
  if ('body' in request) return new Function(`return (${request.body})`)()(database, ...values);
  // A text of one statement answers its rows; one of several, nothing.
  if (values.length === 0) return database.execute(request.text)?.rows ?? [];
  const { rows, changes } = database.prepare(request.text).run(...values);
  return rows ?? changes;
}

port.on('message', async (request: ThreadRequest) => {
  if (request === 'close') {
    database.close();
    port.close();
    return;
  }
  try {
    say({ kind: 'done', number: request.number, value: await answer(request) });
  } catch (error) {
    say({ kind: 'error', number: request.number, error: toPlain(error) });
  }
});
say({ kind: 'ready', session: database.connection.session.slot });
