/**
 * Nested values in a row: bytes that say what they hold, so that they are read without the catalog.
 *
 *   array       1, element type, u8 dimensions, (i32 elements, i32 first index) for each, u32 items, list
 *   record      2, u16 fields, (type, value) for each
 *   range       3, element type, u8 flags, lower value, upper value
 *   multirange  4, element type, u32 ranges, (u8 flags, lower value, upper value) for each
 *
 *   type    u8 bytes, its name
 *   list    u8 form, u8 whether there are NULLs, null bits if so, then the items that are not NULL, all of one form:
 *           1 bool: u8   2 int32: i32   3 double: f64   4 long: i64   5 text: u32 bytes, UTF-8   6 bytes: u32, bytes
 *           7 interval: i32, i32, i64   8 nested: u32 bytes, a nested value   9 mixed: for each u8 form and one of these
 *   value   u8 form (0 NULL), one of these        flags   1 empty, 2 lower inclusive, 4 upper inclusive
 *
 * Numbers are little-endian and not aligned.
 */

import { SqlError, SQLSTATE } from '../../../shm/errors.ts';
import type { ArrayValue, MultirangeValue, NestedValue, RangeValue, RecordValue } from './nested-value.ts';
import type { IntervalValue, RowValue } from './row-value.ts';

const ARRAY = 1;
const RECORD = 2;
const RANGE = 3;
const MULTIRANGE = 4;

const NULL = 0;
const BOOL = 1;
const INT32 = 2;
const DOUBLE = 3;
const LONG = 4;
const TEXT = 5;
const BYTES = 6;
const INTERVAL = 7;
const NESTED = 8;
const MIXED = 9;

const EMPTY = 1;
const LOWER_INCLUSIVE = 2;
const UPPER_INCLUSIVE = 4;

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** A buffer that grows. */
class Writer {
  private bytes = Buffer.allocUnsafe(256);
  private used = 0;

  result(): Uint8Array {
    return this.bytes.subarray(0, this.used);
  }

  private room(count: number): number {
    if (this.used + count > this.bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.used + count));
      this.bytes.copy(grown, 0, 0, this.used);
      this.bytes = grown;
    }
    const at = this.used;
    this.used += count;
    return at;
  }

  u8(value: number): void {
    const at = this.room(1);
    this.bytes[at] = value;
  }
  u16(value: number): void {
    const at = this.room(2);
    this.bytes.writeUInt16LE(value, at);
  }
  u32(value: number): void {
    const at = this.room(4);
    this.bytes.writeUInt32LE(value, at);
  }
  i32(value: number): void {
    const at = this.room(4);
    this.bytes.writeInt32LE(value, at);
  }
  f64(value: number): void {
    const at = this.room(8);
    this.bytes.writeDoubleLE(value, at);
  }
  i64(value: bigint): void {
    const at = this.room(8);
    this.bytes.writeBigInt64LE(value, at);
  }
  text(value: string): void {
    const length = Buffer.byteLength(value);
    this.u32(length);
    const at = this.room(length);
    this.bytes.write(value, at);
  }
  raw(value: Uint8Array): void {
    this.u32(value.length);
    const at = this.room(value.length);
    this.bytes.set(value, at);
  }
  type(name: string): void {
    this.u8(name.length);
    const at = this.room(name.length);
    this.bytes.write(name, at, 'latin1');
  }

  value(value: RowValue, form: number): void {
    switch (form) {
      case BOOL:
        return this.u8(value === true ? 1 : 0);
      case INT32:
        return this.i32(value as number);
      case DOUBLE:
        return this.f64(value as number);
      case LONG:
        return this.i64(value as bigint);
      case TEXT:
        return this.text(value as string);
      case BYTES:
        return this.raw(value as Uint8Array);
      case INTERVAL: {
        const { months, days, microseconds } = value as IntervalValue;
        this.i32(months);
        this.i32(days);
        return this.i64(BigInt(microseconds));
      }
      case NESTED:
        return this.raw(nestedBytes(value as NestedValue));
    }
  }

  tagged(value: RowValue): void {
    const form = formOf(value);
    this.u8(form);
    this.value(value, form);
  }

  list(items: readonly RowValue[]): void {
    const form = commonForm(items);
    const hasNulls = items.includes(null);
    this.u8(form);
    this.u8(hasNulls ? 1 : 0);
    if (hasNulls) {
      const at = this.room((items.length + 7) >> 3);
      this.bytes.fill(0, at, this.used);
      items.forEach((item, index) => {
        if (item === null) this.bytes[at + (index >> 3)] |= 1 << (index & 7);
      });
    }
    for (const item of items) {
      if (item === null) continue;
      if (form === MIXED) this.tagged(item);
      else this.value(item, form);
    }
  }
}

function formOf(value: RowValue): number {
  switch (typeof value) {
    case 'boolean':
      return BOOL;
    case 'number':
      return (value | 0) === value && !Object.is(value, -0) ? INT32 : DOUBLE;
    case 'bigint':
      // Timestamps may lie a little beyond: their text says all.
      return value >= INT64_MIN && value <= INT64_MAX ? LONG : TEXT;
    case 'string':
      return TEXT;
  }
  if (value === null) return NULL;
  if (value instanceof Uint8Array) return BYTES;
  if ('months' in value) return INTERVAL;
  if ('kind' in value) return NESTED;
  throw new SqlError(SQLSTATE.internal_error, 'a reference to an overflow chain is no part of a value');
}

function commonForm(items: readonly RowValue[]): number {
  let form = NULL;
  for (const item of items) {
    const own = formOf(item);
    if (own === NULL || own === form) continue;
    if (form === NULL) form = own;
    else if ((form === INT32 || form === DOUBLE) && (own === INT32 || own === DOUBLE)) form = DOUBLE;
    else return MIXED;
  }
  return form;
}

