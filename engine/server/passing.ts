/**
 * Clients go from the worker that accepted them to the one that has the fewest. Threads have their descriptors in common: the other one
 * gets a duplicate, before anything was read.
 *
 *   offers (shared)   a word an offer: 0 free, n > 0 offered, -n taken
 *
 *   sender     n --> word, message to the other --> after LATE_MS: n -> 0 succeeds: the other one hangs or has ended, the client
 *                                                   stays here; else it has been taken, the sender's descriptor goes
 *   receiver   message: n -> -n succeeds: the client is its own; else nothing
 *
 * So a client that is handed to a worker which never looks again is served all the same.
 */

import { Socket } from 'node:net';
import { descriptorOf, readBy } from './client-socket.ts';
import { native } from './native.ts';

/** Offers that may be open at once in a process; one that is overtaken counts as taken. */
export const OFFERS = 16_384;
/** Words of the memory that all workers share: a counter, then the offers. */
export const OFFER_WORDS = OFFERS + 1;
const COUNTER = 0;
/** Milliseconds after which a worker that has not taken its client is late. */
const LATE_MS = 250;

interface Offer {
  readonly worker: number;
  readonly descriptor: number;
  readonly dialect: string;
  readonly token: number;
}

const wordOf = (token: number): number => 1 + (token % OFFERS);

export class Passing {
  readonly #number: number;
  readonly #words: Int32Array;
  readonly #channel: BroadcastChannel;
  readonly #take: (socket: Socket, dialect: string) => void;

  /** `name`: of the channel, the same for all workers of a server. `take`: a client that comes from another worker. */
  constructor(name: string, number: number, words: Int32Array, take: (socket: Socket, dialect: string) => void) {
    this.#number = number;
    this.#words = words;
    this.#take = take;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event) => this.#offered((event as { data: Offer }).data);
  }

  /** Hands a client on; `stays`: the other worker has not taken it. False: it cannot be handed on. */
  offer(worker: number, socket: Socket, dialect: string, stays: () => void): boolean {
    const descriptor = native()?.duplicate(descriptorOf(socket)) ?? -1;
    if (descriptor < 0) return false;
    const words = this.#words;
    const token = (Atomics.add(words, COUNTER, 1) & 0x3fffffff) + 1;
    Atomics.store(words, wordOf(token), token);
    this.#channel.postMessage({ worker, descriptor, dialect, token } satisfies Offer);
    setTimeout(() => {
      if (Atomics.compareExchange(words, wordOf(token), token, 0) !== token) {
        socket.destroy();
        return;
      }
      new Socket({ fd: descriptor }).destroy();
      stays();
    }, LATE_MS);
    return true;
  }

  #offered({ worker, descriptor, dialect, token }: Offer): void {
    if (worker !== this.#number) return;
    if (Atomics.compareExchange(this.#words, wordOf(token), token, -token) !== token) return;
    this.#take(readBy(descriptor), dialect);
  }

  close(): void {
    this.#channel.close();
  }
}
