/**
 * Statements that run for the first time, and are expected to look at a few rows only: nothing is generated for them (SBLR-G5).
 * Most statements of a program that puts values into its texts run once; writing and compiling their code would take longer than
 * they do.
 *
 *   source (pages, index) -> rows of the layout's readers -> steps -> rows of the result, or a sorter of them
 *
 * Stages, readers of pages and indexes, sorters and limits are those of compiled statements; only what would be generated, the code
 * over one row, is done by evaluating the expressions as they stand (engine/sblr/interpret.ts). After some runs, or
 * rows, the statement is compiled (first-run.ts).
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { IndexRange, LimitCount, PhysicalStatement, Sort, TopN } from '../../engine/plan/physical.ts';
import { type EmbeddedFormat, RUN_REPLAN, type RowFormat } from '../../engine/plan/program.ts';
import type { BoundExpression, ColumnId, OutputColumn } from '../../engine/sblr/bound.ts';
import { Interpreter } from '../../engine/sblr/interpret.ts';
import { type ByteViews, copyWords } from '../../engine/storage/rows/byte-views.ts';
import type { RowLayout } from '../../engine/storage/rows/row-layout.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import type { RowLoop } from '../../engine/storage/rows/scan-loops.ts';
import { columnReader, type RowReader } from '../rows/decoder.ts';
import { comparatorOf, limitOf, offsetOf, plainOrder } from './helpers.ts';
import { indexAccess, IndexReader, type RangeShape } from './index-source.ts';
import { type Chain, interpretedChain, isSmall, type RowStep, type Source } from './interpreted-chain.ts';
import { propertyKey } from './output.ts';
import { rowLoops } from './page-code.ts';
import type { ProgramParts } from './program-parts.ts';
import { ScanReader } from './scan-source.ts';
import { compareBy, finishedRows } from './sort.ts';
import { Sorter } from './sorter.ts';
import type { Drain } from './stage-code.ts';
import type { ProgramStage } from './stage-list.ts';
import { conjuncts } from './stages.ts';
import { oneRange, pointRanges, rangePlace, rangesStage } from './index-stages.ts';
import { NO_GROUPS, oneStage, type RunningStage, scanStage, sortedStage } from './stage-run.ts';
import type { State } from './state.ts';
import type { UsedTables } from './used-tables.ts';
import { isWordType } from './value.ts';

/** Rows that the first runs may look at: for more of them code pays. */
const ROWS_MAX = 64;

/** The parts of a program that interprets; null: the statement is to be compiled. */
export function interpretedParts(plan: PhysicalStatement, format: RowFormat, used: UsedTables): ProgramParts | null {
  const chain = typeof format === 'string' ? interpretedChain(plan) : null;
  if (chain === null) return null;
  const { environment } = used;
  const catalog = environment.table(chain.source.table);
  const table = environment.runtime(catalog);
  if (!isSmall(chain.source, table, environment.kernel.parts.space)) return null;
  const columns = columnsOf(chain.source, catalog, table);
  if (columns === null) return null;
  return new Interpreting(chain, plan.output, format as EmbeddedFormat, catalog, table, columns, used).parts();
}

/** Where the columns of a source lie in its table's rows; null: some do not. */
function columnsOf(source: Source, catalog: CatalogTable, table: TableRuntime): Map<ColumnId, RowReader<RowValue>> | null {
  const readers = new Map<ColumnId, RowReader<RowValue>>();
  for (const { column, attribute } of source.columns) {
    const placed = catalog.columns.find(({ number }) => number === attribute);
    if (placed === undefined) return null;
    readers.set(column, readerOf(table.layout, placed.kernelColumn));
  }
  return readers;
}

const layoutReaders = new WeakMap<RowLayout, RowReader<RowValue>[]>();

function readerOf(layout: RowLayout, column: number): RowReader<RowValue> {
  let readers = layoutReaders.get(layout);
  if (readers === undefined) {
    readers = [];
    layoutReaders.set(layout, readers);
  }
  readers[column] ??= columnReader(layout, column);
  return readers[column];
}

