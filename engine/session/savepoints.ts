/**
 * The savepoints of a block by name, innermost last; one of the same name hides those before it. Each knows where the transaction stood,
 * its settings, and what it had put off.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { savepoint } from '../txn/begin.ts';
import { rollbackTo } from '../txn/rollback.ts';
import type { Savepoint, Transaction } from '../txn/transactions.ts';
import type { Deferral, DeferralMark } from './deferral.ts';
import type { Settings } from './settings.ts';

export interface NamedSavepoint {
  readonly name: string;
  readonly place: Savepoint;
  /** Where the settings stood. */
  readonly settings: number;
  readonly deferral: DeferralMark;
}

export class Savepoints {
  readonly #settings: Settings;
  readonly #deferral: Deferral;
  readonly #open: NamedSavepoint[] = [];

  constructor(settings: Settings, deferral: Deferral) {
    this.#settings = settings;
    this.#deferral = deferral;
  }

  get count(): number {
    return this.#open.length;
  }

  add(name: string, tx: Transaction): void {
    this.#open.push({ name, place: savepoint(tx), settings: this.#settings.mark(), deferral: this.#deferral.mark() });
  }

  /** It goes, and those behind it. 3B001 */
  release(name: string): void {
    this.#open.length = this.#indexOf(name);
  }

  /** It stays; those behind it go. 3B001 */
  find(name: string): NamedSavepoint {
    const at = this.#indexOf(name);
    this.#open.length = at + 1;
    return this.#open[at];
  }

  /** All is as it was there. */
  restore({ place, settings, deferral }: NamedSavepoint, tx: Transaction): void {
    rollbackTo(tx, place);
    this.#settings.rollback(settings);
    this.#deferral.backTo(deferral);
  }

  clear(): void {
    this.#open.length = 0;
  }

  #indexOf(name: string): number {
    const at = this.#open.findLastIndex((one) => one.name === name);
    if (at < 0) throw new SqlError(SQLSTATE.invalid_savepoint_specification, `savepoint "${name}" does not exist`);
    return at;
  }
}
