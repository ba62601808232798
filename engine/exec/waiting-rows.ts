/** Rows of an OutputRun that are there before the caller asks for them: as bytes, or as values. */

import { type RowWriter, rowWriter } from '../../codegen/rows/row-writer.ts';
import { Output, type RowOutput } from '../../plugins/contract/output.ts';
import type { RowFormat } from '../../plugins/contract/row-format.ts';
import type { TypeName } from '../sblr/types.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { ValueContext } from '../values/context.ts';

const FIRST_BYTES = 4096;

/** Rows of a portal that another statement of its session has found open. */
export class WaitingRows {
  readonly memory = new Output(Number.POSITIVE_INFINITY, FIRST_BYTES);
  readonly #ends: number[] = [];
  #next = 0;

  /** One row, or none, has been written into the memory. */
  took(rows: number): void {
    if (rows > 0) this.#ends.push(this.memory.at);
  }

  get hasNext(): boolean {
    return this.#next < this.#ends.length;
  }

  give(output: RowOutput): void {
    const start = this.#next === 0 ? 0 : this.#ends[this.#next - 1];
    const end = this.#ends[this.#next++];
    output.need(end - start);
    this.memory.bytes.copy(output.bytes, output.at, start, end);
    output.at += end - start;
  }
}

/** Rows of statements that are not compiled, and of changes whose rows are not all asked for at once. */
export class RowsOfValues {
  readonly #writer: RowWriter;
  readonly #rows: readonly (readonly RowValue[])[];
  readonly #context: ValueContext;
  #next = 0;

  constructor(format: RowFormat, types: readonly TypeName[], rows: readonly (readonly RowValue[])[], context: ValueContext) {
    this.#writer = rowWriter(format, types);
    this.#rows = rows;
    this.#context = context;
  }

  get hasNext(): boolean {
    return this.#next < this.#rows.length;
  }

  give(output: RowOutput): void {
    this.#writer(output, this.#rows[this.#next++], this.#context);
  }
}
