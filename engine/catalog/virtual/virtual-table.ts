/** What a virtual table is: its columns, written short, and how its rows are made. */

import type { RowValue } from '../../storage/rows/row-value.ts';
import { sqlType, type TypeName } from '../../sblr/types.ts';
import type { CatalogColumn, CatalogVirtualTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';

/** What a reader looks for: rows with this value in this column. More may be given: the statement looks again. */
export interface Lookup {
  readonly column: string;
  readonly value: RowValue;
}

export interface VirtualTable {
  readonly relation: CatalogVirtualTable;
  /** As pg_class shows it: a table or a view. */
  readonly kind: 'r' | 'v';
  rows(reader: SessionReader, lookup: Lookup | null): Iterable<readonly RowValue[]>;
}

/** The values of a row by column; what is left out is NULL. */
export type VirtualRow = { readonly [column: string]: RowValue };

export type RowMaker = (reader: SessionReader, lookup: Lookup | null) => Iterable<VirtualRow>;

export type RowMakers = { readonly [table: string]: RowMaker };

/** An int8 as values outside rows have it: a number while that is exact. */
export const int8Value = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

/** A list as a value: array, int2vector (from 0), oidvector. */
export const arrayValue = (element: string, items: readonly RowValue[], lower = 1): RowValue => ({
  kind: 'array',
  element,
  lengths: items.length === 0 ? [] : [items.length],
  lowers: items.length === 0 ? [] : [lower],
  items,
});

export const vectorValue = (element: 'int2' | 'oid', items: readonly number[]): RowValue => arrayValue(element, items, 0);

const TABLE_OID = 'tableoid';

/**
 * `columns`: 'oid oid, relname name, ...': names and types, a type with ! is NOT NULL. Read when they are first asked for. A table
 * (not a view) of pg_catalog has a column tableoid that is found by its name only.
 */
export function defineVirtual(
  schema: string,
  name: string,
  id: number,
  columns: string,
  make: RowMaker,
  kind: 'r' | 'v' = 'v',
): VirtualTable {
  let own: CatalogColumn[] | null = null;
  const relation: CatalogVirtualTable = {
    kind: 'virtual',
    id,
    version: 1,
    schema,
    name,
    get columns() {
      own ??= columns.split(', ').map((text, at) => columnOf(text.trim(), at));
      return own;
    },
  };
  return {
    relation,
    kind,
    *rows(reader, lookup) {
      const names = relation.columns.map((column) => column.name);
      for (const row of make(reader, lookup)) {
        const values: RowValue[] = new Array(names.length + 1);
        for (let at = 0; at < names.length; at++) values[at] = row[names[at]] ?? null;
        values[names.length] = id;
        yield values;
      }
    },
  };
}

/** What a statement may name though it is not shown: the number of the table itself. */
export const tableOidColumn = ({ columns }: CatalogVirtualTable): CatalogColumn => columnOf(`${TABLE_OID} oid!`, columns.length);

const TYPE = /^(.+?)(?:\((\d+)\))?(!?)$/;

function columnOf(text: string, at: number): CatalogColumn {
  const [name, typeText] = text.split(/\s+/);
  const [, typeName, length, mark] = TYPE.exec(typeText) as RegExpExecArray;
  const notNull = mark === '!';
  const type = sqlType(typeName as TypeName, !notNull, length === undefined ? -1 : Number(length));
  return { number: at + 1, name, type, notNull, default: null, identity: 'none', sequence: 0, hidden: null, kernelColumn: at };
}
