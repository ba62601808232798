/**
 * A thread for long statements (Piscina calls runHeavy in it): it runs a statement in a session of its own that is made like the
 * client's, and sends the rows as they are to leave. It stops where the client does not read, and ends what the client's session is
 * asked to end.
 */

import { constants, setPriority } from 'node:os';
import { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import { Output } from '../../plugins/contract/output.ts';
import { SqlError, SQLSTATE, toPlain } from '../../shm/errors.ts';
import { attach, type Database } from '../api/api.ts';
import { Connection } from '../exec/connection.ts';
import { OutputRun } from '../exec/output-run.ts';
import type { Prepared } from '../exec/prepare.ts';
import { entered } from '../exec/run.ts';
import { Session } from '../session/session.ts';
import { sessionCancelled } from '../txn/sessions.ts';
import { CREDITS, type HeavyNews, type HeavyTask } from './heavy-messages.ts';

const MARK_BYTES = 1 << 16;
/** Milliseconds between two looks whether a statement whose client does not read is to end. */
const LOOK_MS = 100;

let database: Database | null = null;

/** Runs a statement to its end; 'leave': gives the thread's place in the database back. */
export function runHeavy(task: HeavyTask | 'leave'): void {
  if (task === 'leave') {
    database?.close();
    database = null;
    return;
  }
  database ??= attached(task);
  const connection = connectionFor(database, task);
  const { session } = connection;
  const tell = (news: HeavyNews): void => task.port.postMessage(news);
  connection.onNotice = (notice) => tell({ kind: 'notice', notice });
  try {
    const run = new OutputRun(connection, preparedOf(connection, task), task.format, new Output(MARK_BYTES));
    giveRows(run, session, task, tell);
    tell({ kind: 'end', rows: run.rows, tag: run.tag, barrier: session.barrier });
  } catch (error) {
    tell({ kind: 'error', error: toPlain(error), barrier: session.barrier });
  } finally {
    connection.close();
    task.port.close();
  }
}

/** Linux lowers the calling thread alone. */
function attached({ handle }: HeavyTask): Database {
  if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
  return attach(handle);
}

function connectionFor({ engine }: Database, { session: client }: HeavyTask): Connection {
  const { openedBy: user, database, databaseId, firstDatabase } = client;
  const place = { user, database, databaseId, firstDatabase };
  const options = { ...place, durability: 'commit', holdsAnswers: true, namedParameters: false } as const;
  const session = entered(engine, () => new Session(engine.txns, engine.locks, options));
  session.settings.adopt(client.settings);
  session.sees(client.lastCommit);
  session.processId = client.processId;
  const isOwnCancelled = session.isCancelled.bind(session);
  session.isCancelled = () => sessionCancelled(engine.txns, client.slot) !== 0 || isOwnCancelled();
  return new Connection(engine, session);
}

function preparedOf(connection: Connection, { text, start, types }: HeavyTask): Prepared {
  const prepared = types === undefined ? connection.prepareNext(text, start).prepared : connection.prepareTyped(text, types);
  if (prepared === null) throw new SqlError(SQLSTATE.internal_error, 'a statement to run elsewhere is none');
  return prepared;
}

function valuesOf({ values: { bytes, starts, lengths, forms } }: HeavyTask): EncodedValues {
  const values = new EncodedValues();
  values.begin(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  for (let index = 0; index < starts.length; index++) values.add(starts[index], lengths[index], forms[index]);
  return values;
}

function giveRows(run: OutputRun, session: Session, task: HeavyTask, tell: (news: HeavyNews) => void): void {
  const output = run.output as Output;
  const credits = new Int32Array(task.credits);
  try {
    for (let state = run.begin(valuesOf(task)); ; state = run.resume()) {
      if (output.at > 0) tell({ kind: 'rows', bytes: output.take(), barrier: session.barrier });
      if (state === 'done') return;
      takeCredit(credits, session);
    }
  } finally {
    run.close();
  }
}

function takeCredit(credits: Int32Array, session: Session): void {
  while (Atomics.load(credits, CREDITS) === 0) {
    Atomics.wait(credits, CREDITS, 0, LOOK_MS);
    if (session.isCancelled()) throw new SqlError(SQLSTATE.query_canceled, 'canceling statement due to user request');
  }
  Atomics.sub(credits, CREDITS, 1);
}
