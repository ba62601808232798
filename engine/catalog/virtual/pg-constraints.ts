/** Rows of pg_index and pg_constraint. */

import {
  type CatalogForeignKey,
  type CatalogIndex,
  type CatalogTable,
  isDeclaredUnique,
  type ReferenceAction,
  type StoredExpression,
} from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import type { SqlType } from '../../sblr/types.ts';
import { expressionShown, treeOf } from '../shown.ts';
import {
  columnCollation,
  columnOf,
  CONSTRAINT_ID,
  derivedId,
  keyDefinition,
  quoteName,
  type Showing,
  shownKeys,
} from './describe.ts';
import { operatorClassOf } from './pg-access.ts';
import { indexTable, schemaIdOf, shownRelation, type TableIndex, indexesOf, tablesOf, typesOf } from './relations.ts';
import { arrayValue, type Lookup, type RowMakers, type VirtualRow, vectorValue } from './virtual-table.ts';

const OPTION_DESCENDING = 1;
const OPTION_NULLS_FIRST = 2;

function wantedIndexes(reader: SessionReader, lookup: Lookup | null): TableIndex[] {
  if (lookup?.column === 'indexrelid') {
    const found = indexTable(reader, Number(lookup.value));
    return found === null ? [] : [found];
  }
  if (lookup?.column === 'indrelid') {
    const table = reader.relation(Number(lookup.value));
    return table?.kind === 'table' ? table.indexes.map((index) => ({ table, index })) : [];
  }
  return indexesOf(reader);
}

function* indexRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  for (const { table, index } of wantedIndexes(reader, lookup)) {
    const keys = shownKeys(index).map((key) => ({ ...key, column: columnOf(table, key.attribute) }));
    const include = index.include ?? [];
    const expressions = keys.flatMap(({ column }) => (column.hidden === null ? [] : [column.hidden.text]));
    yield {
      indexrelid: index.id,
      indrelid: table.id,
      indnatts: keys.length + include.length,
      indnkeyatts: keys.length,
      indisunique: isDeclaredUnique(index),
      indnullsnotdistinct: isDeclaredUnique(index) && !index.nullsDistinct,
      indisprimary: index.primary,
      indisexclusion: false,
      indimmediate: index.deferrable === undefined,
      indisclustered: false,
      indisvalid: true,
      indcheckxmin: false,
      indisready: true,
      indislive: true,
      indisreplident: false,
      indkey: vectorValue('int2', [...keys.map(({ column }) => (column.hidden === null ? column.number : 0)), ...include]),
      indcollation: vectorValue(
        'oid',
        keys.map(({ column }) => columnCollation(column)),
      ),
      indclass: vectorValue(
        'oid',
        keys.map(({ column, tokens }) => operatorClassOf(column.type.name, index.method, tokens)),
      ),
      indoption: vectorValue(
        'int2',
        keys.map(({ descending, nullsFirst }) => (descending ? OPTION_DESCENDING : 0) | (nullsFirst ? OPTION_NULLS_FIRST : 0)),
      ),
      indexprs: expressions.length === 0 ? null : expressions.join(', '),
      indpred:
        index.predicate === undefined
          ? null
          : treeOf(expressionShown(reader, index.predicate, { purpose: 'check', table, type: null })),
    };
  }
}

// ---- pg_constraint ----

/** A constraint: its number, its row in pg_constraint, and what pg_get_constraintdef() says. */
export interface Constraint {
  readonly oid: number;
  readonly name: string;
  readonly row: VirtualRow;
  definition(reader: SessionReader, pretty?: boolean): string;
}

const CONSTRAINT_DEFAULTS: VirtualRow = {
  condeferrable: false,
  condeferred: false,
  convalidated: true,
  conrelid: 0,
  contypid: 0,
  conindid: 0,
  conparentid: 0,
  confrelid: 0,
  confupdtype: ' ',
  confdeltype: ' ',
  confmatchtype: ' ',
  conislocal: true,
  coninhcount: 0,
  connoinherit: false,
};

