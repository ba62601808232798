/**
 * Answers that wait for the disk: those of one turn of the loop share a flush (SM-W3), and leave when it has passed their barrier.
 */

import { durableLsn } from '../storage/log/flush.ts';
import type { Log } from '../storage/log/log-context.ts';
import { whenDurable } from '../storage/log/when-durable.ts';
import type { ClientConnection } from './connection.ts';

/** Milliseconds between two looks at a client that does not read. */
const LOOK_MS = 5;

export class Answers {
  readonly #log: Log;
  readonly #holding = new Set<ClientConnection>();
  readonly #onLost: (error: unknown) => void;
  #isFlushing = false;

  constructor(log: Log, onLost: (error: unknown) => void) {
    this.#log = log;
    this.#onLost = onLost;
  }

  mustWait(barrier: number): boolean {
    return barrier > 0 && durableLsn(this.#log) < barrier;
  }

  hold(connection: ClientConnection, barrier: number): void {
    this.#holding.add(connection);
    if (!this.#isFlushing) this.#flush(barrier);
  }

  #flush(barrier: number): void {
    this.#isFlushing = true;
    whenDurable(this.#log, barrier).then(() => this.#release(), this.#onLost);
  }

  #release(): void {
    this.#isFlushing = false;
    const durable = durableLsn(this.#log);
    let next = 0;
    for (const connection of this.#holding) {
      const { barrier } = connection;
      if (barrier <= durable) {
        this.#holding.delete(connection);
        connection.release();
      } else next = Math.max(next, barrier);
    }
    if (next > 0) this.#flush(next);
  }

  /** Calls `then` when the client has read what it was sent. */
  whenRead(connection: ClientConnection, then: () => void): void {
    if (connection.hasRead) then();
    else if (this.#holding.has(connection)) setTimeout(() => this.whenRead(connection, then), LOOK_MS);
    else connection.whenDrained(() => this.whenRead(connection, then));
  }
}
