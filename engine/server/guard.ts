/**
 * Guessing passwords takes time: the answer to a wrong one waits, twice as long after each in a row from one address, and each is
 * logged. One address at a time has so many connections that have not shown who they are.
 */

import type { Logger } from 'pino';
import type { Peer } from './peer.ts';

const FIRST_MS = 200;
const LONGEST_MS = 5000;
/** Addresses that are remembered. */
const ADDRESSES_MAX = 10_000;
/** A failure is forgotten after so long, milliseconds. */
const FORGET_MS = 300_000;

interface Failures {
  count: number;
  last: number;
}

export class Guard {
  readonly #failures = new Map<string, Failures>();
  readonly #log: Logger;
  total = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  failed(peer: Peer, user: string, why: string, then: () => void): void {
    const address = peer.address ?? 'local';
    const now = performance.now();
    const known = this.#failures.get(address);
    const count = known === undefined || now - known.last > FORGET_MS ? 1 : known.count + 1;
    if (known === undefined && this.#failures.size >= ADDRESSES_MAX)
      this.#failures.delete(this.#failures.keys().next().value as string);
    this.#failures.delete(address);
    this.#failures.set(address, { count, last: now });
    this.total++;
    const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(count - 1, 10));
    this.#log.warn({ address, port: peer.port, user, why, failures: count, wait }, 'a client was refused');
    setTimeout(then, wait);
  }

  passed(peer: Peer): void {
    if (this.#failures.size > 0) this.#failures.delete(peer.address ?? 'local');
  }
}