const ACTION_LETTERS: { readonly [action in ReferenceAction]: string } = {
  noAction: 'a',
  restrict: 'r',
  cascade: 'c',
  setNull: 'n',
  setDefault: 'd',
};
const ACTION_WORDS: { readonly [action in ReferenceAction]: string } = {
  noAction: 'NO ACTION',
  restrict: 'RESTRICT',
  cascade: 'CASCADE',
  setNull: 'SET NULL',
  setDefault: 'SET DEFAULT',
};
export const actionWords = (action: ReferenceAction): string => ACTION_WORDS[action];

const KEY_PLACE = 0x1000;

function keyConstraint(table: CatalogTable, index: CatalogIndex, connamespace: number): Constraint {
  const oid = derivedId(index.id, CONSTRAINT_ID, 0);
  const row = {
    ...CONSTRAINT_DEFAULTS,
    oid,
    conname: index.constraint,
    connamespace,
    contype: index.primary ? 'p' : 'u',
    condeferrable: index.deferrable !== undefined,
    condeferred: index.deferrable === 'deferred',
    conrelid: table.id,
    conindid: index.id,
    connoinherit: table.partitioning === undefined && index.parent === undefined,
    conparentid: index.parent === undefined ? 0 : derivedId(index.parent, CONSTRAINT_ID, 0),
    conislocal: index.parent === undefined,
    coninhcount: index.parent === undefined ? 0 : 1,
    conkey: arrayValue(
      'int2',
      index.keys.map((key) => key.attribute),
    ),
  };
  return { oid, name: index.constraint ?? '', row, definition: () => keyDefinition(table, index) };
}

function foreignConstraint(table: CatalogTable, key: CatalogForeignKey, at: number, connamespace: number): Constraint {
  const oid = derivedId(table.id, CONSTRAINT_ID, KEY_PLACE + at);
  const row = {
    ...CONSTRAINT_DEFAULTS,
    oid,
    conname: key.name,
    connamespace,
    contype: 'f',
    condeferrable: key.deferrable,
    condeferred: key.deferred,
    convalidated: !key.notValid,
    conrelid: table.id,
    conindid: key.index,
    confrelid: key.table,
    confupdtype: ACTION_LETTERS[key.onUpdate],
    confdeltype: ACTION_LETTERS[key.onDelete],
    confmatchtype: key.match === 'full' ? 'f' : 's',
    connoinherit: table.partitioning === undefined && key.parent === undefined,
    conislocal: key.parent === undefined,
    coninhcount: key.parent === undefined ? 0 : 1,
    conkey: arrayValue('int2', key.attributes),
    confkey: arrayValue('int2', key.referenced),
    confdelsetcols: key.deleteAttributes.length === 0 ? null : arrayValue('int2', key.deleteAttributes),
  };
  return { oid, name: key.name, row, definition: (reader) => foreignDefinition(reader, table, key) };
}

const namesOf = (table: CatalogTable, attributes: readonly number[]): string =>
  attributes.map((one) => quoteName(columnOf(table, one).name)).join(', ');

function foreignDefinition(reader: SessionReader, table: CatalogTable, key: CatalogForeignKey): string {
  const target = reader.relation(key.table);
  const referenced = target?.kind === 'table' ? namesOf(target, key.referenced) : '';
  const onUpdate = key.onUpdate === 'noAction' ? '' : ` ON UPDATE ${ACTION_WORDS[key.onUpdate]}`;
  const some = key.deleteAttributes.length === 0 ? '' : ` (${namesOf(table, key.deleteAttributes)})`;
  const onDelete = key.onDelete === 'noAction' ? '' : ` ON DELETE ${ACTION_WORDS[key.onDelete]}${some}`;
  const match = key.match === 'full' ? ' MATCH FULL' : '';
  const deferrable = key.deferrable ? ' DEFERRABLE' : '';
  const deferred = key.deferred ? ' INITIALLY DEFERRED' : '';
  const place = shownRelation(reader, key.table) ?? '';
  const head = `FOREIGN KEY (${namesOf(table, key.attributes)}) REFERENCES ${place}(${referenced})`;
  return `${head}${match}${onUpdate}${onDelete}${deferrable}${deferred}${key.notValid ? ' NOT VALID' : ''}`;
}

