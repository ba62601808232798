/** What a transaction puts off to its end: checks of deferrable constraints, and what SET CONSTRAINTS has said of them. */

import type { ReferenceEvent } from '../plan/program.ts';
import type { Transaction } from '../txn/transactions.ts';

export class Deferral {
  /** What foreign keys have put off. */
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

  /** The transaction has ended: nothing is put off any more. */
  forget(): void {
    if (this.events.length > 0) this.events = [];
    this.#all = null;
    if (this.#named.size > 0) this.#named.clear();
  }
}
