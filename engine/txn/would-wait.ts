/**
 * Waiting on an event loop for work that is no statement of generated code: definitions, and what foreign keys put off to the end of
 * the transaction. It is written as if it could block. With tx.mayBlock false, what would block throws WouldWait instead; the caller
 * takes everything back to where the work began, waits without blocking, and has the work done again from there. Intentions on
 * tables stay meanwhile, so that DDL is not overtaken (TX-T14).
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';

/** The transaction would have to wait: for tx.waitsFor, or for readers. To the program it would be 55P03. */
export class WouldWait extends SqlError {
  /** Session that reads a table which is wanted whole; -1: tx.waitsFor is waited for. */
  readonly reader: number;
  /** The thread's doorbell before it was found. */
  readonly seen: number;

  constructor(reader = -1, seen = 0) {
    super(SQLSTATE.lock_not_available, 'another transaction has the row or table', { hint: 'run the statement again' });
    this.reader = reader;
    this.seen = seen;
  }
}
