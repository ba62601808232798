/** CREATE VIEW: the query is bound once, to see that it means something and what it rests on; then it is kept as it was written. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { isTemporarySchema } from '../../catalog/entries.ts';
import { clipName } from '../../catalog/names.ts';
import type { CatalogColumn, CatalogReader, ObjectUse, StoredName, StoredQuery } from '../../catalog/objects.ts';
import type { ViewBody, ViewRow } from '../../catalog/stored.ts';
import type { BoundModule, BoundQuery, OutputColumn } from '../../sblr/bound.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { SourceCreateViewNode, SourceExpression, SourceQuery } from '../../sblr/source.gen.ts';
import { withNullable } from '../../sblr/types.ts';
import { bind } from '../bind/bind.ts';
import { madeTypesOf } from '../bind/environment.ts';
import { notUpdatable } from '../bind/updatable.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, repeated } from './environment.ts';

/** What binding a query for the catalog says of it. */
export interface BoundStored {
  readonly module: BoundModule;
  readonly output: readonly OutputColumn[];
  readonly query: StoredQuery;
  readonly uses: readonly ObjectUse[];
  /** Something that it reads is temporary. */
  readonly isTemporary: boolean;
}

/** The catalog, with a note of what each name finds. */
export function recording(catalog: CatalogReader, names: StoredName[]): CatalogReader {
  return {
    ...madeTypesOf(catalog),
    version: catalog.version,
    findRelation: (schema, name) => {
      const found = catalog.findRelation(schema, name);
      if (found === null || names.some((one) => one.schema === schema && one.name === name)) return found;
      const hasColumns = found.kind === 'table' || found.kind === 'view';
      const columns = hasColumns ? found.columns.filter(({ hidden }) => hidden === null) : [];
      names.push({ schema, name, id: found.id, columns: Object.fromEntries(columns.map((one) => [one.number, one.name])) });
      return found;
    },
    relation: (id) => catalog.relation(id),
    allows: (id, right, role, columns) => catalog.allows(id, right, role, columns),
    findRoutines: (schema, name) => catalog.findRoutines?.(schema, name) ?? [],
    rowSecurity: (table, role) => catalog.rowSecurity?.(table, role) ?? null,
  };
}

/** Binds a query that the catalog will keep. 42P02 for parameters, and whatever binding finds. */
export function bindStoredQuery(source: SourceQuery, environment: DefinitionEnvironment): BoundStored {
  const { semantics, semanticsOf } = environment;
  const names: StoredName[] = [];
  const reader = readerOf(environment);
  const module = bind(source, {
    catalog: recording(reader, names),
    semantics,
    semanticsOf,
    parameterTypes: [],
    literals: [],
    policy: 'infer',
  });
  if (module.clientParameters > 0) throw fault(SQLSTATE.undefined_parameter, 'there is no parameter $1', source.at);
  const query: StoredQuery = { dialect: semantics.dialect, text: environment.textOf(source), source, names };
  const isTemporary = module.uses.some(({ object }) => {
    const row = reader.entry(object)?.row;
    return row !== undefined && isTemporarySchema(row.schema);
  });
  const { output } = module.statement as BoundQuery;
  return { module, output, query, uses: usesOf(module, names, reader), isTemporary };
}

/** The relations that the text itself names, and the columns of theirs that are read. */
export function usesOf(module: BoundModule, names: readonly StoredName[], reader: CatalogReader): ObjectUse[] {
  const read = new Set<number>();
  const columns = new Map<number, Map<number, number>>();
  visit(module.statement, read, columns);
  const named = names.filter(({ id }) => reader.relation(id)?.kind !== 'virtual');
  const routines = module.uses.flatMap(({ object }): ObjectUse[] =>
    reader.routineVersion?.(object) === undefined ? [] : [{ object, columns: [] }],
  );
  const relations = [...new Map(named.map((one) => [one.id, one])).values()].map(({ id }): ObjectUse => {
    const own = [...(columns.get(id) ?? [])].filter(([column]) => read.has(column)).map(([, attribute]) => attribute);
    const relation = reader.relation(id);
    // Columns of a view are read through its own tables: all of them count.
    const all = relation?.kind === 'view' ? relation.columns.map(({ number }) => number) : own;
    return { object: id, columns: [...new Set(all)].sort((a, b) => a - b) };
  });
  return [...relations, ...routines];
}

/** Column ids that something reads, and those that tables give: by table, column id -> attribute. */
function visit(node: unknown, read: Set<number>, tables: Map<number, Map<number, number>>): void {
  if (Array.isArray(node)) {
    for (const item of node) {
      if (typeof item === 'number') read.add(item);
      else visit(item, read, tables);
    }
    return;
  }
  if (typeof node !== 'object' || node === null) return;
  const { op, table } = node as { op?: string; table?: number };
  if (op === 'get' || op === 'virtual') {
    const own = tables.get(table ?? 0) ?? new Map<number, number>();
    for (const { column, attribute } of (node as { columns: { column: number; attribute: number }[] }).columns)
      own.set(column, attribute);
    tables.set(table ?? 0, own);
    return;
  }
  for (const [key, value] of Object.entries(node)) {
    if (typeof value === 'number' && (key === 'column' || key === 'source')) read.add(value);
    else if (typeof value === 'object' && key !== 'type') visit(value, read, tables);
  }
}

/** A constant option's text. */
export const optionText = (value: SourceExpression | null): string => (value?.op === 'constant' ? value.text : 'true');

const VIEW_OPTIONS = ['security_barrier', 'security_invoker', 'check_option'];

