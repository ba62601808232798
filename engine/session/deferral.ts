/**
 * What a transaction puts off to its end: checks of deferrable constraints, and what SET CONSTRAINTS has said of them. What was put off
 * is only added to, or kept in another list: a savepoint has the list of its time back, with what was looked after since.
 */

import type { ReferenceEvent } from '../plan/program.ts';
import type { Transaction } from '../txn/transactions.ts';

/** Where a savepoint stands. */
export interface DeferralMark {
  readonly events: ReferenceEvent[];
  readonly count: number;
  readonly all: boolean | null;
  readonly named: readonly (readonly [string, boolean])[];
}

const NONE: DeferralMark['named'] = [];

export class Deferral {
  /** What constraints have put off. */
  events: ReferenceEvent[] = [];
  /** Looks after that before the commit. */
  settle: ((tx: Transaction) => void) | null = null;
  /** SET CONSTRAINTS of the transaction: of all, and by table and name. */
  #all: boolean | null = null;
  readonly #named = new Map<string, boolean>();

  /** Whether a deferrable constraint waits for the end of the transaction. */
  isDeferred(table: number, name: string, initially: boolean): boolean {
    return this.#named.get(`${table} ${name}`) ?? this.#all ?? initially;
  }

  /** SET CONSTRAINTS; `named` null: ALL. */
  set(named: readonly { readonly table: number; readonly name: string }[] | null, deferred: boolean): void {
    if (named === null) {
      this.#all = deferred;
      this.#named.clear();
    } else for (const { table, name } of named) this.#named.set(`${table} ${name}`, deferred);
  }

  mark(): DeferralMark {
    const { events } = this;
    return { events, count: events.length, all: this.#all, named: this.#named.size > 0 ? [...this.#named] : NONE };
  }

  /** Back to a mark of the same transaction: what came behind it has not happened, what was looked after has it before it. */
  backTo({ events, count, all, named }: DeferralMark): void {
    events.length = count;
    this.events = events;
    this.#all = all;
    this.#named.clear();
    for (const [key, deferred] of named) this.#named.set(key, deferred);
  }

  /** The transaction has ended: nothing is put off any more. */
  forget(): void {
    if (this.events.length > 0) this.events = [];
    this.settle = null;
    this.#all = null;
    if (this.#named.size > 0) this.#named.clear();
  }
}
