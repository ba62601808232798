/**
 * UPDATE and DELETE as sinks: a row that a stage has found is changed, or goes.
 *
 * Where only fixed-width columns change, they are overwritten in the private copy of the row's image; else its values are decoded,
 * changed and encoded again.
 */

import type { PhysicalDelete, PhysicalUpdate } from '../../engine/plan/physical.ts';
import type { BoundNewRow } from '../../engine/sblr/bound.ts';
import { ROW_NULLS } from '../../engine/storage/rows/row-image.ts';
import type { PlacedColumn } from '../../engine/storage/rows/row-layout.ts';
import type { Builder } from './builder.ts';
import { ChangeCode, countRow, emitAttribute, emitInput, type Keep } from './change-code.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { boxedCode, slotCode, slotValue, type Value } from './value.ts';

/** Where the row to be changed lies: its image in private memory. */
export interface Target {
  /** Expression of the ByteViews, locals of the function if they are those of the stage's rows. */
  readonly views: string;
  readonly row: string;
}

export class UpdateSink {
  readonly #plan: PhysicalUpdate;
  readonly #code: ChangeCode;

  constructor(builder: Builder, plan: PhysicalUpdate, keep: Keep = null) {
    this.#plan = plan;
    countRow(builder, plan.row);
    for (const { expression } of plan.returning) builder.countUses(expression);
    this.#code = new ChangeCode(builder, plan.table, null, false, keep, plan.changed);
  }

  get part(): number {
    return this.#code.part;
  }

  /** `target`: null: the row must be read again by its id. */
  emit(emitter: Emitter, target: Target | null): void {
    emitter.needCalls();
    const code = this.#code;
    const { row, changed, rowId } = this.#plan;
    const part = code.partName(emitter);
    const id = emitter.hold((emitter.columns.get(rowId) as ColumnReader)(emitter).code);
    const attributes = row.attributes.filter(({ attribute }) => changed.includes(attribute));
    this.#unchangedReaders(emitter);
    const values = attributes.map(({ attribute }) => {
      const index = row.attributes.findIndex((one) => one.attribute === attribute);
      const value = emitAttribute(emitter, code, row, index);
      // Nothing may be overwritten that another expression reads.
      return value.nil === 'true' || /^\w+$/.test(value.code) ? value : slotValue(value, emitter.hold(slotCode(value)));
    });
    this.#refuse(emitter, attributes, values, id);
    let place = target;
    if (target === null) {
      emitter.emit(`if(!${part}.reread(c,${id}))break ${emitter.row};`);
      place = { views: `${part}.image`, row: '0' };
    }
    const { views, row: at } = place as Target;
    const inPlace = attributes.every(({ attribute }) => isFixed(code.placed(attribute).kind));
    let from = views;
    let start = at;
    if (inPlace && target === null) emitter.emit(`${part}.renew(c);`);
    if (inPlace) this.#overwrite(emitter, attributes, values, part, views, at);
    else {
      emitter.emit(`{const V=${part}.decode(c,${views},${at});`);
      for (const [index, { attribute }] of attributes.entries()) emitInput(emitter, values[index], code.placed(attribute), part);
      emitter.emit(`${part}.encodeValues(c);}`);
      from = `${part}.image`;
      start = '0';
    }
    const status = emitter.hold(`${part}.update(c,${id},${from},${start})`);
    emitter.emit(`if(${status}!==1){if(c.stopped!==0)return i;break ${emitter.row};}`);
    code.emitReturning(emitter, this.#plan);
  }

  /** NULLs where none may be, and checks: with the row as it would be. */
  #refuse(emitter: Emitter, attributes: BoundNewRow['attributes'], values: readonly Value[], id: string): void {
    const code = this.#code;
    const part = code.partName(emitter);
    const places = attributes.map(({ attribute }) => code.placed(attribute).index);
    const refusal = (what: number | string): string => {
      const given = values.map((value) => boxedCode(value, emitter.unit.use));
      return `${part}.refuseChange(c,${what},${id},[${places.join(',')}],[${given.join(',')}]);`;
    };
    for (const [at, { attribute }] of attributes.entries()) {
      const { nil } = values[at];
      if (!code.notNull(attribute) || nil === 'false') continue;
      emitter.emit(nil === 'true' ? refusal(places[at]) : `if(${nil})${refusal(places[at])}`);
    }
    code.emitChecks(emitter, this.#plan.row, refusal);
  }

  /** Columns of the new row that keep the old row's values. */
  #unchangedReaders(emitter: Emitter): void {
    for (const { attribute, expression } of this.#plan.row.attributes) {
      const column = this.#code.rowReader(this.#plan.row, attribute);
      if (column === undefined || this.#plan.changed.includes(attribute)) continue;
      emitter.columns.set(column, (reader) => emitValue(reader, expression));
    }
  }

  #overwrite(
    emitter: Emitter,
    attributes: readonly { readonly attribute: number }[],
    values: readonly Value[],
    part: string,
    views: string,
    at: string,
  ): void {
    const { table } = this.#code;
    const isStage = views === 'v';
    const i32 = isStage ? 'i32' : `${views}.i32`;
    const f64 = isStage ? 'f64' : `${views}.f64`;
    let nulls = false;
    attributes.forEach(({ attribute }, index) => {
      const placed = this.#code.placed(attribute);
      const value = values[index];
      const store = storeCode(emitter, placed, value, i32, f64, at, part);
      if (placed.nullBit < 0) {
        // A NULL was refused before.
        if (value.nil !== 'true') emitter.emit(store);
        return;
      }
      nulls = true;
      const word = `${i32}[(${at}>>2)+${4 + (placed.nullBit >> 5)}]`;
      const bit = 1 << (placed.nullBit & 31);
      const zero = Array.from({ length: placed.bytes >> 2 }, (_, one) => `${i32}[(${at}>>2)+${(placed.at >> 2) + one}]=0;`).join(
        '',
      );
      const whenNull = `${word}|=${bit};${zero}`;
      const whenSet = `${word}&=${~bit};${store}`;
      if (value.nil === 'true') emitter.emit(whenNull);
      else emitter.emit(value.nil === 'false' ? whenSet : `if(${value.nil}){${whenNull}}else{${whenSet}}`);
    });
    if (!nulls) return;
    const words = Array.from({ length: table.layout.nullWords }, (_, one) => `${i32}[(${at}>>2)+${4 + one}]`).join('|');
    emitter.emit(`if((${words})!==0)${i32}[(${at}>>2)+3]|=${ROW_NULLS};else ${i32}[(${at}>>2)+3]&=${~ROW_NULLS};`);
  }
}

