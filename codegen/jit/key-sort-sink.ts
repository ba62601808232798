/**
 * Sort and TopN by keys that are bytes: the sink that collects rows with their keys, and the rows in order as the next stage's source.
 */

import type { Sort, TopN, WindowFrames } from '../../engine/plan/physical.ts';
import type { KernelAccess } from '../../engine/plan/program.ts';
import type { BoundSortKey, ColumnId } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { keyColumns, keyReaders } from './key-columns.ts';
import type { StoreColumn } from './row-store.ts';
import { RowSorter, type SorterShape } from './row-sorter.ts';
import { emitBound, emitKeys, hasKeys, type KeyForm, keyFormOf } from './sort-keys.ts';
import { compileDrain, type DrainCode, type RowShape, type Sink } from './stage-code.ts';
import { type GroupRoom, look, type RunningStage, STAGE_DONE, STAGE_PAUSED, verdict } from './stage-run.ts';
import type { Fill, Stage } from './stages.ts';
import type { State } from './state.ts';
import { keptValue, StoreCode } from './store-code.ts';
import type { MadeStage } from './sources.ts';
import { slotCode, slotValue, type Value } from './value.ts';

export const haveKeys = (keys: readonly BoundSortKey[]): boolean => keys.every(({ expression }) => hasKeys(expression.type));

/** Of a TopN few stay. */
export const expectedRows = ({ node, input }: Sort | TopN | WindowFrames): number => (node === 'TopN' ? 0 : input.estimate.rows);

/** Made apart, so that the program does not keep the builder. */
const sorterOf = (kernel: KernelAccess, expected: number, shape: SorterShape) => (columns: readonly StoreColumn[]) =>
  new RowSorter(columns, kernel, expected, shape);

export class KeySortSink {
  readonly node: Sort | TopN;
  readonly code: StoreCode;
  readonly #needed: ReadonlySet<ColumnId>;
  readonly #lacks: boolean;
  #forms: readonly KeyForm[] | null = null;
  /** Columns that are read from the keys. */
  #inKeys: ReturnType<typeof keyColumns> = new Map();
  readonly #shape: SorterShape = { readsKeys: false };

  constructor(builder: Builder, node: Sort | TopN, { needed, lacks }: Fill) {
    this.node = node;
    this.#needed = needed;
    this.#lacks = lacks;
    this.code = new StoreCode(builder, sorterOf(builder.environment.kernel, expectedRows(node), this.#shape));
  }

  get part(): number {
    return this.code.part;
  }

  emit(emitter: Emitter): void {
    const values = this.node.keys.map(({ expression }) => heldValue(emitter, emitValue(emitter, expression)));
    this.#forms ??= this.#formsOf(values);
    const sorter = this.code.name(emitter);
    if (this.node.node === 'TopN') {
      if (this.#forms[0].nullable) emitter.hoist(`${sorter}_m`, `${sorter}.markedFirst=true`);
      emitBound(emitter, sorter, this.#forms[0], values[0]);
    }
    emitKeys(emitter, sorter, this.#forms, values);
    if (this.node.node === 'TopN') emitter.emit(`if(${sorter}.worst!==null&&${sorter}.isBehind())break ${emitter.row};`);
    const entries = [...this.#needed].flatMap((column) => {
      const reader = this.#inKeys.has(column) ? undefined : emitter.columns.get(column);
      return reader === undefined ? [] : [{ column, value: keptValue(reader(emitter)) }];
    });
    this.code.emitWrite(emitter, entries, this.#lacks, (row) => keepCode(emitter, sorter, row));
  }

  /** The first code says what keys are like. */
  #formsOf(values: readonly Value[]): readonly KeyForm[] {
    const { keys } = this.node;
    const forms = values.map((value, index) =>
      keyFormOf(value, keys[index], index === values.length - 1, this.#lacks || keys[index].expression.type.nullable),
    );
    this.#inKeys = keyColumns(keys, forms);
    this.#shape.readsKeys = [...this.#inKeys.keys()].some((column) => this.#needed.has(column));
    return forms;
  }

  /** Readers of the columns where sorted rows are the source. */
  readers(row: string): Map<ColumnId, ColumnReader> {
    return new Map([...this.code.readers(row, true), ...keyReaders(this.#inKeys, (emitter) => this.code.name(emitter), row)]);
  }

  /** Room for the rows of a page. */
  get room(): GroupRoom {
    return sorterRoom(this.part);
  }
}

/** Writes: the key that was written is that of row `row`. In the page there is room for its end. */
export function keepCode(emitter: Emitter, sorter: string, row: string): string {
  if (emitter.wide) return `${sorter}.keep(${row});`;
  return `${emitter.hoist(`${sorter}_e`, `${sorter}.ends`)}[${row}]=${sorter}.used=${sorter}.end;`;
}

const KEY_BYTES = 32;
export const sorterRoom = (part: number): GroupRoom => ({
  reserve: (c, rows) => (c.parts[part] as RowSorter).reserve(rows, KEY_BYTES),
  look: () => {},
});

export const heldValue = (emitter: Emitter, value: Value): Value =>
  value.nil === 'true' || value.rep === 'b' ? value : slotValue(value, emitter.hold(slotCode(value)));

/** The rows in order. */
export function sortedSource(builder: Builder, stage: Stage, from: KeySortSink, sink: Sink, room: GroupRoom): MadeStage {
  const { code } = from;
  const { drain, limits, part } = orderedDrain(builder, stage, code, from.readers('rn'), sink);
  return { stage: orderedStage(part, code.part, drain, room, sink.kind === 'rows'), limits };
}

/** Code over places of the sorter's order: `rn` is the number of the row there. */
export function orderedDrain(
  builder: Builder,
  stage: Stage,
  code: StoreCode,
  columns: ReadonlyMap<ColumnId, ColumnReader>,
  sink: Sink,
): DrainCode & { part: number } {
  const choose = (emitter: Emitter): void => {
    emitter.emit(`const rn=${emitter.hoist('O', `${code.name(emitter)}.order`)}[g];`);
    emitter.shared.add('rn');
  };
  const shape: RowShape = { kind: 'groups', columns, choose };
  return { ...compileDrain(builder, stage, shape, sink, new Set(), false), part: builder.part(() => ({ at: 0, to: 0 })) };
}

const ROWS_AT_ONCE = 512;

function orderedStage(part: number, from: number, drain: DrainCode['drain'], groups: GroupRoom, isRows: boolean): RunningStage {
  const placeOf = (c: State): { at: number; to: number } => c.parts[part] as never;
  return {
    begin: (c) => {
      const place = placeOf(c);
      place.at = 0;
      place.to = 0;
      (c.parts[from] as RowSorter).complete();
    },
    run: (c) => {
      const place = placeOf(c);
      const sorter = c.parts[from] as RowSorter;
      for (let moved = false; ; moved = true) {
        if (place.at >= place.to) {
          const rows = sorter.next();
          if (rows === 0) return STAGE_DONE;
          place.at = sorter.first;
          place.to = sorter.first + rows;
        }
        if (look(c, moved)) return STAGE_PAUSED;
        const to = Math.min(place.to, place.at + ROWS_AT_ONCE);
        groups.reserve(c, to - place.at);
        if (place.to - sorter.first > ROWS_AT_ONCE) sorter.touch(place.at, to);
        place.at = drain(c, null, place.at, to);
        const end = verdict(c, isRows);
        if (end >= 0) return end;
      }
    },
  };
}
