/**
 * Whose request a worker runs next. As long as nobody waits for a row they run as they come. Else those whose transaction keeps others
 * waiting run before all others: a row that many want lies idle from one request of its holder to the next, and with it lie all who wait.
 *
 *   request comes --> nobody waits, or others wait for it --> runs
 *                 --> put off --> in their order, a few in each turn of the loop, so that it looks at the sockets in between
 */

import { isWaitedFor, someWait } from '../txn/slots.ts';
import type { Transaction, Transactions } from '../txn/transactions.ts';

/** Requests that were put off, in one turn of the loop. */
const IN_A_TURN = 16;
/** Requests that have run and are still in the list: where it never empties they go together. */
const PAST_MAX = 1024;

export interface PutOff {
  takeTurn(): void;
}

export class Turns {
  readonly #txns: Transactions;
  readonly #waiting: PutOff[] = [];
  #next = 0;

  constructor(txns: Transactions) {
    this.#txns = txns;
  }

  /** A request within that transaction, or in none, is not to be put off. Hot. */
  isNow(transaction: Transaction | null): boolean {
    const txns = this.#txns;
    if (this.#waiting.length === 0 && !someWait(txns)) return true;
    return transaction !== null && isWaitedFor(txns, transaction.slot);
  }

  /** takeTurn() will be called. */
  put(request: PutOff): void {
    if (this.#waiting.length === 0) setImmediate(() => this.#run());
    this.#waiting.push(request);
  }

  #run(): void {
    const waiting = this.#waiting;
    const until = Math.min(this.#next + IN_A_TURN, waiting.length);
    while (this.#next < until) waiting[this.#next++].takeTurn();
    if (this.#next >= PAST_MAX || this.#next === waiting.length) {
      waiting.splice(0, this.#next);
      this.#next = 0;
    }
    if (waiting.length > 0) setImmediate(() => this.#run());
  }
}
