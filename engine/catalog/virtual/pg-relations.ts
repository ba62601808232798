/** Rows of pg_class, pg_attribute, pg_attrdef: stored and virtual relations, indexes, row types, and their columns. */

import type { CatalogColumn, CatalogIndex, CatalogSequence, CatalogTable, CatalogView } from '../objects.ts';
import { boundText } from '../partition-text.ts';
import { expressionName, indexColumnNames } from '../names.ts';
import type { SessionReader } from '../reader.ts';
import type { TypeRow } from '../stored.ts';
import { ROLE_SUPERUSER } from '../system-tables.ts';
import { typeModifier } from '../../sblr/type-modifier.ts';
import type { SqlType, TypeName } from '../../sblr/types.ts';
import {
  AM_BTREE,
  AM_GIN,
  AM_HASH,
  AM_HEAP,
  collationOf,
  columnCollation,
  columnOf,
  DEFAULT_ID,
  defaultText,
  derivedId,
  describeType,
  shownKeys,
} from './describe.ts';
import { treeOf } from '../shown.ts';
import { virtualKind } from './registry.ts';
import {
  indexTable,
  schemaIdOf,
  sequencesOf,
  shownRelation,
  shownType,
  tablesOf,
  typesOf,
  viewsOf,
  virtualTablesOf,
  visible,
} from './relations.ts';
import { aclOf, aclValue } from './pg-rights.ts';
import { arrayValue, type Lookup, type RowMakers, type VirtualRow } from './virtual-table.ts';

const persistenceOf = ({ persistence }: CatalogTable | CatalogView): string =>
  persistence === 'temporary' ? 't' : persistence === 'unlogged' ? 'u' : 'p';

// ---- which relations ----

interface Found {
  readonly tables: Iterable<CatalogTable>;
  readonly views: Iterable<CatalogView>;
  readonly sequences: Iterable<CatalogSequence>;
  readonly types: Iterable<TypeRow>;
  /** A table of which one index only is looked for. */
  readonly index: { readonly table: CatalogTable; readonly index: CatalogIndex } | null;
  readonly isAll: boolean;
}

const NOTHING: Found = { tables: [], views: [], sequences: [], types: [], index: null, isAll: false };

/** The relations that may be looked for; `column`: that with their numbers. */
function wanted(reader: SessionReader, lookup: Lookup | null, column: string): Found {
  if (lookup?.column === column) return byId(reader, Number(lookup.value));
  if (lookup?.column === 'relname') return byName(reader, String(lookup.value));
  return {
    ...{ tables: tablesOf(reader), views: viewsOf(reader), sequences: sequencesOf(reader), index: null, isAll: true },
    types: typesOf(reader).filter(({ body }) => body.form === 'row'),
  };
}

function byId(reader: SessionReader, id: number): Found {
  const row = reader.entry(id)?.row;
  if (row?.kind === 'type') return row.body.form === 'row' ? { ...NOTHING, types: [row] } : NOTHING;
  if (row?.kind === 'index') return { ...NOTHING, index: indexTable(reader, id) };
  const relation = reader.relation(id);
  if (relation?.kind === 'table') return { ...NOTHING, tables: [relation] };
  if (relation?.kind === 'view') return { ...NOTHING, views: [relation] };
  if (relation?.kind === 'sequence') return { ...NOTHING, sequences: [relation] };
  return { ...NOTHING, isAll: relation !== null };
}

/** All of that name, whatever their schemas. */
function byName(reader: SessionReader, name: string): Found {
  const ids = [...reader.schemas().map(({ id }) => id), schemaIdOf(reader, 'pg_temp')];
  const found = ids.flatMap((schema) => {
    const id = reader.entryByName(schema === 0x70000000 + reader.session.id ? -reader.session.id : schema, name)?.row.id;
    return id === undefined ? [] : [byId(reader, id)];
  });
  return {
    tables: found.flatMap(({ tables, index }) => [...tables, ...(index === null ? [] : [index.table])]),
    views: found.flatMap(({ views }) => [...views]),
    sequences: found.flatMap(({ sequences }) => [...sequences]),
    types: found.flatMap(({ types }) => [...types]),
    index: null,
    isAll: virtualTablesOf().some((table) => table.name === name),
  };
}

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
  relreplident: 'n',
  relispartition: false,
  relrewrite: 0,
  relfrozenxid: '0',
  relminmxid: '0',
};

function* classRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  const { tables, views, sequences, types, index, isAll } = wanted(reader, lookup, 'oid');
  for (const table of tables) yield* tableClass(reader, table);
  if (index !== null) yield indexClass(reader, index.table, index.index);
  for (const view of views) yield viewClass(reader, view);
  for (const { id, name, schema, owner } of sequences) {
    const head = { oid: id, relname: name, relnamespace: schemaIdOf(reader, schema), relowner: owner, relacl: aclOf(reader, id) };
    yield { ...CLASS_DEFAULTS, ...head, relam: 0, relfilenode: id, relkind: 'S', relnatts: 3, relpages: 1, reltuples: 1 };
  }
  for (const { id, name, schema, body } of types) {
    const head = { oid: id, relname: name, relnamespace: schema, relowner: body.owner, reltype: id };
    yield { ...CLASS_DEFAULTS, ...head, relam: 0, relfilenode: 0, relkind: 'c', relnatts: body.attributes.length };
  }
  if (isAll) yield* virtualClasses(reader);
}

