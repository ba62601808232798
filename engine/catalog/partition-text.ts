/** Partition keys and bounds as PostgreSQL writes them, and what a bound asks of a row as a condition. */

import { outputText } from '../values/functions-casts.ts';
import type { ValueContext } from '../values/context.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { SqlType } from '../sblr/types.ts';
import type { CatalogPartitioning, CatalogTable, PartitionBound, PartitionKey, RangeEnd } from './objects.ts';
import { formatType, quoteName } from './virtual/describe.ts';

/** Values of the catalog do not hang on settings. */
const PLAIN = { timeZone: 'UTC', setting: () => null } as unknown as ValueContext;

const BARE = new Set(['int2', 'int4', 'int8', 'numeric', 'float4', 'float8', 'bool', 'oid']);

/** A value as a literal: numbers bare, others quoted. */
export function valueText(value: RowValue, type: SqlType): string {
  if (value === null) return 'NULL';
  if (type.name === 'bool') return value === true ? 'true' : 'false';
  const text = outputText(type.name, value, PLAIN);
  const isNumber = BARE.has(type.name) && /^-?[\d.]+$/.test(text);
  return isNumber && !text.startsWith('-') ? text : `'${text.replaceAll("'", "''")}'`;
}

const endText = (end: RangeEnd, type: SqlType): string =>
  end === 'minimum' ? 'MINVALUE' : end === 'maximum' ? 'MAXVALUE' : valueText(end.value, type);

/** FOR VALUES ..., DEFAULT: pg_get_expr() of relpartbound. */
export function boundText(bound: PartitionBound, { keys }: CatalogPartitioning): string {
  switch (bound.kind) {
    case 'default':
      return 'DEFAULT';
    case 'list':
      return `FOR VALUES IN (${bound.values.map((value) => valueText(value, keys[0].type)).join(', ')})`;
    case 'range': {
      const ends = (list: readonly RangeEnd[]): string => list.map((end, at) => endText(end, keys[at].type)).join(', ');
      return `FOR VALUES FROM (${ends(bound.from)}) TO (${ends(bound.to)})`;
    }
    case 'hash':
      return `FOR VALUES WITH (modulus ${bound.modulus}, remainder ${bound.remainder})`;
  }
}

/** A part of a partition key as it is written. */
export const keyText = ({ attribute, expression }: PartitionKey, table: Pick<CatalogTable, 'columns'>): string =>
  expression === null
    ? quoteName(table.columns.find(({ number }) => number === attribute)?.name ?? '')
    : expression.source.op === 'call'
      ? expression.text
      : `(${expression.text})`;

/** pg_get_partkeydef() */
export const partitionKeyText = (table: CatalogTable): string | null =>
  table.partitioning === undefined
    ? null
    : `${table.partitioning.strategy.toUpperCase()} (${table.partitioning.keys.map((key) => keyText(key, table)).join(', ')})`;

/** That a row of the partitioned table is the partition's, as text. Null: any is. Of hash partitions by the number of the table. */
export function conditionText(parent: CatalogTable, bound: PartitionBound, siblings: readonly PartitionBound[]): string | null {
  const keys = parent.partitioning?.keys ?? [];
  const names = keys.map((key) => keyText(key, parent));
  const typed = (value: RowValue, at: number): string => `${valueText(value, keys[at].type)}::${formatType(keys[at].type)}`;
  switch (bound.kind) {
    case 'list': {
      const equal = bound.values.filter((value) => value !== null).map((value) => `(${names[0]} = ${typed(value, 0)})`);
      const any = equal.length === 0 ? 'false' : equal.join(' OR ');
      return bound.values.includes(null) ? `((${names[0]} IS NULL) OR ${any})` : `((${names[0]} IS NOT NULL) AND (${any}))`;
    }
    case 'range': {
      const parts = names.map((name) => `(${name} IS NOT NULL)`);
      for (const [ends, isLow] of [[bound.from, true] as const, [bound.to, false] as const]) {
        const text = rangeText(ends, names, typed, isLow, 0);
        if (text !== 'true') parts.push(text);
      }
      return `(${parts.join(' AND ')})`;
    }
    case 'hash':
      return `satisfies_hash_partition('${parent.id}'::oid, ${bound.modulus}, ${bound.remainder}, ${names.join(', ')})`;
    case 'default': {
      const others = siblings.flatMap((one) => conditionText(parent, one, []) ?? []);
      return others.length === 0 ? null : `(NOT (${others.join(' OR ')}))`;
    }
  }
}

function rangeText(
  ends: readonly RangeEnd[],
  names: readonly string[],
  typed: (value: RowValue, at: number) => string,
  isLow: boolean,
  at: number,
): string {
  const end = ends[at];
  if (end === undefined) return String(isLow);
  if (typeof end === 'string') return String((end === 'minimum') === isLow);
  const name = names[at];
  const bound = typed(end.value, at);
  if (at === ends.length - 1) return `(${name} ${isLow ? '>=' : '<'} ${bound})`;
  const rest = rangeText(ends, names, typed, isLow, at + 1);
  return `((${name} ${isLow ? '>' : '<'} ${bound}) OR ((${name} = ${bound}) AND ${rest}))`;
}
