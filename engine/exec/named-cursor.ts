/**
 * A cursor of SQL (DECLARE): a place in the rows of a query, which FETCH and MOVE move.
 *
 *   place 0      1 .. n      n + 1
 *   before   on row 1 .. n   behind the last
 *
 * Without SCROLL only the row it is on is kept, and it moves forward only (PostgreSQL lets plain scans go backward without SCROLL,
 * and says that nobody should rely on it). With SCROLL every row that it has passed is kept.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { OutputColumn } from '../sblr/bound.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Connection } from './connection.ts';
import { Cursor } from './cursor.ts';
import type { Prepared } from './prepare.ts';

type Row = readonly RowValue[];

export interface CursorOptions {
  readonly name: string;
  /** The statement that declared it. */
  readonly text: string;
  readonly scroll: boolean;
  readonly hold: boolean;
  readonly binary: boolean;
  /** Microseconds since 1970. */
  readonly madeAt: number;
}

export class NamedCursor {
  readonly options: CursorOptions;
  /** It ends with the block that it was declared in, unless it is held and the block commits. */
  isOfBlock: boolean;
  /** Savepoints there were when it was declared, as far as they are not released. */
  savepoints: number;
  readonly #connection: Connection;
  readonly #prepared: Prepared;
  readonly #rows: Cursor;
  /** With SCROLL: all rows so far. */
  readonly #kept: Row[] = [];
  #current: Row | null = null;
  #place = 0;
  /** Rows there are; -1: not known yet. */
  #count = -1;

  constructor(connection: Connection, prepared: Prepared, options: CursorOptions, isOfBlock: boolean, savepoints: number) {
    this.options = options;
    this.isOfBlock = isOfBlock;
    this.savepoints = savepoints;
    this.#connection = connection;
    this.#prepared = prepared;
    this.#rows = new Cursor(connection, prepared, [], 'array', true);
    // What it gives is the state as of now.
    this.#rows.advance();
  }

  get columns(): readonly OutputColumn[] {
    return this.#connection.refresh(this.#prepared).output;
  }

  close(): void {
    this.#rows.close();
    this.#kept.length = 0;
    this.#current = null;
  }

  /** FETCH: the rows passed over; ABSOLUTE and RELATIVE give the row arrived at. `count` null: ALL. */
  fetch(direction: 'forward' | 'backward' | 'absolute' | 'relative', count: number | null): Row[] {
    if (direction === 'absolute') return this.#absolute(count ?? 0);
    if (direction === 'relative') return this.#relative(count ?? 0);
    const isBack = (direction === 'backward') !== (count !== null && count < 0);
    const rows = count === null ? Number.POSITIVE_INFINITY : Math.abs(count);
    if (rows === 0) return this.#again();
    return isBack ? this.#backward(rows) : this.#forward(rows);
  }

  #again(): Row[] {
    return this.#current === null ? [] : [this.#current];
  }

  /** True: it is on the next row. */
  #next(): boolean {
    const place = this.#place + 1;
    const { scroll } = this.options;
    if (scroll && place <= this.#kept.length) this.#current = this.#kept[place - 1];
    else if (this.#count >= 0 || !this.#rows.advance()) {
      if (this.#count < 0) this.#count = this.#place;
      this.#place = this.#count + 1;
      this.#current = null;
      return false;
    } else {
      this.#current = this.#rows.take() as Row;
      if (scroll) this.#kept.push(this.#current);
    }
    this.#place = place;
    return true;
  }

  #forward(count: number): Row[] {
    const rows: Row[] = [];
    while (rows.length < count && this.#next()) rows.push(this.#current as Row);
    return rows;
  }

  #backward(count: number): Row[] {
    this.#mayScroll();
    const rows: Row[] = [];
    while (rows.length < count && this.#place > 0) {
      this.#place--;
      this.#current = this.#place === 0 ? null : this.#kept[this.#place - 1];
      if (this.#current !== null) rows.push(this.#current);
    }
    return rows;
  }

  #mayScroll(): void {
    if (this.options.scroll) return;
    throw new SqlError(SQLSTATE.object_not_in_prerequisite_state, 'cursor can only scan forward', {
      hint: 'Declare it with SCROLL option to enable backward scan.',
    });
  }

  /** The row with this number, from the end when it is negative; 0: before the first. */
  #absolute(number: number): Row[] {
    if (number < 0) {
      while (this.#next());
      return this.#goTo(this.#count + 1 + number);
    }
    return this.#goTo(number);
  }

  #relative(by: number): Row[] {
    return by === 0 ? this.#again() : this.#goTo(this.#place + by);
  }

  #goTo(place: number): Row[] {
    if (place < this.#place || (place === this.#place && this.#current === null && place > 0)) this.#mayScroll();
    if (place <= 0) {
      this.#place = 0;
      this.#current = null;
      return [];
    }
    if (place < this.#place) {
      this.#place = place;
      this.#current = this.#kept[place - 1];
      return [this.#current];
    }
    while (this.#place < place && this.#next());
    return this.#again();
  }
}
