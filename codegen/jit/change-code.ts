/**
 * What changes have in common (evaluating a new row, checks, NOT NULL, RETURNING), and INSERT as a sink: values go straight into the
 * encoder's two arrays, numbers unboxed, then the image to the kernel. UPDATE and DELETE: change-update.ts.
 *
 * In a stage the row stands at label `r`, the loop at `i`; a statement that stops returns i.
 */

import { type CatalogTable, isDeclaredUnique } from '../../engine/catalog/objects.ts';
import type { PhysicalInsert } from '../../engine/plan/physical.ts';
import { type BoundExpression, type BoundNewRow, type ColumnId, type OutputColumn, TABLE_OID } from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import type { PlacedColumn } from '../../engine/storage/rows/row-layout.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import type { Builder } from './builder.ts';
import { ChangePart, MET_AT } from './change-part.ts';
import { emitJump } from './conditions.ts';
import { type ColumnReader, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { imageColumn } from './leaves.ts';
import { lateKeysOf } from './late-keys.ts';
import { outline } from './outlined.ts';
import { emitRow } from './output.ts';
import { emitBytes } from './wire-output.ts';
import { referencesOf } from './references.ts';
import { boxedCode, isFloatType, isLongType, isWordType, slotCode, slotValue, type Value } from './value.ts';

/** Attributes that one function fills. */
const ATTRIBUTES_MAX = 64;

type Returning = Pick<PhysicalInsert, 'returning' | 'output'>;

/** Of a change in a WITH: writes what is done with a row of RETURNING, in place of giving it to the client. */
export type Keep = ((emitter: Emitter) => void) | null;

/** Whether an update sets columns of a unique index: only such a key can be referred to. */
const touchesKeys = ({ indexes }: CatalogTable, changed: readonly number[]): boolean =>
  indexes.some(({ unique, keys }) => unique && keys.some(({ attribute }) => changed.includes(attribute)));

/** What all three share. */
export class ChangeCode {
  readonly builder: Builder;
  readonly catalog: CatalogTable;
  readonly table: TableRuntime;
  readonly part: number;
  readonly #keep: Keep;

  /** `changed`: attributes that an update sets; null: rows come or go. */
  constructor(
    builder: Builder,
    table: number,
    watched: ReadonlySet<number> | null,
    once: boolean,
    keep: Keep,
    changed: readonly number[] | null = null,
  ) {
    this.builder = builder;
    this.#keep = keep;
    this.catalog = builder.catalog(table);
    this.table = builder.environment.runtime(this.catalog);
    const { environment } = builder;
    const parentOf = (id: number) => {
      const catalog = builder.catalog(id);
      const runtime = environment.runtime(catalog);
      builder.tables.add(runtime.id);
      return { catalog, runtime };
    };
    const references =
      environment.withoutReferences === true
        ? null
        : referencesOf(this.catalog, this.table, (id) => builder.catalog(id), parentOf, changed);
    if (references !== null && references.incoming.length > 0) builder.cascades = true;
    if (references !== null && references.outgoing.length > 0) builder.refers = true;
    const keepsKeys = changed !== null && !touchesKeys(this.catalog, changed);
    const late = lateKeysOf(this.catalog, changed);
    if (late.length > 0) builder.refers = true;
    const watchesLate = watched !== null && late.some(({ position }) => watched.has(position));
    const shape = { catalog: this.catalog, table: this.table, watched, once, references, late, watchesLate, keepsKeys };
    this.part = builder.part(() => new ChangePart(shape));
  }

  partName(emitter: Emitter): string {
    return emitter.hoist(`P${this.part}`, `c.parts[${this.part}]`);
  }

  placed(attribute: number): PlacedColumn {
    const column = this.catalog.columns.find(({ number }) => number === attribute);
    return this.table.layout.columns[(column as CatalogTable['columns'][number]).kernelColumn];
  }

  notNull(attribute: number): boolean {
    return this.catalog.columns.find(({ number }) => number === attribute)?.notNull === true;
  }

  /** Gives the statement's columns of RETURNING, over the columns that `emitter` has now. */
  emitReturning(emitter: Emitter, { returning, output }: Returning): void {
    if (output.length === 0) return;
    for (const { column, expression } of returning) {
      const value = emitValue(emitter, expression);
      const held = value.nil === 'true' ? value : slotValue(value, emitter.hold(slotCode(value)));
      if (value.nil !== 'true') emitter.shared.add(held.code);
      emitter.columns.set(column, () => held);
    }
    if (this.#keep !== null) this.#keep(emitter);
    else this.#emitHeld(emitter, output as OutputColumn[]);
  }

  #emitHeld(emitter: Emitter, output: readonly OutputColumn[]): void {
    const { format } = this.builder;
    if (typeof format !== 'string') emitBytes(emitter, format, output, 'held');
    else emitter.emit(`c.held.push(${emitRow(emitter, format, output)});`);
  }

  /** `refusal`: what is done with the name of a check that a row does not pass. */
  emitChecks(emitter: Emitter, row: BoundNewRow, refusal = this.#refusal(emitter)): void {
    for (const { name, expression } of row.checks) {
      const passed = emitter.name('L');
      const failed = emitter.name('L');
      emitter.emit(`${passed}:{${failed}:{`);
      emitJump(emitter, expression, 'false', failed);
      emitter.emit(`break ${passed};}${refusal(emitter.unit.constant(name, 'name of a check'))}}`);
    }
  }

  #refusal(emitter: Emitter): (name: string) => string {
    const part = this.partName(emitter);
    return (name) => `${part}.refuseCheck(c,${name});`;
  }

  /** NULLs among the values V of a whole row, once they are all there. The encoder finds those that the layout has no room for. */
  emitNotNull(emitter: Emitter, row: BoundNewRow): void {
    const part = this.partName(emitter);
    for (const { attribute, expression } of row.attributes) {
      const { index, nullable } = this.placed(attribute);
      if (!this.notNull(attribute) || !expression.type.nullable || (!nullable && row.checks.length === 0)) continue;
      emitter.emit(`if(V[${index}]===null)${part}.refuseNull(c,${index});`);
    }
  }

  /** Columns of the new row as they are read by checks, hidden attributes and RETURNING. */
  rowReader(row: BoundNewRow, attribute: number): ColumnId | undefined {
    return row.row.find((use) => use.attribute === attribute)?.column;
  }

  isRead(column: ColumnId | undefined): column is ColumnId {
    return column !== undefined && (this.builder.uses.get(column) ?? 0) > 0;
  }
}

