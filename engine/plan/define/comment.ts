/** COMMENT ON: kept with the object that it is about. */

import { SQLSTATE } from '../../../shm/errors.ts';
import { constraintNames } from '../../catalog/alter-table.ts';
import { shownStatistics } from '../../catalog/dependents.ts';
import { mustOwn } from '../../catalog/errors.ts';
import type { Comments, ObjectRow } from '../../catalog/stored.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import type { SourceCommentNode, SourceName } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, shownName, unsupported } from './environment.ts';
import { ownDatabase } from './database.ts';
import { extensionNamed } from './extension.ts';
import { routineNamed } from './routine-names.ts';
import { statisticsNamed } from './statistics.ts';

const RELATIONS = ['table', 'view', 'index', 'sequence'];

/** What the comment is about: an object, and the part of it. */
interface Subject {
  readonly row: ObjectRow;
  readonly part: string;
}

export function comment(source: SourceCommentNode, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const { row, part } = subjectOf(source, environment);
  const reader = readerOf(environment);
  const owned = row.kind === 'index' ? catalog.entry(tx, row.parent)?.row : row;
  const owner = owned === undefined || owned.kind === 'index' ? 0 : owned.body.owner;
  if (!reader.owns(owner))
    throw row.kind === 'statistics' ? mustOwn('statistics object', shownStatistics(row, reader)) : mustOwn(row.kind, row.name);
  const { [part]: _, ...others } = (row.body?.comments ?? {}) as Comments;
  const comments = source.text === null || source.text === '' ? others : { ...others, [part]: source.text };
  catalog.change(tx, () => {
    catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, comments } } as ObjectRow);
  });
}

function relationRow(name: SourceName, kinds: readonly string[], environment: DefinitionEnvironment): ObjectRow {
  const wanted = qualified(name, environment.semantics);
  const row = readerOf(environment).findEntry(wanted.schema, wanted.name)?.row;
  if (row === undefined) throw fault(SQLSTATE.undefined_table, `relation "${shownName(wanted)}" does not exist`, name.at);
  if (kinds.includes(row.kind)) return row;
  const [kind] = kinds;
  throw fault(SQLSTATE.wrong_object_type, `"${wanted.name}" is not ${kind === 'index' ? 'an' : 'a'} ${kind}`, name.at);
}

function subjectOf(source: SourceCommentNode, environment: DefinitionEnvironment): Subject {
  const { kind, name } = source;
  if (RELATIONS.includes(kind)) return { row: relationRow(name, [kind], environment), part: 'self' };
  switch (kind) {
    case 'column':
      return columnSubject(name, environment);
    case 'schema': {
      const [own] = foldParts(name, environment.semantics);
      const id = readerOf(environment).schemaId(own);
      const row = id === null ? undefined : environment.catalog.entry(environment.tx, id)?.row;
      if (row === undefined) throw fault(SQLSTATE.invalid_schema_name, `schema "${own}" does not exist`, name.at);
      return { row, part: 'self' };
    }
    case 'constraint': {
      const row = relationRow(source.of as SourceName, ['table'], environment);
      const [own] = foldParts(name, environment.semantics);
      if (row.kind !== 'table' || !constraintNames(row).has(own))
        throw fault(SQLSTATE.undefined_object, `constraint "${own}" for table "${row.name}" does not exist`, name.at);
      return { row, part: `constraint:${own}` };
    }
    case 'extension': {
      const [own] = foldParts(name, environment.semantics);
      const row = extensionNamed(own, environment);
      if (row === null) throw fault(SQLSTATE.undefined_object, `extension "${own}" does not exist`, name.at);
      return { row, part: 'self' };
    }
    case 'database': {
      const [own] = foldParts(name, environment.semantics);
      return { row: ownDatabase(own, 'owned', name.at, environment), part: 'self' };
    }
    case 'statistics':
      return { row: statisticsNamed(name, environment), part: 'self' };
    case 'function':
    case 'procedure':
    case 'routine':
      return { row: routineNamed(source, kind, environment), part: 'self' };
    default:
      throw unsupported(`COMMENT ON ${kind.toUpperCase()} is`, source.at);
  }
}

function columnSubject(name: SourceName, environment: DefinitionEnvironment): Subject {
  if (name.parts.length < 2) throw fault(SQLSTATE.syntax_error, 'column name must be qualified', name.at);
  const table: SourceName = { ...name, parts: name.parts.slice(0, -1), quoted: name.quoted.slice(0, -1) };
  const row = relationRow(table, ['table', 'view'], environment);
  const own = foldParts(name, environment.semantics).at(-1);
  const columns = row.kind === 'table' || row.kind === 'view' ? row.body.columns : [];
  const column = columns.find((one) => one.hidden === null && one.name === own);
  if (column === undefined)
    throw fault(
      SQLSTATE.undefined_column,
      `column "${own}" of relation "${shownName(qualified(table, environment.semantics))}" does not exist`,
      name.at,
    );
  return { row, part: `column:${column.number}` };
}
