/**
 * Rows one by one, as a loop asks for them (engine/exec/cursor.ts). An iterator that is forgotten without being closed gives back what
 * it holds when it is collected.
 */

import { isPoisoned } from '../../shm/critical.ts';
import type { Connection } from '../exec/connection.ts';
import { Cursor } from '../exec/cursor.ts';
import type { Prepared } from '../exec/prepare.ts';
import type { RowFormat } from '../plan/program.ts';

const forgotten = new FinalizationRegistry<{ readonly cursor: Cursor; readonly connection: Connection }>(
  ({ cursor, connection }) => {
    if (connection.session.isOpen && !isPoisoned(connection.engine.shm)) cursor.close();
  },
);

export class RowIterator<Row> implements IterableIterator<Row>, Disposable {
  readonly #cursor: Cursor;

  constructor(connection: Connection, prepared: Prepared, values: readonly unknown[], format: RowFormat) {
    this.#cursor = new Cursor(connection, prepared, values, format);
    forgotten.register(this, { cursor: this.#cursor, connection }, this);
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Row> {
    if (this.#cursor.advance()) return { done: false, value: this.#cursor.take() as Row };
    forgotten.unregister(this);
    return { done: true, value: undefined };
  }

  return(): IteratorResult<Row> {
    forgotten.unregister(this);
    this.#cursor.close();
    return { done: true, value: undefined };
  }

  [Symbol.dispose](): void {
    this.return();
  }
}
