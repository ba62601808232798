/**
 * What rests on what: found by looking through the objects, each of which says what it rests on (uses, foreign keys, names of sequences).
 * DROP asks before it drops: with CASCADE what rests on it goes along, without it refuses (2BP01).
 *
 *   view, query       relations and columns that it reads (ViewBody.uses)
 *   foreign key       the table and columns that it refers to
 *   default           sequences that it names
 *   policy            relations, columns and routines that its conditions name
 *   table in a schema; index and statistics of a table, sequence of a column: part of it, dropped with it
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogSession, Notice } from './definitions.ts';
import { columnsNamedIn } from './expression-columns.ts';
import { type ObjectUse, policyUses, type StoredExpression } from './objects.ts';
import type { SessionReader } from './reader.ts';
import { sequencesNamedIn } from './sequence-names.ts';
import { extensionName, type ObjectRow, type StatisticsRow, statisticsName, type TableRow, type TypeRow } from './stored.ts';

/** Something that may be dropped: an object, or a part of a table. */
export type Part =
  | { readonly kind: 'object'; readonly row: ObjectRow }
  | { readonly kind: 'column'; readonly row: TableRow; readonly attribute: number }
  | { readonly kind: 'default'; readonly row: TableRow; readonly attribute: number }
  | { readonly kind: 'constraint'; readonly row: TableRow; readonly name: string }
  | { readonly kind: 'policy'; readonly row: TableRow; readonly name: string }
  | { readonly kind: 'index'; readonly row: TableRow; readonly index: number }
  /** Of a domain: a check, or its default (`name` null). */
  | { readonly kind: 'ofDomain'; readonly row: TypeRow; readonly name: string | null };

/** A part that rests on another one. */
export interface Dependent {
  readonly part: Part;
  readonly on: Part;
}

function keyOf(part: Part): string {
  if (part.kind === 'object') return `${part.row.id}`;
  if (part.kind === 'index') return `${part.index}`;
  if (part.kind === 'ofDomain') return `domain ${part.row.id} ${part.name}`;
  return `${part.kind} ${part.row.id} ${'name' in part ? part.name : part.attribute}`;
}

/** What an object is called in messages: with its schema unless the search path finds it. */
export function shownObject(row: ObjectRow, reader: SessionReader): string {
  if (row.kind === 'schema') return `schema ${row.name}`;
  if (row.kind === 'extension') return `extension ${extensionName(row)}`;
  if (row.kind === 'statistics') return `statistics object ${shownStatistics(row, reader)}`;
  const isFound = reader.findEntry(null, row.name)?.row.id === row.id;
  const schema = reader.schemaName(row.schema);
  const name = isFound || schema === '' ? row.name : `${schema}.${row.name}`;
  const kind = row.kind === 'type' && row.body.form === 'domain' ? 'type' : row.kind;
  return `${kind} ${row.kind === 'function' || row.kind === 'procedure' ? row.body.shown.replace(row.name, name) : name}`;
}

/** The name, with the schema unless the search path finds it. */
export function shownStatistics(row: StatisticsRow, reader: SessionReader): string {
  const isFound = reader.findEntry(null, row.name)?.row.id === row.id;
  return `${isFound ? '' : `${reader.schemaName(row.schema)}.`}${statisticsName(row)}`;
}

export function shownPart(part: Part, reader: SessionReader): string {
  const { row } = part;
  if (part.kind === 'object') return shownObject(row, reader);
  if (part.kind === 'constraint' || part.kind === 'policy') return `${part.kind} ${part.name} on ${shownObject(row, reader)}`;
  if (part.kind === 'ofDomain') return part.name === null ? shownObject(row, reader) : `constraint ${part.name}`;
  if (part.kind === 'index') return `index ${part.row.body.indexes.find(({ id }) => id === part.index)?.name ?? ''}`;
  const column = (row as TableRow).body.columns.find(({ number }) => number === part.attribute)?.name ?? '';
  if (part.kind === 'default') return `default value for column ${column} of ${shownObject(row, reader)}`;
  return `column ${column} of ${shownObject(row, reader)}`;
}

/** The attribute of an object that is asked about: 0 for the whole. */
const usesIt = (uses: readonly ObjectUse[] | undefined, object: number, attribute: number): boolean =>
  uses?.some((use) => use.object === object && (attribute === 0 || use.columns.includes(attribute))) === true;

