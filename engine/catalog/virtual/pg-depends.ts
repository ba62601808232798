/** Rows of pg_description, pg_depend, pg_rewrite: comments, what rests on what, and the rule that a view is. */

import type { SessionReader } from '../reader.ts';
import type { Comments, ObjectRow } from '../stored.ts';
import { FIRST_DATABASE } from '../system-tables.ts';
import type { SqlType } from '../../sblr/types.ts';
import type { StoredExpression } from '../objects.ts';
import { CONSTRAINT_ID, DEFAULT_ID, derivedId, RULE_ID } from './describe.ts';
import { tableConstraints } from './pg-constraints.ts';
import { namedRelation, sequencesOf, tablesOf, viewsOf, visible } from './relations.ts';
import { textSearchConfigurations } from './pg-access.ts';
import type { Lookup, RowMakers, VirtualRow } from './virtual-table.ts';

const CLASS = 1259;
const CLASSES: { readonly [kind: string]: number } = {
  table: CLASS,
  view: CLASS,
  sequence: CLASS,
  index: CLASS,
  type: 1247,
  schema: 2615,
  function: 1255,
  procedure: 1255,
  role: 1260,
  statistics: 3381,
  extension: 3079,
  database: 1262,
};
const ATTRDEF = 2604;
const CONSTRAINT = 2606;
const REWRITE = 2618;

// ---- comments ----

function* objectComments(reader: SessionReader, row: ObjectRow): Iterable<VirtualRow> {
  const comments: Comments = row.body?.comments ?? {};
  for (const [part, description] of Object.entries(comments)) {
    const [kind, ...rest] = part.split(':');
    const head = { objoid: row.id, classoid: CLASSES[row.kind], objsubid: 0, description };
    if (kind === 'self') yield head;
    if (kind === 'column') yield { ...head, objsubid: Number(rest[0]) };
    const table = kind === 'constraint' ? reader.relation(row.id) : null;
    if (table?.kind !== 'table') continue;
    for (const { oid, name } of tableConstraints(reader, table))
      if (name === rest.join(':')) yield { ...head, objoid: oid, classoid: CONSTRAINT };
  }
}

function* textSearchComments(): Iterable<VirtualRow> {
  for (const { oid, cfgname } of textSearchConfigurations()) {
    const description = cfgname === 'simple' ? 'simple configuration' : `configuration for ${String(cfgname)} language`;
    yield { objoid: Number(oid), classoid: 3602, objsubid: 0, description };
  }
}

export function* descriptionRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  const row = lookup?.column === 'objoid' ? reader.entry(Number(lookup.value))?.row : undefined;
  if (row !== undefined) yield* objectComments(reader, row);
  else for (const entry of reader.all()) if (entry.row.kind !== 'database') yield* objectComments(reader, entry.row);
  if (row === undefined || row.id === 11) {
    yield { objoid: 11, classoid: 2615, objsubid: 0, description: 'system catalog schema' };
    yield* textSearchComments();
  }
}

// ---- dependencies ----

const depend = (object: readonly number[], on: readonly number[], deptype: string): VirtualRow => ({
  classid: object[0],
  objid: object[1],
  objsubid: object[2] ?? 0,
  refclassid: on[0],
  refobjid: on[1],
  refobjsubid: on[2] ?? 0,
  deptype,
});

/** The number of a type that somebody has made; of an array that of its elements; 0: it is none. */
const madeTypeOf = (type: SqlType): number => type.domain ?? Number(/^[a-z]+:(\d+)/.exec(type.name)?.[1] ?? 0);

/** What an expression rests on: routines, and the sequence of nextval(). */
function* usesOf(reader: SessionReader, own: readonly number[], { routines = [], text }: StoredExpression): Iterable<VirtualRow> {
  for (const id of routines) yield depend(own, [CLASSES.function, id], 'n');
  const named = /\bnextval\('((?:[^']|'')+)'/.exec(text);
  const sequence = named === null ? null : namedRelation(reader, named[1].replaceAll("''", "'"));
  if (sequence?.kind === 'sequence') yield depend(own, [CLASS, sequence.id], 'n');
}

