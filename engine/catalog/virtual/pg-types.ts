/** Rows of pg_type, pg_enum, pg_range: built-in types, those that users have made, row types of relations. */

import type { SqlType } from '../../sblr/types.ts';
import type { SessionReader } from '../reader.ts';
import type { TypeRow } from '../stored.ts';
import { ROLE_SUPERUSER } from '../system-tables.ts';
import { typeModifier } from '../../sblr/type-modifier.ts';
import { collationOf, describeType } from './describe.ts';
import { factRows } from './pg-access.ts';
import { aclOf } from './pg-rights.ts';
import { RANGE_ROWS, TYPE_ROWS } from './postgresql-rows.ts';
import { schemaIdOf, tablesOf, typesOf, viewsOf } from './relations.ts';
import type { Lookup, RowMakers, VirtualRow } from './virtual-table.ts';

const TYPE_DEFAULTS: VirtualRow = {
  typnamespace: 11,
  typowner: ROLE_SUPERUSER,
  typispreferred: false,
  typisdefined: true,
  typdelim: ',',
  typrelid: 0,
  typelem: 0,
  typarray: 0,
  typmodin: 0,
  typmodout: 0,
  typanalyze: 0,
  typsubscript: 0,
  typnotnull: false,
  typbasetype: 0,
  typtypmod: -1,
  typndims: 0,
  typcollation: 0,
};

/** Functions of arrays, rows, enums and domains, by PostgreSQL's numbers. */
const ARRAY_FUNCTIONS = { typinput: 750, typoutput: 751, typreceive: 2400, typsend: 2401, typanalyze: 3816, typsubscript: 6179 };
const ROW_FUNCTIONS = { typinput: 2290, typoutput: 2291, typreceive: 2402, typsend: 2403 };
const ENUM_FUNCTIONS = { typinput: 3506, typoutput: 3507, typreceive: 3532, typsend: 3533 };
const DOMAIN_FUNCTIONS = { typinput: 2597, typreceive: 2598 };

const arrayRow = (element: VirtualRow, oid: number): VirtualRow => ({
  ...TYPE_DEFAULTS,
  ...ARRAY_FUNCTIONS,
  typnamespace: element.typnamespace,
  typowner: element.typowner,
  oid,
  typname: `_${String(element.typname)}`.slice(0, 63),
  typlen: -1,
  typbyval: false,
  typtype: 'b',
  typcategory: 'A',
  typelem: element.oid,
  typalign: element.typalign === 'd' ? 'd' : 'i',
  typstorage: 'x',
  typcollation: element.typcollation,
});

let builtIn: readonly VirtualRow[] | null = null;

function builtInRows(): readonly VirtualRow[] {
  builtIn ??= factRows(TYPE_ROWS, TYPE_DEFAULTS).flatMap((row) =>
    row.typarray === 0 ? [row] : [row, arrayRow(row, Number(row.typarray))],
  );
  return builtIn;
}

const rowType = (oid: number, name: string, namespace: number, owner: number, array: number): VirtualRow => ({
  ...TYPE_DEFAULTS,
  ...ROW_FUNCTIONS,
  oid,
  typname: name,
  typnamespace: namespace,
  typowner: owner,
  typlen: -1,
  typbyval: false,
  typtype: 'c',
  typcategory: 'C',
  typrelid: oid,
  typarray: array,
  typalign: 'd',
  typstorage: 'x',
});

function enumType({ id, name, schema, body }: TypeRow): VirtualRow {
  const head = { oid: id, typname: name, typnamespace: schema, typowner: body.owner, typarray: body.arrayId };
  const form = { typlen: 4, typbyval: true, typtype: 'e', typcategory: 'E', typalign: 'i', typstorage: 'p' };
  return { ...TYPE_DEFAULTS, ...ENUM_FUNCTIONS, ...head, ...form };
}

function domainType(row: TypeRow, base: SqlType): VirtualRow {
  const { id, name, schema, body } = row;
  const described = describeType(base.name);
  const oid = base.domain ?? described.oid;
  const built = builtInRows().find((one) => one.oid === described.oid);
  return {
    ...TYPE_DEFAULTS,
    ...built,
    ...DOMAIN_FUNCTIONS,
    ...{ oid: id, typname: name, typnamespace: schema, typowner: body.owner, typarray: body.arrayId, typsubscript: 0 },
    ...{
      typlen: described.length,
      typbyval: described.byValue,
      typtype: 'd',
      typalign: described.align,
      typstorage: described.storage,
    },
    ...{ typcategory: described.category, typispreferred: false, typbasetype: oid, typelem: 0 },
    typtypmod: typeModifier(base),
    typnotnull: body.domain?.notNull ?? false,
    typdefault: body.domain?.default?.text ?? null,
    typdefaultbin: body.domain?.default?.text ?? null,
    typcollation: collationOf(base.name),
  };
}

function* madeRows(reader: SessionReader, row: TypeRow): Iterable<VirtualRow> {
  const { id, name, schema, body } = row;
  const made =
    body.form === 'enum'
      ? enumType(row)
      : body.domain === null
        ? rowType(id, name, schema, body.owner, body.arrayId)
        : domainType(row, body.domain.base);
  yield { ...made, typacl: aclOf(reader, id) };
  if (body.arrayId !== 0) yield arrayRow(made, body.arrayId);
}

function* typeRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  if (lookup?.column === 'oid') {
    const found = builtInRows().find(({ oid }) => oid === lookup.value);
    if (found !== undefined) {
      yield found;
      return;
    }
    const relation = reader.relation(Number(lookup.value));
    if (relation?.kind === 'table' || relation?.kind === 'view') {
      yield rowType(relation.id, relation.name, schemaIdOf(reader, relation.schema), relation.owner, 0);
      return;
    }
  } else yield* builtInRows();
  for (const row of typesOf(reader)) yield* madeRows(reader, row);
  if (lookup?.column === 'oid') return;
  for (const { id, name, schema, owner } of [...tablesOf(reader), ...viewsOf(reader)])
    yield rowType(id, name, schemaIdOf(reader, schema), owner, 0);
}

function* enumRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id, body } of typesOf(reader))
    for (const [at, label] of body.labels.entries())
      yield { oid: label.id, enumtypid: id, enumsortorder: at + 1, enumlabel: label.label };
}

export const PG_TYPES: RowMakers = { pg_type: typeRows, pg_enum: enumRows, pg_range: () => factRows(RANGE_ROWS) };

/** PostgreSQL's number of a type that the engine has no values of (trigger, xml ...), too; 0: there is none. */
export const builtInTypeNumber = (name: string): number =>
  Number(builtInRows().find(({ typname }) => typname === name)?.oid ?? 0);

export function builtInTypeName(id: number): string | null {
  const row = builtInRows().find(({ oid }) => oid === id);
  if (row === undefined) return null;
  const element = row.typcategory === 'A' && row.typelem !== 0 ? builtInTypeName(Number(row.typelem)) : null;
  return element === null ? String(row.typname) : `${element}[]`;
}
