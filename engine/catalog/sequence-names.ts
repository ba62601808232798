/** Which sequences an expression names: nextval('s'), currval('s'), setval('s', ...) with a constant. */

import type { StoredExpression } from './objects.ts';
import type { SessionReader } from './reader.ts';

const FUNCTIONS = ['nextval', 'currval', 'setval'];

/** Ids of sequences that the expression's source names. */
export function sequencesNamedIn(expression: StoredExpression, reader: SessionReader): number[] {
  const found: number[] = [];
  visit(expression.source, (name) => {
    const parts = splitName(name);
    const entry = parts === null ? null : reader.findEntry(parts.schema, parts.name);
    if (entry !== null && entry.row.kind === 'sequence') found.push(entry.row.id);
  });
  return found;
}

function visit(node: unknown, found: (name: string) => void): void {
  if (node === null || typeof node !== 'object') return;
  if (Array.isArray(node)) {
    for (const item of node) visit(item, found);
    return;
  }
  const { op, name, arguments: given } = node as { op?: string; name?: { parts?: string[] }; arguments?: unknown[] };
  if (op === 'call' && FUNCTIONS.includes((name?.parts?.at(-1) ?? '').toLowerCase())) {
    const text = constantOf(given?.[0]);
    if (text !== null) found(text);
  }
  for (const value of Object.values(node)) visit(value, found);
}

/** The text of a constant, casts around it or not. */
function constantOf(node: unknown): string | null {
  const { op, operand, text } = (node ?? {}) as { op?: string; operand?: unknown; text?: string };
  if (op === 'cast') return constantOf(operand);
  return (op === 'constant' || op === 'typedLiteral') && typeof text === 'string' ? text : null;
}

/** A relation's name as text holds it: parts folded unless quoted. Null: not a name of one or two parts. */
export function splitName(text: string): { schema: string | null; name: string } | null {
  const parts: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")+)"|([^\s."]+))\s*(\.|$)/y;
  for (let at = 0; ; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return null;
    parts.push(match[1] === undefined ? match[2].toLowerCase() : match[1].replaceAll('""', '"'));
    if (match[3] === '') break;
  }
  if (parts.length > 2) return null;
  return parts.length === 2 ? { schema: parts[0], name: parts[1] } : { schema: null, name: parts[0] };
}
