/**
 * The bound form in bytes: the bytecode proper. Header and constant pool, then instructions for a stack machine:
 *
 *   body   u32le bytes of the pool, pool (msgpack), instructions
 *   instruction   opcode (1 byte), then what it does not take from the stack: numbers (zigzag), pool entries, choices, and for lists
 *                 and what may be absent how many there are
 *
 * Reading verifies in one pass: every instruction finds on the stack what it takes, of the right category; every reference is into
 * the pool; one module is left at the end. What columns and types are is verify-bound.ts's.
 */

import type { BoundModule } from './bound.ts';
import { BOUND_FORM, formOfValue, operandOf, type Plain, valueOfNode } from './bound-form.ts';
import type { NodeForm, Operand } from './form.ts';
import { FORM_BOUND, type ModuleHeader, pack, readModule, unpack, writeModule } from './header.ts';
import { PoolReader, PoolWriter } from './pool.ts';
import { malformed, SOURCE_NODES_MAX, verifySource } from './verify-source.ts';

/** A bound module may have more nodes than its source: casts are written out. */
const BOUND_NODES_MAX = 4 * SOURCE_NODES_MAX;

class Writer {
  readonly pool = new PoolWriter();
  private bytes = Buffer.alloc(1024);
  private used = 0;

  result(): Buffer {
    return this.bytes.subarray(0, this.used);
  }

  private byte(value: number): void {
    if (this.used === this.bytes.length) this.bytes = Buffer.concat([this.bytes], this.bytes.length * 2);
    this.bytes[this.used++] = value;
  }

  private count(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) + 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.byte(rest);
  }

  node(value: unknown, category: string): void {
    const form = formOfValue(value, category);
    for (const operand of form.operands) if (operand.kind === 'node') this.children(operandOf(value, form, operand), operand);
    this.byte(form.opcode);
    for (const operand of form.operands) this.operand(operandOf(value, form, operand), operand);
  }

  private children(value: unknown, { list, categories }: Operand): void {
    if (value === null) return;
    for (const child of list ? (value as unknown[]) : [value]) this.node(child, categories[0]);
  }

  private operand(value: unknown, operand: Operand): void {
    if (operand.list) this.count((value as unknown[]).length);
    else if (operand.optional) this.byte(value === null ? 0 : 1);
    if (operand.kind === 'node' || (operand.optional && value === null)) return;
    for (const item of operand.list ? (value as unknown[]) : [value]) this.scalar(item, operand);
  }

  private scalar(value: unknown, { kind, choices }: Operand): void {
    switch (kind) {
      case 'number': {
        const number = value as number;
        return this.count(number < 0 ? -number * 2 - 1 : number * 2);
      }
      case 'boolean':
        return this.byte(value === true ? 1 : 0);
      case 'choice':
        return this.byte(choices.indexOf(value as string));
      case 'text':
        return this.count(this.pool.text(value as string));
      case 'type':
        return this.count(this.pool.type(value as Parameters<PoolWriter['type']>[0]));
      case 'value':
        return this.count(this.pool.value(value as Parameters<PoolWriter['value']>[0]));
      case 'source':
        return this.count(this.pool.source(value as Parameters<PoolWriter['source']>[0]));
    }
  }
}

interface Entry {
  readonly category: string;
  readonly value: unknown;
}

class Reader {
  private readonly bytes: Uint8Array;
  private readonly pool: PoolReader;
  private readonly stack: Entry[] = [];
  private at = 0;

  constructor(bytes: Uint8Array, pool: PoolReader) {
    this.bytes = bytes;
    this.pool = pool;
  }

