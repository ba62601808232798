/** Functions that run in a transaction: db.transaction(body), with its variants for the isolation levels. */

import { handleClosed, SqlError } from '../../shm/errors.ts';
import { entered } from '../exec/run.ts';
import type { Database } from './database.ts';

export interface TransactionFunction<Arguments extends unknown[], Value> {
  (...given: Arguments): Value;
  readonly readCommitted: (...given: Arguments) => Value;
  readonly repeatableRead: (...given: Arguments) => Value;
  readonly serializable: (...given: Arguments) => Value;
  readonly readOnly: (...given: Arguments) => Value;
  /** The same function, run again up to so many times when others were in its way (40001, 40P01). */
  retry(times?: number): TransactionFunction<Arguments, Value>;
}

interface Kind {
  readonly isolation: string | null;
  readonly readOnly: boolean | null;
}

const RETRIES = 10;
/** Longest pause before another try, milliseconds: the others get through first. */
const PAUSE_MAX = 50;

const isConflict = (error: unknown): boolean => error instanceof SqlError && (error.code === '40001' || error.code === '40P01');

let savepoints = 0;

export function transactionOf<Arguments extends unknown[], Value>(
  database: Database,
  body: (...given: Arguments) => Value,
  retries = 0,
): TransactionFunction<Arguments, Value> {
  const variant = (kind: Kind) =>
    function (this: unknown, ...given: Arguments): Value {
      return runRetried(database, kind, retries, () => body.apply(this, given));
    };
  return Object.assign(variant({ isolation: null, readOnly: null }), {
    readCommitted: variant({ isolation: 'read committed', readOnly: null }),
    repeatableRead: variant({ isolation: 'repeatable read', readOnly: null }),
    serializable: variant({ isolation: 'serializable', readOnly: null }),
    readOnly: variant({ isolation: 'repeatable read', readOnly: true }),
    retry: (times = RETRIES) => transactionOf(database, body, times),
  });
}

function runRetried<Value>(database: Database, kind: Kind, retries: number, body: () => Value): Value {
  if (database.inTransaction) return nested(database, body);
  for (let tries = 0; ; tries++) {
    try {
      return outermost(database, kind, body);
    } catch (error) {
      if (tries >= retries || !isConflict(error)) throw error;
      pause(Math.random() * Math.min(PAUSE_MAX, 2 ** tries));
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread: whoever asked for retries has asked for that. */
function pause(milliseconds: number): void {
  Atomics.wait(sleeper, 0, 0, milliseconds);
}

function outermost<Value>(database: Database, kind: Kind, body: () => Value): Value {
  const { engine, session } = database.connection;
  entered(engine, () => session.begin(kind, engine.now()));
  let value: Value;
  try {
    value = body();
    refusePromise(value);
  } catch (error) {
    if (session.transaction !== null && database.isOpen) entered(engine, () => session.rollbackBlock());
    throw error;
  }
  // Closing has rolled back: nobody may take the function's return for a commit.
  if (!database.isOpen) throw handleClosed('the database');
  // The body may have ended the transaction itself.
  if (session.transaction !== null) {
    if (session.status === 'failed') {
      entered(engine, () => session.rollbackBlock());
      throw new SqlError('25P02', 'a statement of the transaction failed: it was rolled back', {
        hint: 'let the error of the statement out of the function, or put the statement into a nested transaction',
      });
    }
    entered(engine, () => session.commitBlock());
  }
  return value;
}

function nested<Value>(database: Database, body: () => Value): Value {
  const { engine, session } = database.connection;
  const name = `nested ${++savepoints}`;
  entered(engine, () => session.savepoint(name));
  try {
    const value = body();
    refusePromise(value);
    entered(engine, () => session.releaseSavepoint(name));
    return value;
  } catch (error) {
    if (session.transaction !== null && database.isOpen) entered(engine, () => session.rollbackToSavepoint(name));
    throw error;
  }
}

/** A promise would be settled long after the transaction has ended. */
function refusePromise(value: unknown): void {
  if (value instanceof Promise) {
    throw new TypeError('the function of a transaction cannot be asynchronous: use db.session() and its transaction()');
  }
}