/** What rests on the part itself. */
function directDependents(part: Part, all: readonly ObjectRow[], reader: SessionReader): Part[] {
  const found: Part[] = [];
  if (part.kind === 'default' || part.kind === 'index' || part.kind === 'policy' || part.kind === 'ofDomain') return found;
  const { id } = part.row;
  if (part.kind === 'constraint') {
    const index = part.row.body.indexes.find(({ constraint }) => constraint === part.name);
    if (index === undefined) return found;
    for (const row of all) {
      if (row.kind !== 'table') continue;
      for (const key of row.body.foreignKeys ?? [])
        if (key.table === id && key.index === index.id) found.push({ kind: 'constraint', row, name: key.name });
    }
    return found;
  }
  const attribute = part.kind === 'column' ? part.attribute : 0;
  if (part.kind === 'column') {
    const { columns } = part.row.body;
    const name = columns.find(({ number }) => number === attribute)?.name ?? '';
    for (const { number, generated } of columns)
      if (generated !== undefined && columnsNamedIn(generated.source).has(name))
        found.push({ kind: 'column', row: part.row, attribute: number });
    found.push(...policiesOver(part.row, id, attribute));
  }
  for (const row of all) {
    if (part.row.kind === 'index' && row.kind === 'table')
      for (const key of row.body.foreignKeys ?? []) if (key.index === id) found.push({ kind: 'constraint', row, name: key.name });
    if (row.id === id) continue;
    if (part.kind === 'object' && part.row.kind === 'schema') {
      const isPart = row.kind === 'index' || (row.kind === 'sequence' && row.parent !== 0);
      if (row.schema === id && !isPart) found.push({ kind: 'object', row });
      continue;
    }
    if (row.kind === 'view' || row.kind === 'function' || row.kind === 'procedure') {
      if (usesIt(row.body.uses, id, attribute)) found.push({ kind: 'object', row });
    } else if (row.kind === 'type') {
      if (part.kind === 'object' && isTypeOver(row, id)) found.push({ kind: 'object', row });
      found.push(...domainParts(row, id));
    } else if (row.kind === 'table') found.push(...tableDependents(row, part, id, attribute, reader));
  }
  return found;
}

/** Does a type name, or hold values of, the type of this id? */
export const isOfType = ({ type, domain }: { readonly type: string; readonly domain?: number }, id: number): boolean =>
  domain === id || new RegExp(`^(enum|row):${id}(\\[\\])?$`).test(type);

/** Types that rest on a type: attributes of it, a domain over it. */
function isTypeOver({ body: { attributes, domain } }: TypeRow, id: number): boolean {
  if (attributes.some((attribute) => isOfType(attribute, id))) return true;
  return domain !== null && isOfType({ ...domain.base, type: domain.base.name }, id);
}

/** Checks and the default of a domain that call the routine. */
function domainParts(row: TypeRow, routine: number): Part[] {
  const { domain } = row.body;
  const calls = (expression: StoredExpression | null): boolean => expression?.routines?.includes(routine) === true;
  const checks = (domain?.checks ?? []).filter(({ expression }) => calls(expression));
  const parts = checks.map(({ name }): Part => ({ kind: 'ofDomain', row, name }));
  return calls(domain?.default ?? null) ? [...parts, { kind: 'ofDomain', row, name: null }] : parts;
}

/** Policies of a table that use the object, or an attribute of it. */
const policiesOver = (row: TableRow, object: number, attribute: number): Part[] =>
  (row.body.policies ?? []).flatMap((policy): Part[] =>
    usesIt(policyUses(policy), object, attribute) ? [{ kind: 'policy', row, name: policy.name }] : [],
  );

function tableDependents(row: TableRow, part: Part, id: number, attribute: number, reader: SessionReader): Part[] {
  const found = policiesOver(row, id, attribute);
  if (part.kind === 'object')
    for (const { number, type, hidden } of row.body.columns)
      if (hidden === null && isOfType({ ...type, type: type.name }, id)) found.push({ kind: 'column', row, attribute: number });
  for (const key of row.body.foreignKeys ?? []) {
    if (key.table !== id || (attribute !== 0 && !key.referenced.includes(attribute))) continue;
    found.push({ kind: 'constraint', row, name: key.name });
  }
  if (
    part.kind === 'object' &&
    part.row.kind === 'table' &&
    row.body.bound === undefined &&
    row.body.parents?.includes(id) === true
  )
    found.push({ kind: 'object', row });
  const isSequence = part.kind === 'object' && part.row.kind === 'sequence';
  for (const column of isSequence ? row.body.columns : []) {
    const draws = column.sequence === id && column.default === null;
    if (draws || (column.default !== null && sequencesNamedIn(column.default, reader).includes(id)))
      found.push({ kind: 'default', row, attribute: column.number });
  }
  if (part.kind !== 'object' || (part.row.kind !== 'function' && part.row.kind !== 'procedure')) return found;
  const calls = (expression: StoredExpression | null | undefined): boolean => expression?.routines?.includes(id) === true;
  for (const { number, default: given, generated, hidden } of row.body.columns) {
    if (calls(given)) found.push({ kind: 'default', row, attribute: number });
    if (calls(generated)) found.push({ kind: 'column', row, attribute: number });
    for (const index of calls(hidden) ? row.body.indexes : [])
      if (index.keys.some((key) => key.attribute === number)) found.push({ kind: 'index', row, index: index.id });
  }
  for (const { name, expression } of row.body.checks) if (calls(expression)) found.push({ kind: 'constraint', row, name });
  for (const { id: index, predicate } of row.body.indexes) if (calls(predicate)) found.push({ kind: 'index', row, index });
  return found;
}

