/**
 * Keys of nested values: bytes whose order is that of the values, and which are equal for equal values only. For indexes, sorts, hashes
 * and groups.
 *
 *   array        (1 item | 2 NULL) for each element, 0, then the shape: dimensions, elements and first index of each
 *   record       (1 item | 2 NULL) for each field, 0
 *   range        0 empty | 1 lower upper      lower: 0 none | 1 item (0 inclusive | 1 exclusive)
 *                                             upper: 1 item (0 exclusive | 1 inclusive) | 2 none
 *   multirange   (1 range) for each, 0
 *   item         as the key codec has it (key-codec.ts), each telling its own end; numbers of one type alike
 *
 *   jsonb        0 an empty array that stands alone | rank of the kind + 1, then number, text, or the number of items and these
 */

import type { NestedValue, RangeValue } from '../../engine/storage/rows/nested-value.ts';
import type { IntervalValue, RowValue } from '../../engine/storage/rows/row-value.ts';
import { putWideNumericKey, wideNumericBytes } from '../../engine/storage/rows/wide-numeric.ts';
import { type JsonNode, parseJson } from '../../engine/values/json.ts';
import { JSON_RANK } from '../../engine/values/jsonb-compare.ts';
import { putKeyFloat, putKeyInt32, putKeyInt64, putKeyInterval } from './key-codec.ts';

const biasOf = (type: string): bigint => (type.startsWith('timestamp') ? 2n ** 62n : 0n);

/** Writes keys one after the other into bytes that grow. */
export class KeyWriter {
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
    return this.used;
  }

  byte(value: number): void {
    this.bytes[this.room(1)] = value;
    this.used++;
  }

  private word(value: number): void {
    this.used = putKeyInt32(this.bytes, this.room(4), value);
  }

  /** `bias`: of timestamps, which are a little more than 63 bits above zero. */
  private long(value: number | bigint, bias: bigint): void {
    const at = this.room(8);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.used = putKeyInt64(this.bytes, at, value > 0 ? -1 : 0, value > 0 ? 0x7fffffff : -0x80000000);
      return;
    }
    const whole = BigInt(value) - bias;
    this.used = putKeyInt64(this.bytes, at, Number(BigInt.asIntN(32, whole)), Number(BigInt.asIntN(32, whole >> 32n)));
  }

  clear(): void {
    this.used = 0;
  }

  escaped(bytes: Uint8Array): void {
    let at = this.room(bytes.length * 2 + 2);
    for (const byte of bytes) {
      this.bytes[at++] = byte;
      if (byte === 0) this.bytes[at++] = 255;
    }
    this.bytes[at++] = 0;
    this.bytes[at++] = 0;
    this.used = at;
  }

  private numeric(text: string): void {
    const bytes = wideNumericBytes(text) as Uint8Array;
    const room = 16 + bytes.length * 4;
    const at = this.room(room);
    this.used = putWideNumericKey(this.bytes, at, at + room, bytes, 0, bytes.length, 0);
  }

  json(node: JsonNode, isTop: boolean): void {
    const { kind, items } = node;
    const isList = kind === 'array' || kind === 'object';
    this.byte(isTop && kind === 'array' && items.length === 0 ? 0 : JSON_RANK[kind] + 1);
    if (kind === 'number') this.numeric(node.value);
    else if (!isList) this.escaped(Buffer.from(node.value));
    else {
      this.word(items.length);
      items.forEach((item, index) => {
        if (kind === 'object') this.escaped(Buffer.from(node.keys[index]));
        this.json(item, false);
      });
    }
  }

  private interval({ months, days, microseconds }: IntervalValue): void {
    const whole = BigInt(microseconds);
    const words = Int32Array.of(months, days, Number(BigInt.asIntN(32, whole)), Number(BigInt.asIntN(32, whole >> 32n)));
    this.used = putKeyInterval(this.bytes, this.room(16), words, 0, 0);
  }

  item(type: string, value: RowValue): void {
    switch (typeof value) {
      case 'boolean':
        return this.byte(value ? 1 : 0);
      case 'bigint':
        return this.long(value, biasOf(type));
      case 'number':
        if (type === 'float4' || type === 'float8' || type.startsWith('enum:')) {
          this.used = putKeyFloat(this.bytes, this.room(8), value, 0);
          return;
        }
        return this.long(value, biasOf(type));
      case 'string':
        if (type === 'numeric') return this.numeric(value);
        if (type === 'jsonb') return this.json(parseJson(value), true);
        return this.escaped(Buffer.from(type === 'char' ? value.replace(/ +$/, '') : value));
    }
    if (value instanceof Uint8Array) this.escaped(value);
    else if (value !== null && 'months' in value) this.interval(value);
    else this.nested(value as NestedValue);
  }

  private list(types: (index: number) => string, items: readonly RowValue[]): void {
    items.forEach((item, index) => {
      this.byte(item === null ? 2 : 1);
      if (item !== null) this.item(types(index), item);
    });
    this.byte(0);
  }

  private range({ empty, element, lower, upper, lowerInclusive, upperInclusive }: RangeValue): void {
    this.byte(empty ? 0 : 1);
    if (empty) return;
    this.byte(lower === null ? 0 : 1);
    if (lower !== null) {
      this.item(element, lower);
      this.byte(lowerInclusive ? 0 : 1);
    }
    this.byte(upper === null ? 2 : 1);
    if (upper === null) return;
    this.item(element, upper);
    this.byte(upperInclusive ? 1 : 0);
  }

  nested(value: NestedValue): void {
    switch (value.kind) {
      case 'array':
        this.list(() => value.element, value.items);
        this.word(value.lengths.length);
        for (const length of value.lengths) this.word(length);
        for (const lower of value.lowers) this.word(lower);
        return;
      case 'record':
        return this.list((index) => value.types[index], value.fields);
      case 'range':
        return this.range(value);
      case 'multirange':
        for (const range of value.ranges) {
          this.byte(1);
          this.range(range);
        }
        this.byte(0);
    }
  }
}

export function nestedKey(value: NestedValue): Uint8Array {
  const writer = new KeyWriter();
  writer.nested(value);
  return writer.result();
}
