/** What the catalog says of objects by their numbers: pg_get_constraintdef() and its like (engine/values/catalog-primitives.ts). */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import type { CatalogTable } from '../objects.ts';
import { conditionText, partitionKeyText } from '../partition-text.ts';
import type { SessionReader } from '../reader.ts';
import type { StatisticsRow } from '../stored.ts';
import { derivedId, indexColumnText, indexDefinition, quoteName, RULE_ID, viewText } from './describe.ts';
import { treeText } from '../shown.ts';
import { constraintsOf, type Constraint } from './pg-constraints.ts';
import { descriptionRows, sharedDescriptionRows } from './pg-depends.ts';
import { ancestorsOf } from './pg-families.ts';
import { argumentsText, resultText, routineById, routineDefinition } from './pg-routines.ts';
import { statisticsDefinition, statisticsKeysText } from './pg-statistics.ts';
import { virtualTable, virtualTableById } from './registry.ts';
import { indexTable, roleName, viewsOf, namedRelation } from './relations.ts';
import { arrayValue } from './virtual-table.ts';

type Answer = (reader: SessionReader, ...given: RowValue[]) => RowValue;

// ---- definitions ----

/** Constraints by number, of the state of the catalog that was asked last. */
interface KnownConstraints {
  readonly version: number;
  readonly session: number;
  readonly byId: ReadonlyMap<number, Constraint>;
}
const knownConstraints = new WeakMap<object, KnownConstraints>();

function constraintById(reader: SessionReader, id: number): Constraint | undefined {
  let known = knownConstraints.get(reader.port);
  if (known === undefined || known.version !== reader.version || known.session !== reader.session.id) {
    const byId = new Map([...constraintsOf(reader, null)].map((one) => [one.oid, one]));
    known = { version: reader.version, session: reader.session.id, byId };
    knownConstraints.set(reader.port, known);
  }
  return known.byId.get(id);
}

function indexText(reader: SessionReader, id: number, pretty = false): string | null {
  const found = indexTable(reader, id);
  return found === null ? null : indexDefinition({ reader, pretty }, found.table, found.index);
}

function viewById(reader: SessionReader, id: number): string | null {
  const view = reader.relation(id);
  return view?.kind === 'view' ? viewText(view.query) : null;
}

function ruleText(reader: SessionReader, id: number): string | null {
  const view = viewsOf(reader).find((one) => derivedId(one.id, RULE_ID, 0) === id);
  if (view === undefined) return null;
  const place = `${quoteName(view.schema)}.${quoteName(view.name)}`;
  return `CREATE RULE "_RETURN" AS\n    ON SELECT TO ${place} DO INSTEAD ${viewText(view.query)}`;
}

/** The relation that a text names, by its number. 42P01 */
function relationNamed(reader: SessionReader, name: string): number {
  const relation = namedRelation(reader, name);
  if (relation === null) throw new SqlError(SQLSTATE.undefined_table, `relation "${name}" does not exist`);
  return relation.id;
}

function sequenceOf(reader: SessionReader, table: string, column: string): string | null {
  const relation = reader.relation(relationNamed(reader, table));
  const columns = relation === null || relation.kind === 'sequence' ? [] : relation.columns;
  const found = columns.find((one) => one.name === column && one.hidden === null);
  if (found === undefined)
    throw new SqlError(SQLSTATE.undefined_column, `column "${column}" of relation "${relation?.name ?? table}" does not exist`);
  const sequence = found.sequence === 0 ? null : reader.relation(found.sequence);
  return sequence === null ? null : `${quoteName(sequence.schema)}.${quoteName(sequence.name)}`;
}

// ---- comments ----

function comment(reader: SessionReader, id: number, part: number, catalog: string | null): string | null {
  const classoid = catalog === null ? null : (virtualTable('pg_catalog', catalog)?.id ?? 0);
  for (const row of descriptionRows(reader, { column: 'objoid', value: id })) {
    if (row.objoid !== id || row.objsubid !== part) continue;
    if (classoid === null || row.classoid === classoid) return String(row.description);
  }
  return null;
}

// ---- sizes, bytes ----

