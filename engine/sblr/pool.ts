/**
 * The constant pool of a bound module: texts, types, values and embedded source forms, each once. In bytes a msgpack list:
 *
 *   'text'   [1, name, length, scale, nullable, digits, domain]   [2, kind, ...value]   [3, node of the source form]
 */

import type { RowValue } from '../storage/rows/row-value.ts';
import { decodeSourceNode, encodeSourceNode } from './binary-source.ts';
import { isTypeName, type SqlType } from './types.ts';
import { isNested } from '../storage/rows/nested-value.ts';
import { nestedBytes, readNested } from '../storage/rows/nested-bytes.ts';
import { malformed } from './verify-source.ts';

const TYPE = 1;
const VALUE = 2;
const SOURCE = 3;
const NUMERIC_TEXT = /^-?\d+$/;

/** A value as msgpack holds it exactly: minus zero, bigint and intervals have forms of their own. */
function packValue(value: RowValue): unknown[] {
  if (value === null) return [VALUE, 'null'];
  switch (typeof value) {
    case 'boolean':
      return [VALUE, 'bool', value];
    case 'string':
      return [VALUE, 'text', value];
    case 'bigint':
      return [VALUE, 'big', String(value)];
    case 'number':
      return [VALUE, 'number', Object.is(value, -0) ? '-0' : Number.isFinite(value) ? String(value) : String(value)];
  }
  if (value instanceof Uint8Array) return [VALUE, 'bytes', value];
  if (isNested(value)) return [VALUE, 'nested', nestedBytes(value)];
  if ('months' in value) return [VALUE, 'interval', value.months, value.days, String(value.microseconds)];
  throw malformed('a reference to an overflow chain is no constant');
}

function unpackNumber(text: unknown): number {
  const value = Number(text);
  if (typeof text !== 'string' || text.trim() !== text || text === '' || (Number.isNaN(value) && text !== 'NaN'))
    throw malformed('a number of the pool cannot be read');
  return value;
}

function unpackBig(text: unknown): bigint {
  if (typeof text !== 'string' || !NUMERIC_TEXT.test(text) || text.length > 40)
    throw malformed('an integer of the pool cannot be read');
  return BigInt(text);
}

function unpackValue(entry: readonly unknown[]): RowValue {
  const [, kind, value] = entry;
  switch (kind) {
    case 'null':
      return null;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'text':
      if (typeof value === 'string') return value;
      break;
    case 'big':
      return unpackBig(value);
    case 'number':
      return unpackNumber(value);
    case 'bytes':
      if (value instanceof Uint8Array) return new Uint8Array(value);
      break;
    case 'nested':
      if (value instanceof Uint8Array) return unpackNested(value);
      break;
    case 'interval': {
      const [, , months, days, microseconds] = entry;
      if (!Number.isSafeInteger(months) || !Number.isSafeInteger(days)) break;
      const exact = unpackBig(microseconds);
      const short = Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
      return { months: months as number, days: days as number, microseconds: short };
    }
  }
  throw malformed('a value of the pool cannot be read');
}

function unpackNested(bytes: Uint8Array): RowValue {
  try {
    return readNested(bytes);
  } catch {
    throw malformed('a nested value of the pool cannot be read');
  }
}

function unpackType(entry: readonly unknown[]): SqlType {
  const [, name, length, scale, nullable, digits, domain = 0] = entry;
  const fits =
    isTypeName(name) &&
    [length, scale, digits, domain].every((value) => Number.isSafeInteger(value)) &&
    typeof nullable === 'boolean';
  if (!fits) throw malformed('a type of the pool cannot be read');
  const type = { name, length, scale, nullable, digits } as SqlType;
  return domain === 0 ? type : { ...type, domain: domain as number };
}

export class PoolWriter {
  readonly entries: unknown[] = [];
  private readonly numbers = new Map<string, number>();

  private put(key: string, entry: () => unknown): number {
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.entries.push(entry()) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }

  text(text: string): number {
    return this.put(`s${text}`, () => text);
  }

  type({ name, length, scale, nullable, digits, domain = 0 }: SqlType): number {
    const entry = [TYPE, name, length, scale, nullable, digits, ...(domain === 0 ? [] : [domain])];
    return this.put(`t${name} ${length} ${scale} ${nullable} ${digits} ${domain}`, () => entry);
  }

  value(value: RowValue): number {
    const entry = packValue(value);
    const shown = entry.slice(2).map((part) => (part instanceof Uint8Array ? Buffer.from(part).toString('hex') : String(part)));
    return this.put(`v${entry[1]} ${shown.join(' ')}`, () => entry);
  }

  source(node: Parameters<typeof encodeSourceNode>[0]): number {
    return this.entries.push([SOURCE, encodeSourceNode(node)]) - 1;
  }
}

export class PoolReader {
  private readonly entries: readonly unknown[];

  constructor(entries: unknown) {
    if (!Array.isArray(entries)) throw malformed('the constant pool is no list');
    this.entries = entries;
  }

  private tagged(number: number, tag: number): readonly unknown[] {
    const entry = this.entries[number];
    if (Array.isArray(entry) && entry[0] === tag) return entry;
    throw malformed(`entry ${number} of the constant pool is of another kind`);
  }

  text(number: number): string {
    const entry = this.entries[number];
    if (typeof entry === 'string') return entry;
    throw malformed(`entry ${number} of the constant pool is no text`);
  }

  type(number: number): SqlType {
    return unpackType(this.tagged(number, TYPE));
  }

  value(number: number): RowValue {
    return unpackValue(this.tagged(number, VALUE));
  }

  source(number: number): ReturnType<typeof decodeSourceNode> {
    const [, bytes] = this.tagged(number, SOURCE);
    if (!(bytes instanceof Uint8Array)) throw malformed('an embedded source form is no bytes');
    return decodeSourceNode(bytes);
  }
}