/** Copies rows behind those that wait, as generated loops do. */
const copyRows =
  (c: State): RowLoop =>
  (i32, _u32, _u16, _u8, _f64, offsets, count) => {
    const to = c.copies.i32;
    let used = c.used;
    for (let at = 0; at < count; at++) {
      const row = offsets[at];
      const bytes = ((i32[(row + 12) >> 2] & 16383) + 7) & -8;
      copyWords(to, used, i32, row, bytes);
      c.offsets[c.count] = used;
      c.origins[c.count++] = at;
      used += bytes;
    }
    c.used = used;
  };

/** How far a run has come. */
interface Place {
  /** Rows that it and those before it have looked at. */
  seen: number;
  /** The caller has some of its rows: it cannot begin anew. */
  given: boolean;
}

class Interpreting {
  readonly #chain: Chain;
  readonly #output: readonly OutputColumn[];
  readonly #format: EmbeddedFormat;
  readonly #catalog: CatalogTable;
  readonly #table: TableRuntime;
  readonly #readers: ReadonlyMap<ColumnId, RowReader<RowValue>>;
  readonly #used: UsedTables;
  readonly #names: readonly string[];
  readonly #conditions: readonly BoundExpression[];
  readonly #evaluator: Interpreter;
  /** Makes of state.parts: what reads, what it needs besides, the sorter. */
  readonly #makes: ((state: State) => unknown)[] = [];
  readonly #sites: number[] = [0];
  readonly #place: number;
  #sorter = -1;
  /** Of the row at hand: its values by column, as far as somebody has asked. */
  #values: (RowValue | undefined)[] = [];
  #views: ByteViews = null as unknown as ByteViews;
  #row = 0;
  #state: State = null as unknown as State;