const PAGE_BYTES = 8192;

function relationSize(reader: SessionReader, id: number): number | null {
  const relation = reader.relation(id);
  if (relation?.kind === 'table') return reader.port.size(relation.kernelTable).pages * PAGE_BYTES;
  if (relation?.kind === 'sequence') return PAGE_BYTES;
  if (relation !== null) return 0;
  return indexTable(reader, id) === null ? null : PAGE_BYTES;
}

const indexesSize = (reader: SessionReader, id: number): number => {
  const relation = reader.relation(id);
  return relation?.kind === 'table' ? relation.indexes.length * PAGE_BYTES : 0;
};

function databaseSize(reader: SessionReader): number {
  let bytes = 0;
  for (const { relation } of reader.all()) if (relation !== null) bytes += relationSize(reader, relation.id) ?? 0;
  return bytes;
}

// ---- rights ----

/** What PostgreSQL gives by default: all to the owner, some to everybody. */
const DEFAULT_RIGHTS: { readonly [kind: string]: readonly [owner: string, everybody: string] } = {
  r: ['arwdDxt', ''],
  c: ['', ''],
  s: ['rwU', ''],
  d: ['CTc', 'Tc'],
  f: ['X', 'X'],
  l: ['U', 'U'],
  L: ['rw', ''],
  n: ['UC', ''],
  t: ['C', ''],
  F: ['U', ''],
  S: ['U', ''],
  T: ['U', 'U'],
  p: ['sA', ''],
};

function defaultRights(reader: SessionReader, kind: string, owner: number): RowValue {
  const [own, everybody] = DEFAULT_RIGHTS[kind] ?? ['', ''];
  const name = quoteName(roleName(reader, owner));
  const items = [everybody === '' ? [] : [`=${everybody}/${name}`], own === '' ? [] : [`${name}=${own}/${name}`]].flat();
  return arrayValue('aclitem', items);
}

const ofRoutine =
  (answer: (row: NonNullable<ReturnType<typeof routineById>>, reader: SessionReader) => string | null): Answer =>
  (reader, id) => {
    const row = routineById(reader, Number(id));
    return row === null ? null : answer(row, reader);
  };

const ofStatistics =
  (answer: (row: StatisticsRow, reader: SessionReader) => RowValue): Answer =>
  (reader, id) => {
    const row = reader.entry(Number(id))?.row;
    return row?.kind === 'statistics' ? answer(row, reader) : null;
  };

const isThere: Answer = () => true;
const constraint: Answer = (reader, id) => constraintById(reader, Number(id))?.definition(reader) ?? null;
const prettyConstraint: Answer = (reader, id, pretty) =>
  constraintById(reader, Number(id))?.definition(reader, pretty === true) ?? null;
const view: Answer = (reader, id) => viewById(reader, Number(id));
const viewNamed: Answer = (reader, name) => viewById(reader, relationNamed(reader, String(name)));
const rule: Answer = (reader, id) => ruleText(reader, Number(id));

const tableOf = (reader: SessionReader, id: RowValue): CatalogTable | null => {
  const found = reader.relation(Number(id));
  return found?.kind === 'table' ? found : null;
};

const partitionKey: Answer = (reader, id) => {
  const table = tableOf(reader, id);
  return table === null ? null : partitionKeyText(table);
};

/** What a partition holds, as a condition: by its own bound and those above. */
const partitionCondition: Answer = (reader, id) => {
  const parts: string[] = [];
  for (let child = tableOf(reader, id); child?.bound !== undefined; ) {
    const parent = tableOf(reader, child.parents?.[0] ?? 0);
    if (parent === null) break;
    const siblings = (parent.children ?? []).flatMap((one) => {
      const bound = one === child?.id ? undefined : tableOf(reader, one)?.bound;
      return bound === undefined || bound.kind === 'default' ? [] : [bound];
    });
    const text = conditionText(parent, child.bound, siblings);
    if (text !== null) parts.unshift(text.replace(/^\((.*)\)$/s, '$1'));
    child = parent;
  }
  return parts.length === 0 ? null : `(${parts.join(' AND ')})`;
};

