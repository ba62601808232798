/** Bound expressions as texts that the catalog keeps: JSON that gives constants back exactly. */

import type { BoundExpression } from '../sblr/bound.ts';

function tagged(this: { readonly [key: string]: unknown }, key: string, after: unknown): unknown {
  // What it was before toJSON(): a Buffer has one.
  const value = this[key];
  if (typeof value === 'bigint') return { $n: String(value) };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return { $f: Object.is(value, -0) ? '-0' : String(value) };
  if (value instanceof Uint8Array) return { $b: Buffer.from(value).toString('base64') };
  return after;
}

function untagged(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('$n' in value) return BigInt(value.$n as string);
  if ('$f' in value) return Number(value.$f);
  if ('$b' in value) return new Uint8Array(Buffer.from(value.$b as string, 'base64'));
  return value;
}

export const boundText = (expression: BoundExpression): string => JSON.stringify(expression, tagged);

export const boundOfText = (text: string): BoundExpression => JSON.parse(text, untagged) as BoundExpression;

/** The columns that it reads. */
export function columnsOfText(text: string): Set<number> {
  const columns = new Set<number>();
  JSON.parse(text, (_, value) => {
    if (isColumn(value)) columns.add(value.column);
    return value;
  });
  return columns;
}

/** The same over other columns; null: there is none for one that it reads. */
export function boundTextOver(text: string, columns: ReadonlyMap<number, number>): string | null {
  if ([...columnsOfText(text)].some((column) => !columns.has(column))) return null;
  const moved = JSON.parse(text, (_, value) => (isColumn(value) ? { ...value, column: columns.get(value.column) } : value));
  return JSON.stringify(moved);
}

const isColumn = (value: unknown): value is { readonly column: number } =>
  typeof value === 'object' && value !== null && 'op' in value && value.op === 'column' && 'column' in value;