/** Counts what a change reads, so that only that is kept. */
export function countRow(builder: Builder, row: BoundNewRow): void {
  for (const { expression } of row.attributes) builder.countUses(expression);
  for (const { expression } of row.checks) builder.countUses(expression);
}

/** The parameter's own arrays have the encoder's form, but for numerics as numbers. */
const isPlainParameter = (
  expression: BoundExpression,
  placed: PlacedColumn,
): expression is BoundExpression & { op: 'parameter' } => expression.op === 'parameter' && placed.kind !== 'numeric';

/** Writes one value into the encoder's arrays N and V. */
export function emitInput(emitter: Emitter, value: Value, placed: PlacedColumn, part: string): void {
  const at = placed.index;
  const numbers = emitter.hoist(`${part}_N`, `${part}.numbers`);
  const target = `V[${at}]`;
  if (value.nil === 'true') {
    emitter.emit(`${target}=null;`);
    return;
  }
  const { type } = value;
  const scaled = type.name === 'numeric' && value.rep === 'd' && placed.kind === 'numeric' && value.scale === placed.scale;
  const isNumber = scaled || (value.rep !== 'v' && (isWordType(type) || isLongType(type) || isFloatType(type)));
  if (!isNumber) {
    emitter.emit(`${target}=${boxedCode(value, emitter.unit.use)};`);
    return;
  }
  const code = type.name === 'date' ? `${emitter.unit.use('readDate')}(${value.code})` : value.code;
  const store = `${target}=undefined;${numbers}[${at}]=${code};`;
  emitter.emit(value.nil === 'false' ? store : `if(${value.nil})${target}=null;else{${store}}`);
}

/** Evaluates an attribute; kept in a local where something else reads it. */
export function emitAttribute(emitter: Emitter, code: ChangeCode, row: BoundNewRow, index: number): Value {
  const { attribute, expression } = row.attributes[index];
  let value = emitValue(emitter, expression);
  const column = code.rowReader(row, attribute);
  if (code.isRead(column)) {
    if (value.nil !== 'true') {
      value = slotValue(value, emitter.hold(slotCode(value)));
      emitter.shared.add(value.code);
    }
    const held = value;
    emitter.columns.set(column, () => held);
  }
  return value;
}

export class InsertSink {
  readonly #plan: PhysicalInsert;
  readonly #code: ChangeCode;
  /** Attributes whose errors count only once the row is in: expressions of indexes that ON CONFLICT does not look at. */
  readonly #late = new Set<number>();