const flagsOf = ({ empty, lowerInclusive, upperInclusive }: RangeValue): number =>
  (empty ? EMPTY : 0) | (lowerInclusive ? LOWER_INCLUSIVE : 0) | (upperInclusive ? UPPER_INCLUSIVE : 0);

/** The bytes of a nested value. */
export function nestedBytes(value: NestedValue): Uint8Array {
  const writer = new Writer();
  const putRange = (range: RangeValue): void => {
    writer.u8(flagsOf(range));
    writer.tagged(range.lower);
    writer.tagged(range.upper);
  };
  switch (value.kind) {
    case 'array':
      writer.u8(ARRAY);
      writer.type(value.element);
      writer.u8(value.lengths.length);
      value.lengths.forEach((length, index) => {
        writer.i32(length);
        writer.i32(value.lowers[index]);
      });
      writer.u32(value.items.length);
      writer.list(value.items);
      break;
    case 'record':
      writer.u8(RECORD);
      writer.u16(value.fields.length);
      value.fields.forEach((field, index) => {
        writer.type(value.types[index]);
        writer.tagged(field);
      });
      break;
    case 'range':
      writer.u8(RANGE);
      writer.type(value.element);
      putRange(value);
      break;
    case 'multirange':
      writer.u8(MULTIRANGE);
      writer.type(value.element);
      writer.u32(value.ranges.length);
      for (const range of value.ranges) putRange(range);
  }
  return writer.result();
}

class Reader {
  private readonly bytes: Buffer;
  private at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = at;
  }

  private step(count: number): number {
    const at = this.at;
    this.at += count;
    return at;
  }
  u8(): number {
    return this.bytes[this.step(1)];
  }
  u16(): number {
    return this.bytes.readUInt16LE(this.step(2));
  }
  u32(): number {
    return this.bytes.readUInt32LE(this.step(4));
  }
  i32(): number {
    return this.bytes.readInt32LE(this.step(4));
  }
  long(): number | bigint {
    const value = this.bytes.readBigInt64LE(this.step(8));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  type(): string {
    const length = this.u8();
    const at = this.step(length);
    return this.bytes.toString('latin1', at, at + length);
  }

  value(form: number, type: string): RowValue {
    switch (form) {
      case NULL:
        return null;
      case BOOL:
        return this.u8() !== 0;
      case INT32:
        return this.i32();
      case DOUBLE:
        return this.bytes.readDoubleLE(this.step(8));
      case LONG:
        return this.long();
      case TEXT: {
        const length = this.u32();
        const at = this.step(length);
        const text = this.bytes.toString('utf8', at, at + length);
        return type.startsWith('timestamp') ? BigInt(text) : text;
      }
      case BYTES: {
        const length = this.u32();
        const at = this.step(length);
        return Buffer.from(this.bytes.subarray(at, at + length));
      }
      case INTERVAL:
        return { months: this.i32(), days: this.i32(), microseconds: this.long() };
      case NESTED: {
        const length = this.u32();
        return readNested(this.bytes, this.step(length));
      }
    }
    throw new SqlError(SQLSTATE.data_corrupted, `a nested value has an item of form ${form}`);
  }

  tagged(type: string): RowValue {
    return this.value(this.u8(), type);
  }

  list(count: number, type: string): RowValue[] {
    const form = this.u8();
    const hasNulls = this.u8() !== 0;
    const nulls = hasNulls ? this.step((count + 7) >> 3) : 0;
    const items: RowValue[] = [];
    for (let index = 0; index < count; index++) {
      const isNull = hasNulls && (this.bytes[nulls + (index >> 3)] & (1 << (index & 7))) !== 0;
      items.push(isNull ? null : form === MIXED ? this.tagged(type) : this.value(form, type));
    }
    return items;
  }

  range(element: string): RangeValue {
    const flags = this.u8();
    const lower = this.tagged(element);
    const upper = this.tagged(element);
    return {
      kind: 'range',
      element,
      empty: (flags & EMPTY) !== 0,
      lower,
      upper,
      lowerInclusive: (flags & LOWER_INCLUSIVE) !== 0,
      upperInclusive: (flags & UPPER_INCLUSIVE) !== 0,
    };
  }

  nested(): NestedValue {
    const kind = this.u8();
    switch (kind) {
      case ARRAY:
        return this.array();
      case RECORD:
        return this.record();
      case RANGE:
        return this.range(this.type());
      case MULTIRANGE:
        return this.multirange();
    }
    throw new SqlError(SQLSTATE.data_corrupted, `a nested value is of kind ${kind}`);
  }

  private array(): ArrayValue {
    const element = this.type();
    const dimensions = this.u8();
    const lengths: number[] = [];
    const lowers: number[] = [];
    for (let index = 0; index < dimensions; index++) {
      lengths.push(this.i32());
      lowers.push(this.i32());
    }
    return { kind: 'array', element, lengths, lowers, items: this.list(this.u32(), element) };
  }

  private record(): RecordValue {
    const count = this.u16();
    const types: string[] = [];
    const fields: RowValue[] = [];
    for (let index = 0; index < count; index++) {
      const type = this.type();
      types.push(type);
      fields.push(this.tagged(type));
    }
    return { kind: 'record', types, fields };
  }

  private multirange(): MultirangeValue {
    const element = this.type();
    const count = this.u32();
    const ranges = Array.from({ length: count }, () => this.range(element));
    return { kind: 'multirange', element, ranges };
  }
}

/** The nested value that lies at `at`. */
export const readNested = (bytes: Uint8Array, at = 0): NestedValue => new Reader(bytes, at).nested();