const FIXED = new Set([
  'bool',
  'int16',
  'int32',
  'int64',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'float32',
  'float64',
  'numeric',
]);

const isFixed = (kind: string): boolean => FIXED.has(kind);

/** Overwrites a fixed-width value; the value is not NULL. */
function storeCode(
  emitter: Emitter,
  placed: PlacedColumn,
  value: Value,
  i32: string,
  f64: string,
  row: string,
  part: string,
): string {
  if (value.nil === 'true') return '';
  const word = `(${row}>>2)+${placed.at >> 2}`;
  const double = `${f64}[(${row}>>3)+${placed.at >> 3}]`;
  switch (placed.kind) {
    case 'bool':
    case 'int16':
    case 'int32':
    case 'date':
      return `${i32}[${word}]=${value.code};`;
    case 'float32':
      return `${double}=Math.fround(${value.code});`;
    case 'float64':
      return `${double}=${value.code};`;
    case 'numeric': {
      const exact = value.rep === 'd' && value.scale === placed.scale && value.digits > 0 && value.digits <= placed.precision;
      if (exact) return `${double}=${value.code};`;
      const number =
        value.rep === 'd' && value.scale === placed.scale
          ? value.code
          : `${emitter.unit.use('scaledNumber')}(${boxedCode({ ...value, nil: 'false' }, emitter.unit.use)},${placed.scale})`;
      const status = -(2 + placed.index * 4 + 2);
      // The one after it: NaN (codegen/rows/encoder.ts).
      return `{const d=${number};if(d!==d)${part}.encodeFurther(c,${status - 1});if(!(d<${10 ** placed.precision}&&d>${-(10 ** placed.precision)}))${part}.encodeFurther(c,${status});${double}=d+0;}`;
    }
    default: {
      const status = -(2 + placed.index * 4 + 2);
      return `if(!${emitter.unit.use('putLong')}(${i32},${word},${value.code},${placed.kind.startsWith('timestamp')}))${part}.encodeFurther(c,${status});`;
    }
  }
}

export class DeleteSink {
  readonly #plan: PhysicalDelete;
  readonly #code: ChangeCode;

  constructor(builder: Builder, plan: PhysicalDelete, keep: Keep = null) {
    this.#plan = plan;
    for (const { expression } of plan.returning) builder.countUses(expression);
    this.#code = new ChangeCode(builder, plan.table, null, false, keep);
  }

  get part(): number {
    return this.#code.part;
  }

  emit(emitter: Emitter): void {
    emitter.needCalls();
    const part = this.#code.partName(emitter);
    const id = (emitter.columns.get(this.#plan.rowId) as ColumnReader)(emitter).code;
    const status = emitter.hold(`${part}.remove(c,${id})`);
    emitter.emit(`if(${status}!==1){if(c.stopped!==0)return i;break ${emitter.row};}`);
    this.#code.emitReturning(emitter, this.#plan);
  }
}
