/**
 * Rows one by one, as a loop asks for them (engine/exec/cursor.ts). An iterator that is forgotten without being closed gives back what
 * it holds when it is collected.
 */

import { isPoisoned } from '../../shm/critical.ts';
import type { Connection } from '../exec/connection.ts';
import { Cursor } from '../exec/cursor.ts';
import type { Prepared } from '../exec/prepare.ts';
import type { EmbeddedFormat } from '../plan/program.ts';

const forgotten = new FinalizationRegistry<{ readonly cursor: Cursor; readonly connection: Connection }>(
  ({ cursor, connection }) => {
    if (connection.session.isOpen && !isPoisoned(connection.engine.shm)) cursor.close();
  },
);

export class RowIterator<Row> implements IterableIterator<Row>, Disposable {
  readonly #connection: Connection;
  readonly #cursor: Cursor;
  #isRegistered = false;

  constructor(connection: Connection, prepared: Prepared, values: readonly unknown[], format: EmbeddedFormat) {
    this.#connection = connection;
    this.#cursor = new Cursor(connection, prepared, values, format);
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Row> {
    const cursor = this.#cursor;
    if (cursor.advance()) {
      if (cursor.isOpen && !this.#isRegistered) {
        this.#isRegistered = true;
        forgotten.register(this, { cursor, connection: this.#connection }, this);
      }
      return { done: false, value: cursor.take() as Row };
    }
    this.#forget();
    return { done: true, value: undefined };
  }

  return(): IteratorResult<Row> {
    this.#forget();
    this.#cursor.close();
    return { done: true, value: undefined };
  }

  /** It holds nothing any more. */
  #forget(): void {
    if (this.#isRegistered) forgotten.unregister(this);
    this.#isRegistered = false;
  }

  [Symbol.dispose](): void {
    this.return();
  }
}