  constructor(builder: Builder, plan: PhysicalInsert, keep: Keep = null) {
    this.#plan = plan;
    const { conflict } = plan;
    const catalog = builder.catalog(plan.table);
    const watched =
      conflict === null
        ? null
        : new Set(
            catalog.indexes
              .filter((index) => isDeclaredUnique(index))
              .filter(({ id }) => conflict.indexes.length === 0 || conflict.indexes.includes(id))
              .map(({ kernelIndex }) => kernelIndex),
          );
    countRow(builder, plan.row);
    for (const { expression } of plan.returning) builder.countUses(expression);
    if (conflict?.change != null) countRow(builder, conflict.change);
    this.#code = new ChangeCode(builder, plan.table, watched, conflict?.action === 'update', keep);
    if (watched === null) return;
    for (const { number, hidden } of catalog.columns) if (hidden !== null) this.#late.add(number);
    for (const { keys, kernelIndex } of catalog.indexes)
      if (watched.has(kernelIndex)) for (const { attribute } of keys) this.#late.delete(attribute);
  }

  get part(): number {
    return this.#code.part;
  }

  emit(emitter: Emitter): void {
    emitter.needCalls();
    const { row, conflict } = this.#plan;
    for (const { column, attribute, type } of row.row)
      if (attribute === TABLE_OID) emitter.columns.set(column, this.#tableOid(type));
    const part = this.#code.partName(emitter);
    if (this.#isPlainRow(row)) emitEncodeParameters(emitter, part);
    else {
      emitter.hoist('V', `${part}.values`);
      if (this.#late.size > 0) emitter.emit(`${part}.late=null;`);
      this.#attributes(emitter, row, part);
      this.#code.emitNotNull(emitter, row);
      this.#code.emitChecks(emitter, row);
      emitEncode(emitter, part);
    }
    const status = emitter.hold(`${part}.insert(c)`);
    if (conflict === null) emitter.emit(`if(${status}!==1)return i;`);
    else if (conflict.action === 'nothing') emitter.emit(`if(${status}!==1){if(${status}===2)return i;break ${emitter.row};}`);
    else {
      const change = emitter.unit.function(this.#conflictFunction(), 'ON CONFLICT DO UPDATE');
      emitter.emit(`if(${status}!==1){if(${status}===2||${change}(c)===2)return i;break ${emitter.row};}`);
    }
    if (this.#late.size > 0) emitter.emit(`if(${part}.late!==null)throw ${part}.late;`);
    this.#code.emitReturning(emitter, this.#plan);
  }

  #tableOid(type: SqlType): ColumnReader {
    return (reader) => emitValue(reader, { op: 'constant', value: this.#code.catalog.id, type });
  }

  /** The statement's parameters are the columns of the row, one by one, and nothing else reads them. */
  #isPlainRow(row: BoundNewRow): boolean {
    const code = this.#code;
    const { columns } = code.table.layout;
    return (
      row.checks.length === 0 &&
      row.attributes.length === columns.length &&
      row.attributes.every(({ attribute, expression }) => {
        const placed = code.placed(attribute);
        if (!isPlainParameter(expression, placed) || expression.index !== placed.index) return false;
        return !(placed.nullable && code.notNull(attribute)) && !code.isRead(code.rowReader(row, attribute));
      })
    );
  }

  /** Rows of wide tables are filled by several functions (SBLR-G3), unless something reads what they compute. */
  #attributes(emitter: Emitter, row: BoundNewRow, part: string): void {
    const count = row.attributes.length;
    const isRead = row.row.some(({ column }) => this.#code.isRead(column));
    if (count <= ATTRIBUTES_MAX || isRead) {
      for (let index = 0; index < count; index++) this.#early(emitter, row, index, part);
      return;
    }
    for (let from = 0; from < count; from += ATTRIBUTES_MAX) {
      const call = outline(emitter, (inner) => {
        inner.hoist(part, `c.parts[${this.#code.part}]`);
        inner.hoist('V', `${part}.values`);
        for (let index = from; index < Math.min(count, from + ATTRIBUTES_MAX); index++) this.#early(inner, row, index, part);
      });
      emitter.emit(`${call};`);
    }
  }

  /** An attribute whose error comes late is evaluated in a function of its own: a row that is met does without its value. */
  #early(emitter: Emitter, row: BoundNewRow, index: number, part: string): void {
    const { attribute } = row.attributes[index];
    if (!this.#late.has(attribute)) return this.#attribute(emitter, row, index, part);
    const call = outline(emitter, (inner) => {
      inner.hoist(part, `c.parts[${this.#code.part}]`);
      inner.hoist('V', `${part}.values`);
      this.#attribute(inner, row, index, part);
    });
    emitter.emit(`try{${call};}catch(e){${part}.keepError(e);V[${this.#code.placed(attribute).index}]=null;}`);
  }

  #attribute(emitter: Emitter, row: BoundNewRow, index: number, part: string): void {
    const { attribute, expression } = row.attributes[index];
    const placed = this.#code.placed(attribute);
    if (isPlainParameter(expression, placed) && !this.#code.isRead(this.#code.rowReader(row, attribute))) {
      const numbers = emitter.hoist(`${part}_N`, `${part}.numbers`);
      const pn = emitter.hoist('pn', 'c.numbers');
      const pv = emitter.hoist('pv', 'c.values');
      const isText = !isWordType(expression.type) && !isLongType(expression.type) && !isFloatType(expression.type);
      emitter.emit(
        `${isText ? '' : `${numbers}[${placed.index}]=${pn}[${expression.index}];`}V[${placed.index}]=${pv}[${expression.index}];`,
      );
      return;
    }
    emitInput(emitter, emitAttribute(emitter, this.#code, row, index), placed, part);
  }

  /** DO UPDATE: a function of its own over the two images: EXCLUDED at 0, the met row behind it. */
  #conflictFunction(): (c: unknown) => number {
    const code = this.#code;
    const conflict = this.#plan.conflict as NonNullable<PhysicalInsert['conflict']>;
    const change = conflict.change as BoundNewRow;
    const unit = code.builder.unit();
    const columns = new Map<ColumnId, ColumnReader>();
    const stored = this.#plan.row.row.filter(({ attribute }) => attribute !== TABLE_OID);
    for (const { column, attribute, type } of this.#plan.row.row)
      columns.set(column, attribute === TABLE_OID ? this.#tableOid(type) : imageColumn(code.placed(attribute), type, 2));
    for (const { column, attribute, type } of conflict.existing) {
      columns.set(column, imageColumn(code.placed(attribute), type, 2, 'met'));
    }
    const emitter = new Emitter(unit, true, '', columns);
    emitter.rowArguments = 'i32,u32,u16,u8,f64,bytes,overflow,row,met';
    const part = code.partName(emitter);
    emitter.emit(`const i=0,V=${part}.values;if(${part}.meet(c)===2)return 2;r:{`);
    if (conflict.where !== null) emitJump(emitter, conflict.where, 'notTrue', 'r');
    change.attributes.forEach((_, index) => {
      const placed = code.placed(change.attributes[index].attribute);
      emitInput(emitter, emitAttribute(emitter, code, change, index), placed, part);
    });
    code.emitNotNull(emitter, change);
    code.emitChecks(emitter, change);
    emitEncode(emitter, part);
    emitter.emit(`if(${part}.update(c,${part}.metId,${part}.image,0)===2)return 2;`);
    // RETURNING names the inserted row's columns: they have the changed row's values now.
    for (const { attribute, column } of stored) {
      const now = code.rowReader(change, attribute);
      const type = this.#plan.row.row.find((use) => use.column === column)?.type;
      if (type !== undefined) emitter.columns.set(column, imageColumn(code.placed(attribute), type, 1));
      if (now !== undefined && type !== undefined && now !== column) {
        emitter.columns.set(now, imageColumn(code.placed(attribute), type, 1));
      }
    }
    code.emitReturning(emitter, this.#plan);
    emitter.emit('}return 1;');
    const views = `const{i32,u32,u16,u8,f64}=P${code.part}.image,bytes=P${code.part}.image.bytesView,overflow=c.overflow,row=0,met=${MET_AT};`;
    const body = `${emitter.prologueText()}${views}${emitter.rowCacheText()}${emitter.lines.join('')}`;
    return unit.compile('on conflict', 'c', body, emitter.declarations.join(''));
  }
}

function emitEncode(emitter: Emitter, part: string): void {
  const numbers = emitter.hoist(`${part}_N`, `${part}.numbers`);
  emitEncodeOf(emitter, part, numbers, 'V');
}

/** The parameters' own arrays have the encoder's form. */
function emitEncodeParameters(emitter: Emitter, part: string): void {
  emitEncodeOf(emitter, part, emitter.hoist('pn', 'c.numbers'), emitter.hoist('pv', 'c.values'));
}

function emitEncodeOf(emitter: Emitter, part: string, numbers: string, values: string): void {
  const image = emitter.hoist(`${part}_image`, `${part}.image`);
  const length = emitter.hold(
    `${part}.encode(${image}.i32,${image}.u16,${image}.u8,${image}.f64,${image}.bytesView,0,${numbers},${values})`,
  );
  emitter.emit(`if(${length}<0)${part}.encodeFurther(c,${length},${numbers},${values});`);
}
