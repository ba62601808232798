/** Source forms compared: without positions, and with lifted literals put back. */

import type { LiftedLiteral } from '../../plugins/contract/contract.ts';

/** Plain data without `at`. */
export const withoutPositions = (node: unknown): unknown =>
  JSON.parse(JSON.stringify(node, (key, value) => (key === 'at' || key === 'columnsAt' ? undefined : value)));

const KINDS = { int4: 'integer', int8: 'integer', numeric: 'decimal', string: 'string' } as const;

interface Node {
  [field: string]: unknown;
}

/** The tree with constants in the place of lifted literals; signs in front of numbers are taken in, as the parser does. */
export function substituted(node: unknown, literals: readonly LiftedLiteral[]): unknown {
  if (Array.isArray(node)) return node.map((one) => substituted(one, literals));
  if (node === null || typeof node !== 'object') return node;
  const source = node as Node;
  if (source.op === 'literal') {
    const literal = literals[source.index as number];
    return { op: 'constant', kind: KINDS[literal.class], text: String(literal.value) };
  }
  const copy: Node = {};
  for (const field of Object.keys(source))
    if (field !== 'at' && field !== 'columnsAt') copy[field] = substituted(source[field], literals);
  return canonical(copy);
}

function canonical(node: Node): Node {
  const right = node.right as { op: string; kind: string; text: string } | undefined;
  const isMinus = node.op === 'operator' && node.left === null && (node.name as { parts: string[] }).parts[0] === '-';
  if (isMinus && right?.op === 'constant' && (right.kind === 'integer' || right.kind === 'decimal')) {
    return { ...right, text: right.text.startsWith('-') ? right.text.slice(1) : `-${right.text}` };
  }
  return node.op === 'constant' && node.kind === 'decimal' ? { ...node, text: plain(node.text as string) } : node;
}

/** Digits as values have them: 007.50 is 7.50, 1. is 1. */
const plain = (text: string): string => text.replace(/\.$/, '').replace(/^(-?)0+(?=\d)/, '$1');