const ANSWERS: { readonly [question: string]: Answer } = {
  expression: (_reader, tree) => treeText(String(tree), false),
  'expression.pretty': (_reader, tree, _table, pretty) => treeText(String(tree), pretty === true),
  constraint,
  'constraint.pretty': prettyConstraint,
  index: (reader, id) => indexText(reader, Number(id)),
  indexColumn: (reader, id, column, pretty) => {
    if (Number(column) === 0) return indexText(reader, Number(id), pretty === true);
    const found = indexTable(reader, Number(id));
    return found === null ? null : indexColumnText({ reader, pretty: pretty === true }, found.table, found.index, Number(column));
  },
  statistics: ofStatistics((row, reader) => statisticsDefinition(reader, row)),
  statisticsKeys: ofStatistics((row, reader) => statisticsKeysText(reader, row)),
  statisticsExpressions: ofStatistics(({ body }) => {
    const texts = body.keys.flatMap(({ expression }) => (expression === null ? [] : [expression.text]));
    return texts.length === 0 ? null : arrayValue('text', texts);
  }),
  view,
  'view.pretty': view,
  viewNamed,
  'viewNamed.pretty': viewNamed,
  viewWrapped: view,
  rule,
  'rule.pretty': rule,
  routine: ofRoutine((row, reader) => routineDefinition(row, reader.schemaName(row.schema))),
  routineArguments: ofRoutine((row) => argumentsText(row, true)),
  routineIdentity: ofRoutine((row) => argumentsText(row, false)),
  routineResult: ofRoutine((row) => resultText(row)),
  routineDefault: (reader, id, number) =>
    routineById(reader, Number(id))?.body.routine.parameters[Number(number) - 1]?.default?.text ?? null,
  routineBody: ofRoutine(({ body }) => (body.routine.form === 'text' ? null : body.routine.text)),
  partitionKey,
  partitionCondition,
  ancestors: (reader, id) => arrayValue('oid', ancestorsOf(reader, Number(id))),
  sequenceOf: (reader, table, column) => sequenceOf(reader, String(table), String(column)),
  comment: (reader, id, catalog) => comment(reader, Number(id), 0, String(catalog)),
  commentOf: (reader, id) => comment(reader, Number(id), 0, null),
  columnComment: (reader, id, column) => (column === 0 ? null : comment(reader, Number(id), Number(column), 'pg_class')),
  sharedComment: (reader, id, catalog) => {
    if (catalog !== 'pg_database') return comment(reader, Number(id), 0, String(catalog));
    const row = [...sharedDescriptionRows(reader)].find(({ objoid }) => objoid === Number(id));
    return row === undefined ? null : String(row.description);
  },
  relationSize: (reader, id) => relationSize(reader, Number(id)),
  relationFork: (reader, id, fork) => (fork === 'main' ? relationSize(reader, Number(id)) : 0),
  tableSize: (reader, id) => relationSize(reader, Number(id)),
  indexesSize: (reader, id) => indexesSize(reader, Number(id)),
  totalSize: (reader, id) => {
    const own = relationSize(reader, Number(id));
    return own === null ? null : own + indexesSize(reader, Number(id));
  },
  databaseSize,
  databaseSizeNamed: databaseSize,
  fileNode: (_reader, id) => id,
  tablespacePlace: () => '',
  isPublishable: (reader, id) => reader.relation(Number(id))?.kind === 'table' && virtualTableById(Number(id)) === null,
  defaultRights: (reader, kind, owner) => defaultRights(reader, String(kind), Number(owner)),
  sequenceLast: (reader, id) => {
    const sequence = reader.relation(Number(id));
    if (sequence?.kind !== 'sequence') return null;
    const { value, called } = reader.port.sequenceState(sequence.page);
    return called ? value : null;
  },
};

/** The answer to a primitive 'catalog.QUESTION'; null: nothing is known. */
export function describeObject(reader: SessionReader, question: string, given: readonly RowValue[]): RowValue {
  const answer = question.startsWith('isVisible.') ? isThere : ANSWERS[question];
  return answer === undefined ? null : answer(reader, ...given);
}