function* virtualClasses(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id, name, schema, columns } of virtualTablesOf()) {
    const kind = virtualKind(id);
    const head = { oid: id, relname: name, relnamespace: schemaIdOf(reader, schema), relowner: ROLE_SUPERUSER };
    const relam = kind === 'r' ? AM_HEAP : 0;
    yield {
      ...CLASS_DEFAULTS,
      ...head,
      relam,
      relfilenode: 0,
      relkind: kind,
      relnatts: columns.length,
      relhasrules: kind === 'v',
    };
  }
}

const optionsValue = (options: { readonly [name: string]: string } | undefined): VirtualRow => {
  const items = Object.entries(options ?? {}).map(([name, value]) => `${name}=${value}`);
  return items.length === 0 ? {} : { reloptions: arrayValue('text', items) };
};

function viewClass(reader: SessionReader, view: CatalogView): VirtualRow {
  const row = reader.entry(view.id)?.row;
  return {
    ...CLASS_DEFAULTS,
    ...optionsValue(row?.kind === 'view' ? row.body.options : undefined),
    oid: view.id,
    relname: view.name,
    relnamespace: schemaIdOf(reader, view.schema),
    relowner: view.owner,
    relacl: aclOf(reader, view.id),
    relpersistence: persistenceOf(view),
    reltype: view.id,
    relam: 0,
    relfilenode: 0,
    relkind: 'v',
    relnatts: view.columns.length,
    relhasrules: true,
  };
}

function* tableClass(reader: SessionReader, table: CatalogTable): Iterable<VirtualRow> {
  const { id, name, schema, owner, statistics, indexes, checks, foreignKeys = [], referrers = [] } = table;
  const { partitioning, bound, children = [] } = table;
  const row = reader.entry(id)?.row;
  yield {
    ...CLASS_DEFAULTS,
    ...optionsValue(row?.kind === 'table' ? row.body.options : undefined),
    relnamespace: schemaIdOf(reader, schema),
    relowner: owner,
    relrowsecurity: table.rowSecurity?.enabled === true,
    relforcerowsecurity: table.rowSecurity?.forced === true,
    relacl: aclOf(reader, id),
    relpersistence: persistenceOf(table),
    oid: id,
    relname: name,
    reltype: id,
    relam: partitioning === undefined ? AM_HEAP : 0,
    relfilenode: partitioning === undefined ? table.kernelTable : 0,
    relpages: statistics?.pages ?? 0,
    reltuples: statistics?.rows ?? -1,
    relhasindex: indexes.length > 0,
    relkind: partitioning === undefined ? 'r' : 'p',
    relispartition: bound !== undefined,
    relhassubclass: partitioning !== undefined || children.length > 0,
    relpartbound: boundOf(reader, table),
    relnatts: visible(table).length,
    relchecks: checks.length,
    relhastriggers: foreignKeys.length + referrers.length > 0,
    relreplident: 'd',
  };
  for (const index of indexes) yield indexClass(reader, table, index);
}

/** FOR VALUES ... of a partition. */
function boundOf(reader: SessionReader, { bound, parents = [] }: CatalogTable): string | null {
  const parent = bound === undefined ? null : reader.relation(parents[0]);
  if (bound === undefined || parent?.kind !== 'table' || parent.partitioning === undefined) return null;
  return boundText(bound, parent.partitioning);
}

const AM_OF = { btree: AM_BTREE, hash: AM_HASH, gin: AM_GIN } as const;

const indexClass = (reader: SessionReader, table: CatalogTable, index: CatalogIndex): VirtualRow => ({
  ...CLASS_DEFAULTS,
  relnamespace: schemaIdOf(reader, table.schema),
  relowner: table.owner,
  relpersistence: persistenceOf(table),
  oid: index.id,
  relname: index.name,
  relam: AM_OF[index.method],
  relfilenode: table.partitioning === undefined ? index.id : 0,
  relispartition: index.parent !== undefined,
  relhassubclass: table.partitioning !== undefined,
  reltuples: table.statistics?.rows ?? 0,
  relpages: 1,
  relkind: table.partitioning === undefined ? 'i' : 'I',
  relnatts: shownKeys(index).length + (index.include?.length ?? 0),
});

// ---- pg_attribute ----

const ATTRIBUTE_DEFAULTS: VirtualRow = {
  attstattarget: -1,
  attcacheoff: -1,
  attcompression: '',
  attnotnull: false,
  atthasdef: false,
  atthasmissing: false,
  attidentity: '',
  attgenerated: '',
  attisdropped: false,
  attislocal: true,
  attinhcount: 0,
};

