/** information_schema's tables, views, columns, sequences, schemas, domains and types: what the role may see. */

import { defaultText } from './describe.ts';
import { virtualKind } from './registry.ts';
import { roleName, sequencesOf, shownRelation, shownType, typesOf, virtualTablesOf, visible } from './relations.ts';
import type { CatalogColumn, CatalogTable, CatalogView, CatalogVirtualTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import type { SqlType, TypeName } from '../../sblr/types.ts';
import {
  catalogOf,
  constraintHead,
  dataType,
  domainColumns,
  INTEGER_BITS,
  seenTables,
  seenViews,
  sizeColumns,
  tableHead,
  udtColumns,
  yesNo,
} from './information-schema-shared.ts';
import { int8Value, type Lookup, type RowMakers, type VirtualRow } from './virtual-table.ts';

function* tableRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of seenTables(reader)) {
    const isTemporary = table.persistence === 'temporary';
    yield {
      ...tableHead(reader, table),
      table_type: isTemporary ? 'LOCAL TEMPORARY' : 'BASE TABLE',
      is_insertable_into: 'YES',
      is_typed: 'NO',
      commit_action: isTemporary ? 'PRESERVE' : null,
    };
  }
  for (const view of seenViews(reader))
    yield { ...tableHead(reader, view), table_type: 'VIEW', is_insertable_into: yesNo(isSimple(view)), is_typed: 'NO' };
  for (const table of virtualTablesOf()) {
    const type = virtualKind(table.id) === 'v' ? 'VIEW' : 'BASE TABLE';
    yield { ...tableHead(reader, table), table_type: type, is_insertable_into: 'NO', is_typed: 'NO' };
  }
}

/** Of one relation without grouping and the like: it can be changed through. */
const isSimple = ({ query, uses }: CatalogView): boolean => {
  const body = query.source as { op: string; groupBy?: unknown };
  return uses.length === 1 && body.op === 'select' && !/\b(GROUP BY|DISTINCT|LIMIT|UNION|HAVING|OFFSET)\b/.test(query.text);
};

function* viewRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const view of seenViews(reader)) {
    yield {
      ...tableHead(reader, view),
      view_definition: ` ${view.query.text};`,
      check_option: view.check.toUpperCase(),
      is_updatable: yesNo(isSimple(view)),
      is_insertable_into: yesNo(isSimple(view)),
      is_trigger_updatable: 'NO',
      is_trigger_deletable: 'NO',
      is_trigger_insertable_into: 'NO',
    };
  }
}

// ---- columns ----

type WithColumns = CatalogTable | CatalogVirtualTable | CatalogView;

function identityColumns(reader: SessionReader, column: CatalogColumn): VirtualRow {
  if (column.identity === 'none') return { is_identity: 'NO', identity_cycle: 'NO' };
  const sequence = reader.relation(column.sequence);
  const generation = { is_identity: 'YES', identity_generation: column.identity === 'always' ? 'ALWAYS' : 'BY DEFAULT' };
  if (sequence?.kind !== 'sequence') return generation;
  return {
    ...generation,
    identity_start: String(sequence.start),
    identity_increment: String(sequence.increment),
    identity_maximum: String(sequence.maximum),
    identity_minimum: String(sequence.minimum),
    identity_cycle: yesNo(sequence.cycle),
  };
}

function columnRow(reader: SessionReader, table: WithColumns, column: CatalogColumn, position: number): VirtualRow {
  const isGenerated = column.generated !== undefined;
  const { type } = column;
  return {
    ...tableHead(reader, table),
    ...sizeColumns(type),
    ...udtColumns(reader, type),
    ...domainColumns(reader, type),
    ...identityColumns(reader, column),
    data_type: dataType(type),
    column_name: column.name,
    ordinal_position: position,
    column_default: isGenerated
      ? null
      : defaultText(
          column,
          (id) => shownRelation(reader, id),
          (type) => shownType(reader, type),
        ),
    is_nullable: yesNo(!column.notNull),
    ...(type.name === 'name' || column.collation !== undefined
      ? { collation_catalog: catalogOf(reader), collation_schema: 'pg_catalog', collation_name: column.collation ?? 'C' }
      : {}),
    dtd_identifier: String(column.number),
    is_self_referencing: 'NO',
    is_generated: isGenerated ? 'ALWAYS' : 'NEVER',
    generation_expression: column.generated?.text ?? null,
    is_updatable: yesNo(table.kind === 'table' || (table.kind === 'view' && isSimple(table))),
  };
}

function* columnRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  const all: WithColumns[] = [...seenTables(reader), ...seenViews(reader), ...virtualTablesOf()];
  for (const table of all) {
    if (lookup?.column === 'table_name' && table.name !== lookup.value) continue;
    for (const [at, column] of visible(table).entries()) yield columnRow(reader, table, column, at + 1);
  }
}

// ---- schemas, sequences ----

function* schemaRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { name, owner } of reader.schemas())
    yield { catalog_name: catalogOf(reader), schema_name: name, schema_owner: roleName(reader, owner) };
}

function* sequenceRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const sequence of sequencesOf(reader)) {
    const owner = sequence.ownerTable === 0 ? null : reader.relation(sequence.ownerTable);
    const column = owner?.kind === 'table' ? owner.columns.find(({ number }) => number === sequence.ownerAttribute) : undefined;
    const isIdentity = column !== undefined && column.identity !== 'none';
    if (isIdentity || !reader.allows(sequence.id, 'select')) continue;
    yield {
      sequence_catalog: catalogOf(reader),
      sequence_schema: sequence.schema,
      sequence_name: sequence.name,
      data_type: { int2: 'smallint', int4: 'integer', int8: 'bigint' }[sequence.type],
      numeric_precision: INTEGER_BITS[sequence.type],
      numeric_precision_radix: 2,
      numeric_scale: 0,
      start_value: String(int8Value(sequence.start)),
      minimum_value: String(sequence.minimum),
      maximum_value: String(sequence.maximum),
      increment: String(sequence.increment),
      cycle_option: yesNo(sequence.cycle),
    };
  }
}

// ---- domains, types ----

function* domainRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id, body } of typesOf(reader)) {
    if (body.domain === null) continue;
    const { base, default: value } = body.domain;
    yield {
      ...domainColumns(reader, { ...base, domain: id }),
      ...sizeColumns(base),
      ...udtColumns(reader, base),
      data_type: dataType(base),
      domain_default: value?.text ?? null,
      dtd_identifier: '1',
    };
  }
}

function* domainConstraintRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id, schema, body } of typesOf(reader)) {
    for (const { name } of body.domain?.checks ?? []) {
      const head = domainColumns(reader, { ...(body.domain as { base: SqlType }).base, domain: id });
      yield {
        ...constraintHead(reader, reader.schemaName(schema), name),
        ...head,
        is_deferrable: 'NO',
        initially_deferred: 'NO',
      };
    }
  }
}

function* rowTypeRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { name, schema, body } of typesOf(reader)) {
    if (body.form !== 'row') continue;
    yield {
      user_defined_type_catalog: catalogOf(reader),
      user_defined_type_schema: reader.schemaName(schema),
      user_defined_type_name: name,
      user_defined_type_category: 'STRUCTURED',
      is_instantiable: 'YES',
    };
  }
}

function* attributeRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { name, schema, body } of typesOf(reader)) {
    const head = { udt_catalog: catalogOf(reader), udt_schema: reader.schemaName(schema), udt_name: name };
    for (const [at, { name: own, type, length, scale }] of body.attributes.entries()) {
      const described: SqlType = { name: type as TypeName, length, scale, nullable: true, digits: 0 };
      const udt = udtColumns(reader, described);
      yield {
        ...head,
        ...sizeColumns(described),
        attribute_name: own,
        ordinal_position: at + 1,
        is_nullable: 'YES',
        data_type: dataType(described),
        attribute_udt_catalog: udt.udt_catalog,
        attribute_udt_schema: udt.udt_schema,
        attribute_udt_name: udt.udt_name,
        dtd_identifier: String(at + 1),
        is_derived_reference_attribute: 'NO',
      };
    }
  }
}

function* elementRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of [...seenTables(reader), ...seenViews(reader)]) {
    for (const { number, type } of visible(table)) {
      if (!type.name.endsWith('[]')) continue;
      const element: SqlType = { ...type, name: type.name.slice(0, -2) as TypeName };
      yield {
        object_catalog: catalogOf(reader),
        object_schema: table.schema,
        object_name: table.name,
        object_type: 'TABLE',
        collection_type_identifier: String(number),
        data_type: dataType(element),
        ...udtColumns(reader, element),
        dtd_identifier: `a${number}`,
      };
    }
  }
}

const collation = (reader: SessionReader, name: string): VirtualRow => ({
  ...{ collation_catalog: catalogOf(reader), collation_schema: 'pg_catalog', collation_name: name, pad_attribute: 'NO PAD' },
  ...{ character_set_catalog: null, character_set_schema: null, character_set_name: 'UTF8' },
});

export const INFORMATION_SCHEMA: RowMakers = {
  tables: tableRows,
  views: viewRows,
  columns: columnRows,
  schemata: schemaRows,
  sequences: sequenceRows,
  domains: domainRows,
  domain_constraints: domainConstraintRows,
  user_defined_types: rowTypeRows,
  attributes: attributeRows,
  element_types: elementRows,
  information_schema_catalog_name: (reader) => [{ catalog_name: catalogOf(reader) }],
  collations: (reader) => ['C', 'POSIX'].map((name) => collation(reader, name)),
  collation_character_set_applicability: (reader) => ['C', 'POSIX'].map((name) => collation(reader, name)),
  character_sets: (reader) => [
    {
      ...{ character_set_name: 'UTF8', character_repertoire: 'UCS', form_of_use: 'UTF8' },
      ...{ default_collate_catalog: catalogOf(reader), default_collate_schema: 'pg_catalog', default_collate_name: 'C' },
    },
  ],
};