/** Sequences of their columns ('a' of serial, 'i' of identity), defaults, constraints and indexes of tables, views of what they read. */
function* dependRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const sequence of sequencesOf(reader)) {
    const table = sequence.ownerTable === 0 ? null : reader.relation(sequence.ownerTable);
    const column = table?.kind === 'table' ? table.columns.find(({ number }) => number === sequence.ownerAttribute) : undefined;
    if (column === undefined) continue;
    const kind = column.identity === 'none' ? 'a' : 'i';
    yield depend([CLASS, sequence.id], [CLASS, sequence.ownerTable, sequence.ownerAttribute], kind);
  }
  for (const table of tablesOf(reader)) {
    for (const parent of table.parents ?? [])
      yield depend([CLASS, table.id], [CLASS, parent], table.bound === undefined ? 'n' : 'a');
    for (const column of visible(table)) {
      const { number, sequence, identity, type } = column;
      const made = madeTypeOf(type);
      if (made !== 0 && reader.entry(made)?.row.kind === 'type')
        yield depend([CLASS, table.id, number], [CLASSES.type, made], 'n');
      const value = column.generated ?? column.default;
      const isSerial = sequence !== 0 && identity === 'none';
      if (value === null && !isSerial) continue;
      const own = [ATTRDEF, derivedId(table.id, DEFAULT_ID, number)];
      yield depend(own, [CLASS, table.id, number], 'a');
      if (value !== null) yield* usesOf(reader, own, value);
      else yield depend(own, [CLASS, sequence], 'n');
    }
    for (const { oid, row } of tableConstraints(reader, table)) {
      yield depend([CONSTRAINT, oid], [CLASS, table.id], 'a');
      if (row.contype === 'f') yield depend([CONSTRAINT, oid], [CLASS, Number(row.confrelid)], 'n');
    }
    for (const { id, constraint, keys } of table.indexes) {
      if (constraint !== null) yield depend([CLASS, id], [CONSTRAINT, derivedId(id, CONSTRAINT_ID, 0)], 'i');
      else for (const { attribute } of keys) yield depend([CLASS, id], [CLASS, table.id, attribute], 'a');
    }
  }
  for (const { row } of reader.all()) {
    if (row.kind === 'function' && row.body.extension !== undefined)
      yield depend([CLASSES.function, row.id], [CLASSES.extension, row.body.extension], 'e');
    if (row.kind === 'extension') yield depend([CLASSES.extension, row.id], [CLASSES.schema, row.schema], 'n');
    if (row.kind !== 'statistics') continue;
    for (const { attribute } of row.body.keys) yield depend([CLASSES.statistics, row.id], [CLASS, row.parent, attribute], 'a');
  }
  for (const { id, uses } of viewsOf(reader)) {
    const rule = [REWRITE, derivedId(id, RULE_ID, 0)];
    yield depend(rule, [CLASS, id], 'i');
    for (const { object, columns } of uses) {
      const row = reader.entry(object)?.row;
      const classOf = row === undefined ? CLASS : CLASSES[row.kind];
      for (const column of columns.length === 0 ? [0] : columns) yield depend(rule, [classOf, object, column], 'n');
    }
  }
}

// ---- rules ----

function* ruleRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id, query } of viewsOf(reader)) {
    const head = { oid: derivedId(id, RULE_ID, 0), rulename: '_RETURN', ev_class: id, ev_type: '1', ev_enabled: 'O' };
    yield { ...head, is_instead: true, ev_qual: '<>', ev_action: query.text };
  }
}

/** Comments on databases, which all of them see. */
export function* sharedDescriptionRows(reader: SessionReader): Iterable<VirtualRow> {
  const description = 'default administrative connection database';
  yield { objoid: FIRST_DATABASE, classoid: CLASSES.database, description };
  for (const { id, body } of reader.databases())
    if (body.comments?.self !== undefined) yield { objoid: id, classoid: CLASSES.database, description: body.comments.self };
}

export const PG_DEPENDS: RowMakers = {
  pg_shdescription: sharedDescriptionRows,
  pg_description: descriptionRows,
  pg_depend: dependRows,
  pg_rewrite: ruleRows,
};
