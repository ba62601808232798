/** Errors of definitions, worded as PostgreSQL does; each is raised in more than one place, or reads better here. */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { ObjectRow } from './stored.ts';

/** What an object is called in messages. */
export const kindName = (kind: ObjectRow['kind'] | 'virtual'): string => (kind === 'virtual' ? 'view' : kind);

export const relationExists = (name: string): SqlError =>
  new SqlError(SQLSTATE.duplicate_table, `relation "${name}" already exists`);

export const noRelation = (name: string): SqlError => new SqlError(SQLSTATE.undefined_table, `relation "${name}" does not exist`);

export const noTable = (name: string): SqlError => new SqlError(SQLSTATE.undefined_table, `table "${name}" does not exist`);

export const noSchema = (name: string): SqlError => new SqlError(SQLSTATE.invalid_schema_name, `schema "${name}" does not exist`);

export const noDatabase = (name: string): SqlError =>
  new SqlError(SQLSTATE.invalid_catalog_name, `database "${name}" does not exist`);

export const mustOwn = (kind: string, name: string): SqlError =>
  new SqlError(SQLSTATE.insufficient_privilege, `must be owner of ${kind} ${name}`);

export const denied = (kind: string, name: string): SqlError =>
  new SqlError(SQLSTATE.insufficient_privilege, `permission denied for ${kind} ${name}`);

export const wrongKind = (name: string, wanted: string): SqlError =>
  new SqlError(SQLSTATE.wrong_object_type, `"${name}" is not ${/^[aeiou]/.test(wanted) ? 'an' : 'a'} ${wanted}`);
