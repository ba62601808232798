/**
 * CREATE TABLE, INDEX, SEQUENCE over checked definitions: kernel objects first, then the rows that name them.
 *
 *   table      sequences of its columns -> kernel table with its indexes -> row of the table, rows of indexes and sequences
 *   index      (a hidden column for each expression, filled) -> kernel index -> rows of table and index
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import type {
  CatalogSession,
  CheckDefinition,
  ColumnDefinition,
  IndexDefinition,
  IndexKey,
  SequenceDefinition,
  TableDefinition,
} from './definitions.ts';
import { isTemporarySchema } from './entries.ts';
import { relationExists } from './errors.ts';
import { isOrdered, kernelColumn } from './kernel-columns.ts';
import { type KernelIndex, LOCK_ALL, LOCK_WRITERS } from './kernel-port.ts';
import { chooseName, clipName, indexColumnsName } from './names.ts';
import {
  type CatalogCheck,
  type CatalogColumn,
  type CatalogIndex,
  type CatalogSequence,
  type CatalogTable,
  isDeclaredUnique,
  isKept,
} from './objects.ts';
import { type SequenceRow, storedBound, type TableRow } from './stored.ts';

/** Names that are given within one statement, besides those that are there. */
interface Naming {
  readonly catalog: Catalog;
  readonly tx: Transaction;
  readonly schema: number;
  readonly given: Set<string>;
}

const isFree = (naming: Naming, name: string): boolean =>
  !naming.given.has(name) && !naming.catalog.isTaken(naming.tx, naming.schema, name);

/** A name that the user wrote. 42P07. */
function takeName(naming: Naming, name: string): string {
  if (!isFree(naming, name)) throw relationExists(name);
  naming.given.add(name);
  return name;
}

function inventName(naming: Naming, first: string, second: string | null, label: string): string {
  const name = chooseName(first, second, label, (candidate) => !isFree(naming, candidate));
  naming.given.add(name);
  return name;
}

export function createTable(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  definition: TableDefinition,
): CatalogTable {
  const { persistence, family = {} } = definition;
  const isTemporary = persistence === 'temporary';
  const { schema, owner } = catalog.placeFor(tx, session, definition.name, isTemporary);
  const naming: Naming = { catalog, tx, schema, given: new Set() };
  const name = takeName(naming, clipName(definition.name.name));
  const id = catalog.nextId();
  const columns: CatalogColumn[] = definition.columns.map((column, at) => plainColumn(column, at + 1));
  const indexes: CatalogIndex[] = [];
  for (const index of definition.indexes) indexes.push(indexOf(naming, name, columns, index, indexes.length));
  for (const [at, column] of definition.columns.entries()) {
    if (column.sequence === null) continue;
    const sequence = ownedSequence(naming, name, column, { id, attribute: at + 1, owner, persistence });
    columns[at] = { ...columns[at], sequence };
  }
  const kernelTable = catalog.port.createTable(tx, {
    name: kernelName(id, name, id),
    columns: columns.map(kernelColumn),
    indexes: indexes.map((index) => kernelIndex(index, columns)),
    logged: persistence === 'permanent',
    temporary: isTemporary || isTemporarySchema(schema),
  });
  const row: TableRow = {
    id,
    schema,
    name,
    kind: 'table',
    parent: 0,
    version: catalog.nextId(),
    body: {
      owner,
      persistence: isTemporarySchema(schema) ? 'temporary' : persistence,
      kernelTable,
      columns,
      indexes,
      checks: checksOf(name, definition.checks, indexes),
      onCommit: definition.onCommit,
      grants: null,
      ...(family.bound === undefined ? {} : { bound: storedBound(family.bound) }),
      ...(family.parents === undefined ? {} : { parents: family.parents }),
      ...(family.partitioning === undefined ? {} : { partitioning: family.partitioning }),
    },
  };
  const entry = catalog.insert(tx, row);
  for (const index of indexes) insertIndexRow(catalog, tx, row, index);
  return entry.relation as CatalogTable;
}

/** Kernel tables have names of their own: unique, and telling to whoever reads a dump. */
export const kernelName = (id: number, name: string, number: number): string =>
  id === number ? `${name}#${id}` : `${name}#${id}/${number}`;

/** Where a column or check comes from. */
const familyOf = ({ inherited = 0, isLocal = true }: Pick<ColumnDefinition, 'inherited' | 'isLocal'>) => ({
  ...(inherited === 0 ? {} : { inherited }),
  ...(isLocal ? {} : { isLocal }),
});

const plainColumn = (column: ColumnDefinition, number: number): CatalogColumn => ({
  number,
  name: column.name,
  type: { ...column.type, nullable: !column.notNull },
  notNull: column.notNull,
  default: column.default,
  identity: column.identity,
  sequence: column.drawsFrom ?? 0,
  hidden: null,
  kernelColumn: number - 1,
  ...familyOf(column),
  ...(column.collation === undefined ? {} : { collation: column.collation }),
  ...(column.generated == null ? {} : { generated: column.generated }),
});

interface OwnerOfSequence {
  readonly id: number;
  readonly attribute: number;
  readonly owner: number;
  readonly persistence: CatalogTable['persistence'];
}

