/**
 * Definitions: CREATE, DROP, TRUNCATE, ANALYZE from source nodes. Checks what the statement means (define/), then has the catalog do
 * it, in the transaction and outside any statement of it.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Notice, QualifiedName } from '../catalog/definitions.ts';
import type { CatalogEntry } from '../catalog/entries.ts';
import { LOCK_ALL } from '../catalog/kernel-port.ts';
import type { SequenceRow } from '../catalog/stored.ts';
import type { CatalogColumn, CatalogTable } from '../catalog/objects.ts';
import type { BoundExpression } from '../sblr/bound.ts';
import { resolveType } from '../sblr/resolve-type.ts';
import type {
  SourceAnalyzeNode,
  SourceCreateIndexNode,
  SourceCreateSchemaNode,
  SourceCreateSequenceNode,
  SourceCreateTableNode,
  SourceDropNode,
  SourceName,
  SourceStatement,
  SourceTruncateNode,
} from '../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, shownName, unsupported } from './define/environment.ts';
import { boundOver, fillStatement, makeRoomForLayout } from './define/rewrite.ts';
import { alter } from './define/alter.ts';
import { ownedBy as sequenceOwnedBy } from './define/alter-sequence.ts';
import { comment } from './define/comment.ts';
import { addForeignKeyOf } from './define/foreign-key.ts';
import { alterDatabase, createDatabase, dropDatabase } from './define/database.ts';
import { createExtension, dropExtensions } from './define/extension.ts';
import { defineIndex } from './define/index.ts';
import { reindex } from './define/reindex.ts';
import { grant } from './define/grants.ts';
import { alterPolicy, createPolicy, dropPolicy } from './define/policy.ts';
import { alterRole, alterRoleSetting, defineRole, dropRoles, grantMembership, ownedBy, renameRoleTo } from './define/roles.ts';
import { createRoutine, dropRoutines } from './define/routine.ts';
import { createSchema, schemaNamed } from './define/schema.ts';
import { alterType, createDomain, createType, dropTypes } from './define/type.ts';
import { createTableAs } from './define/table-as.ts';
import { createView } from './define/view.ts';
import { sequenceNumbers } from './define/sequence.ts';
import { alterStatistics, createStatistics, dropStatistics } from './define/statistics.ts';
import { linkChild, withBelow } from './define/family.ts';
import { addPartIndex } from './define/family-alter.ts';
import { mustHoldKey } from './define/partition.ts';
import { columnConstraints, defineTable } from './define/table.ts';

export type { DefinitionEnvironment } from './define/environment.ts';

export interface DefinitionResult {
  /** 'CREATE TABLE' */
  readonly tag: string;
  readonly notices: readonly Notice[];
}

/** Runs a definition. Errors as PostgreSQL's, with positions (token ordinals) where a token is at fault; 0A000 for other statements. */
export function define(statement: SourceStatement, given: Omit<DefinitionEnvironment, 'fillHidden'>): DefinitionResult {
  const environment: DefinitionEnvironment = {
    ...given,
    fillHidden: (table, attributes) => filling(environment)(table, attributes),
  };
  switch (statement.op) {
    case 'createTable':
      return createTable(statement, environment);
    case 'createIndex':
      return createIndex(statement, environment);
    case 'createSequence':
      return createSequence(statement, environment);
    case 'drop':
      return drop(statement, environment);
    case 'truncate':
      return truncate(statement, environment);
    case 'analyze':
      return analyze(statement, environment);
    case 'createSchema':
      return schema(statement, environment);
    case 'createView':
      return { tag: 'CREATE VIEW', notices: createView(statement, environment) };
    case 'createRoutine':
      return { tag: `CREATE ${statement.kind.toUpperCase()}`, notices: createRoutine(statement, environment) };
    case 'dropRoutine':
      return { tag: `DROP ${statement.kind.toUpperCase()}`, notices: dropRoutines(statement, environment) };
    case 'alter':
      return { tag: `ALTER ${statement.kind.toUpperCase()}`, notices: alter(statement, environment) };
    case 'comment':
      comment(statement, environment);
      return { tag: 'COMMENT', notices: [] };
    case 'createType':
      createType(statement, environment);
      return { tag: 'CREATE TYPE', notices: [] };
    case 'createDomain':
      createDomain(statement, environment);
      return { tag: 'CREATE DOMAIN', notices: [] };
    case 'alterType':
      return { tag: `ALTER ${statement.kind.toUpperCase()}`, notices: alterType(statement, environment) };
    case 'reindex':
      return { tag: 'REINDEX', notices: reindex(statement, environment) };
    default:
      return defineAccess(statement, environment);
  }
}

