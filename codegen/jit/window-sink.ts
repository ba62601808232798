/**
 * WindowFrames: the sink that collects rows with their keys (partition, then order) and what the functions take of them, and the rows
 * with the functions' answers as the next stage's source.
 */

import type { WindowFrames } from '../../engine/plan/physical.ts';
import type { KernelAccess } from '../../engine/plan/program.ts';
import type { BoundExpression, BoundSortKey, ColumnId } from '../../engine/sblr/bound.ts';
import type { BoundFrame, BoundWindowCall } from '../../engine/sblr/bound-relations.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { frameOffset, type WindowCall, type WindowRange } from '../../engine/values/windows.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { boxedValue } from './accumulators.ts';
import type { Builder } from './builder.ts';
import type { Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { expectedRows, heldValue, keepCode, orderedDrain, sorterRoom } from './key-sort-sink.ts';
import type { MadeStage } from './sources.ts';
import { emitKeys, fixedBytes, hasKeys, type KeyForm, keyFormOf } from './sort-keys.ts';
import type { DrainCode, Sink } from './stage-code.ts';
import { type GroupRoom, look, type RunningStage, STAGE_DONE, STAGE_PAUSED, verdict } from './stage-run.ts';
import type { Fill, Stage } from './stages.ts';
import type { State } from './state.ts';
import type { StoreColumn } from './row-store.ts';
import { keptValue, StoreCode } from './store-code.ts';
import { makeValue, notNullCode, boxedCode, slotCode, slotValue, type Value } from './value.ts';
import { type ArgumentColumn, type MakeCalls, type WindowShape, WindowSorter } from './window-rows.ts';
import { sqlType } from '../../engine/sblr/types.ts';

const INT4 = sqlType('int4', false);

/** Made apart, so that the program does not keep the builder. */
const sorterOf = (kernel: KernelAccess, shape: WindowShape, expected: number) => (columns: readonly StoreColumn[]) =>
  new WindowSorter(columns, kernel, shape, expected);

/** What a call takes of each row, by its place among the arguments of the node; -1: nothing. */
interface CallPlaces {
  readonly arguments: readonly number[];
  readonly filter: number;
  readonly start: number;
  readonly end: number;
  readonly key: number;
}

/** Collects the expressions that are evaluated for each row, and those that are for all. */
class Taken {
  readonly rows: BoundExpression[] = [];
  readonly numbers: BoundExpression[] = [];

  row(expression: BoundExpression | null): number {
    return expression === null ? -1 : this.rows.push(expression) - 1;
  }
  number(expression: BoundExpression | null): number {
    return expression === null ? -1 : this.numbers.push(expression) - 1;
  }
}

export class WindowSink {
  readonly code: StoreCode;
  readonly node: WindowFrames;
  readonly taken = new Taken();
  readonly #needed: ReadonlySet<ColumnId>;
  readonly #lacks: boolean;
  readonly #shape: WindowShape;
  #forms: readonly KeyForm[] | null = null;

  constructor(builder: Builder, node: WindowFrames, { needed, lacks }: Fill) {
    this.node = node;
    this.#needed = needed;
    this.#lacks = lacks;
    const places = node.functions.map((call) => placesOf(call, this.taken));
    this.#shape = {
      hasOrder: node.order.length > 0,
      partAt: 0,
      keyBytes: 0,
      partBytes: 0,
      arguments: [],
      calls: callsOf(node.functions, places, node.order),
    };
    this.code = new StoreCode(builder, sorterOf(builder.environment.kernel, this.#shape, expectedRows(node)));
  }

  get part(): number {
    return this.code.part;
  }

  emit(emitter: Emitter): void {
    const { partition, order } = this.node;
    const keys: BoundSortKey[] = [
      ...partition.map((expression) => ({ expression, descending: false, nullsFirst: false })),
      ...order,
    ];
    const values = keys.map(({ expression }) => keyValue(emitter, expression));
    this.#forms ??= values.map((value, index) =>
      // Partitions end where their keys end: no text goes without its end there.
      keyFormOf(
        value,
        keys[index],
        index === keys.length - 1 && index >= partition.length,
        this.#lacks || keys[index].expression.type.nullable,
      ),
    );
    this.#shape.keyBytes = fixedBytes(this.#forms);
    this.#shape.partBytes = fixedBytes(this.#forms.slice(0, partition.length));
    const given = this.taken.rows.map((expression) => keptValue(heldValue(emitter, emitValue(emitter, expression))));
    const sorter = this.code.name(emitter);
    const part = emitKeys(emitter, sorter, this.#forms, values, partition.length);
    const columns = [...this.#needed].flatMap((column) => {
      const reader = emitter.columns.get(column);
      return reader === undefined ? [] : [{ column, value: keptValue(reader(emitter)) }];
    });
    const further = given.map((value, index) => ({ column: -1, value: withNull(emitter, value, this.taken.rows[index]) }));
    const entries = [...columns, { column: -1, value: makeValue('i', INT4, part, 'false', 0, 9) }, ...further];
    this.code.emitWrite(emitter, entries, this.#lacks, (row) => keepCode(emitter, sorter, row));
    this.#note(columns.length);
  }

  /** Room for the rows of a page. */
  get room(): GroupRoom {
    return sorterRoom(this.part);
  }

  /** Where the arguments lie is known now. */
  #note(columns: number): void {
    if (this.#shape.arguments.length > 0) return;
    this.#shape.partAt = columns;
    this.taken.rows.forEach(({ type }, index): void => {
      const at = columns + 1 + index;
      const { like } = this.code.columns[at];
      const column: ArgumentColumn = { at, type: type.name, scale: like.scale };
      this.#shape.arguments.push(column);
    });
  }
}

/** Other code may bring NULLs. */
const withNull = (emitter: Emitter, value: Value, { type }: BoundExpression): Value =>
  value.nil === 'false' && type.nullable ? { ...value, nil: emitter.hold('false') } : value;

/** jsonb is divided by its canonical text; it has no order as bytes. */
function keyValue(emitter: Emitter, expression: BoundExpression): Value {
  const value = heldValue(emitter, emitValue(emitter, expression));
  if (hasKeys(value.type) || value.nil === 'true') return value;
  if (value.type.name !== 'jsonb')
    throw new SqlError(SQLSTATE.feature_not_supported, `windows cannot be ordered by ${value.type.name}`);
  const text = makeValue(
    'v',
    sqlType('text', value.type.nullable),
    `${emitter.unit.use('canonical')}('jsonb',${notNullCode(value, emitter.unit.use)})`,
    value.nil,
  );
  return slotValue(text, emitter.hold(slotCode(text)));
}

function placesOf({ arguments: given, filter, frame }: BoundWindowCall, taken: Taken): CallPlaces {
  const isRange = frame.unit === 'range';
  const value = (expression: BoundExpression | null): number => (isRange ? taken.row(expression) : taken.number(expression));
  return {
    arguments: given.map((expression) => taken.row(expression)),
    filter: taken.row(filter),
    start: value(frame.startValue),
    end: value(frame.endValue),
    key: isRange && (frame.startValue !== null || frame.endValue !== null) ? taken.row(frame.rangeKey) : -1,
  };
}

/** Made apart, so that the program does not keep the builder. */
const callsOf =
  (functions: readonly BoundWindowCall[], places: readonly CallPlaces[], order: readonly BoundSortKey[]): MakeCalls =>
  (columns, numbers) =>
    functions.map(({ primitive, frame }, index): WindowCall => {
      const place = places[index];
      const column = (at: number): ArrayLike<RowValue> | null => (at < 0 ? null : columns[at]);
      const offset = (at: number, which: 'starting' | 'ending'): number =>
        frame.unit === 'range' || at < 0 ? 0 : frameOffset(numbers[at], which);
      return {
        primitive,
        arguments: place.arguments.map((at) => columns[at]),
        filter: column(place.filter),
        frame: {
          unit: frame.unit,
          start: frame.start,
          end: frame.end,
          exclude: frame.exclude,
          startOffset: offset(place.start, 'starting'),
          endOffset: offset(place.end, 'ending'),
          range: place.key < 0 ? null : rangeOf(frame, place, column, order),
        },
      };
    });

const rangeOf = (
  frame: BoundFrame,
  place: CallPlaces,
  column: (at: number) => ArrayLike<RowValue> | null,
  order: readonly BoundSortKey[],
): WindowRange => ({
  keys: column(place.key) as ArrayLike<RowValue>,
  starts: column(place.start),
  ends: column(place.end),
  type: frame.rangeKey?.type.name ?? 'int4',
  descending: order[0]?.descending ?? false,
});

/** The rows in order, with the answers. */
export function windowSource(builder: Builder, stage: Stage, from: WindowSink, sink: Sink, room: GroupRoom): MadeStage {
  const { code, node, taken } = from;
  const columns = code.readers('rn', true);
  node.functions.forEach(({ column, type }, index) => {
    columns.set(column, (emitter) => {
      const out = emitter.hoist(`W${index}`, `${code.name(emitter)}.out[${index}]`);
      return boxedValue(emitter, type, emitter.hold(`${out}[g]`));
    });
  });
  const { drain, limits, part } = orderedDrain(builder, stage, code, columns, sink);
  const numbers = compileNumbers(builder, taken.numbers);
  return { stage: windowStage(part, code.part, numbers, drain, room, sink.kind === 'rows'), limits };
}

/** What frames say once: function(c), an array of RowValues. */
function compileNumbers(builder: Builder, expressions: readonly BoundExpression[]): (c: State) => RowValue[] {
  const emitter = builder.emitter();
  const codes = expressions.map((one) => emitter.hold(boxedCode(emitValue(emitter, one), emitter.unit.use)));
  const body = `${emitter.prologueText()}${emitter.lines.join('')}return[${codes.join(',')}];`;
  return emitter.unit.compile('frames', 'c', body, emitter.declarations.join(''));
}

const ROWS_AT_ONCE = 512;

function windowStage(
  part: number,
  from: number,
  numbers: (c: State) => RowValue[],
  drain: DrainCode['drain'],
  groups: GroupRoom,
  isRows: boolean,
): RunningStage {
  const placeOf = (c: State): { at: number; to: number; numbers: RowValue[] } => c.parts[part] as never;
  return {
    begin: (c) => {
      const place = placeOf(c);
      place.at = 0;
      place.to = 0;
      place.numbers = numbers(c);
      (c.parts[from] as WindowSorter).complete();
    },
    run: (c) => {
      const place = placeOf(c);
      const sorter = c.parts[from] as WindowSorter;
      for (let moved = false; ; moved = true) {
        if (place.at >= place.to) {
          place.to = sorter.nextPartitions(place.numbers);
          place.at = 0;
          if (place.to === 0) return STAGE_DONE;
        }
        if (look(c, moved)) return STAGE_PAUSED;
        const to = Math.min(place.to, place.at + ROWS_AT_ONCE);
        sorter.compute(to);
        groups.reserve(c, to - place.at);
        if (place.to > ROWS_AT_ONCE) sorter.touch(place.at, to);
        place.at = drain(c, null, place.at, to);
        const end = verdict(c, isRows);
        if (end >= 0) return end;
      }
    },
  };
}