/** The name of a column's sequence: as it says, or of table and column. It lies where the table does. */
const ownedName = (
  naming: Naming,
  { ownName }: NonNullable<ColumnDefinition['sequence']>,
  table: string,
  column: string,
): string => (ownName === undefined ? inventName(naming, table, column, 'seq') : takeName(naming, clipName(ownName)));

function ownedSequence(naming: Naming, table: string, column: ColumnDefinition, owner: OwnerOfSequence): number {
  const options = column.sequence as NonNullable<ColumnDefinition['sequence']>;
  const name = ownedName(naming, options, table, column.name);
  return makeSequence(naming.catalog, naming.tx, naming.schema, name, options, owner).id;
}

/** A sequence for a column of a table that is there. */
export function addOwnedSequence(
  catalog: Catalog,
  tx: Transaction,
  table: TableRow,
  attribute: number,
  options: NonNullable<ColumnDefinition['sequence']>,
): number {
  const naming: Naming = { catalog, tx, schema: table.schema, given: new Set() };
  const column = table.body.columns.find(({ number }) => number === attribute)?.name ?? '';
  const name = ownedName(naming, options, table.name, column);
  const { owner, persistence } = table.body;
  return makeSequence(catalog, tx, table.schema, name, options, { id: table.id, attribute, owner, persistence }).id;
}

function makeSequence(
  catalog: Catalog,
  tx: Transaction,
  schema: number,
  name: string,
  options: Omit<SequenceDefinition, 'name' | 'persistence'>,
  owner: OwnerOfSequence,
): CatalogSequence {
  const id = catalog.nextId();
  const isTemporary = isTemporarySchema(schema);
  const { kernel, page } = catalog.port.createSequence(tx, kernelName(id, name, id), options, isTemporary);
  const row: SequenceRow = {
    id,
    schema,
    name,
    kind: 'sequence',
    parent: owner.id,
    version: catalog.nextId(),
    body: {
      owner: owner.owner,
      persistence: isTemporary ? 'temporary' : owner.persistence,
      page,
      kernel,
      type: options.type,
      start: String(options.start),
      increment: String(options.increment),
      minimum: String(options.minimum),
      maximum: String(options.maximum),
      cache: options.cache,
      cycle: options.cycle,
      ownerAttribute: owner.attribute,
      grants: null,
    },
  };
  return catalog.insert(tx, row).relation as CatalogSequence;
}

export function createSequence(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  definition: SequenceDefinition,
): CatalogSequence {
  const { persistence } = definition;
  const { schema, owner } = catalog.placeFor(tx, session, definition.name, persistence === 'temporary');
  const naming: Naming = { catalog, tx, schema, given: new Set() };
  const name = takeName(naming, clipName(definition.name.name));
  return makeSequence(catalog, tx, schema, name, definition, { id: 0, attribute: 0, owner, persistence });
}

// ---- indexes ----

export function insertIndexRow(catalog: Catalog, tx: Transaction, table: TableRow, index: CatalogIndex): void {
  const { id, name } = index;
  catalog.insert(tx, { id, schema: table.schema, name, kind: 'index', parent: table.id, version: catalog.nextId(), body: null });
}

/** The index; expressions are added to `columns` as hidden ones. 42P07, 42703, 42704 for a type without an order. */
function indexOf(
  naming: Naming,
  table: string,
  columns: CatalogColumn[],
  definition: IndexDefinition,
  position: number,
): CatalogIndex {
  const keys = definition.keys.map((key) => ({
    attribute: attributeOf(columns, key, definition.method),
    descending: key.descending,
    nullsFirst: key.nullsFirst,
    ...(key.tokens === undefined ? {} : { tokens: key.tokens }),
  }));
  const name = nameOfIndex(naming, table, definition);
  return {
    id: naming.catalog.nextId(),
    name,
    unique: definition.unique,
    ...(definition.deferrable === undefined ? {} : { deferrable: definition.deferrable }),
    nullsDistinct: definition.nullsDistinct,
    primary: definition.primary,
    method: definition.method,
    keys,
    kernelIndex: position,
    constraint: definition.constraint ? name : null,
    ...(definition.include === undefined || definition.include.length === 0
      ? {}
      : { include: definition.include.map((column) => attributeNamed(columns, column)) }),
    ...(definition.predicate === undefined ? {} : { predicate: definition.predicate }),
    ...(definition.parent === undefined ? {} : { parent: definition.parent }),
  };
}

/** 42703 */
function attributeNamed(columns: readonly CatalogColumn[], name: string): number {
  const column = columns.find((candidate) => candidate.name === name && candidate.hidden === null);
  if (column === undefined) throw new SqlError(SQLSTATE.undefined_column, `column "${name}" does not exist`);
  return column.number;
}

function nameOfIndex(naming: Naming, table: string, definition: IndexDefinition): string {
  if (definition.name !== null) return takeName(naming, clipName(definition.name));
  if (definition.primary) return inventName(naming, table, null, 'pkey');
  const shown = definition.keys.filter(({ isCondition }) => isCondition !== true);
  const included = definition.include ?? [];
  const columns = indexColumnsName([...shown.map(({ key }) => ('column' in key ? key.column : key.name)), ...included]);
  return inventName(naming, table, columns, definition.constraint ? 'key' : 'idx');
}