/** WITH (...) of a view. 22023 */
export function viewOptions(options: SourceCreateViewNode['options']): { [name: string]: string } {
  return Object.fromEntries(
    options.map(({ name, value, at }) => {
      if (!VIEW_OPTIONS.includes(name)) throw fault(SQLSTATE.invalid_parameter_value, `unrecognized parameter "${name}"`, at);
      const text = optionText(value).toLowerCase();
      if (name === 'check_option' && text !== 'local' && text !== 'cascaded')
        throw new SqlError(SQLSTATE.invalid_parameter_value, `invalid value for enum option "check_option": ${text}`, {
          detail: 'Valid values are "local" and "cascaded".',
        });
      if (name !== 'check_option' && !/^(true|on|yes|1|false|off|no|0)$/.test(text))
        throw fault(SQLSTATE.invalid_parameter_value, `invalid value for boolean option "${name}": ${text}`, at);
      return [name, text];
    }),
  );
}

export const checkOf = (options: { readonly [name: string]: string }): ViewBody['check'] =>
  (options.check_option as ViewBody['check'] | undefined) ?? 'none';

export function createView(source: SourceCreateViewNode, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session, semantics } = environment;
  const name = qualified(source.name, semantics);
  mustOnlyRead(source.query);
  const bound = bindStoredQuery(source.query, environment);
  const isTemporary = source.persistence === 'temporary' || bound.isTemporary;
  if (source.persistence === 'temporary' && name.schema !== null && name.schema !== 'pg_temp')
    throw fault(SQLSTATE.invalid_table_definition, 'cannot create temporary relation in non-temporary schema', source.name.at);
  const columns = viewColumns(source, bound.output);
  const given = viewOptions(source.options);
  const options = source.check === 'none' ? given : { ...given, check_option: source.check };
  const { schema, owner } = catalog.placeFor(tx, session, name, isTemporary);
  const notices: Notice[] =
    isTemporary && source.persistence !== 'temporary'
      ? [{ severity: 'NOTICE', code: '00000', message: `view "${name.name}" will be a temporary view` }]
      : [];
  const body: ViewBody = {
    ...{ owner, persistence: isTemporarySchema(schema) ? 'temporary' : 'permanent', columns, query: bound.query },
    ...{ check: checkOf(options), options, uses: bound.uses, grants: null },
  };
  if (body.check !== 'none') mustBeUpdatable(bound, columns, environment);
  const own = clipName(name.name);
  catalog.change(tx, () => {
    const known = catalog.isTaken(tx, schema, own) ? readerOf(environment).entryByName(schema, own)?.row : undefined;
    if (known === undefined || !source.replace) {
      const id = catalog.nextId();
      catalog.insert(tx, { id, schema, name: own, kind: 'view', parent: 0, version: catalog.nextId(), body });
    } else replaceView(catalog.ownRow(tx, session, known.id) as ViewRow, body, environment);
  });
  return notices;
}

/** 0A000: CHECK OPTION is for views that can be changed through. */
function mustBeUpdatable({ query }: BoundStored, columns: readonly CatalogColumn[], { semantics }: DefinitionEnvironment): void {
  const why = notUpdatable(query.source, columns.length, semantics);
  if (why === null) return;
  throw new SqlError(SQLSTATE.feature_not_supported, 'WITH CHECK OPTION is supported only on automatically updatable views', {
    hint: why,
  });
}

function mustOnlyRead(query: SourceQuery): void {
  const change = query.with?.items.find(({ statement }) => !['select', 'setOperation', 'values'].includes(statement.op));
  if (change === undefined) return;
  throw fault(SQLSTATE.feature_not_supported, 'views must not contain data-modifying statements in WITH', change.at);
}

function viewColumns(source: SourceCreateViewNode, output: readonly OutputColumn[]): CatalogColumn[] {
  if (source.columns.length > output.length)
    throw fault(SQLSTATE.syntax_error, 'CREATE VIEW specifies more column names than columns', source.at);
  const names = output.map(({ name }, at) => source.columns[at] ?? name);
  const twice = repeated(names);
  if (twice !== undefined) throw fault(SQLSTATE.duplicate_column, `column "${twice}" specified more than once`, source.at);
  return output.map(({ type }, at) => ({
    ...{ number: at + 1, name: clipName(names[at]), type: withNullable(type, true), notNull: false, default: null },
    ...{ identity: 'none', sequence: 0, hidden: null, kernelColumn: at },
  }));
}

/** OR REPLACE: the columns that there are stay, others may come behind. 42P16 */
function replaceView(known: ViewRow, body: ViewBody, environment: DefinitionEnvironment): void {
  const { catalog, tx, semantics } = environment;
  const refuse = (message: string, hint?: string): never => {
    throw new SqlError(SQLSTATE.invalid_table_definition, message, { hint });
  };
  if (known.kind !== 'view') throw new SqlError(SQLSTATE.wrong_object_type, `"${(known as ViewRow).name}" is not a view`);
  const before = known.body.columns;
  if (body.columns.length < before.length) refuse('cannot drop columns from view');
  for (const [at, { name, type }] of before.entries()) {
    const after = body.columns[at];
    if (after.name !== name)
      refuse(
        `cannot change name of view column "${name}" to "${after.name}"`,
        'Use ALTER VIEW ... RENAME COLUMN ... to change name of view column instead.',
      );
    if (after.type.name !== type.name || after.type.length !== type.length || after.type.scale !== type.scale)
      refuse(
        `cannot change data type of view column "${name}" from ${shownType(type.name, semantics)} to ${shownType(after.type.name, semantics)}`,
      );
  }
  const columns = body.columns.map((column, at) => ({ ...column, default: before[at]?.default ?? null }));
  const { owner, grants, comments } = known.body;
  const kept = comments === undefined ? {} : { comments };
  catalog.replace(tx, { ...known, version: catalog.nextId(), body: { ...body, columns, owner, grants, ...kept } });
}
