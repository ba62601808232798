/**
 * Aggregates over frames. A frame that only grows is stepped along; where it leaves rows behind, aggregates that can take a value out
 * again do so, extremes keep the rows that may still become one, and the others begin anew, as PostgreSQL's do: its answers hang on the
 * order of additions.
 */

import type { RowValue } from '../storage/rows/row-value.ts';
import type { Aggregate } from './aggregates.ts';
import { aggregates } from './aggregates.ts';
import { comparisons } from './compare.ts';
import { int8Add, int8Sub, type Int8 } from './integers.ts';
import type { WindowCall } from './windows.ts';
import { FrameCursor, type WindowRows } from './windows-frames.ts';

interface Counted<Value> {
  count: number;
  sum: Value;
}
const countOf = (does: (value: RowValue) => boolean): Aggregate<Counted<number>> => ({
  init: () => ({ count: 0, sum: 0 }),
  step(state, value: RowValue) {
    if (does(value)) state.count++;
    return state;
  },
  remove(state, value: RowValue) {
    if (does(value)) state.count--;
    return true;
  },
  result: (state) => state.count,
});
const INTEGER_SUM: Aggregate<Counted<Int8>> = {
  init: () => ({ count: 0, sum: 0 }),
  step(state, value: number | null) {
    if (value === null) return state;
    state.count++;
    state.sum = int8Add(state.sum, value);
    return state;
  },
  remove(state, value: number | null) {
    if (value === null) return true;
    state.count--;
    state.sum = int8Sub(state.sum, value);
    return true;
  },
  result: (state) => (state.count === 0 ? null : state.sum),
};
/** count: values; sum: those that decide. */
const logical = (decides: boolean): Aggregate<Counted<number>> => ({
  init: () => ({ count: 0, sum: 0 }),
  step(state, value: boolean | null) {
    if (value !== null) state.count++;
    if (value === decides) state.sum++;
    return state;
  },
  remove(state, value: boolean | null) {
    if (value !== null) state.count--;
    if (value === decides) state.sum--;
    return true;
  },
  result: (state) => (state.count === 0 ? null : state.sum > 0 === decides),
});

/** In place of the aggregate of that name: answers the same, and can go back. */
const MOVING: { readonly [primitive: string]: Aggregate } = {
  'count.star': countOf(() => true),
  count: countOf((value) => value !== null),
  'sum.int2': INTEGER_SUM,
  'sum.int4': INTEGER_SUM,
  bool_and: logical(false),
  bool_or: logical(true),
};

/** The state of an aggregate over the rows [low, high) that count. */
class Running {
  private readonly aggregate: Aggregate;
  private readonly columns: readonly ArrayLike<RowValue>[];
  private readonly filter: ArrayLike<RowValue> | null;
  private state: unknown;
  private low: number;
  private high: number;

  constructor(aggregate: Aggregate, { arguments: columns, filter }: WindowCall) {
    this.aggregate = aggregate;
    this.columns = columns;
    this.filter = filter;
    this.low = this.high = 0;
    this.restart(0);
  }

  private restart(low: number): void {
    this.state = this.aggregate.init();
    this.low = this.high = low;
  }

  private add(row: number): void {
    if (this.filter !== null && this.filter[row] !== true) return;
    const { aggregate, columns } = this;
    if (columns.length === 1) this.state = aggregate.step(this.state, columns[0][row]);
    else if (columns.length === 0) this.state = aggregate.step(this.state);
    else this.state = aggregate.step(this.state, ...columns.map((column) => column[row]));
  }

  private takeOut(row: number): boolean {
    if (this.filter !== null && this.filter[row] !== true) return true;
    const { aggregate, columns } = this;
    if (aggregate.remove === undefined) return false;
    if (columns.length === 1) return aggregate.remove(this.state, columns[0][row]);
    return aggregate.remove(this.state, ...columns.map((column) => column[row]));
  }

  private goTo(low: number, high: number): void {
    if (low >= high || low < this.low || high < this.high || low >= this.high) this.restart(low);
    for (; this.low < low; this.low++) {
      if (this.takeOut(this.low)) continue;
      this.restart(low);
      break;
    }
    for (; this.high < high; this.high++) this.add(this.high);
  }