  constructor(
    chain: Chain,
    output: readonly OutputColumn[],
    format: EmbeddedFormat,
    catalog: CatalogTable,
    table: TableRuntime,
    readers: ReadonlyMap<ColumnId, RowReader<RowValue>>,
    used: UsedTables,
  ) {
    this.#chain = chain;
    this.#output = output;
    this.#format = format;
    this.#catalog = catalog;
    this.#table = table;
    this.#readers = readers;
    this.#used = used;
    this.#names = output.map(({ name }) => propertyKey(name));
    this.#conditions = conjuncts(chain.source.filter);
    this.#place = this.#makes.push((): Place => ({ seen: 0, given: false })) - 1;
    this.#evaluator = new Interpreter({
      column: (id) => this.#column(id),
      known: (node) => (node.op === 'parameter' ? this.#state.parameter(node.index, node.type.name) : undefined),
    });
  }

  parts(): ProgramParts {
    const { source, steps, order } = this.#chain;
    const used = this.#used;
    const first = this.#firstStage(source);
    const limit = steps.find((step) => step.node === 'LimitCount') ?? null;
    if (order !== null) this.#sorter = this.#makes.push(sorterOf(order, used)) - 1;
    const stages: ProgramStage[] = [
      { stage: first, isTail: false, begin: this.#begin(order), end: null, limits: limit && this.#limits(limit), isKept: null },
    ];
    if (order !== null) stages.push(this.#sortedStage(order));
    return {
      ...{ kernel: used.environment.kernel, output: this.#output, stages, makes: this.#makes, sites: this.#sites },
      ...{ writes: false, waits: false, isBytes: false, simple: source.node === 'IndexPoint', tables: [this.#table.id] },
      ...{ isCurrent: () => used.areCurrent(), gathers: [], counters: limit === null ? 0 : 2, distincts: 0, hasSubplans: false },
      ...{ cascades: false, refers: false, changed: null, change: -1, copies: source.node === 'PageScan' },
    };
  }

  /** What the first stage fills begins empty. */
  #begin(order: Sort | TopN | null): (c: State) => void {
    return (c) => {
      this.#state = c;
      const place = c.parts[this.#place] as Place;
      place.given = false;
      if (order === null) return;
      const sorter = c.parts[this.#sorter] as Sorter;
      if (order.node === 'Sort') {
        sorter.start(Number.POSITIVE_INFINITY, 0, false);
        return;
      }
      const limit = limitOf(this.#of(order.limit) as number | bigint | null);
      sorter.start(limit, this.#offset(order.offset), order.ties === true);
      if (limit === 0) c.finished = true;
    };
  }

  #offset(offset: BoundExpression | null): number {
    return offset === null ? 0 : offsetOf(this.#of(offset) as number | bigint | null);
  }

  #limits({ limit, offset }: LimitCount): (c: State) => void {
    return (c) => {
      this.#state = c;
      c.counters[0] = this.#offset(offset);
      c.counters[1] = limit === null ? Number.POSITIVE_INFINITY : limitOf(this.#of(limit) as number | bigint | null);
      if (c.counters[1] === 0) c.finished = true;
    };
  }

  #sortedStage({ keys }: Sort | TopN): ProgramStage {
    const place = this.#makes.push(() => ({ list: [], at: 0 })) - 1;
    const stage = sortedStage(place, this.#sorter, finishedRows(keys.length), NO_GROUPS, true);
    return { stage, isTail: false, begin: null, end: null, limits: null, isKept: null };
  }

  #firstStage(source: Source): RunningStage {
    const isRows = this.#chain.order === null;
    if (source.node === 'PageScan') {
      const table = this.#table;
      const part = this.#makes.push((state) => new ScanReader(state, table, rowLoops(copyRows(state)), false, null)) - 1;
      return scanStage(part, this.#drain, NO_GROUPS, isRows);
    }
    const index = this.#catalog.indexes.find(({ id }) => id === source.index) as CatalogTable['indexes'][number];
    const access = indexAccess(this.#catalog, this.#table, index);
    const part = this.#makes.push(() => new IndexReader(access)) - 1;
    switch (source.node) {
      case 'IndexPoint': {
        const done = this.#makes.push(() => ({ done: false })) - 1;
        return oneStage(done, (c) => this.#point(c, part, source.key), NO_GROUPS, isRows);
      }
      case 'IndexPoints': {
        const list = (c: State): RowValue[] => source.values.map((value) => this.#once(c, value));
        const ranges = pointRanges(part, this.#makes.push(rangePlace) - 1, list, source.values[0].type);
        return rangesStage(ranges, this.#drain, NO_GROUPS, isRows);
      }
      case 'IndexRange': {
        const { equal, low, high, backward } = source;
        const given = [...equal, ...(low === null ? [] : [low.value]), ...(high === null ? [] : [high.value])];
        const shape: RangeShape = { equal: equal.length, low: boundOf(low), high: boundOf(high), backward };
        const values = (c: State): boolean => this.#keyValues(c, part, given);
        const ranges = oneRange(part, this.#makes.push(rangePlace) - 1, values, shape);
        return rangesStage(ranges, this.#drain, NO_GROUPS, isRows);
      }
    }
  }

  /** Puts values into the reader's key: false when one is NULL. */
  #keyValues(c: State, part: number, given: readonly BoundExpression[]): boolean {
    const { values } = c.parts[part] as IndexReader;
    for (let at = 0; at < given.length; at++) {
      const value = this.#once(c, given[at]);
      if (value === null) return false;
      values[at] = value;
    }
    return true;
  }

  /** The row of a whole key: of the result, or undefined. */
  #point(c: State, part: number, key: readonly BoundExpression[]): unknown {
    if (!this.#keyValues(c, part, key) || !(c.parts[part] as IndexReader).find(c)) return undefined;
    return this.#through(c, c.out, 0);
  }

  readonly #drain: Drain = (c, rows, from, to) => {
    const isRows = this.#chain.order === null;
    const place = c.parts[this.#place] as Place;
    for (let at = from; at < to; at++) {
      if (++place.seen > ROWS_MAX && !place.given) {
        c.stopped = RUN_REPLAN;
        return at;
      }
      const row = this.#through(c, rows as ByteViews, c.offsets[at] & -8);
      if (row !== undefined) c.rows.push(row);
      if (isRows && c.rows.length >= c.max) {
        place.given = true;
        return at + 1;
      }
      if (c.finished) return at + 1;
    }
    return to;
  };

  /** A row of the table, all the way: a row of the result, or undefined where it is left out or sorted. */
  #through(c: State, views: ByteViews, row: number): unknown {
    this.#state = c;
    this.#views = views;
    this.#row = row;
    this.#values.length = 0;
    try {
      for (const condition of this.#conditions) if (this.#of(condition) !== true) return undefined;
      for (const step of this.#chain.steps) if (!this.#step(c, step)) return undefined;
      return this.#finished(c);
    } catch (error) {
      this.#noteSite(c);
      throw error;
    }
  }

  /** Where in the text an error belongs. */
  #noteSite(c: State): void {
    const { at } = this.#evaluator;
    this.#sites[0] = at;
    c.at = at < 0 ? -1 : 0;
  }

  /** The value of an expression that reads no row: a key that is looked up. */
  #once(c: State, node: BoundExpression): RowValue {
    this.#state = c;
    try {
      return this.#of(node);
    } catch (error) {
      this.#noteSite(c);
      throw error;
    }
  }

  /** False: the row is left out. */
  #step(c: State, step: RowStep): boolean {
    if (step.node === 'Filter') return conjuncts(step.condition).every((one) => this.#of(one) === true);
    if (step.node === 'Compute') {
      for (const { column, expression } of step.columns) this.#values[column] = this.#of(expression);
      return true;
    }
    const { counters } = c;
    if (counters[0] > 0) {
      counters[0]--;
      return false;
    }
    if (--counters[1] <= 0) c.finished = true;
    return true;
  }

  #finished(c: State): unknown {
    const { order } = this.#chain;
    if (order === null) return this.#made();
    const slots: unknown[] = order.keys.map(({ expression }) => this.#of(expression));
    slots.push(this.#made());
    (c.parts[this.#sorter] as Sorter).add(slots);
    return undefined;
  }

  #made(): unknown {
    const output = this.#output;
    if (this.#format === 'array') return output.map(({ column }) => this.#column(column));
    const names = this.#names;
    const made: Record<string, RowValue> = {};
    for (let at = 0; at < output.length; at++) made[names[at]] = this.#column(output[at].column);
    return made;
  }

  #of(node: BoundExpression): RowValue {
    return node.op === 'column' ? this.#column(node.column) : this.#evaluator.of(node);
  }

  #column(id: ColumnId): RowValue {
    let value = this.#values[id];
    if (value !== undefined) return value;
    const { i32, u16, u8, f64, bytesView } = this.#views;
    const reader = this.#readers.get(id) as RowReader<RowValue>;
    value = reader(i32, u16, u8, f64, bytesView, this.#row, this.#state.overflow);
    this.#values[id] = value;
    return value;
  }
}

const boundOf = (bound: IndexRange['low']): RangeShape['low'] =>
  bound === null ? 'none' : bound.inclusive ? 'inclusive' : 'exclusive';

/** Rows of the result behind their keys (sort.ts). */
function sorterOf({ keys }: Sort | TopN, { environment: { kernel } }: UsedTables): () => Sorter {
  const compare = compareBy(
    keys.map(({ expression: { type }, descending, nullsFirst }) => ({
      compare: (isWordType(type) ? plainOrder : comparatorOf(type.name)) as (a: never, b: never) => number,
      descending,
      nullsFirst,
    })),
  );
  return () =>
    new Sorter(
      compare,
      () => kernel.workMemory,
      () => kernel.parts.space,
    );
}
