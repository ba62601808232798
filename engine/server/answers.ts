/**
 * Answers that wait for the disk: they leave when a flush has passed their barrier. The log thread makes it (log-loop.ts); what is
 * committed by any worker while one runs shares the next (SM-W3).
 */

import { durableLsn } from '../storage/log/flush.ts';
import type { Log } from '../storage/log/log-context.ts';
import type { ClientConnection } from './connection.ts';
import { DONE, WANTED } from './log-words.ts';

/** Milliseconds between two looks at a client that does not read. */
const LOOK_MS = 5;
/** A flush that takes longer is asked for again, once it is known that the log lives. */
const WAIT_MS = 1000;

export class Answers {
  readonly #log: Log;
  readonly #holding = new Set<ClientConnection>();
  readonly #words: Int32Array;
  readonly #check: () => void;
  #isFlushing = false;

  /** `check` throws when the log is lost. */
  constructor(log: Log, memory: SharedArrayBuffer, check: () => void) {
    this.#log = log;
    this.#words = new Int32Array(memory);
    this.#check = check;
    log.askWriter = () => this.#ask();
  }

  /** The log thread writes what there is, unless it is at it already. Nobody waits for it. */
  #ask(): void {
    const words = this.#words;
    if (Atomics.load(words, WANTED) !== Atomics.load(words, DONE)) return;
    Atomics.add(words, WANTED, 1);
    Atomics.notify(words, WANTED);
  }

  mustWait(barrier: number): boolean {
    return barrier > 0 && durableLsn(this.#log) < barrier;
  }

  hold(connection: ClientConnection): void {
    this.#holding.add(connection);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    // What else this turn of the loop commits goes along.
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const words = this.#words;
    const done = Atomics.load(words, DONE);
    Atomics.add(words, WANTED, 1);
    Atomics.notify(words, WANTED);
    const wait = Atomics.waitAsync(words, DONE, done, WAIT_MS);
    if (wait.async) void wait.value.then(() => this.#release());
    else this.#release();
  }

  #release(): void {
    this.#check();
    const durable = durableLsn(this.#log);
    for (const connection of this.#holding) {
      const { barrier } = connection;
      if (barrier <= durable) {
        this.#holding.delete(connection);
        connection.release();
      }
    }
    this.#isFlushing = this.#holding.size > 0;
    if (this.#isFlushing) this.#flush();
  }

  /** Calls `then` when the client has read what it was sent. */
  whenRead(connection: ClientConnection, then: () => void): void {
    if (connection.hasRead) then();
    else if (this.#holding.has(connection)) setTimeout(() => this.whenRead(connection, then), LOOK_MS);
    else connection.whenDrained(() => this.whenRead(connection, then));
  }
}