  valueOver(cursor: FrameCursor): RowValue {
    const { low, high, gapLow, gapHigh } = cursor;
    if (gapLow >= gapHigh) {
      this.goTo(low, high);
      return this.aggregate.result(this.state);
    }
    // Nothing can be taken out from the middle: what lies before the gap runs on, the rest is added to a state that is then forgotten.
    if (this.canGoBack(cursor)) return this.withoutGap(cursor);
    this.restart(low);
    for (let place = 0, size = cursor.size(); place < size; place++) this.add(cursor.rowAt(place));
    const value = this.aggregate.result(this.state);
    this.restart(low);
    return value;
  }

  private canGoBack({ gapLow, gapHigh, low, high }: FrameCursor): boolean {
    return this.aggregate.remove !== undefined && (gapHigh - gapLow) * 2 < high - low;
  }

  private withoutGap({ low, high, gapLow, gapHigh, kept }: FrameCursor): RowValue {
    this.goTo(low, high);
    for (let row = gapLow; row < gapHigh; row++) {
      if (row === kept || this.takeOut(row)) continue;
      return this.anew(low, high, gapLow, gapHigh, kept);
    }
    const value = this.aggregate.result(this.state);
    for (let row = gapLow; row < gapHigh; row++) if (row !== kept) this.add(row);
    return value;
  }

  private anew(low: number, high: number, gapLow: number, gapHigh: number, kept: number): RowValue {
    this.restart(low);
    for (let row = low; row < high; row++) if (row < gapLow || row >= gapHigh || row === kept) this.add(row);
    const value = this.aggregate.result(this.state);
    this.restart(low);
    return value;
  }
}

/** MIN and MAX over frames that move forward: rows that a later one beats are forgotten. */
class Extremes {
  private readonly values: ArrayLike<RowValue>;
  private readonly filter: ArrayLike<RowValue> | null;
  /** Whether a value stays the extreme when the other one comes after it. */
  private readonly stays: (value: RowValue, later: RowValue) => boolean;
  private readonly candidates: number[] = [];
  private first: number;
  private low: number;
  private high: number;

  constructor({ primitive, arguments: [values], filter }: WindowCall) {
    const [kind, type] = primitive.split('.');
    const compare = comparisons[type] as unknown as (a: RowValue, b: RowValue) => number;
    this.stays = kind === 'min' ? (a, b) => compare(a, b) < 0 : (a, b) => compare(a, b) > 0;
    this.values = values;
    this.filter = filter;
    this.first = this.low = this.high = 0;
  }

  valueOver({ low, high }: FrameCursor): RowValue {
    if (low < this.low || high < this.high || low >= this.high) {
      this.candidates.length = this.first = 0;
      this.high = low;
    }
    this.low = low;
    for (; this.high < high; this.high++) this.add(this.high);
    while (this.first < this.candidates.length && this.candidates[this.first] < low) this.first++;
    return this.first < this.candidates.length ? this.values[this.candidates[this.first]] : null;
  }

  private add(row: number): void {
    const value = this.values[row];
    if (value === null || (this.filter !== null && this.filter[row] !== true)) return;
    const { candidates } = this;
    while (candidates.length > this.first && !this.stays(this.values[candidates[candidates.length - 1]], value)) candidates.pop();
    candidates.push(row);
  }
}

/** Answers of an aggregate for the rows of the partitions from `first` on, before `last`. */
export function movingColumn(rows: WindowRows, call: WindowCall, out: RowValue[], first: number, last: number): void {
  const { primitive, frame } = call;
  const isExtreme = (primitive.startsWith('min.') || primitive.startsWith('max.')) && frame.exclude === 'none';
  const state = isExtreme ? new Extremes(call) : new Running(MOVING[primitive] ?? aggregates[primitive], call);
  const cursor = new FrameCursor(rows, frame);
  for (let partition = first; partition < last; partition++) {
    cursor.begin(partition);
    let low = -1;
    let high = -1;
    let value: RowValue = null;
    for (let row = cursor.from; row < cursor.to; row++) {
      cursor.move(row);
      const isSame = cursor.low === low && cursor.high === high && frame.exclude === 'none';
      if (!isSame) value = state.valueOver(cursor);
      out[row] = value;
      low = cursor.low;
      high = cursor.high;
    }
  }
}
