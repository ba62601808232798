/** Rows of pg_inherits and pg_partitioned_table: which tables and indexes belong together. */

import type { CatalogTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { collationOf } from './describe.ts';
import { operatorClassOf } from './pg-access.ts';
import { oneTable, tablesOf } from './relations.ts';
import type { Lookup, RowMakers, VirtualRow } from './virtual-table.ts';
import { vectorValue } from './virtual-table.ts';

const tie = (inhrelid: number, inhparent: number, inhseqno: number): VirtualRow => ({
  ...{ inhrelid, inhparent, inhseqno, inhdetachpending: false },
});

/** The tables among whose ties are those that are looked for: of a table or an index, or (inhparent) of what is a part of it. */
function tiedTables(reader: SessionReader, { column, value }: Lookup): CatalogTable[] {
  const row = reader.entry(Number(value))?.row;
  const table = reader.relation(row?.kind === 'index' ? row.parent : Number(value));
  if (table?.kind !== 'table') return [];
  const ids = column === 'inhrelid' ? [table.id] : (table.children ?? []);
  return ids.flatMap((id) => {
    const found = reader.relation(id);
    return found?.kind === 'table' ? [found] : [];
  });
}

function* inheritRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  const tables = lookup === null ? tablesOf(reader) : tiedTables(reader, lookup);
  for (const { id, parents = [], indexes } of tables) {
    for (const [at, parent] of parents.entries()) yield tie(id, parent, at + 1);
    for (const index of indexes) if (index.parent !== undefined) yield tie(index.id, index.parent, 1);
  }
}

const STRATEGIES = { range: 'r', list: 'l', hash: 'h' } as const;

function* partitionedRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  const tables = lookup === null ? tablesOf(reader) : oneTable(reader, lookup.value);
  for (const { id, partitioning, children = [] } of tables) {
    if (partitioning === undefined) continue;
    const { strategy, keys } = partitioning;
    const isDefault = (child: number): boolean => {
      const found = reader.relation(child);
      return found?.kind === 'table' && found.bound?.kind === 'default';
    };
    const expressions = keys.flatMap(({ expression }) => (expression === null ? [] : [expression.text]));
    const each = (of: (key: (typeof keys)[number]) => number): number[] => keys.map(of);
    yield {
      ...{ partrelid: id, partstrat: STRATEGIES[strategy], partnatts: keys.length, partdefid: children.find(isDefault) ?? 0 },
      partattrs: vectorValue(
        'int2',
        each(({ attribute }) => attribute),
      ),
      partclass: vectorValue(
        'oid',
        each(({ type }) => operatorClassOf(type.name, strategy === 'hash' ? 'hash' : 'btree')),
      ),
      partcollation: vectorValue(
        'oid',
        each(({ type }) => collationOf(type.name)),
      ),
      partexprs: expressions.length === 0 ? null : expressions.join(', '),
    };
  }
}

/** The table, and those above it, nearest first. */
export function ancestorsOf(reader: SessionReader, id: number): number[] {
  const found = reader.relation(id);
  if (found?.kind !== 'table' || (found.bound === undefined && found.partitioning === undefined)) return [];
  const ids: number[] = [];
  for (let table: CatalogTable | null = found; table !== null; ) {
    ids.push(table.id);
    const parent: ReturnType<SessionReader['relation']> =
      table.bound === undefined ? null : reader.relation((table.parents as readonly number[])[0]);
    table = parent?.kind === 'table' ? parent : null;
  }
  return ids;
}

export const PG_FAMILIES: RowMakers = { pg_inherits: inheritRows, pg_partitioned_table: partitionedRows };
