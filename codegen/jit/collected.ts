/**
 * Rows that are kept column by column between two stages, in the order in which they come: those of a limit whose stage would end others
 * (Collected), of WITH (spools).
 */

import type { KernelAccess } from '../../engine/plan/program.ts';
import type { PhysicalNode } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import type { Emitter } from './emitter.ts';
import type { StoreColumn } from './row-store.ts';
import { StoreCode } from './store-code.ts';
import { StoredRows, viewOf } from './stored-rows.ts';

/** Rows are kept before they go on. */
export interface Collected {
  readonly node: 'Collected';
  readonly input: PhysicalNode;
}

const storeOf = (kernel: KernelAccess) => (columns: readonly StoreColumn[]) => new StoredRows(columns, kernel);

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

  /** Code that reads the rows, as one of perhaps several readers. */
  view(): StoreCode {
    return this.code.twin(viewOf);
  }
}
