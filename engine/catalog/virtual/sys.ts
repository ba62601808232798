/** Schema sys: the engine's own view of its objects, for its shell and its tools. */

import { isDeclaredUnique } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { formatType, indexDefinition, keyDefinition, defaultText, columnOf } from './describe.ts';
import { roleName, shownRelation, shownType, sequencesOf, tablesOf, virtualTablesOf, visible } from './relations.ts';
import { defineVirtual, int8Value, type VirtualRow, type VirtualTable } from './virtual-table.ts';

const view = (name: string, id: number, columns: string, make: (reader: SessionReader) => Iterable<VirtualRow>): VirtualTable =>
  defineVirtual('sys', name, id, columns, make);

function* tableRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    const { pages, rows } = reader.port.size(table.kernelTable);
    yield {
      id: table.id,
      schema: table.schema,
      name: table.name,
      owner: roleName(reader, table.owner),
      persistence: table.persistence,
      columns: visible(table).length,
      indexes: table.indexes.length,
      pages,
      rows: table.statistics?.rows ?? rows,
      analyzed: table.statistics !== null,
      version: table.version,
    };
  }
}

function* columnRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of [...tablesOf(reader), ...virtualTablesOf()]) {
    for (const column of visible(table)) {
      yield {
        table: table.id,
        schema: table.schema,
        table_name: table.name,
        number: column.number,
        name: column.name,
        type: formatType(column.type),
        not_null: column.notNull,
        default: defaultText(
          column,
          (id) => shownRelation(reader, id),
          (type) => shownType(reader, type),
        ),
        identity: column.identity === 'none' ? null : column.identity === 'always' ? 'always' : 'by default',
      };
    }
  }
}

function* indexRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    for (const index of table.indexes) {
      const keys = index.keys.map((key) => columnOf(table, key.attribute)).map(({ hidden, name }) => hidden?.text ?? name);
      yield {
        id: index.id,
        table: table.id,
        schema: table.schema,
        table_name: table.name,
        name: index.name,
        method: index.method,
        unique: isDeclaredUnique(index),
        primary: index.primary,
        keys: keys.join(', '),
        definition: indexDefinition({ reader, pretty: false }, table, index),
        constraint: index.constraint === null ? null : keyDefinition(table, index),
      };
    }
  }
}

function* constraintRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    const head = { table: table.id, schema: table.schema, table_name: table.name };
    for (const index of table.indexes) {
      if (index.constraint === null) continue;
      const kind = index.primary ? 'primary key' : 'unique';
      yield { ...head, name: index.constraint, kind, definition: keyDefinition(table, index) };
    }
    for (const { name, expression } of table.checks)
      yield { ...head, name, kind: 'check', definition: `CHECK (${expression.text})` };
  }
}

function* sequenceRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const sequence of sequencesOf(reader)) {
    const { value, called } = reader.port.sequenceState(sequence.page);
    yield {
      id: sequence.id,
      schema: sequence.schema,
      name: sequence.name,
      type: { int2: 'smallint', int4: 'integer', int8: 'bigint' }[sequence.type],
      start: int8Value(sequence.start),
      increment: int8Value(sequence.increment),
      minimum: int8Value(sequence.minimum),
      maximum: int8Value(sequence.maximum),
      cycle: sequence.cycle,
      value,
      called,
      owner_table: sequence.ownerTable === 0 ? null : sequence.ownerTable,
    };
  }
}

const roleRow = ({
  id,
  name,
  superuser,
  login,
}: {
  id: number;
  name: string;
  superuser: boolean;
  login: boolean;
}): VirtualRow => ({
  id,
  name,
  superuser,
  login,
});

export const SYS_VIEWS: readonly VirtualTable[] = [
  view(
    'tables',
    14000,
    'id oid!, schema text!, name text!, owner text!, persistence text!, columns int4!, indexes int4!, pages int8!, rows int8!, analyzed bool!, version int8!',
    tableRows,
  ),
  view(
    'columns',
    14001,
    'table oid!, schema text!, table_name text!, number int4!, name text!, type text!, not_null bool!, default text, identity text',
    columnRows,
  ),
  view(
    'indexes',
    14002,
    'id oid!, table oid!, schema text!, table_name text!, name text!, method text!, unique bool!, primary bool!, keys text!, definition text!, constraint text',
    indexRows,
  ),
  view(
    'constraints',
    14003,
    'table oid!, schema text!, table_name text!, name text!, kind text!, definition text!',
    constraintRows,
  ),
  view(
    'sequences',
    14004,
    'id oid!, schema text!, name text!, type text!, start int8!, increment int8!, minimum int8!, maximum int8!, cycle bool!, value int8!, called bool!, owner_table oid',
    sequenceRows,
  ),
  view('roles', 14005, 'id oid!, name text!, superuser bool!, login bool!', (reader) => reader.roles().map(roleRow)),
];
