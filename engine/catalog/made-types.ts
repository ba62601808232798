/**
 * Types that users have made, and row types of tables, as the catalog has them; objects by the names that regclass and its like show.
 *
 *   enum:ID   a type of labels        row:ID   CREATE TYPE AS (...), or a table        domain   its base, with the id of the domain
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { sqlType, type SqlType, type TypeName } from '../sblr/types.ts';
import { noteUserType, type RowAttribute, type TypeDirectory, type UserType } from '../values/user-types.ts';
import { noDatabase } from './errors.ts';
import type { CatalogColumn } from './objects.ts';
import type { SessionReader } from './reader.ts';
import { userTypeOf } from './stored.ts';
import { FIRST_DATABASE } from './system-tables.ts';
import { describeObject } from './virtual/answers.ts';
import { builtInRoutineName, builtInRoutineNumber } from './virtual/pg-routines.ts';
import { builtInTypeName, builtInTypeNumber } from './virtual/pg-types.ts';
import { baseTypes, builtInType, formatType, quoteName } from './virtual/describe.ts';

export const attributeOf = ({ name, number, type }: CatalogColumn): RowAttribute => ({
  ...{ name, number, type: type.name, length: type.length, scale: type.scale },
  ...(type.domain === undefined ? {} : { domain: type.domain }),
});

/** The type of an id, or the row type of a table or view. */
export function madeType(reader: SessionReader, id: number): UserType | null {
  const entry = reader.entry(id);
  if (entry === null) return null;
  const { row } = entry;
  const schema = reader.schemaName(row.schema);
  if (row.kind === 'type') return userTypeOf(row, schema);
  if (row.kind !== 'table' && row.kind !== 'view') return null;
  const attributes = row.body.columns.filter(({ hidden }) => hidden === null).map(attributeOf);
  const type: UserType = { kind: 'row', id, arrayId: 0, schema, name: row.name, labels: [], attributes, base: '' };
  noteUserType(type);
  return type;
}

export function findMadeType(reader: SessionReader, schema: string | null, name: string): SqlType | null {
  for (const one of schema === null ? reader.searchPath() : [schema]) {
    const id = reader.schemaId(one);
    const row = id === null ? undefined : reader.entryByName(id, name)?.row;
    if (row === undefined) continue;
    if (row.kind === 'table' || row.kind === 'view') {
      madeType(reader, row.id);
      return sqlType(`row:${row.id}`);
    }
    if (row.kind !== 'type') continue;
    const { form, domain } = row.body;
    if (form !== 'domain') return sqlType(`${form}:${row.id}`);
    if (domain !== null) return { ...domain.base, nullable: true, domain: row.id };
  }
  return null;
}

// ---- regclass and its like ----

/** "Quoted", unquoted and dotted parts of a name. 22023 */
function partsOf(text: string): string[] {
  const parts: string[] = [];
  let rest = text.trim();
  for (;;) {
    const quoted = /^"((?:[^"]|"")+)"/.exec(rest);
    const plain = quoted === null ? /^[^".\s]+/.exec(rest) : null;
    const match = quoted ?? plain;
    if (match === null) throw new SqlError(SQLSTATE.invalid_name, 'invalid name syntax');
    parts.push(quoted === null ? match[0].toLowerCase() : quoted[1].replaceAll('""', '"'));
    rest = rest.slice(match[0].length);
    if (rest === '') return parts;
    if (!rest.startsWith('.')) throw new SqlError(SQLSTATE.invalid_name, 'invalid name syntax');
    rest = rest.slice(1);
  }
}

const missing = (code: string, message: string): SqlError => new SqlError(code, message);

/** With its schema unless the search path finds it. */
function shownRelation(reader: SessionReader, id: number): string | null {
  const relation = reader.relation(id);
  const row = reader.entry(id)?.row;
  const name = relation?.name ?? (row?.kind === 'index' ? row.name : null);
  if (name === null) return null;
  const schema = relation?.schema ?? (row === undefined ? '' : reader.schemaName(row.schema));
  const found = relation === null ? reader.findEntry(null, name)?.row.id : reader.findRelation(null, name)?.id;
  return found === id ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
}

function relationNumber(reader: SessionReader, text: string): number {
  const parts = partsOf(text);
  const name = parts[parts.length - 1];
  const schema = parts.length > 1 ? parts[parts.length - 2] : null;
  const relation = reader.findRelation(schema, name);
  if (relation !== null) return relation.id;
  const row = reader.findEntry(schema, name)?.row;
  if (row?.kind === 'index') return row.id;
  throw missing(SQLSTATE.undefined_table, `relation "${parts.join('.')}" does not exist`);
}

/** Words under which SQL knows built-in types besides their names. */
const OTHER_NAMES: { readonly [name: string]: TypeName } = {
  int: 'int4',
  integer: 'int4',
  smallint: 'int2',
  bigint: 'int8',
  real: 'float4',
  decimal: 'numeric',
  boolean: 'bool',
  'double precision': 'float8',
  'character varying': 'varchar',
  character: 'char',
  bpchar: 'char',
  '"char"': 'char1',
};