function attributeOf(columns: CatalogColumn[], { key }: IndexKey, method: string): number {
  if ('expression' in key) {
    checkOrdered(key.type, method);
    const { dialect, text } = key.expression;
    // Two indexes over one expression share its column.
    const same = columns.find(({ hidden }) => hidden !== null && hidden.dialect === dialect && hidden.text === text);
    if (same !== undefined) return same.number;
    const number = Math.max(0, ...columns.map((column) => column.number)) + 1;
    columns.push({
      number,
      name: key.expression.text,
      type: { ...key.type, nullable: true },
      notNull: false,
      default: null,
      identity: 'none',
      sequence: 0,
      hidden: key.expression,
      kernelColumn: columns.length,
    });
    return number;
  }
  const column = columns.find((candidate) => candidate.name === key.column && candidate.hidden === null);
  if (column === undefined) throw new SqlError(SQLSTATE.undefined_column, `column "${key.column}" does not exist`);
  checkOrdered(column.type, method);
  return column.number;
}

function checkOrdered(type: CatalogColumn['type'], method: string): void {
  if (method === 'gin' || isOrdered(type)) return;
  if (type.name === 'jsonb') {
    throw new SqlError(SQLSTATE.feature_not_supported, 'indexes on jsonb values are not supported', {
      hint: "index an expression that takes a text or number out of it: (data ->> 'name')",
    });
  }
  throw new SqlError(
    SQLSTATE.undefined_object,
    `data type ${type.name} has no default operator class for access method "${method}"`,
    {
      hint: 'You must specify an operator class for the index or define a default operator class for the data type.',
    },
  );
}

/** The index as the kernel takes it: positions in the table's current layout. */
export function kernelIndex(index: CatalogIndex, columns: readonly CatalogColumn[]): KernelIndex {
  const { name, unique, nullsDistinct, method } = index;
  const keys = index.keys.map(({ attribute, ...more }) => {
    const column = columns.find((candidate) => candidate.number === attribute) as CatalogColumn;
    return { column: column.kernelColumn, ...more };
  });
  return { name, unique, isChecked: isDeclaredUnique(index), nullsDistinct, method, keys };
}

export function createIndex(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  tableId: number,
  definition: IndexDefinition,
  fill: (table: CatalogTable, attributes: readonly number[]) => void,
): CatalogTable {
  const hasExpressions = definition.keys.some(({ key }) => 'expression' in key);
  const table = catalog.lockTable(tx, session, tableId, hasExpressions ? LOCK_ALL : LOCK_WRITERS);
  const naming: Naming = { catalog, tx, schema: table.schema, given: new Set() };
  const columns = [...table.body.columns];
  const index = indexOf(naming, table.name, columns, definition, table.body.indexes.length);
  const added = columns.slice(table.body.columns.length);
  // Those that no index has used for a while were not kept up (isKept).
  const revived = table.body.columns.filter(
    ({ number, hidden }) =>
      hidden !== null && index.keys.some(({ attribute }) => attribute === number) && !isKept(table.body.indexes, number),
  );
  let current = table;
  if (added.length + revived.length > 0) {
    if (added.length > 0) catalog.port.addColumns(tx, table.body.kernelTable, added.map(kernelColumn));
    current = { ...table, version: catalog.nextId(), body: { ...table.body, columns } };
    const entry = catalog.replace(tx, current);
    fill(
      entry.relation as CatalogTable,
      [...revived, ...added].map((column) => column.number),
    );
  }
  catalog.port.createIndex(tx, table.body.kernelTable, kernelIndex(index, columns));
  const indexes = [...current.body.indexes, index];
  const entry = catalog.replace(tx, { ...current, version: catalog.nextId(), body: { ...current.body, indexes } });
  insertIndexRow(catalog, tx, table, index);
  return entry.relation as CatalogTable;
}

// ---- checks ----

/** 42710 when two constraints have one name. */
function checksOf(table: string, definitions: readonly CheckDefinition[], indexes: readonly CatalogIndex[]): CatalogCheck[] {
  const names = new Set(indexes.flatMap((index) => (index.constraint === null ? [] : [index.constraint])));
  const duplicate = (message: string): SqlError => new SqlError(SQLSTATE.duplicate_object, message);
  const taken = new Set<string>();
  for (const { name } of definitions) {
    if (name === null) continue;
    if (taken.has(name)) throw duplicate(`check constraint "${name}" already exists`);
    taken.add(name);
  }
  return definitions.map((definition) => {
    const { columns, expression } = definition;
    const own =
      definition.name ??
      chooseName(table, columns.length === 1 ? columns[0] : null, 'check', (name) => taken.has(name) || names.has(name));
    if (definition.name !== null && names.has(own)) {
      throw duplicate(`constraint "${own}" for relation "${table}" already exists`);
    }
    taken.add(own);
    return { name: own, expression, ...familyOf(definition) };
  });
}