/** Roles, rights, policies, extended statistics. */
function defineAccess(statement: SourceStatement, environment: DefinitionEnvironment): DefinitionResult {
  const done = (tag: string): DefinitionResult => ({ tag, notices: [] });
  switch (statement.op) {
    case 'createRole':
      defineRole(statement, environment);
      return done('CREATE ROLE');
    case 'alterRole':
      alterRole(statement, environment);
      return done('ALTER ROLE');
    case 'alterRoleSetting':
      alterRoleSetting(statement, environment);
      return done('ALTER ROLE');
    case 'renameRole':
      renameRoleTo(statement, environment);
      return done('ALTER ROLE');
    case 'grantRole':
      return { tag: statement.revoke ? 'REVOKE ROLE' : 'GRANT ROLE', notices: grantMembership(statement, environment) };
    case 'grant':
      return {
        tag: statement.byDefault ? 'ALTER DEFAULT PRIVILEGES' : statement.revoke ? 'REVOKE' : 'GRANT',
        notices: grant(statement, environment),
      };
    case 'createPolicy':
      return { tag: 'CREATE POLICY', notices: createPolicy(statement, environment) };
    case 'alterPolicy':
      alterPolicy(statement, environment);
      return done('ALTER POLICY');
    case 'dropPolicy':
      return { tag: 'DROP POLICY', notices: dropPolicy(statement, environment) };
    case 'createStatistics':
      return { tag: 'CREATE STATISTICS', notices: createStatistics(statement, environment) };
    case 'alterStatistics':
      return { tag: 'ALTER STATISTICS', notices: alterStatistics(statement, environment) };
    case 'dropStatistics':
      return { tag: 'DROP STATISTICS', notices: dropStatistics(statement, environment) };
    case 'createDatabase':
      createDatabase(statement, environment);
      return done('CREATE DATABASE');
    case 'alterDatabase':
      alterDatabase(statement, environment);
      return done('ALTER DATABASE');
    case 'dropDatabase':
      return { tag: 'DROP DATABASE', notices: dropDatabase(statement, environment) };
    case 'createExtension':
      return { tag: 'CREATE EXTENSION', notices: createExtension(statement, environment) };
    case 'dropExtension':
      return { tag: 'DROP EXTENSION', notices: dropExtensions(statement, environment) };
    case 'ownedBy':
      return { tag: statement.to === null ? 'DROP OWNED' : 'REASSIGN OWNED', notices: ownedBy(statement, environment) };
    default:
      throw unsupported(`${statement.op} is`, statement.at);
  }
}

const notice = (message: string, code = '00000'): Notice => ({ severity: 'NOTICE', code, message });

const skipped = (tag: string, message: string, code?: string): DefinitionResult => ({
  tag,
  notices: [notice(`${message}, skipping`, code)],
});

/** True when the name is taken where the new object would go. */
function exists(name: QualifiedName, isTemporary: boolean, environment: DefinitionEnvironment): boolean {
  const { catalog, tx, session } = environment;
  const { schema } = catalog.placeFor(tx, session, name, isTemporary);
  return catalog.isTaken(tx, schema, name.name);
}

/** CREATE SCHEMA; what is made with it lies in it. */
function schema(source: SourceCreateSchemaNode, environment: DefinitionEnvironment): DefinitionResult {
  const { catalog, tx, session } = environment;
  const tag = 'CREATE SCHEMA';
  const notices: Notice[] = [];
  catalog.change(tx, () => {
    const name = createSchema(source, environment);
    if (name === null) {
      const wanted = source.name ?? source.role ?? '';
      notices.push(notice(`schema "${wanted}" already exists, skipping`, SQLSTATE.duplicate_schema));
      return;
    }
    const inside = { ...environment, session: { ...session, searchPath: [name, ...session.searchPath] } };
    for (const element of source.elements) notices.push(...define(element, inside).notices);
  });
  return { tag, notices };
}

