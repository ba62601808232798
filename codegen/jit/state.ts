/**
 * What one run of a program works on: the `c` of generated code. Everything a run needs between its steps is here, nothing is held
 * in the engine (SBLR-E1, E3). A program keeps one for its next run, so that a point query makes nothing but its row; the larger
 * memory goes from run to run, whatever the program, for a thread knows a thousand statements and runs one.
 */

import type { KernelAccess, Parameters, Run, StatementContext } from '../../engine/plan/program.ts';
import { Output, type RowOutput } from '../../plugins/contract/output.ts';
import { type ByteViews, copyWords, privateViews } from '../../engine/storage/rows/byte-views.ts';
import { paddedLength, ROW_SCRATCH_BYTES, rowIdOf } from '../../engine/storage/rows/row-image.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { parseDecimal } from '../../engine/storage/rows/wide-numeric.ts';
import type { Transaction } from '../../engine/txn/transactions.ts';
import { type BytePath, bytePathOf } from '../../engine/values/json-path-bytes.ts';
import { compileRegex, type Regex } from '../../engine/values/regex.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { OverflowFetch } from '../rows/decoder.ts';
import { canonical, type Pattern, patternOf } from './helpers.ts';
import type { ListSet } from './lists.ts';

/** Images that wait for their page to be let go: bytes at first. */
const COPIES_BYTES = 32768;
/** What a scan may add under a hold without looking at the room: a page. */
export const PAGE_ROOM = 8192;
const ROWS_A_PAGE = 512;

/** Memory of a run. */
interface Arenas {
  readonly out: ByteViews;
  /** Null until a run copies images. */
  copies: ByteViews | null;
  offsets: Int32Array<ArrayBuffer>;
  origins: Int32Array<ArrayBuffer>;
  rowIds: Float64Array<ArrayBuffer>;
}

const makeArenas = (): Arenas => ({
  out: privateViews(ROW_SCRATCH_BYTES),
  copies: null,
  offsets: new Int32Array(ROWS_A_PAGE),
  origins: new Int32Array(ROWS_A_PAGE),
  rowIds: new Float64Array(ROWS_A_PAGE),
});

/** Of this thread, for the runs to come. */
const spareArenas: Arenas[] = [];
const SPARE_MAX = 8;
/** Larger ones are left to the collector. */
const COPIES_KEPT = 1 << 20;
/** What a state has that does not run. */
const NO_BYTES = privateViews(0);
const NO_ROWS = new Int32Array(0);
const NO_ROW_IDS = new Float64Array(0);

/** Bytes of held rows at first. */
const HELD_BYTES = 512;
/** Of programs whose rows are no bytes. */
const NO_OUTPUT = new Output(0, 0);

const NO_PARAMETERS: Parameters = { nulls: new Uint8Array(0), numbers: new Float64Array(0), values: [] };

/**
 * A double that compares with integers, which are values times 10^scale, as a numeric does with the values: between two integers it
 * stands in their middle.
 */
export function standInOf(text: string, scale: number): number {
  if (text === 'NaN' || text === 'Infinity') return Number.POSITIVE_INFINITY;
  if (text === '-Infinity') return Number.NEGATIVE_INFINITY;
  const decimal = parseDecimal(text);
  if (decimal === null) return 0;
  const { digits, negative } = decimal;
  const kept = digits.length - decimal.scale + scale;
  let whole = 0;
  if (kept > 17) whole = Number.POSITIVE_INFINITY;
  else if (kept > 0) whole = Number(digits.slice(0, kept).padEnd(kept, '0'));
  const rest = kept < 0 ? digits !== '' : /[1-9]/.test(digits.slice(kept));
  const magnitude = rest ? whole + 0.5 : whole;
  return negative && magnitude !== 0 ? -magnitude : magnitude;
}

/** More than a scaled integer has. */
const SCALES = 32;

