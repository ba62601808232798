/**
 * Rows that are kept column by column between two stages, in the order in which they come: those of a limit whose stage would end others
 * (Collected), of WITH (spools).
 */

import type { PhysicalNode } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { RowStore, type StoreColumn } from './row-store.ts';
import { StoreCode } from './store-code.ts';

/** Rows are kept before they go on. */
export interface Collected {
  readonly node: 'Collected';
  readonly input: PhysicalNode;
}

const storeOf = (columns: readonly StoreColumn[]): RowStore => new RowStore(columns);

export class StoreSink {
  readonly #columns: readonly ColumnId[];
  readonly #lacks: boolean;
  readonly code: StoreCode;

  constructor(builder: Builder, columns: Iterable<ColumnId>, lacks: boolean) {
    this.#columns = [...columns];
    this.#lacks = lacks;
    this.code = new StoreCode(builder, storeOf);
  }

  get part(): number {
    return this.code.part;
  }

  emit(emitter: Emitter): void {
    emitter.needCalls();
    const entries = this.#columns.flatMap((column) => {
      const reader = emitter.columns.get(column);
      return reader === undefined ? [] : [{ column, value: reader(emitter) }];
    });
    this.code.emitWrite(emitter, entries, this.#lacks);
  }

  /** Readers of its columns; `row`: the local with the number of a row, from 1. */
  readers(row: string): Map<ColumnId, ColumnReader> {
    return this.code.readers(row, true);
  }
}
