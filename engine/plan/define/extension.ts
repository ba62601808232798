/** CREATE and DROP EXTENSION: the functions of its script (catalog/extensions.ts) are made, and go with it. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { mustOwn, noSchema } from '../../catalog/errors.ts';
import { EXTENSIONS, type Extension } from '../../catalog/extensions.ts';
import { extensionKey, extensionName, type ExtensionRow } from '../../catalog/stored.ts';
import type { SourceStatement } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, readerOf } from './environment.ts';
import { createRoutine } from './routine.ts';

type Node<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;

const notice = (message: string, code = '00000'): Notice => ({ severity: 'NOTICE', code, message });

/** The extension of a name in the session's database. */
export function extensionNamed(name: string, environment: DefinitionEnvironment): ExtensionRow | null {
  const rows = readerOf(environment)
    .all('extension')
    .map(({ row }) => row);
  return rows.find((row): row is ExtensionRow => row.kind === 'extension' && extensionName(row) === name) ?? null;
}

/** 0A000 where there is none of the name, 22023 of a version that is not the one there is. */
function available({ name, version, at }: Node<'createExtension'>): Extension {
  const extension = EXTENSIONS.get(name);
  if (extension === undefined)
    throw fault(SQLSTATE.feature_not_supported, `extension "${name}" is not available`, at, {
      detail: `There are ${[...EXTENSIONS.keys()].map((one) => `"${one}"`).join(', ')}.`,
      hint: 'What an extension has is part of the engine here.',
    });
  if (version !== null && version !== extension.version)
    throw fault(SQLSTATE.invalid_parameter_value, `extension "${name}" has no installation script for version "${version}"`, at);
  return extension;
}

/** 42710, 0A000, 22023, 3F000, 42501 */
export function createExtension(source: Node<'createExtension'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const { name } = source;
  if (extensionNamed(name, environment) !== null) {
    const message = `extension "${name}" already exists`;
    if (!source.ifNotExists) throw fault(SQLSTATE.duplicate_object, message, source.at);
    return [notice(`${message}, skipping`, SQLSTATE.duplicate_object)];
  }
  const extension = available(source);
  const reader = readerOf(environment);
  if (!extension.trusted && reader.role()?.superuser !== true) throw notAllowed(name);
  if (!reader.mayCreateSchemas()) throw notAllowed(name);
  if (source.schema !== null && reader.schemaId(source.schema) === null) throw noSchema(source.schema);
  const { schema, owner } = catalog.placeFor(tx, session, { schema: source.schema, name: extensionKey(name) }, false);
  const id = catalog.nextId();
  catalog.change(tx, () => {
    const head = { id, schema, name: extensionKey(name), kind: 'extension' as const, parent: 0, version: catalog.nextId() };
    catalog.insert(tx, {
      ...head,
      body: { owner, grants: null, version: extension.version, comments: { self: extension.comment } },
    });
    makeFunctions(extension, id, readerOf(environment).schemaName(schema), environment);
  });
  return extension.lacks === undefined ? [] : [notice(extension.lacks)];
}

const notAllowed = (name: string): SqlError =>
  new SqlError(SQLSTATE.insufficient_privilege, `permission denied to create extension "${name}"`, {
    hint: 'Must have CREATE privilege on current database to create this extension.',
  });

function makeFunctions({ script }: Extension, extension: number, schema: string, environment: DefinitionEnvironment): void {
  for (const statement of script === '' ? [] : environment.parse(script)) {
    if (statement.op !== 'createRoutine') throw new SqlError(SQLSTATE.internal_error, 'an extension makes functions');
    const { name } = statement;
    const placed = { ...name, parts: [schema, ...name.parts], quoted: [true, ...name.quoted] };
    createRoutine({ ...statement, name: placed }, { ...environment, extension });
  }
}

/** 42704, 42501, 2BP01 */
export function dropExtensions(source: Node<'dropExtension'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const notices: Notice[] = [];
  const ids = source.names.flatMap((name) => {
    const row = extensionNamed(name, environment);
    if (row === null) {
      const message = `extension "${name}" does not exist`;
      if (!source.ifExists) throw fault(SQLSTATE.undefined_object, message, source.at);
      notices.push(notice(`${message}, skipping`));
      return [];
    }
    if (!readerOf(environment).owns(row.body.owner)) throw mustOwn('extension', name);
    return [row.id];
  });
  if (ids.length > 0) notices.push(...catalog.drop(tx, session, [...new Set(ids)], source.cascade));
  return notices;
}
