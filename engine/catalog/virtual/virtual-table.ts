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
    rows(reader, given) {
      const lookup = given !== null && (LOOKUPS[name]?.includes(given.column) ?? false) ? given : null;
      if (lookup !== null || !KEPT.has(name)) return rowValues(relation, make(reader, lookup));
      return keptRows(reader, id, () => [...rowValues(relation, make(reader, null))]);
    },
  };
}

/** The columns by which rows are found without making all of them. */
const LOOKUPS: { readonly [table: string]: readonly string[] } = {
  pg_class: ['oid', 'relname'],
  pg_attribute: ['attrelid'],
  pg_attrdef: ['adrelid'],
  pg_index: ['indexrelid', 'indrelid'],
  pg_constraint: ['conrelid', 'confrelid', 'contypid'],
  pg_type: ['oid'],
  pg_proc: ['oid'],
  pg_description: ['objoid'],
  pg_sequence: ['seqrelid'],
  pg_inherits: ['inhrelid', 'inhparent'],
  pg_partitioned_table: ['partrelid'],
  pg_policy: ['polrelid'],
  pg_statistic_ext: ['stxrelid'],
  columns: ['table_name'],
};

function* rowValues({ columns, id }: CatalogVirtualTable, rows: Iterable<VirtualRow>): Iterable<readonly RowValue[]> {
  const names = columns.map((column) => column.name);
  for (const row of rows) {
    const values: RowValue[] = new Array(names.length + 1);
    for (let at = 0; at < names.length; at++) values[at] = row[names[at]] ?? null;
    values[names.length] = id;
    yield values;
  }
}

// ---- rows that are kept while the catalog stays as it is ----

/** They rest on nothing but the catalog and the search path. */
const KEPT = new Set('pg_class pg_attribute pg_attrdef pg_index pg_constraint pg_type pg_proc pg_depend pg_rewrite'.split(' '));
const ROWS_KEPT_MAX = 100_000;

interface Kept {
  readonly state: string;
  readonly tables: Map<number, readonly (readonly RowValue[])[]>;
}
const kept = new WeakMap<object, Kept>();

function keptRows(
  reader: SessionReader,
  id: number,
  make: () => readonly (readonly RowValue[])[],
): Iterable<readonly RowValue[]> {
  const state = `${reader.version} ${reader.session.id} ${reader.session.role} ${reader.session.searchPath.join(',')}`;
  let known = kept.get(reader.port);
  if (known?.state !== state) {
    known = { state, tables: new Map() };
    kept.set(reader.port, known);
  }
  const found = known.tables.get(id);
  if (found !== undefined) return found;
  const rows = make();
  if (rows.length <= ROWS_KEPT_MAX) known.tables.set(id, rows);
  return rows;
}

/** What a statement may name though it is not shown: the number of the table itself. */
export const tableOidColumn = ({ columns }: Pick<CatalogVirtualTable, 'columns'>): CatalogColumn =>
  columnOf(`${TABLE_OID} oid!`, columns.length);

const TYPE = /^(.+?)(?:\((\d+)\))?(!?)$/;

function columnOf(text: string, at: number): CatalogColumn {
  const [name, typeText] = text.split(/\s+/);
  const [, typeName, length, mark] = TYPE.exec(typeText) as RegExpExecArray;
  const notNull = mark === '!';
  const type = sqlType(typeName as TypeName, !notNull, length === undefined ? -1 : Number(length));
  return { number: at + 1, name, type, notNull, default: null, identity: 'none', sequence: 0, hidden: null, kernelColumn: at };
}
