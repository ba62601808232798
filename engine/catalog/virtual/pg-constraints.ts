/** Rows of pg_index and pg_constraint. */

import type { SessionReader } from '../reader.ts';
import { COLLATION_C, columnOf, CONSTRAINT_ID, derivedId, describeType } from './describe.ts';
import { indexesOf, schemaIdOf, tablesOf } from './relations.ts';
import type { VirtualRow } from './virtual-table.ts';

const FOREIGN_KEY_ID = 7;
const OPTION_DESCENDING = 1;
const OPTION_NULLS_FIRST = 2;

export function* indexRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { table, index } of indexesOf(reader)) {
    const keys = index.keys.map((key) => ({ ...key, column: columnOf(table, key.attribute) }));
    const expressions = keys.flatMap(({ column }) => (column.hidden === null ? [] : [column.hidden.text]));
    yield {
      indexrelid: index.id,
      indrelid: table.id,
      indnatts: keys.length,
      indnkeyatts: keys.length,
      indisunique: index.unique,
      indnullsnotdistinct: index.unique && !index.nullsDistinct,
      indisprimary: index.primary,
      indisexclusion: false,
      indimmediate: true,
      indisclustered: false,
      indisvalid: true,
      indcheckxmin: false,
      indisready: true,
      indislive: true,
      indisreplident: false,
      indkey: keys.map(({ column }) => (column.hidden === null ? column.number : 0)).join(' '),
      indcollation: keys.map(({ column }) => (describeType(column.type.name).category === 'S' ? COLLATION_C : 0)).join(' '),
      indclass: keys.map(() => 0).join(' '),
      indoption: keys
        .map(({ descending, nullsFirst }) => (descending ? OPTION_DESCENDING : 0) | (nullsFirst ? OPTION_NULLS_FIRST : 0))
        .join(' '),
      indexprs: expressions.length === 0 ? null : expressions.join(', '),
    };
  }
}

const CONSTRAINT_DEFAULTS: VirtualRow = {
  condeferrable: false,
  condeferred: false,
  convalidated: true,
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

export function* constraintRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    const connamespace = schemaIdOf(reader, table.schema);
    for (const [at, check] of table.checks.entries()) {
      yield {
        ...CONSTRAINT_DEFAULTS,
        oid: derivedId(table.id, CONSTRAINT_ID, at),
        conname: check.name,
        connamespace,
        contype: 'c',
        conrelid: table.id,
        convalidated: check.notValid !== true,
        conbin: check.expression.text,
      };
    }
    for (const key of table.foreignKeys ?? []) {
      const letter = { noAction: 'a', restrict: 'r', cascade: 'c', setNull: 'n', setDefault: 'd' };
      yield {
        ...CONSTRAINT_DEFAULTS,
        oid: derivedId(
          table.id,
          FOREIGN_KEY_ID,
          [...key.name].reduce((hash, one) => (hash * 31 + one.charCodeAt(0)) & 0xffff, 7),
        ),
        conname: key.name,
        connamespace,
        contype: 'f',
        condeferrable: key.deferrable,
        condeferred: key.deferred,
        convalidated: !key.notValid,
        conrelid: table.id,
        conindid: key.index,
        confrelid: key.table,
        confupdtype: letter[key.onUpdate],
        confdeltype: letter[key.onDelete],
        confmatchtype: key.match === 'full' ? 'f' : 's',
        connoinherit: true,
        conkey: `{${key.attributes.join(',')}}`,
        confkey: `{${key.referenced.join(',')}}`,
      };
    }
    for (const index of table.indexes) {
      if (index.constraint === null) continue;
      yield {
        ...CONSTRAINT_DEFAULTS,
        oid: derivedId(index.id, CONSTRAINT_ID, 0),
        conname: index.constraint,
        connamespace,
        contype: index.primary ? 'p' : 'u',
        conrelid: table.id,
        conindid: index.id,
        connoinherit: true,
        conkey: `{${index.keys.map((key) => key.attribute).join(',')}}`,
      };
    }
  }
}