/** CHECK, as it is shown: the table's, or of a domain of the type. */
export function checkDefinition(
  { reader, pretty }: Showing,
  expression: StoredExpression,
  of: { readonly table: CatalogTable | null; readonly type: SqlType | null },
): string {
  const shown = expressionShown(reader, expression, { purpose: 'check', ...of });
  return `CHECK (${pretty ? shown.pretty : shown.plain})`;
}

export function* tableConstraints(reader: SessionReader, table: CatalogTable): Iterable<Constraint> {
  const connamespace = schemaIdOf(reader, table.schema);
  for (const [at, { name, expression, notValid = false, inherited = 0, isLocal = true }] of table.checks.entries()) {
    const oid = derivedId(table.id, CONSTRAINT_ID, at);
    const head = { oid, conname: name, connamespace, contype: 'c', conrelid: table.id, conbin: expression.text };
    const used = table.columns.filter((column) => new RegExp(`\\b${RegExp.escape(column.name)}\\b`).test(expression.text));
    const conkey = arrayValue(
      'int2',
      used.filter(({ hidden }) => hidden === null).map(({ number }) => number),
    );
    const family = { conislocal: isLocal, coninhcount: inherited };
    const row = { ...CONSTRAINT_DEFAULTS, ...head, ...family, convalidated: !notValid, conkey };
    yield {
      oid,
      name,
      row,
      definition: (asker, pretty = false) =>
        `${checkDefinition({ reader: asker, pretty }, expression, { table, type: null })}${notValid ? ' NOT VALID' : ''}`,
    };
  }
  for (const index of table.indexes) if (index.constraint !== null) yield keyConstraint(table, index, connamespace);
  for (const [at, key] of (table.foreignKeys ?? []).entries()) yield foreignConstraint(table, key, at, connamespace);
}

function* domainConstraints(reader: SessionReader): Iterable<Constraint> {
  for (const { id, schema, body } of typesOf(reader)) {
    for (const [at, { name, expression }] of (body.domain?.checks ?? []).entries()) {
      const oid = derivedId(id, CONSTRAINT_ID, at);
      const head = { oid, conname: name, connamespace: schema, contype: 'c', contypid: id, conbin: expression.text };
      yield {
        oid,
        name,
        row: { ...CONSTRAINT_DEFAULTS, ...head },
        definition: (asker, pretty = false) =>
          checkDefinition({ reader: asker, pretty }, expression, { table: null, type: body.domain?.base ?? null }),
      };
    }
  }
}

export function* constraintsOf(reader: SessionReader, lookup: Lookup | null): Iterable<Constraint> {
  if (lookup?.column === 'conrelid') {
    const table = reader.relation(Number(lookup.value));
    if (table?.kind === 'table') yield* tableConstraints(reader, table);
    return;
  }
  if (lookup?.column === 'confrelid') {
    const table = reader.relation(Number(lookup.value));
    if (table?.kind !== 'table') return;
    for (const id of new Set([table.id, ...(table.referrers ?? []).map((one) => one.table)])) {
      const from = reader.relation(id);
      if (from?.kind === 'table') yield* tableConstraints(reader, from);
    }
    return;
  }
  yield* domainConstraints(reader);
  if (lookup?.column !== 'contypid') for (const table of tablesOf(reader)) yield* tableConstraints(reader, table);
}

function* constraintRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  for (const { row } of constraintsOf(reader, lookup)) yield row;
}

export const PG_CONSTRAINTS: RowMakers = { pg_index: indexRows, pg_constraint: constraintRows };
