/** information_schema's constraints: keys, checks, references, and the columns they rest on. */

import type { CatalogTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { expressionShown } from '../shown.ts';
import { columnOf } from './describe.ts';
import { constraintHead, seenTables, seenViews, tableHead, yesNo } from './information-schema-shared.ts';
import { actionWords } from './pg-constraints.ts';
import { schemaIdOf, typesOf, visible } from './relations.ts';
import type { RowMakers, VirtualRow } from './virtual-table.ts';

/** A constraint of a table with the columns that it is on. */
interface Named {
  readonly name: string;
  readonly type: 'PRIMARY KEY' | 'UNIQUE' | 'FOREIGN KEY' | 'CHECK';
  readonly attributes: readonly number[];
  readonly deferrable: boolean;
  readonly deferred: boolean;
  readonly nullsDistinct: boolean | null;
  /** Of a foreign key: what it refers to. */
  readonly referenced: { readonly table: number; readonly attributes: readonly number[] } | null;
}

function* constraintsOf(table: CatalogTable): Iterable<Named> {
  const plain = { deferrable: false, deferred: false, nullsDistinct: null, referenced: null };
  for (const { constraint, primary, nullsDistinct, keys, deferrable } of table.indexes) {
    if (constraint === null) continue;
    const attributes = keys.map((key) => key.attribute);
    const when = { deferrable: deferrable !== undefined, deferred: deferrable === 'deferred' };
    yield { ...plain, ...when, name: constraint, type: primary ? 'PRIMARY KEY' : 'UNIQUE', attributes, nullsDistinct };
  }
  for (const key of table.foreignKeys ?? []) {
    const referenced = { table: key.table, attributes: key.referenced };
    const { name, attributes, deferrable, deferred } = key;
    yield { ...plain, name, type: 'FOREIGN KEY', attributes, deferrable, deferred, referenced };
  }
  for (const { name, expression } of table.checks) {
    const used = visible(table).filter((column) => new RegExp(`\\b${RegExp.escape(column.name)}\\b`).test(expression.text));
    yield { ...plain, name, type: 'CHECK', attributes: used.map(({ number }) => number) };
  }
}

/** NOT NULL has no name of its own; PostgreSQL makes one of numbers. */
const notNullName = (reader: SessionReader, table: CatalogTable, attribute: number): string =>
  `${schemaIdOf(reader, table.schema)}_${table.id}_${attribute}_not_null`;

function* constraintRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of seenTables(reader)) {
    const head = tableHead(reader, table);
    for (const { name, type, deferrable, deferred, nullsDistinct } of constraintsOf(table)) {
      yield {
        ...constraintHead(reader, table.schema, name),
        ...head,
        constraint_type: type,
        is_deferrable: yesNo(deferrable),
        initially_deferred: yesNo(deferred),
        enforced: 'YES',
        nulls_distinct: type === 'UNIQUE' ? yesNo(nullsDistinct ?? true) : null,
      };
    }
    for (const { number, notNull } of visible(table)) {
      if (!notNull) continue;
      const common = { constraint_type: 'CHECK', is_deferrable: 'NO', initially_deferred: 'NO', enforced: 'YES' };
      yield { ...constraintHead(reader, table.schema, notNullName(reader, table, number)), ...head, ...common };
    }
  }
}

function* keyColumnRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of seenTables(reader)) {
    for (const { name, type, attributes, referenced } of constraintsOf(table)) {
      if (type === 'CHECK') continue;
      const target = referenced === null ? null : reader.relation(referenced.table);
      const unique =
        target?.kind === 'table' && referenced !== null
          ? target.indexes.find(
              (index) =>
                index.unique &&
                index.keys.length === attributes.length &&
                index.keys.every((key) => referenced.attributes.includes(key.attribute)),
            )
          : undefined;
      for (const [at, attribute] of attributes.entries()) {
        const place = unique?.keys.findIndex((key) => key.attribute === referenced?.attributes[at]);
        yield {
          ...constraintHead(reader, table.schema, name),
          ...tableHead(reader, table),
          column_name: columnOf(table, attribute).name,
          ordinal_position: at + 1,
          position_in_unique_constraint: place === undefined ? null : place + 1,
        };
      }
    }
  }
}

function* checkRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of seenTables(reader)) {
    for (const { name, expression } of table.checks)
      yield {
        ...constraintHead(reader, table.schema, name),
        check_clause: `(${expressionShown(reader, expression, { purpose: 'check', table, type: null }).plain})`,
      };
    for (const { number, name, notNull } of visible(table)) {
      const own = notNullName(reader, table, number);
      if (notNull) yield { ...constraintHead(reader, table.schema, own), check_clause: `${name} IS NOT NULL` };
    }
  }
  for (const { schema, body } of typesOf(reader))
    for (const { name, expression } of body.domain?.checks ?? [])
      yield {
        ...constraintHead(reader, reader.schemaName(schema), name),
        check_clause: `(${expressionShown(reader, expression, { purpose: 'check', table: null, type: body.domain?.base ?? null }).plain})`,
      };
}

function* referenceRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of seenTables(reader)) {
    for (const key of table.foreignKeys ?? []) {
      const target = reader.relation(key.table);
      if (target?.kind !== 'table') continue;
      const head = constraintHead(reader, table.schema, key.name);
      yield {
        ...head,
        unique_constraint_catalog: head.constraint_catalog,
        unique_constraint_schema: target.schema,
        unique_constraint_name: target.indexes.find(({ id }) => id === key.index)?.constraint ?? null,
        match_option: key.match === 'full' ? 'FULL' : 'NONE',
        update_rule: actionWords(key.onUpdate),
        delete_rule: actionWords(key.onDelete),
      };
    }
  }
}

/** Of a foreign key what it refers to, of others what they are on. */
function* usedColumns(reader: SessionReader): Iterable<{ head: VirtualRow; table: CatalogTable; attributes: readonly number[] }> {
  for (const table of seenTables(reader)) {
    for (const { name, attributes, referenced } of constraintsOf(table)) {
      const head = constraintHead(reader, table.schema, name);
      const target = referenced === null ? null : reader.relation(referenced.table);
      if (referenced === null) yield { head, table, attributes };
      else if (target?.kind === 'table') yield { head, table: target, attributes: referenced.attributes };
    }
  }
}

function* columnUsageRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { head, table, attributes } of usedColumns(reader))
    for (const one of attributes) yield { ...tableHead(reader, table), column_name: columnOf(table, one).name, ...head };
}

function* tableUsageRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { head, table } of usedColumns(reader)) yield { ...tableHead(reader, table), ...head };
}

// ---- views ----

function* viewTableRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const view of seenViews(reader)) {
    const { table_catalog, table_schema, table_name } = tableHead(reader, view);
    for (const { object } of view.uses) {
      const used = reader.relation(object);
      if (used === null) continue;
      yield { view_catalog: table_catalog, view_schema: table_schema, view_name: table_name, ...tableHead(reader, used) };
    }
  }
}

function* viewColumnRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const view of seenViews(reader)) {
    const { table_catalog, table_schema, table_name } = tableHead(reader, view);
    for (const { object, columns } of view.uses) {
      const used = reader.relation(object);
      if (used === null || used.kind === 'sequence') continue;
      for (const column of used.columns.filter(({ number }) => columns.includes(number))) {
        const head = { view_catalog: table_catalog, view_schema: table_schema, view_name: table_name };
        yield { ...head, ...tableHead(reader, used), column_name: column.name };
      }
    }
  }
}

export const INFORMATION_SCHEMA_KEYS: RowMakers = {
  table_constraints: constraintRows,
  key_column_usage: keyColumnRows,
  check_constraints: checkRows,
  referential_constraints: referenceRows,
  constraint_column_usage: columnUsageRows,
  constraint_table_usage: tableUsageRows,
  view_table_usage: viewTableRows,
  view_column_usage: viewColumnRows,
};
