/**
 * CREATE, ALTER and DROP DATABASE. A database is the root of its schemas: it shares log, cache, transactions, roles and threads
 * with all others, as databases of one cluster do in PostgreSQL, and no name of one means anything in another. The first one, in
 * which a program or a server begins, is no object and is called as that says.
 */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { PUBLIC } from '../../catalog/catalog.ts';
import type { CatalogSession, Notice } from '../../catalog/definitions.ts';
import { NO_SCHEMA } from '../../catalog/entries.ts';
import { mustOwn, noDatabase } from '../../catalog/errors.ts';
import { clipName } from '../../catalog/names.ts';
import type { DatabaseRow } from '../../catalog/stored.ts';
import { SCHEMA_DATABASES } from '../../catalog/system-tables.ts';
import type { SourceOption, SourceStatement } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, readerOf, unsupported } from './environment.ts';
import { changeOwner, roleNamed } from './schema.ts';

type Node<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;

const duplicate = (name: string): SqlError => new SqlError('42P04', `database "${name}" already exists`);
const inUse = (message: string, detail?: string): SqlError =>
  new SqlError('55006', message, detail === undefined ? {} : { detail });

export const firstDatabaseOf = ({ firstDatabase }: CatalogSession): string => firstDatabase ?? 'scratchbird';

// ---- options ----

const TEMPLATES = new Set(['template0', 'template1']);
const LOCALES = new Set(['c', 'posix', 'c.utf-8', 'c.utf8']);

/** Values that say what a database is anyway; others are refused by name. */
const TAKEN: { readonly [option: string]: (value: string) => boolean } = {
  template: (value) => TEMPLATES.has(value),
  encoding: (value) => ['utf8', 'utf-8', 'unicode', '6'].includes(value),
  strategy: (value) => value === 'wal_log' || value === 'file_copy',
  locale: (value) => LOCALES.has(value),
  lc_collate: (value) => LOCALES.has(value),
  lc_ctype: (value) => LOCALES.has(value),
  locale_provider: (value) => value === 'libc',
  tablespace: (value) => value === 'pg_default',
  allow_connections: (value) => ['true', 'on', '1'].includes(value),
  'connection limit': (value) => value === '-1',
  is_template: (value) => ['false', 'off', '0'].includes(value),
};

const textOf = ({ value }: SourceOption): string | null => (value?.op === 'constant' ? value.text : null);

/** 42601, 0A000 */
function checkOptions(options: readonly SourceOption[]): void {
  const seen = new Set<string>();
  for (const option of options) {
    const { name, at } = option;
    if (seen.has(name)) throw fault(SQLSTATE.syntax_error, 'conflicting or redundant options', at);
    seen.add(name);
    const text = textOf(option);
    if (name === 'owner' || text === null) continue;
    if (TAKEN[name]?.(text.toLowerCase()) !== true)
      throw unsupported(
        `CREATE DATABASE with ${name.toUpperCase()} ${text} is`,
        at,
        'All databases are UTF8 and compare text by its bytes.',
      );
  }
}

// ---- CREATE ----

/** 42501, 42P04, 42704, 0A000 */
export function createDatabase(source: Node<'createDatabase'>, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  const reader = readerOf(environment);
  const role = reader.role();
  if (role === null || !(role.superuser || role.createDatabase))
    throw new SqlError(SQLSTATE.insufficient_privilege, 'permission denied to create database');
  checkOptions(source.options);
  const name = clipName(source.name);
  mustBeFree(name, environment);
  const wanted = source.options.find((option) => option.name === 'owner');
  const owner = wanted === undefined ? role : roleNamed(textOf(wanted) ?? session.role, environment);
  if (!reader.isMember(role, owner.id))
    throw new SqlError(SQLSTATE.insufficient_privilege, `must be member of role "${owner.name}"`);
  catalog.change(tx, () => {
    const id = catalog.nextId();
    const body = { owner: owner.id, grants: null };
    const version = catalog.nextId();
    catalog.insert(tx, { id, schema: SCHEMA_DATABASES, name, kind: 'database', parent: 0, version, body });
    catalog.insert(tx, { ...PUBLIC, id: catalog.nextId(), schema: id, version: catalog.nextId() });
  });
}

function mustBeFree(name: string, environment: DefinitionEnvironment): void {
  const isTaken = readerOf(environment).databaseNamed(name) !== null;
  if (isTaken || name === firstDatabaseOf(environment.session) || TEMPLATES.has(name)) throw duplicate(name);
}

// ---- ALTER, DROP ----

/** What becomes of a database. */
type What = 'renamed' | 'dropped' | 'owned';

const OPEN = { renamed: 'current database cannot be renamed', dropped: 'cannot drop the currently open database' } as const;

/** One that was created, which the role must own. 3D000, 42501, 55006, 0A000 */
export function ownDatabase(name: string, what: What, at: number, environment: DefinitionEnvironment): DatabaseRow {
  const reader = readerOf(environment);
  const row = reader.databaseNamed(name);
  if (row === null) {
    if (name !== firstDatabaseOf(environment.session)) throw noDatabase(name);
    if (reader.database === NO_SCHEMA && what !== 'owned') throw inUse(OPEN[what]);
    throw unsupported(`changing the first database "${name}" is`, at, 'Its name is a setting of the server.');
  }
  if (!reader.owns(row.body.owner)) throw mustOwn('database', name);
  return row;
}

/** 55006 */
function mustBeUnused({ id, name }: DatabaseRow, what: keyof typeof OPEN, environment: DefinitionEnvironment): void {
  const { session, sessionsIn } = environment;
  if (session.databaseId === id) throw inUse(OPEN[what]);
  const others = sessionsIn(name);
  if (others === 0) return;
  const shown = others === 1 ? 'There is 1 other session' : `There are ${others} other sessions`;
  throw inUse(`database "${name}" is being accessed by other users`, `${shown} using the database.`);
}

/** 3D000, 42501, 42P04, 55006, 0A000 */
export function alterDatabase(source: Node<'alterDatabase'>, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = ownDatabase(source.name, source.action === 'rename' ? 'renamed' : 'owned', source.at, environment);
  catalog.change(tx, () => {
    if (source.action === 'owner') changeOwner(row, source.to, environment);
    else {
      const name = clipName(source.to);
      mustBeFree(name, environment);
      mustBeUnused(row, 'renamed', environment);
      catalog.replace(tx, { ...row, name, version: catalog.nextId() });
    }
  });
}

/** Everything in it goes, whoever's it is. 3D000, 42501, 55006, 0A000 */
export function dropDatabase(source: Node<'dropDatabase'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const { name, ifExists } = source;
  if (ifExists && readerOf(environment).databaseNamed(name) === null && name !== firstDatabaseOf(session))
    return [{ severity: 'NOTICE', code: '00000', message: `database "${name}" does not exist, skipping` }];
  const row = ownDatabase(name, 'dropped', source.at, environment);
  mustBeUnused(row, 'dropped', environment);
  const within = { role: readerOf(environment).firstRole()?.name ?? session.role, searchPath: [], id: 0, databaseId: row.id };
  catalog.change(tx, () => {
    const schemas = catalog
      .reader(tx, within)
      .all()
      .flatMap((entry) => (entry.row.kind === 'schema' ? [entry.row.id] : []));
    catalog.drop(tx, within, schemas, true);
    catalog.remove(tx, row);
  });
  return [];
}