function typeNumber(reader: SessionReader, text: string): number {
  const match = /^(.*?)\s*(?:\(\s*[\d,\s]*\))?\s*((?:\[\d*\])*)$/.exec(text.trim());
  const whole = (match?.[1] ?? text).replace(/\s+/g, ' ');
  const name = whole
    .replace(/^"?pg_catalog"?\."?([a-z\d_]+)"?$/i, (_, own: string) => (own === 'char' ? '"char"' : own))
    .toLowerCase();
  const isArray = (match?.[2] ?? '') !== '';
  const built = baseTypes().find(
    ([base, { name: own, shown }]) => own === name || shown === name || (base === name && base !== 'char'),
  );
  const base = OTHER_NAMES[name] ?? built?.[0];
  if (base !== undefined) {
    const [, described] = baseTypes().find(([one]) => one === base) ?? [];
    if (described !== undefined) return isArray ? described.array : described.oid;
  }
  if (!isArray && name.startsWith('_')) {
    const array = baseTypes().find(([, { name: own }]) => `_${own}` === name);
    if (array !== undefined) return array[1].array;
  }
  const parts = partsOf(whole);
  const own = parts[parts.length - 1];
  const listed = isArray ? 0 : builtInTypeNumber(own);
  if (listed !== 0 && (parts.length === 1 || parts[parts.length - 2] === 'pg_catalog')) return listed;
  const found = findMadeType(reader, parts.length > 1 ? parts[parts.length - 2] : null, own);
  if (found === null) throw missing(SQLSTATE.undefined_object, `type "${whole}" does not exist`);
  const id = found.domain ?? Number(found.name.slice(found.name.indexOf(':') + 1));
  return isArray ? (madeType(reader, id)?.arrayId ?? 0) : id;
}

function shownTypeNumber(reader: SessionReader, id: number): string | null {
  const built = builtInType(id);
  if (built !== null) return formatType(sqlType(built));
  const type = madeType(reader, id);
  if (type !== null) {
    const found = findMadeType(reader, null, type.name);
    const isFound = found !== null && (found.domain === id || found.name.endsWith(`:${id}`));
    return isFound ? quoteName(type.name) : `${quoteName(type.schema)}.${quoteName(type.name)}`;
  }
  const listed = builtInTypeName(id);
  if (listed !== null) return listed;
  for (const { row } of reader.all())
    if (row.kind === 'type' && row.body.arrayId === id) return `${shownTypeNumber(reader, row.id)}[]`;
  return null;
}

function routineNumber(reader: SessionReader, text: string, withTypes: boolean): number {
  const open = text.indexOf('(');
  const parts = partsOf(open < 0 ? text : text.slice(0, open));
  const found = reader.routines(parts.length > 1 ? parts[parts.length - 2] : null, parts[parts.length - 1]);
  const types = withTypes && open >= 0 ? text.slice(open).replace(/\s+/g, '') : null;
  const fitting = types === null ? found : found.filter(({ body }) => body.shown.replace(/\s+/g, '').endsWith(types));
  if (fitting.length > 1) throw missing(SQLSTATE.ambiguous_function, `more than one function named "${text}"`);
  if (fitting.length === 1) return fitting[0].id;
  const listed = builtInRoutineNumber(parts[parts.length - 1]);
  if (listed !== 0) return listed;
  throw missing(SQLSTATE.undefined_function, `function "${text}" does not exist`);
}

/** What statements ask of types and objects by number. */
export const directoryOf = (reader: SessionReader): TypeDirectory => ({
  userType: (id) => madeType(reader, id),
  describe: (question, given) => describeObject(reader, question, given),
  objectName(type, id) {
    switch (type) {
      case 'regclass':
        return shownRelation(reader, id);
      case 'regtype':
        return shownTypeNumber(reader, id);
      case 'regnamespace': {
        const name = reader.schemaName(id);
        return name === '' ? null : quoteName(name);
      }
      case 'regrole': {
        const role = reader.roles().find((one) => one.id === id);
        return role === undefined ? null : quoteName(role.name);
      }
      case 'database':
        return id === FIRST_DATABASE || reader.databases().some((one) => one.id === id) ? String(id) : null;
      default: {
        const row = reader.entry(id)?.row;
        if (row?.kind !== 'function' && row?.kind !== 'procedure') return builtInRoutineName(id);
        const shown = type === 'regprocedure' ? row.body.shown : quoteName(row.body.routine.name);
        // What the search path does not show has its schema before it.
        const isVisible = reader.routines(null, row.body.routine.name).some((one) => one.id === id);
        return isVisible ? shown : `${quoteName(reader.schemaName(row.schema))}.${shown}`;
      }
    }
  },
  objectNumber(type, text) {
    switch (type) {
      case 'regclass':
        return relationNumber(reader, text);
      case 'regtype':
        return typeNumber(reader, text);
      case 'regnamespace': {
        const [name] = partsOf(text);
        const id = reader.schemaId(name);
        if (id === null) throw missing(SQLSTATE.invalid_schema_name, `schema "${name}" does not exist`);
        return id;
      }
      case 'regrole': {
        const [name] = partsOf(text);
        const role = reader.roles().find((one) => one.name === name);
        if (role === undefined) throw missing(SQLSTATE.undefined_object, `role "${name}" does not exist`);
        return role.id;
      }
      case 'database': {
        const { session } = reader;
        const id = text === (session.firstDatabase ?? session.database) ? FIRST_DATABASE : reader.databaseNamed(text)?.id;
        if (id === undefined) throw noDatabase(text);
        return id;
      }
      case 'regproc':
      case 'regprocedure':
        return routineNumber(reader, text, type === 'regprocedure');
      default:
        throw missing(SQLSTATE.undefined_function, `operator does not exist: ${text}`);
    }
  },
});
