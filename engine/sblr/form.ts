/**
 * An opcode table made ready for reading: what each operand is. Verifier, binary forms, printer and reader walk nodes by it, for both
 * forms alike.
 */

import type { OpcodeTable } from './opcode-table.ts';

/** What an operand holds. `node`: nodes of `categories`; `choice`: one of `choices`. */
export type OperandKind = 'node' | 'text' | 'number' | 'boolean' | 'choice' | 'type' | 'value' | 'source';

export interface Operand {
  readonly name: string;
  readonly kind: OperandKind;
  readonly list: boolean;
  readonly optional: boolean;
  readonly categories: readonly string[];
  readonly choices: readonly string[];
}

export interface NodeForm {
  readonly name: string;
  readonly opcode: number;
  readonly category: string;
  readonly operands: readonly Operand[];
}

export interface Form {
  readonly byName: ReadonlyMap<string, NodeForm>;
  readonly byOpcode: ReadonlyMap<number, NodeForm>;
  /** Categories with one node only: in memory it carries no name. */
  readonly alone: ReadonlyMap<string, NodeForm>;
}

const SCALARS: readonly string[] = ['text', 'number', 'boolean', 'type', 'value', 'source'];

function readOperand(name: string, written: string, categories: ReadonlySet<string>): Operand {
  const list = written.endsWith('[]');
  const optional = written.endsWith('?');
  const kind = list ? written.slice(0, -2) : optional ? written.slice(0, -1) : written;
  const parts = kind.split('|');
  // A category may have the name of a scalar (the source form's `type`): it comes first.
  if (parts.every((part) => categories.has(part))) return { name, kind: 'node', list, optional, categories: parts, choices: [] };
  if (SCALARS.includes(kind)) return { name, kind: kind as OperandKind, list, optional, categories: [], choices: [] };
  return { name, kind: 'choice', list, optional, categories: [], choices: parts };
}

export function readForm(table: OpcodeTable): Form {
  const categories = new Set(Object.values(table).map((node) => node.category));
  const nodes = Object.entries(table).map(
    ([name, node]): NodeForm => ({
      name,
      opcode: node.opcode,
      category: node.category,
      operands: Object.entries(node.operands).map(([operand, kind]) => readOperand(operand, kind, categories)),
    }),
  );
  const members = (category: string) => nodes.filter((node) => node.category === category);
  return {
    byName: new Map(nodes.map((node) => [node.name, node])),
    byOpcode: new Map(nodes.map((node) => [node.opcode, node])),
    alone: new Map([...categories].flatMap((name) => (members(name).length === 1 ? [[name, members(name)[0]] as const] : []))),
  };
}
