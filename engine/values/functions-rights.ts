/** has_..._privilege() and pg_has_role(): what a role may do. Who knows is the statement's context; without rights all may do all. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { ValueContext } from './context.ts';
import { badParameter } from './errors.ts';
import type { Implementation } from './functions.ts';
import { quoteIdent } from './text.ts';

/** Rights that each kind of object knows. */
const RIGHTS: { readonly [kind: string]: string } = {
  table: 'SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER RULE',
  any_column: 'SELECT INSERT UPDATE REFERENCES',
  column: 'SELECT INSERT UPDATE REFERENCES',
  sequence: 'USAGE SELECT UPDATE',
  schema: 'CREATE USAGE',
  database: 'CREATE CONNECT TEMPORARY TEMP',
  function: 'EXECUTE',
  type: 'USAGE',
  language: 'USAGE',
  foreign_data_wrapper: 'USAGE',
  server: 'USAGE',
  tablespace: 'CREATE',
  parameter: 'SET ALTER SYSTEM',
  role: 'USAGE MEMBER SET',
};

/** Types under whose names objects are found by name. */
const FOUND_AS: { readonly [kind: string]: string } = {
  table: 'regclass',
  any_column: 'regclass',
  column: 'regclass',
  sequence: 'regclass',
  schema: 'regnamespace',
  function: 'regprocedure',
  type: 'regtype',
  role: 'regrole',
  database: 'database',
};
/** Objects of these kinds are always there, under these numbers. */
const BUILT_IN: { readonly [kind: string]: { readonly [name: string]: number } } = {
  language: { internal: 12, c: 13, sql: 14 },
  tablespace: { pg_default: 1663, pg_global: 1664 },
  foreign_data_wrapper: {},
  server: {},
};
const SHOWN: { readonly [kind: string]: string } = { foreign_data_wrapper: 'foreign-data wrapper' };

function checkRights(kind: string, text: string): readonly string[] {
  const known = kind === 'parameter' ? ['SET', 'ALTER SYSTEM'] : RIGHTS[kind].split(' ');
  return text.split(',').map((part) => {
    const right = part.trim().toUpperCase();
    const plain = right.replace(/ WITH (?:GRANT|ADMIN) OPTION$/, '');
    if (!known.includes(plain)) throw badParameter(`unrecognized privilege type: "${part.trim()}"`);
    return right;
  });
}

const missing = (kind: string, name: string): SqlError =>
  new SqlError(SQLSTATE.undefined_object, `${SHOWN[kind] ?? kind} "${name}" does not exist`);

function roleNumber(role: string | number | null, context: ValueContext): number {
  if (typeof role === 'number') return role;
  if (role === 'public') return 0;
  const name = role ?? context.user;
  if (context.types === undefined) {
    if (name === context.user) return 10;
    throw missing('role', name);
  }
  return context.types.objectNumber('regrole', quoteIdent(name));
}

/** The number of an object; null: there is none of this number. 42P01, 42704 ... */
function objectNumber(kind: string, object: string | number, context: ValueContext): number | null {
  const type = FOUND_AS[kind];
  if (typeof object === 'number') {
    if (type === undefined) return Object.values(BUILT_IN[kind] ?? {}).includes(object) ? object : null;
    return context.types?.objectName(type, object) == null ? null : object;
  }
  if (kind === 'database' && context.types === undefined) {
    if (object === context.database) return 1;
    throw new SqlError(SQLSTATE.invalid_catalog_name, `database "${object}" does not exist`);
  }
  if (kind === 'parameter') return 0;
  if (type === undefined) {
    const found = BUILT_IN[kind][object];
    if (found === undefined) throw missing(kind, object);
    return found;
  }
  if (context.types === undefined) throw missing(kind, object);
  const isPlain = kind === 'schema' || kind === 'role';
  return context.types.objectNumber(type, isPlain ? quoteIdent(object) : object);
}

/** 42703 */
function checkColumn(table: number, column: string | number, context: ValueContext): boolean {
  const row = context.types?.userType(table);
  if (row == null) return true;
  if (typeof column === 'number') return row.attributes.some(({ number }) => number === column);
  if (row.attributes.some(({ name }) => name === column)) return true;
  throw new SqlError(SQLSTATE.undefined_column, `column "${column}" of relation "${row.name}" does not exist`);
}

function answer(kind: string, hasRole: boolean, given: readonly (string | number)[], context: ValueContext): boolean | null {
  const role = roleNumber(hasRole ? given[0] : null, context);
  const rest = hasRole ? given.slice(1) : given;
  const object = objectNumber(kind, rest[0], context);
  const rights = checkRights(kind, rest[rest.length - 1] as string);
  if (object === null) return null;
  const column = kind === 'column' ? rest[1] : null;
  if (column !== null && !checkColumn(object, column, context)) return null;
  return rights.some(
    (right) => context.mayDo?.(role, kind, typeof rest[0] === 'string' && object <= 1 ? rest[0] : object, column, right) ?? true,
  );
}

const table: { [primitive: string]: Implementation } = {};
for (const kind of Object.keys(RIGHTS)) {
  for (const role of ['', 'name.', 'oid.']) {
    for (const object of kind === 'role' ? ['name', 'oid'] : kind === 'parameter' ? ['text'] : ['text', 'oid']) {
      for (const column of kind === 'column' ? ['.text', '.int2'] : ['']) {
        table[`privilege.${kind}.${role}${object}${column}`] = (...given: RowValue[]) =>
          answer(
            kind,
            role !== '',
            given.slice(0, -1) as (string | number)[],
            given[given.length - 1] as unknown as ValueContext,
          );
      }
    }
  }
}
export const rightFunctions: { readonly [primitive: string]: Implementation } = table;