export class State {
  readonly kernel: KernelAccess;
  readonly overflow: OverflowFetch;
  run!: Run;
  tx!: Transaction;
  context!: StatementContext;
  numbers = NO_PARAMETERS.numbers;
  nulls = NO_PARAMETERS.nulls;
  values: Parameters['values'] = NO_PARAMETERS.values;
  rows: unknown[] = [];
  max = 0;
  /**
   * Rows as bytes: where they go, and where that is full; how many the step has written, and whether that is enough; where those
   * beyond `max` end.
   */
  output: RowOutput = NO_OUTPUT;
  mark = 0;
  written = 0;
  full = false;
  ends: number[] = [];
  /** The same of rows that are held: `held` says where each ends. */
  heldBytes: Output = NO_OUTPUT;
  /** Number of the call that runs (Unit.site). */
  at = -1;
  /** A limit is reached, or the change says stop. */
  finished = false;
  /** Answer of the change that stopped the run: RUN_WAIT or RUN_RERUN; 0: none. */
  stopped = 0;
  changes = 0;
  /** The run is to pause behind the row that it is at. */
  due = false;
  /** Of limits: rows to skip and rows left, two for each. */
  counters = new Float64Array(0);
  /** One row image, at byte 0. */
  out: ByteViews = NO_BYTES;
  /** Images that wait, where each begins (bit 0: its condition is still to be looked at), their row ids. */
  copies: ByteViews = NO_BYTES;
  offsets = NO_ROWS;
  origins = NO_ROWS;
  rowIds = NO_ROW_IDS;
  count = 0;
  used = 0;
  /** Pages of tables that were looked into: of EXPLAIN ANALYZE. */
  pages = 0;
  /** Rows of statements that write or lock, held until the end (TX-T11). */
  held: unknown[] = [];
  /** Materialised rows of the stage that runs. */
  list: unknown[][] = [];
  /** Groups, sorters, writers: of the program's parts. */
  readonly parts: unknown[] = [];
  readonly #texts: (Uint8Array | undefined)[] = [];
  readonly #patterns: (Pattern | null | undefined)[] = [];
  /** By parameter and scale. */
  readonly #standIns: (number | undefined)[] = [];
  readonly #sets = new Map<ListSet, { set: Set<unknown>; hasNull: boolean }>();
  #derived = false;
  readonly #hasCopies: boolean;
  #arenas: Arenas | null = null;

  /** Of a subplan: the state of the plan around it. */
  readonly around: State | null;
  /** Of a subplan: values of the columns that it reads of the plan around it, as slots have them. */
  outer: readonly unknown[] = [];
  /** Of a subplan: its condition is NULL for a row. */
  unknown = false;

  constructor(kernel: KernelAccess, copies: boolean, around: State | null = null) {
    this.around = around;
    this.kernel = kernel;
    this.overflow = kernel.overflowFetch();
    this.#hasCopies = copies;
    this.open();
  }