  private byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw malformed('the instructions end within one');
    return value;
  }

  private count(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 0x80) {
      const part = this.byte();
      value += (part & 0x7f) * scale;
      if (part < 0x80) {
        if (Number.isSafeInteger(value)) return value;
        break;
      }
    }
    throw malformed('a number is too large');
  }

  run(): unknown {
    for (let nodes = 0; this.at < this.bytes.length; nodes++) {
      if (nodes > BOUND_NODES_MAX) throw malformed(`more than ${BOUND_NODES_MAX} instructions`);
      this.instruction();
    }
    const [module, ...rest] = this.stack;
    if (module?.category !== 'module' || rest.length > 0) throw malformed('the instructions do not leave one module');
    return module.value;
  }

  private instruction(): void {
    const opcode = this.byte();
    const form = BOUND_FORM.byOpcode.get(opcode);
    if (form === undefined) throw malformed(`there is no instruction ${opcode}`);
    const operands: { [name: string]: unknown } = {};
    const taken: { operand: Operand; count: number }[] = [];
    for (const operand of form.operands) {
      const count = operand.list ? this.count() : operand.optional ? this.presence() : 1;
      if (count > this.bytes.length + this.stack.length) throw malformed('a list is longer than the module');
      if (operand.kind === 'node') taken.push({ operand, count });
      else operands[operand.name] = this.scalars(operand, count);
    }
    for (const { operand, count } of taken.reverse()) operands[operand.name] = this.take(operand, count, form);
    this.stack.push({ category: form.category, value: valueOfNode(form, inOrder(operands, form)) });
  }

  private presence(): number {
    const value = this.byte();
    if (value > 1) throw malformed('a mark of presence is neither');
    return value;
  }

  private take({ name, list, categories }: Operand, count: number, form: NodeForm): unknown {
    if (count > this.stack.length) throw malformed(`${form.name} takes more than there is`);
    const entries = count === 0 ? [] : this.stack.splice(-count);
    for (const { category } of entries)
      if (category !== categories[0]) throw malformed(`${form.name}.${name} takes ${categories[0]}, not ${category}`);
    const values = entries.map(({ value }) => value);
    return list ? values : (values[0] ?? null);
  }

  private scalars(operand: Operand, count: number): unknown {
    if (!operand.list) return count === 0 ? null : this.scalar(operand);
    return Array.from({ length: count }, () => this.scalar(operand));
  }

  private scalar({ kind, choices, name }: Operand): unknown {
    switch (kind) {
      case 'number': {
        const value = this.count();
        return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      }
      case 'boolean':
        return this.presence() === 1;
      case 'choice': {
        const choice = choices[this.byte()];
        if (choice === undefined) throw malformed(`${name} is none of ${choices.join(', ')}`);
        return choice;
      }
      case 'text':
        return this.pool.text(this.count());
      case 'type':
        return this.pool.type(this.count());
      case 'value':
        return this.pool.value(this.count());
      case 'source': {
        const node: unknown = this.pool.source(this.count());
        verifySource(node, { tokens: Number.MAX_SAFE_INTEGER, literals: Number.MAX_SAFE_INTEGER });
        return node;
      }
    }
    throw malformed(`${name} cannot be read`);
  }
}

/** Operands in the order of the table, which is the order of the members in memory. */
const inOrder = (operands: Plain, form: NodeForm): { [name: string]: unknown } =>
  Object.fromEntries(form.operands.map(({ name }) => [name, operands[name]]));

/** The module in bytes; its hash (header.ts, moduleHash) is the key of the cache that threads share. */
export function encodeBound(module: BoundModule, header: ModuleHeader): Buffer {
  const writer = new Writer();
  writer.node(module, 'module');
  const pool = pack(writer.pool.entries);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(pool.length);
  return writeModule(FORM_BOUND, header, Buffer.concat([length, pool, writer.result()]));
}

/** Bytes -> a module whose structure is verified. 08P01 */
export function decodeBound(bytes: Uint8Array): { readonly header: ModuleHeader; readonly module: BoundModule } {
  const { header, body } = readModule(FORM_BOUND, bytes);
  if (body.length < 4) throw malformed('there is no constant pool');
  const length = Buffer.from(body.buffer, body.byteOffset, body.byteLength).readUInt32LE(0);
  if (length > body.length - 4) throw malformed('the constant pool is longer than the module');
  const pool = new PoolReader(unpack(body.subarray(4, 4 + length)));
  const module = new Reader(body.subarray(4 + length), pool).run() as BoundModule;
  return { header, module };
}
