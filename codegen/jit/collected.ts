/**
 * Rows that are kept column by column between two stages, in the order in which they come: those of a limit whose stage would end others
 * (Collected), of WITH (spools).
 */

import type { KernelAccess } from '../../engine/plan/program.ts';
import type { PhysicalNode } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { checkMemory, memoryLimit } from './memory-limit.ts';
import { RowStore, type StoreColumn } from './row-store.ts';
import { StoreCode } from './store-code.ts';

/** Rows are kept before they go on. */
export interface Collected {
  readonly node: 'Collected';
  readonly input: PhysicalNode;
}

/** Rows that have to stay in memory. */
class CollectedRows extends RowStore {
  readonly #kernel: KernelAccess;

  constructor(columns: readonly StoreColumn[], kernel: KernelAccess) {
    super(columns);
    this.#kernel = kernel;
  }

  protected override full(): void {
    checkMemory(this.bytes, memoryLimit(this.#kernel));
  }
}

const storeOf = (kernel: KernelAccess) => (columns: readonly StoreColumn[]) => new CollectedRows(columns, kernel);

export class StoreSink {
  readonly #columns: readonly ColumnId[];
  readonly #lacks: boolean;
  readonly code: StoreCode;

  constructor(builder: Builder, columns: Iterable<ColumnId>, lacks: boolean) {
    this.#columns = [...columns];
    this.#lacks = lacks;
    this.code = new StoreCode(builder, storeOf(builder.environment.kernel));
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
