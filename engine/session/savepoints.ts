/** The savepoints of a block by name, innermost last; one of the same name hides those before it. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Savepoint } from '../txn/transactions.ts';
import type { DeferralMark } from './deferral.ts';

export interface NamedSavepoint {
  readonly name: string;
  readonly place: Savepoint;
  /** Where the settings stood. */
  readonly settings: number;
  readonly deferral: DeferralMark;
}

export class Savepoints {
  readonly #open: NamedSavepoint[] = [];

  get count(): number {
    return this.#open.length;
  }

  add(one: NamedSavepoint): void {
    this.#open.push(one);
  }

  /** It goes, and those behind it. 3B001 */
  release(name: string): void {
    this.#open.length = this.#indexOf(name);
  }

  /** It stays; those behind it go. 3B001 */
  backTo(name: string): NamedSavepoint {
    const at = this.#indexOf(name);
    this.#open.length = at + 1;
    return this.#open[at];
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