function createTable(source: SourceCreateTableNode, environment: DefinitionEnvironment): DefinitionResult {
  const { catalog, tx, session, semantics } = environment;
  const tag = 'CREATE TABLE';
  if (source.ifNotExists) {
    const name = qualified(source.name, semantics);
    if (exists(name, source.persistence === 'temporary', environment))
      return skipped(tag, `relation "${name.name}" already exists`, SQLSTATE.duplicate_table);
  }
  const { as } = source;
  if (as !== null) {
    let rows = 0;
    catalog.change(tx, () => {
      rows = createTableAs(source, as, environment);
    });
    return { tag: source.withData ? `SELECT ${rows}` : 'CREATE TABLE AS', notices: [] };
  }
  catalog.change(tx, () => {
    const { id } = catalog.createTable(tx, session, defineTable(source, environment));
    const constraints = [...source.columns.flatMap(columnConstraints), ...source.constraints];
    for (const one of constraints) if (one.kind === 'references') addForeignKeyOf(id, one, environment, true);
    linkChild(id, environment);
  });
  return { tag, notices: [] };
}

function createIndex(source: SourceCreateIndexNode, environment: DefinitionEnvironment): DefinitionResult {
  const { catalog, tx, session } = environment;
  const tag = 'CREATE INDEX';
  const table = tableNamed(source.table, environment);
  if (source.ifNotExists) {
    if (source.name === null)
      throw fault(SQLSTATE.syntax_error, 'CREATE INDEX IF NOT EXISTS needs the name of the index', source.at);
    const { row } = catalog.entry(tx, table.id) as CatalogEntry;
    if (catalog.isTaken(tx, row.schema, source.name))
      return skipped(tag, `relation "${source.name}" already exists`, SQLSTATE.duplicate_table);
  }
  const columns = table.columns
    .filter((column) => column.hidden === null)
    .map(({ name, number, type }) => ({ name, type, attribute: number }));
  const definition = defineIndex(source, { name: table.name, columns }, environment);
  if (table.partitioning !== undefined)
    mustHoldKey(table.partitioning, definition, table.name, table.columns, (attribute) => columnNamed(table, attribute));
  catalog.change(tx, () => {
    const before = new Set(table.indexes.map(({ id }) => id));
    if (definition.keys.some(({ key }) => 'expression' in key)) {
      catalog.lockTable(tx, session, table.id, LOCK_ALL);
      makeRoomForLayout(table.id, environment);
    }
    const made = catalog.createIndex(tx, session, table.id, definition, environment.fillHidden);
    if (made.partitioning === undefined || source.only) return;
    const index = made.indexes.find(({ id }) => !before.has(id));
    for (const child of made.children ?? []) if (index !== undefined) addPartIndex(child, made.id, index, environment);
  });
  return { tag, notices: [] };
}

const columnNamed = ({ columns }: CatalogTable, attribute: number): string =>
  columns.find(({ number }) => number === attribute)?.name ?? '';

/** The values of index expressions in every row. */
function filling(environment: DefinitionEnvironment): DefinitionEnvironment['fillHidden'] {
  return (current, attributes) => {
    const values = new Map(
      attributes.map((attribute) => {
        const column = current.columns.find(({ number }) => number === attribute) as CatalogColumn;
        return [attribute, boundOver(current, column, environment) as BoundExpression] as const;
      }),
    );
    environment.run(fillStatement(current, values));
  };
}

