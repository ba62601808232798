/** The source form in bytes: nested msgpack arrays [opcode, token ordinal, operands...] behind the header. */

import type { Operand } from './form.ts';
import { FORM_SOURCE, type ModuleHeader, pack, readModule, unpack, writeModule } from './header.ts';
import type { SourceNode, SourceQuery, SourceStatement } from './source.gen.ts';
import { malformed, SOURCE_DEPTH_MAX, SOURCE_FORM, verifySource } from './verify-source.ts';

type Plain = { readonly [name: string]: unknown };

function toArray(node: Plain): unknown[] {
  const form = SOURCE_FORM.byName.get(node.op as string);
  if (form === undefined) throw malformed(`there is no node ${String(node.op)}`);
  return [form.opcode, node.at, ...form.operands.map((operand) => toOperand(node[operand.name], operand))];
}

function toOperand(value: unknown, { kind, list }: Operand): unknown {
  if (kind !== 'node' || value === null) return value;
  return list ? (value as Plain[]).map(toArray) : toArray(value as Plain);
}

function fromArray(value: unknown, depth: number): SourceNode {
  if (!Array.isArray(value)) throw malformed('a node is expected');
  if (depth > SOURCE_DEPTH_MAX) throw malformed(`more than ${SOURCE_DEPTH_MAX} levels`);
  const form = SOURCE_FORM.byOpcode.get(value[0]);
  if (form === undefined) throw malformed(`there is no opcode ${String(value[0])}`);
  if (value.length !== form.operands.length + 2) throw malformed(`${form.name} has ${value.length - 2} operands`);
  const node: { [name: string]: unknown } = { op: form.name, at: value[1] };
  for (const [index, operand] of form.operands.entries()) node[operand.name] = fromOperand(value[index + 2], operand, depth);
  return node as unknown as SourceNode;
}

function fromOperand(value: unknown, { kind, list }: Operand, depth: number): unknown {
  if (kind !== 'node' || value === null) return value;
  if (!list) return fromArray(value, depth + 1);
  if (!Array.isArray(value)) throw malformed('a list is expected');
  return value.map((item) => fromArray(item, depth + 1));
}

export interface SourceModule {
  readonly header: ModuleHeader;
  readonly statement: SourceStatement | SourceQuery;
}

export const encodeSource = ({ header, statement }: SourceModule): Buffer =>
  writeModule(FORM_SOURCE, header, pack(toArray(statement as unknown as Plain)));

/** Bytes -> a verified module. 08P01, 54001 */
export function decodeSource(bytes: Uint8Array): SourceModule {
  const { header, body } = readModule(FORM_SOURCE, bytes);
  const statement: unknown = fromArray(unpack(body), 1);
  verifySource(statement, header);
  if (statement.op !== header.statement) throw malformed('the header names another statement');
  return { header, statement };
}

/** An expression of the catalog in bytes, without a header: the row that holds it says whose it is. */
export const encodeSourceNode = (node: SourceNode): Buffer => pack(toArray(node as unknown as Plain));

/** The node again; the caller verifies it (verifyStoredExpression, verifySource). */
export const decodeSourceNode = (bytes: Uint8Array): SourceNode => fromArray(unpack(bytes), 1);
