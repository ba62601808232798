/**
 * What a victim has begun and what it was told is committed, kept where a kill -9 cannot reach it: each entry is one write to
 * a file that the parent has opened for appending and handed down; the system has it when the call returns.
 *
 *   entry, 16 bytes: | kind u32 | session u32 | number u32 | check u32 |
 *
 * Both worker threads write to the same descriptor; appending keeps their entries apart.
 */

import { readSync, writeSync } from 'node:fs';
import { TortureFailure } from './failure.ts';
import type { SqlLedger } from './sql-session.ts';

export const LEDGER_OPENING = 1;
/** The database is open. `number`: milliseconds that took. */
export const LEDGER_OPEN = 2;
/** The tables are there, and their creation was acknowledged. */
export const LEDGER_CREATED = 3;
export const LEDGER_BEGUN = 4;
export const LEDGER_ACKNOWLEDGED = 5;
/** Closed as it should be. */
export const LEDGER_CLOSED = 6;
/** A transaction is run again. `number`: the SQLSTATE, in base 36. */
export const LEDGER_RETRIED = 7;
/** A value of a sequence that an acknowledged transaction has drawn. */
export const LEDGER_VALUE = 8;

/** The descriptor in the victim. */
export const LEDGER_DESCRIPTOR = 3;

const ENTRY_BYTES = 16;
const CHECK = 0x5ca1ab1e;

export function writeEntry(descriptor: number, kind: number, session: number, number: number): void {
  const entry = Uint32Array.of(kind, session, number, (kind ^ session ^ number ^ CHECK) >>> 0);
  const bytes = new Uint8Array(entry.buffer);
  if (writeSync(descriptor, bytes, 0, ENTRY_BYTES) !== ENTRY_BYTES)
    throw new TortureFailure('a ledger entry was written in part');
}

export const fileLedger = (descriptor: number): SqlLedger => ({
  value: (session, value) => writeEntry(descriptor, LEDGER_VALUE, session, value),
  begun: (session, number) => writeEntry(descriptor, LEDGER_BEGUN, session, number),
  acknowledged: (session, number) => writeEntry(descriptor, LEDGER_ACKNOWLEDGED, session, number),
  retried: (session, code) => writeEntry(descriptor, LEDGER_RETRIED, session, Number.parseInt(code, 36)),
});

/** What a ledger says so far. read() takes in what was written since. */
export class LedgerReader {
  readonly acknowledged = new Map<number, number>();
  readonly begun = new Map<number, number>();
  opening = false;
  open = false;
  openMilliseconds = 0;
  created = false;
  closed = false;
  /** Highest value of a sequence. */
  value = 0;
  /** Acknowledged transactions. */
  commits = 0;
  /** Transactions that were run again, by SQLSTATE. */
  readonly retries = new Map<string, number>();
  readonly #descriptor: number;
  #position = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  read(): void {
    const bytes = new Uint8Array(65536);
    for (;;) {
      const length = readSync(this.#descriptor, bytes, 0, bytes.length, this.#position);
      const whole = length - (length % ENTRY_BYTES);
      if (whole === 0) return;
      this.#position += whole;
      const words = new Uint32Array(bytes.buffer, 0, whole / 4);
      for (let at = 0; at < words.length; at += 4) this.#take(words[at], words[at + 1], words[at + 2], words[at + 3]);
    }
  }

  #take(kind: number, session: number, number: number, check: number): void {
    if (check !== (kind ^ session ^ number ^ CHECK) >>> 0) throw new TortureFailure('the ledger of the run itself is damaged');
    if (kind === LEDGER_OPENING) this.opening = true;
    else if (kind === LEDGER_CREATED) this.created = true;
    else if (kind === LEDGER_CLOSED) this.closed = true;
    else if (kind === LEDGER_BEGUN) this.begun.set(session, Math.max(number, this.begun.get(session) ?? 0));
    else if (kind === LEDGER_VALUE) this.value = Math.max(this.value, number);
    else if (kind === LEDGER_RETRIED) {
      const code = number.toString(36).toUpperCase().padStart(5, '0');
      this.retries.set(code, (this.retries.get(code) ?? 0) + 1);
    } else if (kind === LEDGER_OPEN) {
      this.open = true;
      this.openMilliseconds = number;
    } else {
      this.acknowledged.set(session, Math.max(number, this.acknowledged.get(session) ?? 0));
      this.commits++;
    }
  }
}