function createSequence(source: SourceCreateSequenceNode, environment: DefinitionEnvironment): DefinitionResult {
  const { catalog, tx, session, semantics } = environment;
  const tag = 'CREATE SEQUENCE';
  const name = qualified(source.name, semantics);
  const { persistence } = source;
  if (source.ifNotExists && exists(name, persistence === 'temporary', environment))
    return skipped(tag, `relation "${name.name}" already exists`, SQLSTATE.duplicate_table);
  const type = source.type === null ? 'int8' : resolveType(source.type, semantics).name;
  if (type !== 'int2' && type !== 'int4' && type !== 'int8') {
    const message = 'sequence type must be smallint, integer, or bigint';
    throw fault(SQLSTATE.invalid_parameter_value, message, source.type?.at ?? source.at);
  }
  const owned = source.options.find((option) => option.name === 'ownedBy');
  const options = source.options.filter((option) => option !== owned);
  catalog.change(tx, () => {
    const numbers = sequenceNumbers(options, type, source.at);
    if (numbers.ownName !== undefined) throw fault(SQLSTATE.syntax_error, 'invalid sequence option SEQUENCE NAME', source.at);
    const { id } = catalog.createSequence(tx, session, { name, persistence, ...numbers });
    if (owned !== undefined) sequenceOwnedBy(catalog.entry(tx, id)?.row as SequenceRow, owned, environment);
  });
  return { tag, notices: [] };
}

/** A stored table by its name. 42P01, 42809 */
function tableNamed(name: SourceName, environment: DefinitionEnvironment): CatalogTable {
  const wanted = qualified(name, environment.semantics);
  const found = readerOf(environment).findRelation(wanted.schema, wanted.name);
  if (found === null) throw fault(SQLSTATE.undefined_table, `relation "${shownName(wanted)}" does not exist`, name.at);
  if (found.kind === 'table') return found;
  if (found.kind === 'virtual')
    throw fault(SQLSTATE.insufficient_privilege, `permission denied: "${found.name}" is a system catalog`, name.at);
  throw fault(SQLSTATE.wrong_object_type, `"${found.name}" is not a table`, name.at);
}

// ---- DROP ----

const DROPPED = {
  table: { shown: 'table', missing: SQLSTATE.undefined_table },
  index: { shown: 'index', missing: SQLSTATE.undefined_object },
  sequence: { shown: 'sequence', missing: SQLSTATE.undefined_table },
  view: { shown: 'view', missing: SQLSTATE.undefined_table },
} as const;

type DroppedKind = keyof typeof DROPPED;

function drop(source: SourceDropNode, environment: DefinitionEnvironment): DefinitionResult {
  const { kind } = source;
  const tag = `DROP ${kind.toUpperCase()}`;
  if (kind === 'schema') return dropSchemas(source, environment);
  if (kind === 'role') return { tag, notices: dropRoles(source, environment) };
  if (kind === 'type' || kind === 'domain') return { tag, notices: dropTypes(source, environment) };
  if (kind !== 'table' && kind !== 'index' && kind !== 'sequence' && kind !== 'view') throw unsupported(`${tag} is`, source.at);
  const { catalog, tx, session } = environment;
  const notices: Notice[] = [];
  const found = new Map<number, CatalogEntry>();
  for (const name of source.names) {
    const entry = entryToDrop(name, kind, source.ifExists, environment, notices);
    if (entry !== null) found.set(entry.row.id, entry);
  }
  catalog.change(tx, () => {
    if (kind === 'index')
      for (const id of found.keys()) notices.push(...catalog.dropIndex(tx, session, id, { cascade: source.cascade }));
    else notices.push(...catalog.drop(tx, session, [...found.keys()], source.cascade));
  });
  return { tag, notices };
}

function dropSchemas(source: SourceDropNode, environment: DefinitionEnvironment): DefinitionResult {
  const { catalog, tx, session, semantics } = environment;
  const notices: Notice[] = [];
  const ids = source.names.flatMap((named) => {
    const { name } = qualified(named, semantics);
    if (source.ifExists && readerOf(environment).schemaId(name) === null) {
      notices.push(notice(`schema "${name}" does not exist, skipping`));
      return [];
    }
    return [schemaNamed(name, environment).id];
  });
  notices.push(...catalog.drop(tx, session, ids, source.cascade));
  return { tag: 'DROP SCHEMA', notices };
}

