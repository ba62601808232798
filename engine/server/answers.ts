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
  /** The log thread is told at the end of this turn of the loop. */
  #isAsked = false;
  #isWatching = false;
  /** DONE at the last look. */
  #seen = 0;

  /** `check` throws when the log is lost. */
  constructor(log: Log, memory: SharedArrayBuffer, check: () => void) {
    this.#log = log;
    this.#words = new Int32Array(memory);
    this.#check = check;
    log.askWriter = () => this.#askWriter();
  }

  /** The log thread writes what there is, unless it is at it already. Nobody waits for it. */
  #askWriter(): void {
    const words = this.#words;
    if (Atomics.load(words, WANTED) === Atomics.load(words, DONE)) this.#ask();
  }

  #ask(): void {
    Atomics.add(this.#words, WANTED, 1);
    Atomics.notify(this.#words, WANTED);
  }

  mustWait(barrier: number): boolean {
    return barrier > 0 && durableLsn(this.#log) < barrier;
  }

  hold(connection: ClientConnection): void {
    this.#holding.add(connection);
    if (this.#isAsked) return;
    this.#isAsked = true;
    // What else this turn of the loop commits goes along. A flush that runs is not waited for: the next one follows it at once.
    setImmediate(() => {
      this.#isAsked = false;
      this.#ask();
      if (!this.#isWatching) this.#watch();
    });
  }

  /** Looks whenever a flush has ended, until nobody is held. */
  #watch(): void {
    const words = this.#words;
    const done = Atomics.load(words, DONE);
    this.#release();
    this.#isWatching = this.#holding.size > 0;
    if (!this.#isWatching) return;
    const wait = Atomics.waitAsync(words, DONE, done, WAIT_MS);
    const again = (how: string): void => {
      if (how === 'timed-out') this.#ask();
      this.#watch();
    };
    if (wait.async) void wait.value.then(again);
    else setImmediate(again, wait.value);
  }

  /** Between two requests: a flush may have ended since the loop has turned. Hot. */
  look(): void {
    if (this.#holding.size > 0 && Atomics.load(this.#words, DONE) !== this.#seen) this.#release();
  }

  #release(): void {
    this.#check();
    this.#seen = Atomics.load(this.#words, DONE);
    const durable = durableLsn(this.#log);
    for (const connection of this.#holding) {
      if (connection.barrier > durable) continue;
      this.#holding.delete(connection);
      connection.release();
    }
  }

  /** Calls `then` when the client has read what it was sent. */
  whenRead(connection: ClientConnection, then: () => void): void {
    if (connection.hasRead) then();
    else if (this.#holding.has(connection)) setTimeout(() => this.whenRead(connection, then), LOOK_MS);
    else connection.whenDrained(() => this.whenRead(connection, then));
  }
}
