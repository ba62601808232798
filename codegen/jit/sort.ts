/**
 * Sort and TopN: the sink that collects rows with their keys, the comparison of two such rows, and the rows as the next stage's source.
 *
 *   row = [key, key, ..., column, column, ...]        as the locals hold them (value.ts), NULL as null
 */

import type { Sort, TopN } from '../../engine/plan/physical.ts';
import type { KernelAccess } from '../../engine/plan/program.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { comparatorOf } from './helpers.ts';
import { type Compare, Sorter } from './sorter.ts';
import { isFloatType, notNullCode, slotAs, slotValue, type Value } from './value.ts';

/** What a program keeps of its sink: known once the sink is written. */
interface Order {
  compare: Compare | null;
}

/** Made apart, so that the program does not keep the sink and its builder. */
const sorterOf = (order: Order, kernel: KernelAccess) => (): Sorter =>
  new Sorter(
    (a, b) => (order.compare as Compare)(a, b),
    () => kernel.workMemory,
    () => kernel.parts.space,
  );

export class SortSink {
  readonly node: Sort | TopN;
  readonly part: number;
  readonly #builder: Builder;
  /** Columns that the stages behind read. */
  readonly #needed: ReadonlySet<ColumnId>;
  /** What the slots hold, once the sink is written. */
  readonly #columns: { column: ColumnId; value: Value }[] = [];
  #keys: Value[] = [];
  readonly #order: Order = { compare: null };

  constructor(builder: Builder, node: Sort | TopN, needed: ReadonlySet<ColumnId>) {
    this.#builder = builder;
    this.node = node;
    this.#needed = needed;
    this.part = builder.part(sorterOf(this.#order, builder.environment.kernel));
  }

  emit(emitter: Emitter): void {
    emitter.needCalls();
    const { use } = emitter.unit;
    const keys = this.node.keys.map(({ expression }): Value => {
      const value = emitValue(emitter, expression);
      // Numerics of one key are compared as one form.
      const isMixed = value.type.name === 'numeric' && value.rep === 'd' && expression.op !== 'column';
      return isMixed ? { ...value, rep: 'v', code: notNullCode(value, use) } : value;
    });
    const columns: { column: ColumnId; value: Value }[] = [];
    for (const column of this.#needed) {
      const reader = emitter.columns.get(column);
      if (reader !== undefined) columns.push({ column, value: reader(emitter) });
    }
    if (this.#order.compare === null) this.#begin(keys, columns);
    const likes = [...this.#keys, ...this.#columns.map(({ value }) => value)];
    const slots = [...keys, ...columns.map(({ value }) => value)].map((value, at) => slotAs(likes[at], value, use));
    emitter.emit(`${emitter.hoist(`S${this.part}`, `c.parts[${this.part}]`)}.add([${slots.join(',')}]);`);
  }

  /** The first code says what slots are like; what comes from elsewhere may be NULL where this is not. */
  #begin(keys: readonly Value[], columns: readonly { column: ColumnId; value: Value }[]): void {
    this.#keys = keys.map((value) => ({ ...value, nil: 'maybe' }));
    this.#columns.push(...columns.map(({ column, value }) => ({ column, value: { ...value, nil: 'maybe' } })));
    this.#order.compare = this.#comparison();
  }

  #comparison(): Compare {
    const unit = this.#builder.unit();
    const lines = this.node.keys.map(({ descending, nullsFirst }, index) => {
      const value = this.#keys[index];
      const isPlain = (value.rep === 'i' || value.rep === 'd') && !isFloatType(value.type);
      const compare = isPlain
        ? 'x<y?-1:1'
        : `${unit.function(comparatorOf(value.type.name), `order of ${value.type.name}`)}(x,y)`;
      const nulls =
        value.nil === 'false' ? '' : `if(x===null)return ${nullsFirst ? -1 : 1};if(y===null)return ${nullsFirst ? 1 : -1};`;
      return `{const x=a[${index}],y=b[${index}];if(x!==y){${nulls}const r=${compare};if(r!==0)return ${descending ? '-r' : 'r'};}}`;
    });
    return unit.compile<Compare>('order of rows', 'a,b', `${lines.join('\n')}\nreturn 0;`);
  }

  /** Readers of the columns where sorted rows are the source. */
  readers(row: string): Map<ColumnId, ColumnReader> {
    const readers = new Map<ColumnId, ColumnReader>();
    this.#columns.forEach(({ column, value }, index) => {
      readers.set(column, () => slotValue(value, `${row}[${this.#keys.length + index}]`));
    });
    return readers;
  }
}