  /** Takes its memory, if it has none. */
  open(): void {
    if (this.#arenas !== null) return;
    const arenas = spareArenas.pop() ?? makeArenas();
    this.#arenas = arenas;
    this.out = arenas.out;
    this.copies = this.#hasCopies ? (arenas.copies ??= privateViews(COPIES_BYTES)) : arenas.out;
    this.offsets = arenas.offsets;
    this.origins = arenas.origins;
    this.rowIds = arenas.rowIds;
  }

  /** Gives it away: nothing that it held is needed any more. */
  shut(): void {
    const arenas = this.#arenas;
    if (arenas === null) return;
    this.#arenas = null;
    if (spareArenas.length < SPARE_MAX && this.copies.u8.length <= COPIES_KEPT) {
      if (this.#hasCopies) arenas.copies = this.copies;
      arenas.offsets = this.offsets;
      arenas.origins = this.origins;
      arenas.rowIds = this.rowIds;
      spareArenas.push(arenas);
    }
    this.out = NO_BYTES;
    this.copies = NO_BYTES;
    this.offsets = NO_ROWS;
    this.origins = NO_ROWS;
    this.rowIds = NO_ROW_IDS;
  }

  /** Takes a run on. */
  bind(run: Run): void {
    this.run = run;
    this.tx = run.tx;
    this.context = run.context;
    const { parameters } = run;
    this.numbers = parameters.numbers;
    this.nulls = parameters.nulls;
    this.values = parameters.values;
    this.rows = run.rows;
    this.count = 0;
    this.used = 0;
    this.due = false;
    this.again(run.tx);
  }

  /** Begins anew with a run that was taken on: other values, maybe another transaction. */
  again(tx: Transaction): void {
    this.tx = tx;
    this.output = this.run.output ?? NO_OUTPUT;
    this.written = 0;
    this.full = false;
    this.finished = false;
    this.stopped = 0;
    this.changes = 0;
    if (this.#derived) this.#forget();
  }

  /** Rows that wait for the end of a change are bytes. */
  holdBytes(): void {
    this.heldBytes = new Output(Number.POSITIVE_INFINITY, HELD_BYTES);
  }

  /** A subplan begins another run, with other values. */
  begin(): void {
    this.finished = false;
    this.unknown = false;
    this.at = -1;
    this.count = 0;
    this.used = 0;
  }

  /** A text of the plan around, as UTF-8. */
  outerBytes(index: number): Uint8Array {
    const value = this.outer[index];
    return Buffer.from(typeof value === 'string' ? value : '');
  }

  #forget(): void {
    this.#derived = false;
    this.#texts.length = 0;
    this.#patterns.length = 0;
    this.#standIns.length = 0;
    this.#sets.clear();
  }

  /** Called now and then while a row goes on for long, nothing held: 57014; notes that the run is to pause when the row is done. */
  tick(): void {
    const { run } = this;
    if (run.canceled()) throw new SqlError(SQLSTATE.query_canceled, 'canceling statement due to user request');
    if (run.pause?.() === true) this.due = true;
  }

  /** A text parameter as UTF-8. */
  textOf(index: number): Uint8Array {
    let bytes = this.#texts[index];
    if (bytes === undefined) {
      this.#derived = true;
      const value = this.values[index];
      bytes = Buffer.from(typeof value === 'string' ? value : '');
      this.#texts[index] = bytes;
    }
    return bytes;
  }

  /** A LIKE pattern; null when it needs more than bytes. */
  likeOf(index: number): Pattern | null {
    let pattern = this.#patterns[index];
    if (pattern === undefined) {
      this.#derived = true;
      pattern = patternOf(String(this.values[index] ?? ''));
      this.#patterns[index] = pattern;
    }
    return pattern;
  }

  /** A path into jsonb for @? (`exists`) or @@; null when it needs more than bytes. */
  pathOf(index: number, exists: boolean): BytePath | null {
    return bytePathOf(String(this.values[index] ?? '$'), exists);
  }

  /** A regular expression; null when it is none, or needs more than one run over bytes. */
  regexOf(index: number, flags: string): Regex | null {
    try {
      const regex = compileRegex(String(this.values[index] ?? ''), flags);
      return regex.search === null ? null : regex;
    } catch (error) {
      // It is the row that fails: there may be none.
      if (error instanceof SqlError) return null;
      throw error;
    }
  }

  /** standInOf() of a numeric parameter; 0 for NULL. */
  standIn(index: number, scale: number): number {
    const place = index * SCALES + scale;
    let made = this.#standIns[place];
    if (made === undefined) {
      const value = this.values[index];
      this.#derived = true;
      made = value === null || value === undefined ? 0 : standInOf(String(value), scale);
      this.#standIns[place] = made;
    }
    return made;
  }

  /** The values of a list. */
  setOf(list: ListSet): { set: Set<unknown>; hasNull: boolean } {
    let made = this.#sets.get(list);
    if (made === undefined) {
      this.#derived = true;
      made = { set: new Set(), hasNull: false };
      const { name } = list.type;
      for (const item of list.items) {
        const value = 'parameter' in item ? this.parameter(item.parameter, name) : (item.constant as RowValue);
        if (value === null) made.hasNull = true;
        else made.set.add(canonical(name, value));
      }
      this.#sets.set(list, made);
    }
    return made;
  }

  /** A parameter as a RowValue. */
  parameter(index: number, type: string): RowValue {
    if (this.nulls[index] !== 0) return null;
    const value = this.values[index];
    if (value !== undefined) return value;
    return type === 'bool' ? this.numbers[index] !== 0 : this.numbers[index];
  }

  /** Copies the image at `row` behind those that wait. For rows that lie in private memory, where room can be made. */
  makeRoom(): void {
    if (this.used + 2 * PAGE_ROOM > this.copies.u8.length) {
      const larger = privateViews(this.copies.u8.length * 2);
      larger.u8.set(this.copies.u8);
      this.copies = larger;
    }
    if (this.count + ROWS_A_PAGE > this.offsets.length) {
      const length = this.offsets.length * 2;
      const offsets = new Int32Array(length);
      offsets.set(this.offsets);
      this.offsets = offsets;
      const origins = new Int32Array(length);
      origins.set(this.origins);
      this.origins = origins;
      const rowIds = new Float64Array(length);
      rowIds.set(this.rowIds);
      this.rowIds = rowIds;
    }
  }

  /** A row that was read into `out`, as the only one of the stage. */
  oneRow(page: number, slot: number): void {
    this.offsets[0] = 0;
    this.rowIds[0] = rowIdOf(page, slot);
  }

  /** Keeps an image. */
  keep(from: ByteViews, row: number): void {
    this.makeRoom();
    const bytes = paddedLength(from.i32, row);
    copyWords(this.copies.i32, this.used, from.i32, row, bytes);
    this.offsets[this.count++] = this.used;
    this.used += bytes;
  }
}