/** Whether an extension has made it. */
export const isOfExtension = (row: ObjectRow, extension: number): boolean =>
  row.kind === 'function' && row.body.extension === extension;

/** Parts that go with the object without being asked for: its sequences, its partitions; functions of an extension. */
function ownParts(part: Part, all: readonly ObjectRow[]): Part[] {
  const { id, kind } = part.row;
  if (kind === 'extension') return all.flatMap((row): Part[] => (isOfExtension(row, id) ? [{ kind: 'object', row }] : []));
  if (part.kind === 'object' && part.row.kind === 'table') {
    const isOwn = (row: ObjectRow): boolean =>
      row.kind === 'sequence' || row.kind === 'statistics'
        ? row.parent === part.row.id
        : row.kind === 'table' && row.body.bound !== undefined && row.body.parents?.includes(part.row.id) === true;
    // Partitions of partitions as well.
    return all.filter(isOwn).flatMap((row): Part[] => [{ kind: 'object', row }, ...ownParts({ kind: 'object', row }, all)]);
  }
  if (part.kind !== 'column') return [];
  return all.flatMap((row): Part[] =>
    row.kind === 'sequence' && row.parent === part.row.id && row.body.ownerAttribute === part.attribute
      ? [{ kind: 'object', row }]
      : [],
  );
}

/** A part lies within another one: its column's default, its table's constraint. */
const isWithin = (part: Part, targets: readonly Part[]): boolean =>
  targets.some(
    (target) =>
      keyOf(target) === keyOf(part) ||
      (target.kind === 'object' && part.kind !== 'object' && target.row.id === part.row.id) ||
      (target.kind === 'column' &&
        part.kind === 'default' &&
        target.row.id === part.row.id &&
        target.attribute === part.attribute),
  );

/** Everything that rests on the targets, and on what rests on them; each once, nearest first. */
export function dependentsOf(targets: readonly Part[], reader: SessionReader): Dependent[] {
  const all = reader.all().map(({ row }) => row);
  const found: Dependent[] = [];
  const gone: Part[] = targets.flatMap((target) => [target, ...ownParts(target, all)]);
  const waiting = [...gone];
  for (let on = waiting.shift(); on !== undefined; on = waiting.shift()) {
    for (const part of directDependents(on, all, reader)) {
      if (isWithin(part, gone)) continue;
      found.push({ part, on });
      const parts = [part, ...ownParts(part, all)];
      gone.push(...parts);
      waiting.push(...parts);
    }
  }
  return found;
}

const HINT = 'Use DROP ... CASCADE to drop the dependent objects too.';
/** Dependents that a message lists. */
const SHOWN_MAX = 100;

/** Refuses where something rests on the targets (2BP01), or tells what will go with them. */
export function checkDependents(
  targets: readonly Part[],
  dependents: readonly Dependent[],
  cascade: boolean,
  reader: SessionReader,
): Notice[] {
  if (dependents.length === 0) return [];
  if (!cascade) {
    const what = targets.length === 1 ? shownPart(targets[0], reader) : 'desired object(s)';
    const lines = dependents
      .slice(0, SHOWN_MAX)
      .map(({ part, on }) => `${shownPart(part, reader)} depends on ${shownPart(on, reader)}`);
    throw new SqlError(
      SQLSTATE.dependent_objects_still_exist,
      `cannot drop ${what} because other objects depend on ${targets.length === 1 ? 'it' : 'them'}`,
      { detail: lines.join('\n'), hint: HINT },
    );
  }
  const message =
    dependents.length === 1
      ? `drop cascades to ${shownPart(dependents[0].part, reader)}`
      : `drop cascades to ${dependents.length} other objects`;
  return [{ severity: 'NOTICE', code: '00000', message }];
}

/** Whether a view or routine reads the column: its type may not change then. */
export function readersOf(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  table: number,
  attribute: number,
): ObjectRow[] {
  return catalog
    .reader(tx, session)
    .all()
    .flatMap(({ row }) => (row.kind === 'view' && usesIt(row.body.uses, table, attribute) ? [row] : []));
}
