/**
 * Programs that are one straight function (SBLR-G5): a point read, a row of VALUES, a change by key. The state is bound to a caller's
 * run once and used again by each call that comes with the same one, so a point read makes nothing but its row.
 *
 * Hot: no closure, no list of rows, no stage.
 */

import type { Direct, Run } from '../../engine/plan/program.ts';
import type { Locks } from '../../engine/txn/locks.ts';
import { TABLE_ACCESS, useTable } from '../../engine/txn/table-locks.ts';
import type { ChangePart } from './change-part.ts';
import { giveAllHeldBytes } from './held-bytes.ts';
import { placedAt, type ProgramParts, stateOf } from './program-parts.ts';
import type { State } from './state.ts';

export class DirectRun implements Direct {
  readonly #parts: ProgramParts;
  readonly #one: (c: State) => unknown;
  readonly #limits: ((c: State) => void) | null;
  readonly #tables: readonly number[];
  readonly #locks: Locks;
  /** It gives its row back, and nothing else is to be done. */
  readonly #isRead: boolean;
  /** Made when first run, and the run it is bound to. */
  #state: State = null as unknown as State;
  #run: Run | null = null;

  constructor(parts: ProgramParts) {
    this.#parts = parts;
    const [{ stage, limits }] = parts.stages;
    this.#one = stage.one as (c: State) => unknown;
    this.#limits = limits;
    this.#tables = parts.tables;
    this.#locks = parts.kernel.locks;
    this.#isRead = !parts.writes && limits === null;
  }

  begin(run: Run): boolean {
    if (this.#run === run) this.#state.again(run.tx);
    else this.#bind(run);
    const { tx } = run;
    const tables = this.#tables;
    for (let at = 0; at < tables.length; at++) {
      if (tx.writtenTable !== tables[at] && useTable(this.#locks, tx, tables[at], TABLE_ACCESS)) return true;
    }
    return false;
  }

  #bind(run: Run): void {
    if (this.#run === null) this.#state = stateOf(this.#parts);
    this.#state.bind(run);
    this.#run = run;
  }

  run(run: Run): unknown {
    const c = this.#state;
    c.at = -1;
    try {
      return this.#isRead ? this.#one(c) : this.#further(c, run);
    } catch (error) {
      throw placedAt(this.#parts, c.at, error);
    }
  }

  runRows(run: Run, next: () => boolean): boolean {
    const c = this.#state;
    const { change, changed } = this.#parts;
    if (this.#limits !== null) return false;
    const one = this.#one;
    try {
      if (change >= 0) (c.parts[change] as ChangePart).begin();
      for (;;) {
        c.at = -1;
        if (!next()) break;
        one(c);
        if (c.stopped !== 0) return false;
      }
    } catch (error) {
      throw placedAt(this.#parts, c.at, error);
    }
    run.changes = c.changes;
    if (changed !== null) changed.by(c.tx, c.changes);
    return true;
  }

  /** Changes, locks and limits. */
  #further(c: State, run: Run): unknown {
    const { change, changed, writes, isBytes } = this.#parts;
    if (this.#limits !== null) this.#limits(c);
    if (c.finished) return undefined;
    if (change >= 0) (c.parts[change] as ChangePart).begin();
    if (c.held.length > 0) {
      c.held.length = 0;
      c.heldBytes.at = 0;
    }
    const row = this.#one(c);
    if (c.stopped !== 0) return c.stopped;
    run.changes = c.changes;
    if (changed !== null) changed.by(c.tx, c.changes);
    if (!writes) return row;
    return isBytes ? this.#held(c) : c.held.pop();
  }

  #held(c: State): true | undefined {
    if (c.held.length === 0) return undefined;
    giveAllHeldBytes(c);
    return true;
  }
}
