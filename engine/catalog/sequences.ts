/**
 * Sequences as a session uses them: nextval, currval, setval, lastval, and the values that a session keeps ahead (CACHE n).
 *
 * What a sequence is (page, bounds, cache) is looked up once for each state of the catalog; then a value is a call of the kernel. Not
 * transactional: nothing here is rolled back.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogSession } from './definitions.ts';
import type { CatalogSequence } from './objects.ts';
import { splitName } from './sequence-names.ts';

interface Known {
  /** State of the catalog in which it was looked up. */
  version: number;
  sequence: CatalogSequence;
  /** Values drawn ahead, the next one last. */
  readonly ahead: (number | bigint)[];
  /** Last value this session got; null: none yet. */
  current: number | bigint | null;
}

/** Of one session. */
export class SessionSequences {
  readonly #catalog: Catalog;
  readonly #session: CatalogSession;
  readonly #known = new Map<number, Known>();
  #last: Known | null = null;

  constructor(catalog: Catalog, session: CatalogSession) {
    this.#catalog = catalog;
    this.#session = session;
  }

  #find(tx: Transaction | null, id: number): Known {
    const version = this.#catalog.currentVersion(tx);
    const known = this.#known.get(id);
    if (known !== undefined && known.version === version) return known;
    const sequence = this.#catalog.reader(tx, this.#session).relation(id);
    if (sequence?.kind !== 'sequence') throw new SqlError(SQLSTATE.undefined_table, `sequence with id ${id} does not exist`);
    if (known === undefined) {
      const made: Known = { version, sequence, ahead: [], current: null };
      this.#known.set(id, made);
      return made;
    }
    // TRUNCATE ... RESTART IDENTITY gives it another page: what was drawn ahead was of the old one.
    if (known.sequence.page !== sequence.page) known.ahead.length = 0;
    known.version = version;
    known.sequence = sequence;
    return known;
  }

  /** 2200H when there is no next value, 42P01. */
  next(tx: Transaction | null, id: number): number | bigint {
    const known = this.#find(tx, id);
    const { page, cache } = known.sequence;
    const value = cache > 1 ? this.#nextAhead(known, cache) : this.#catalog.port.nextValue(page);
    known.current = value;
    this.#last = known;
    return value;
  }

  #nextAhead(known: Known, cache: number): number | bigint {
    const { ahead } = known;
    if (ahead.length === 0) {
      const { page } = known.sequence;
      ahead.push(this.#catalog.port.nextValue(page));
      for (let drawn = 1; drawn < cache && this.#drawAhead(ahead, page); drawn++);
      ahead.reverse();
    }
    return ahead.pop() as number | bigint;
  }

  /** False at the end of the sequence: the values that there are do for now. */
  #drawAhead(ahead: (number | bigint)[], page: number): boolean {
    try {
      ahead.push(this.#catalog.port.nextValue(page));
      return true;
    } catch (error) {
      if (error instanceof SqlError && error.code === SQLSTATE.sequence_generator_limit_exceeded) return false;
      throw error;
    }
  }

  /** The value that this session got last. 55000 */
  current(tx: Transaction | null, id: number): number | bigint {
    const known = this.#find(tx, id);
    if (known.current !== null) return known.current;
    const message = `currval of sequence "${known.sequence.name}" is not yet defined in this session`;
    throw new SqlError(SQLSTATE.object_not_in_prerequisite_state, message);
  }

  /** setval(sequence, value, called). 22003 */
  set(tx: Transaction | null, id: number, value: number | bigint, called: boolean): void {
    const known = this.#find(tx, id);
    const { minimum, maximum, name, page } = known.sequence;
    if (BigInt(value) < minimum || BigInt(value) > maximum) {
      const message = `setval: value ${value} is out of bounds for sequence "${name}" (${minimum}..${maximum})`;
      throw new SqlError(SQLSTATE.numeric_value_out_of_range, message);
    }
    this.#catalog.port.setValue(page, value, called);
    known.ahead.length = 0;
    if (called) known.current = value;
  }

  /** The value that this session got last, of whichever sequence. 55000 */
  last(): number | bigint {
    if (this.#last?.current != null) return this.#last.current;
    throw new SqlError(SQLSTATE.object_not_in_prerequisite_state, 'lastval is not yet defined in this session');
  }

  /** DISCARD SEQUENCES: as if the session had used none. */
  forget(): void {
    this.#known.clear();
    this.#last = null;
  }

  /** Id of a sequence by its name as text: nextval('s'), nextval('schema."S"'). 42P01, 42809, 42602. */
  byName(tx: Transaction | null, text: string): number {
    const name = splitName(text);
    if (name === null) throw new SqlError(SQLSTATE.invalid_name, `invalid name syntax: "${text}"`);
    const found = this.#catalog.reader(tx, this.#session).findRelation(name.schema, name.name);
    if (found === null) throw new SqlError(SQLSTATE.undefined_table, `relation "${text}" does not exist`);
    if (found.kind !== 'sequence') throw new SqlError(SQLSTATE.wrong_object_type, `"${found.name}" is not a sequence`);
    return found.id;
  }
}
