/** What a virtual table is: its columns, written short, and how its rows are made. */

import type { RowValue } from '../../storage/rows/row-value.ts';
import { sqlType, type TypeName } from '../../sblr/types.ts';
import type { CatalogColumn, CatalogVirtualTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';

export interface VirtualTable {
  readonly relation: CatalogVirtualTable;
  rows(reader: SessionReader): Iterable<readonly RowValue[]>;
}

/** The values of a row by column; what is left out is NULL. */
export type VirtualRow = { readonly [column: string]: RowValue };

/** An int8 as values outside rows have it: a number while that is exact. */
export const int8Value = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** `columns`: 'oid oid, relname name, ...': names and types, a type with ! is NOT NULL. Read when they are first asked for. */
export function defineVirtual(
  schema: string,
  name: string,
  id: number,
  columns: string,
  make: (reader: SessionReader) => Iterable<VirtualRow>,
): VirtualTable {
  let own: CatalogColumn[] | null = null;
  const relation: CatalogVirtualTable = {
    kind: 'virtual',
    id,
    version: 1,
    schema,
    name,
    get columns() {
      own ??= columns.split(',').map((text, at) => columnOf(text.trim(), at));
      return own;
    },
  };
  return {
    relation,
    *rows(reader) {
      const shown = relation.columns;
      for (const row of make(reader)) yield shown.map((column) => row[column.name] ?? null);
    },
  };
}

function columnOf(text: string, at: number): CatalogColumn {
  const [name, typeText] = text.split(/\s+/);
  const notNull = typeText.endsWith('!');
  const type = sqlType(typeText.replace('!', '') as TypeName, !notNull);
  return { number: at + 1, name, type, notNull, default: null, identity: 'none', sequence: 0, hidden: null, kernelColumn: at };
}
