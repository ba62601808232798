/**
 * Sort and TopN: the sink that collects rows with their keys, the comparison of two such rows, and the rows as the next stage's source.
 *
 *   row = [key, key, ..., column, column, ...]        as the locals hold them (value.ts), NULL as null
 *   row = [key, key, ..., row of the result]          of few rows (few.ts), where nothing is done behind the order
 */

import type { Sort, TopN } from '../../engine/plan/physical.ts';
import type { KernelAccess } from '../../engine/plan/program.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { comparatorOf, plainOrder } from './helpers.ts';
import type { Few } from './few.ts';
import { type Compare, type Row, Sorter } from './sorter.ts';
import type { Drain, Sink } from './stage-code.ts';
import { isFloatType, notNullCode, slotAs, slotValue, type Value } from './value.ts';

/** What a program keeps of its sink: known once the sink is written. */
interface Order {
  compare: Compare | null;
}

/** Made apart, so that the program does not keep the sink and its builder. */
const sorterOf = (order: Order, kernel: KernelAccess, few: Few | null) => (): Sorter =>
  new Sorter(
    (a, b) => (order.compare as Compare)(a, b),
    () => kernel.workMemory,
    () => kernel.parts.space,
    few,
  );

/** One order of few rows: no code of its own. */
interface KeyOrder {
  readonly compare: (a: never, b: never) => number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

export const compareBy =
  (orders: readonly KeyOrder[]): Compare =>
  (a, b) => {
    for (let at = 0; at < orders.length; at++) {
      const x = a[at];
      const y = b[at];
      if (x === y) continue;
      const { compare, descending, nullsFirst } = orders[at];
      if (x === null) return nullsFirst ? -1 : 1;
      if (y === null) return nullsFirst ? 1 : -1;
      const order = compare(x as never, y as never);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  };

/** Rows of the result that wait behind their keys. */
export const finishedRows =
  (keys: number): Drain =>
  (c, list, from, to) => {
    const { rows, max } = c;
    for (let at = from; at < to; at++) {
      rows.push((list as Row[])[at][keys]);
      if (rows.length >= max) return at + 1;
    }
    return to;
  };

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

  /** Makes rows of the result; null: columns are kept. */
  readonly finished: NonNullable<Sink['row']> | null;

  constructor(
    builder: Builder,
    node: Sort | TopN,
    needed: ReadonlySet<ColumnId>,
    finished: NonNullable<Sink['row']> | null = null,
  ) {
    this.#builder = builder;
    this.node = node;
    this.#needed = needed;
    this.finished = finished;
    this.part = builder.part(sorterOf(this.#order, builder.environment.kernel, builder.few));
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
    for (const column of this.finished === null ? this.#needed : []) {
      const reader = emitter.columns.get(column);
      if (reader !== undefined) columns.push({ column, value: reader(emitter) });
    }
    if (this.#order.compare === null) this.#begin(keys, columns);
    const likes = [...this.#keys, ...this.#columns.map(({ value }) => value)];
    const slots = [...keys, ...columns.map(({ value }) => value)].map((value, at) => slotAs(likes[at], value, use));
    if (this.finished !== null) slots.push(this.finished(emitter));
    emitter.emit(`${emitter.hoist(`S${this.part}`, `c.parts[${this.part}]`)}.add([${slots.join(',')}]);`);
  }

  /** The first code says what slots are like; what comes from elsewhere may be NULL where this is not. */
  #begin(keys: readonly Value[], columns: readonly { column: ColumnId; value: Value }[]): void {
    this.#keys = keys.map((value) => ({ ...value, nil: 'maybe' }));
    this.#columns.push(...columns.map(({ column, value }) => ({ column, value: { ...value, nil: 'maybe' } })));
    this.#order.compare = this.#comparison();
  }

  #comparison(): Compare {
    if (this.#builder.few !== null)
      return compareBy(this.node.keys.map((key, index) => ({ ...key, compare: this.#orderOf(index) })));
    const unit = this.#builder.unit();
    const lines = this.node.keys.map(({ descending, nullsFirst }, index) => {
      const value = this.#keys[index];
      const order = this.#orderOf(index);
      const compare = order === plainOrder ? 'x<y?-1:1' : `${unit.function(order, `order of ${value.type.name}`)}(x,y)`;
      const nulls =
        value.nil === 'false' ? '' : `if(x===null)return ${nullsFirst ? -1 : 1};if(y===null)return ${nullsFirst ? 1 : -1};`;
      return `{const x=a[${index}],y=b[${index}];if(x!==y){${nulls}const r=${compare};if(r!==0)return ${descending ? '-r' : 'r'};}}`;
    });
    return unit.compile<Compare>('order of rows', 'a,b', `${lines.join('\n')}\nreturn 0;`);
  }

  #orderOf(key: number): KeyOrder['compare'] {
    const { rep, type } = this.#keys[key];
    const isPlain = (rep === 'i' || rep === 'd') && !isFloatType(type);
    return isPlain ? (plainOrder as KeyOrder['compare']) : comparatorOf(type.name);
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
