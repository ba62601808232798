/** Rows of pg_class, pg_attribute, pg_attrdef: stored and virtual relations, and their columns. */

import type { CatalogColumn, CatalogTable } from '../objects.ts';
import { expressionName, indexColumnNames } from '../names.ts';
import type { SessionReader } from '../reader.ts';
import { ROLE_SUPERUSER } from '../system-tables.ts';
import {
  AM_BTREE,
  AM_HASH,
  AM_HEAP,
  COLLATION_C,
  columnOf,
  DEFAULT_ID,
  defaultText,
  derivedId,
  describeType,
  typeModifier,
} from './describe.ts';
import { schemaIdOf, sequencesOf, shownRelation, tablesOf, viewsOf, virtualTablesOf, visible } from './relations.ts';
import type { VirtualRow } from './virtual-table.ts';

const persistenceOf = ({ persistence }: CatalogTable): string =>
  persistence === 'temporary' ? 't' : persistence === 'unlogged' ? 'u' : 'p';

// ---- pg_class ----

const CLASS_DEFAULTS: VirtualRow = {
  reltype: 0,
  reloftype: 0,
  reltablespace: 0,
  relpages: 0,
  reltuples: -1,
  relallvisible: 0,
  reltoastrelid: 0,
  relhasindex: false,
  relisshared: false,
  relpersistence: 'p',
  relchecks: 0,
  relhasrules: false,
  relhastriggers: false,
  relhassubclass: false,
  relrowsecurity: false,
  relforcerowsecurity: false,
  relispopulated: true,
  relreplident: 'd',
  relispartition: false,
  relrewrite: 0,
  relfrozenxid: 0,
  relminmxid: 0,
};

export function* classRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) yield* tableClass(reader, table);
  for (const sequence of sequencesOf(reader)) {
    const { id, name, schema, owner } = sequence;
    const head = { oid: id, relname: name, relnamespace: schemaIdOf(reader, schema), relowner: owner };
    yield { ...CLASS_DEFAULTS, ...head, relam: 0, relfilenode: id, relkind: 'S', relnatts: 3, relpages: 1, reltuples: 1 };
  }
  for (const { id, name, schema, owner, columns, persistence } of viewsOf(reader)) {
    const head = { oid: id, relname: name, relnamespace: schemaIdOf(reader, schema), relowner: owner, relhasrules: true };
    const relpersistence = persistence === 'temporary' ? 't' : 'p';
    yield { ...CLASS_DEFAULTS, ...head, relam: 0, relfilenode: 0, relkind: 'v', relnatts: columns.length, relpersistence };
  }
  for (const { id, name, schema, columns } of virtualTablesOf()) {
    const head = { oid: id, relname: name, relnamespace: schemaIdOf(reader, schema), relowner: ROLE_SUPERUSER };
    const kind = schema === 'information_schema' || isView(name) ? 'v' : 'r';
    yield {
      ...CLASS_DEFAULTS,
      ...head,
      relam: kind === 'r' ? AM_HEAP : 0,
      relfilenode: 0,
      relkind: kind,
      relnatts: columns.length,
    };
  }
}

/** Relations of pg_catalog that are views in PostgreSQL. */
const isView = (name: string): boolean =>
  /^pg_(tables|views|matviews|indexes|sequences|roles|user|shadow|group|settings|stats|stat_.*|statio_.*|locks|cursors|prepared_.*|available_.*|timezone_.*)$/.test(
    name,
  );

function* tableClass(reader: SessionReader, table: CatalogTable): Iterable<VirtualRow> {
  const { id, name, schema, owner, statistics, indexes, checks } = table;
  const common = { relnamespace: schemaIdOf(reader, schema), relowner: owner, relpersistence: persistenceOf(table) };
  yield {
    ...CLASS_DEFAULTS,
    ...common,
    oid: id,
    relname: name,
    relam: AM_HEAP,
    relfilenode: table.kernelTable,
    relpages: statistics?.pages ?? 0,
    reltuples: statistics?.rows ?? -1,
    relhasindex: indexes.length > 0,
    relkind: 'r',
    relnatts: visible(table).length,
    relchecks: checks.length,
    relhastriggers: table.foreignKeys !== undefined || table.referrers !== undefined,
  };
  for (const index of indexes) {
    yield {
      ...CLASS_DEFAULTS,
      ...common,
      oid: index.id,
      relname: index.name,
      relam: index.method === 'hash' ? AM_HASH : AM_BTREE,
      relfilenode: index.id,
      reltuples: statistics?.rows ?? -1,
      relkind: 'i',
      relnatts: index.keys.length,
      relreplident: 'n',
    };
  }
}

// ---- pg_attribute ----

function attribute(relation: number, column: CatalogColumn, number: number): VirtualRow {
  const type = describeType(column.type.name);
  return {
    attrelid: relation,
    attname: column.name,
    atttypid: type.oid,
    attstattarget: -1,
    attlen: type.length,
    attnum: number,
    attndims: 0,
    attcacheoff: -1,
    atttypmod: typeModifier(column.type),
    attbyval: type.byValue,
    attalign: type.align,
    attstorage: type.length < 0 ? (column.type.name === 'numeric' ? 'm' : 'x') : 'p',
    attcompression: '',
    attnotnull: column.notNull,
    atthasdef: column.default !== null || column.generated !== undefined || (column.sequence !== 0 && column.identity === 'none'),
    atthasmissing: false,
    attidentity: column.identity === 'always' ? 'a' : column.identity === 'byDefault' ? 'd' : '',
    attgenerated: column.generated === undefined ? '' : 's',
    attisdropped: false,
    attislocal: true,
    attinhcount: 0,
    attcollation: type.category === 'S' ? COLLATION_C : 0,
  };
}

export function* attributeRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    for (const column of visible(table)) yield attribute(table.id, column, column.number);
    for (const index of table.indexes) {
      const columns = index.keys.map((key) => columnOf(table, key.attribute));
      const names = indexColumnNames(columns.map(({ name, hidden }) => (hidden === null ? name : expressionName(hidden.source))));
      for (const [at, column] of columns.entries()) {
        const name = names[at];
        yield {
          ...attribute(index.id, { ...column, default: null, sequence: 0, identity: 'none', notNull: false }, at + 1),
          attname: name,
        };
      }
    }
  }
  for (const view of viewsOf(reader)) for (const column of view.columns) yield attribute(view.id, column, column.number);
  for (const table of virtualTablesOf()) for (const column of table.columns) yield attribute(table.id, column, column.number);
}

export function* defaultRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    for (const column of visible(table)) {
      const text = defaultText(column, (id) => shownRelation(reader, id));
      if (text === null) continue;
      yield { oid: derivedId(table.id, DEFAULT_ID, column.number), adrelid: table.id, adnum: column.number, adbin: text };
    }
  }
}