function attribute(relation: number, name: string, number: number, type: SqlType): VirtualRow {
  const described = describeType(type.name);
  const isArray = type.name.endsWith('[]');
  return {
    ...ATTRIBUTE_DEFAULTS,
    attrelid: relation,
    attname: name,
    atttypid: type.domain ?? described.oid,
    attlen: described.length,
    attnum: number,
    attndims: isArray ? 1 : 0,
    atttypmod: type.domain === undefined ? typeModifier(type) : -1,
    attbyval: described.byValue,
    attalign: described.align,
    attstorage: described.storage,
    attcollation: collationOf(type.name),
  };
}

const columnAttribute = (relation: number, column: CatalogColumn): VirtualRow => ({
  ...attribute(relation, column.name, column.number, column.type),
  attnotnull: column.notNull,
  atthasdef: column.default !== null || column.generated !== undefined || (column.sequence !== 0 && column.identity === 'none'),
  attidentity: column.identity === 'always' ? 'a' : column.identity === 'byDefault' ? 'd' : '',
  attgenerated: column.generated === undefined ? '' : 's',
  attcollation: columnCollation(column),
  attislocal: column.isLocal ?? true,
  attinhcount: column.inherited ?? 0,
});

function* indexAttributes(table: CatalogTable, index: CatalogIndex): Iterable<VirtualRow> {
  const columns = [...shownKeys(index).map((key) => key.attribute), ...(index.include ?? [])].map((one) => columnOf(table, one));
  const names = indexColumnNames(columns.map(({ name, hidden }) => (hidden === null ? name : expressionName(hidden.source))));
  for (const [at, { type }] of columns.entries()) {
    const { domain: _, ...base } = type;
    yield attribute(index.id, names[at], at + 1, base);
  }
}

const SEQUENCE_COLUMNS = ['last_value int8', 'log_cnt int8', 'is_called bool'].map((text) => text.split(' '));
const plain = (name: TypeName): SqlType => ({ name, length: -1, scale: -1, nullable: false, digits: 0 });

/** Rights to single columns, where something is said of them. */
function columnRights(reader: SessionReader, { id, owner }: CatalogTable | CatalogView): (attribute: number) => VirtualRow {
  const row = reader.entry(id)?.row;
  const said = row?.kind === 'table' || row?.kind === 'view' ? row.body.columnGrants : undefined;
  return (attribute) => (said?.[attribute] === undefined ? {} : { attacl: aclValue(reader, owner, said[attribute]) });
}

function* attributeRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  const { tables, views, sequences, types, index, isAll } = wanted(reader, lookup, 'attrelid');
  if (index !== null) yield* indexAttributes(index.table, index.index);
  for (const table of tables) {
    const rights = columnRights(reader, table);
    for (const column of visible(table)) yield { ...columnAttribute(table.id, column), ...rights(column.number) };
    if (lookup === null) for (const one of table.indexes) yield* indexAttributes(table, one);
  }
  for (const view of views) {
    const rights = columnRights(reader, view);
    for (const { name, number, type } of view.columns) yield { ...attribute(view.id, name, number, type), ...rights(number) };
  }
  for (const { id } of sequences)
    for (const [at, [name, type]] of SEQUENCE_COLUMNS.entries())
      yield { ...attribute(id, name, at + 1, plain(type as TypeName)), attnotnull: true };
  for (const { id, body } of types)
    for (const { name, number, type, length, scale, domain } of body.attributes)
      yield attribute(id, name, number, {
        ...{ name: type as TypeName, length, scale, nullable: true, digits: 0 },
        ...(domain === undefined ? {} : { domain }),
      });
  if (!isAll) return;
  for (const table of virtualTablesOf())
    if (lookup === null || table.id === lookup.value) for (const column of table.columns) yield columnAttribute(table.id, column);
}

function* defaultRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  for (const table of wanted(reader, lookup, 'adrelid').tables) {
    for (const column of visible(table)) {
      const stored = column.generated ?? column.default;
      // DEFAULT NULL is none.
      if (stored?.source.op === 'constant' && stored.source.kind === 'null') continue;
      const purpose = column.generated === undefined ? 'default' : 'generated';
      const shown =
        stored === null ? null : (reader.session.shows?.(reader, stored, { purpose, table, type: column.type }) ?? null);
      const text =
        shown === null
          ? defaultText(
              column,
              (id) => shownRelation(reader, id),
              (type) => shownType(reader, type),
            )
          : treeOf(shown);
      if (text === null) continue;
      yield { oid: derivedId(table.id, DEFAULT_ID, column.number), adrelid: table.id, adnum: column.number, adbin: text };
    }
  }
}

export const PG_RELATIONS: RowMakers = { pg_class: classRows, pg_attribute: attributeRows, pg_attrdef: defaultRows };