function entryToDrop(
  name: SourceName,
  kind: DroppedKind,
  ifExists: boolean,
  environment: DefinitionEnvironment,
  notices: Notice[],
): CatalogEntry | null {
  const reader = readerOf(environment);
  const wanted = qualified(name, environment.semantics);
  if (wanted.schema !== null && reader.schemaId(wanted.schema) === null) {
    const message = `schema "${wanted.schema}" does not exist`;
    if (!ifExists) throw fault(SQLSTATE.invalid_schema_name, message, name.at);
    notices.push(notice(`${message}, skipping`));
    return null;
  }
  const entry = reader.findEntry(wanted.schema, wanted.name);
  if (entry !== null) {
    if (entry.row.kind === kind) return entry;
    throw fault(SQLSTATE.wrong_object_type, `"${wanted.name}" is not ${kind === 'index' ? 'an' : 'a'} ${kind}`, name.at, {
      hint: `Use DROP ${entry.row.kind.toUpperCase()} to remove ${entry.row.kind === 'index' ? 'an' : 'a'} ${entry.row.kind}.`,
    });
  }
  if (reader.findRelation(wanted.schema, wanted.name)?.kind === 'virtual')
    throw fault(SQLSTATE.insufficient_privilege, `permission denied: "${wanted.name}" is a system catalog`, name.at);
  const { shown, missing } = DROPPED[kind];
  const message = `${shown} "${shownName(wanted)}" does not exist`;
  if (!ifExists) throw fault(missing, message, name.at);
  notices.push(notice(`${message}, skipping`));
  return null;
}

// ---- TRUNCATE, ANALYZE ----

function truncate(source: SourceTruncateNode, environment: DefinitionEnvironment): DefinitionResult {
  const { catalog, tx, session } = environment;
  const named = source.tables.map((name, at) => ({ table: tableNamed(name, environment), only: source.only[at] === true }));
  const all = named.flatMap(({ table, only }) => (only ? [table] : withBelow(table, environment)));
  const tables = new Map(all.map((table) => [table.id, table]));
  const notices: Notice[] = [];
  // Those that come along refer to others, in their turn.
  for (const table of tables.values())
    for (const { table: id } of table.referrers ?? []) {
      if (tables.has(id)) continue;
      const other = readerOf(environment).relation(id) as CatalogTable;
      if (!source.cascade)
        throw new SqlError(SQLSTATE.feature_not_supported, 'cannot truncate a table referenced in a foreign key constraint', {
          detail: `Table "${other.name}" references "${table.name}".`,
          hint: `Truncate table "${other.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      notices.push(notice(`truncate cascades to table "${other.name}"`));
      tables.set(id, other);
    }
  catalog.truncate(tx, session, [...tables.keys()], source.restartIdentity);
  return { tag: 'TRUNCATE TABLE', notices };
}

/** A table of ANALYZE or VACUUM with what is below it; rows of catalogs are made when they are asked for: nothing is to be done. */
function maintained(name: SourceName, environment: DefinitionEnvironment): CatalogTable[] {
  const wanted = qualified(name, environment.semantics);
  const isMade = readerOf(environment).findRelation(wanted.schema, wanted.name)?.kind === 'virtual';
  return isMade ? [] : withBelow(tableNamed(name, environment), environment);
}

/** The tables of ANALYZE or VACUUM, with what is below them; none named: all. 42P01, 42809. */
export function tablesOf(names: SourceAnalyzeNode['tables'], environment: DefinitionEnvironment): readonly CatalogTable[] {
  if (names.length > 0) return names.flatMap((name) => maintained(name, environment));
  return readerOf(environment)
    .all()
    .flatMap(({ relation }) => (relation?.kind === 'table' ? [relation] : []));
}

function analyze(source: SourceAnalyzeNode, environment: DefinitionEnvironment): DefinitionResult {
  const { catalog, tx, session } = environment;
  const notices: Notice[] = [];
  const reader = readerOf(environment);
  for (const table of tablesOf(source.tables, environment)) {
    if (reader.owns(table.owner)) catalog.analyze(tx, session, table.id);
    else {
      const message = `skipping "${table.name}" --- only table or database owner can analyze it`;
      notices.push({ severity: 'WARNING', code: '01000', message });
    }
  }
  return { tag: 'ANALYZE', notices };
}
