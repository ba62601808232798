/**
 * ALTER TABLE of tables that others inherit from, or that have partitions: what is done to the table is done to those below it. What a
 * table has from its parents cannot be changed in it alone (42P16).
 */

import { SQLSTATE, type SqlError } from '../../../shm/errors.ts';
import { changeColumn, constraintNames, replaceTable, tableRow } from '../../catalog/alter-table.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { LOCK_ALL } from '../../catalog/kernel-port.ts';
import type { CatalogColumn, CatalogIndex, CatalogTable } from '../../catalog/objects.ts';
import type { TableRow } from '../../catalog/stored.ts';
import type { SourceAlterAction, SourceConstraint } from '../../sblr/source.gen.ts';
import { setNotNull } from './alter-table.ts';
import { type DefinitionEnvironment, fault } from './environment.ts';
import { copyForeignKey, sameAttribute } from './family.ts';
import { indexLike } from './like.ts';
import { makeRoomForLayout } from './rewrite.ts';

type Act = (id: number, action: SourceAlterAction) => Notice[];

/** What is done below as well. */
const BELOW: ReadonlySet<SourceAlterAction['kind']> = new Set([
  ...(['addColumn', 'dropColumn', 'renameColumn', 'setType', 'setDefault', 'dropDefault', 'setNotNull', 'dropNotNull'] as const),
  ...(['addConstraint', 'dropConstraint', 'renameConstraint', 'validateConstraint', 'dropExpression'] as const),
]);

const invalid = (message: string, at: number): SqlError => fault(SQLSTATE.invalid_table_definition, message, at);

const columnIn = (row: TableRow, name: string | null | undefined): CatalogColumn | undefined =>
  row.body.columns.find((column) => column.hidden === null && column.name === name);

/** 42P16 for what comes from a parent. */
function refuseInherited(row: TableRow, { kind, name, at }: SourceAlterAction): void {
  const column = columnIn(row, name);
  if ((column?.inherited ?? 0) > 0) {
    if (kind === 'dropColumn') throw invalid(`cannot drop inherited column "${name}"`, at);
    if (kind === 'renameColumn') throw invalid(`cannot rename inherited column "${name}"`, at);
    if (kind === 'setType') throw invalid(`cannot alter inherited column "${name}"`, at);
    if (kind === 'dropNotNull' && row.body.bound !== undefined)
      throw invalid(`column "${name}" is marked NOT NULL in parent table`, at);
  }
  if (row.body.bound !== undefined && kind === 'addColumn')
    throw fault(SQLSTATE.wrong_object_type, 'cannot add column to a partition', at);
  const check = row.body.checks.find((one) => one.name === name);
  const index = row.body.indexes.find(({ constraint }) => constraint === name);
  const key = (row.body.foreignKeys ?? []).find((one) => one.name === name);
  const isInherited = (check?.inherited ?? 0) > 0 || index?.parent !== undefined || key?.parent !== undefined;
  if (isInherited && kind === 'dropConstraint')
    throw invalid(`cannot drop inherited constraint "${name}" of relation "${row.name}"`, at);
  if (isInherited && kind === 'renameConstraint') throw invalid(`cannot rename inherited constraint "${name}"`, at);
}

/** ONLY of a table with children leaves them as they must not be. 42P16 */
function refuseOnly(row: TableRow, { kind, constraint, at }: SourceAlterAction): void {
  if ((row.body.children ?? []).length === 0) return;
  if (kind === 'addColumn') throw invalid('column must be added to child tables too', at);
  if (kind === 'renameColumn') throw invalid('inherited column must be renamed in child tables too', at);
  if (kind === 'setType') throw invalid('type of inherited column must be changed in child tables too', at);
  if (kind === 'addConstraint' && constraint?.kind === 'check') throw invalid('constraint must be added to child tables too', at);
}

/** Does an action to a table and to those below it. */
export function actOnFamily(
  row: TableRow,
  action: SourceAlterAction,
  only: boolean,
  environment: DefinitionEnvironment,
  act: Act,
): Notice[] {
  refuseInherited(row, action);
  if (!BELOW.has(action.kind)) return act(row.id, action);
  if (only) refuseOnly(row, action);
  return spread(row, action, only, environment, act);
}

function spread(row: TableRow, action: SourceAlterAction, only: boolean, environment: DefinitionEnvironment, act: Act): Notice[] {
  const { catalog, tx } = environment;
  if (action.kind === 'addConstraint') mustFitPartitions(row, action.constraint as SourceConstraint);
  if ((action.kind === 'dropColumn' || action.kind === 'setType') && keyNames(row).has(action.name ?? '')) {
    const what = action.kind === 'dropColumn' ? 'drop' : 'alter type of';
    throw invalid(
      `cannot ${what} column "${action.name}" because it is part of the partition key of relation "${row.name}"`,
      action.at,
    );
  }
  const taken = constraintNames(row);
  const notices = act(row.id, action);
  const children = only && action.kind !== 'addConstraint' ? [] : (row.body.children ?? []);
  const made = [...constraintNames(tableRow(catalog, tx, row.id))].find((name) => !taken.has(name));
  for (const id of children) {
    const child = catalog.lockTable(tx, environment.session, id, LOCK_ALL);
    notices.push(...below(child, row.id, { ...action }, made, environment, act));
  }
  return notices;
}

const keyNames = ({ body }: TableRow): Set<string> =>
  new Set(
    (body.partitioning?.keys ?? []).flatMap(({ attribute }) =>
      body.columns.filter(({ number }) => number === attribute).map(({ name }) => name),
    ),
  );

/** Unique keys of a partitioned table hold its partition key. 0A000 */
function mustFitPartitions(row: TableRow, source: SourceConstraint): void {
  if (row.body.partitioning === undefined || (source.kind !== 'unique' && source.kind !== 'primaryKey')) return;
  const what = source.kind === 'primaryKey' ? 'PRIMARY KEY' : 'UNIQUE';
  if (source.index !== null)
    throw fault(
      SQLSTATE.feature_not_supported,
      'ALTER TABLE / ADD CONSTRAINT USING INDEX is not supported on partitioned tables',
      source.at,
    );
  if (row.body.partitioning.keys.some(({ expression }) => expression !== null))
    throw fault(SQLSTATE.feature_not_supported, `unsupported ${what} constraint with partition key definition`, source.at, {
      detail: `${what} constraints cannot be used when partition keys include expressions.`,
    });
  const lacking = [...keyNames(row)].find((name) => !source.columns.includes(name));
  if (lacking === undefined) return;
  throw fault(
    SQLSTATE.feature_not_supported,
    'unique constraint on partitioned table must include all partitioning columns',
    source.at,
    { detail: `${what} constraint on table "${row.name}" lacks column "${lacking}" which is part of the partition key.` },
  );
}

function below(
  child: TableRow,
  parent: number,
  action: SourceAlterAction,
  made: string | undefined,
  environment: DefinitionEnvironment,
  act: Act,
): Notice[] {
  const { catalog, tx } = environment;
  const goOn = (): Notice[] => spread(child, action, false, environment, act);
  switch (action.kind) {
    case 'addColumn':
      return addColumnBelow(child, parent, action, environment, goOn);
    case 'dropColumn': {
      const column = columnIn(child, action.name);
      if (column === undefined) return [];
      const inherited = (column.inherited ?? 1) - 1;
      if (inherited === 0 && column.isLocal === false) return goOn();
      changeColumn(catalog, tx, child, column.number, (one) => ({
        ...one,
        inherited,
        isLocal: inherited === 0 ? true : (one.isLocal ?? true),
      }));
      return [];
    }
    case 'addConstraint':
      return addConstraintBelow(child, parent, action, made, environment, goOn);
    case 'dropConstraint': {
      const check = child.body.checks.find((one) => one.name === action.name);
      if (check === undefined) return [];
      const inherited = (check.inherited ?? 1) - 1;
      if (inherited === 0 && check.isLocal === false) return goOn();
      const checks = child.body.checks.map((one) => (one === check ? { ...one, inherited } : one));
      replaceTable(catalog, tx, child, { checks });
      return [];
    }
    case 'renameConstraint':
    case 'validateConstraint':
      return child.body.checks.some((one) => one.name === action.name) ? goOn() : [];
    default:
      return goOn();
  }
}

function addColumnBelow(
  child: TableRow,
  parent: number,
  action: SourceAlterAction,
  environment: DefinitionEnvironment,
  goOn: () => Notice[],
): Notice[] {
  const { catalog, tx } = environment;
  const name = action.column?.name ?? '';
  const before = columnIn(child, name);
  if (before !== undefined) {
    const own = columnIn(tableRow(catalog, tx, parent), name);
    if (own?.type.name !== before.type.name || own.type.length !== before.type.length)
      throw fault(SQLSTATE.datatype_mismatch, `child table "${child.name}" has different type for column "${name}"`, action.at);
    changeColumn(catalog, tx, child, before.number, (one) => ({ ...one, inherited: (one.inherited ?? 0) + 1 }));
    return [{ severity: 'NOTICE', code: '00000', message: `merging definition of column "${name}" for child "${child.name}"` }];
  }
  const notices = goOn();
  const now = tableRow(catalog, tx, child.id);
  const added = columnIn(now, name) as CatalogColumn;
  changeColumn(catalog, tx, now, added.number, (one) => ({ ...one, inherited: 1, isLocal: false }));
  return notices;
}

function addConstraintBelow(
  child: TableRow,
  parent: number,
  action: SourceAlterAction,
  made: string | undefined,
  environment: DefinitionEnvironment,
  goOn: () => Notice[],
): Notice[] {
  const { catalog, tx } = environment;
  const source = action.constraint as SourceConstraint;
  if (made === undefined) return [];
  if (source.kind === 'check') {
    Object.assign(action, { constraint: { ...source, name: made } });
    const same = child.body.checks.find((one) => one.name === made);
    const marked = (row: TableRow): void => {
      const checks = row.body.checks.map((one) =>
        one.name === made ? { ...one, inherited: (one.inherited ?? 0) + 1, isLocal: same !== undefined } : one,
      );
      replaceTable(catalog, tx, row, { checks });
    };
    if (same !== undefined) {
      marked(child);
      return [];
    }
    const notices = goOn();
    marked(tableRow(catalog, tx, child.id));
    return notices;
  }
  const whole = tableRow(catalog, tx, parent);
  if (whole.body.partitioning === undefined) return [];
  if (source.kind === 'references') {
    copyForeignKey(child.id, parent, made, environment);
    return [];
  }
  const index = whole.body.indexes.find(({ constraint }) => constraint === made);
  if (index !== undefined) addPartIndex(child.id, parent, index, environment);
  return [];
}

/** Gives a partition its part of an index of the partitioned table: one that it has and that is alike, or a new one. */
export function addPartIndex(id: number, parent: number, index: CatalogIndex, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  const whole = tableRow(catalog, tx, parent);
  const child = tableRow(catalog, tx, id);
  const alike = child.body.indexes.find((one) => isAlike(one, child, index, whole));
  if (alike !== undefined) {
    const indexes = child.body.indexes.map((one) => (one === alike ? { ...one, parent: index.id } : one));
    replaceTable(catalog, tx, child, { indexes });
  } else {
    if (index.primary)
      for (const { attribute } of index.keys) setNotNull(id, sameAttribute(whole, child, attribute), environment);
    const table = catalog.entry(tx, parent)?.relation as CatalogTable;
    const isHidden = (attribute: number) => table.columns.some(({ number, hidden }) => number === attribute && hidden !== null);
    if (index.keys.some(({ attribute }) => isHidden(attribute))) makeRoomForLayout(id, environment);
    catalog.createIndex(tx, session, id, { ...indexLike(index, table), name: null, parent: index.id }, environment.fillHidden);
  }
  const now = tableRow(catalog, tx, id);
  const part = now.body.indexes.find((one) => one.parent === index.id);
  if (part !== undefined) for (const below of now.body.children ?? []) addPartIndex(below, id, part, environment);
}

/** An index of a partition that could be a part of one of the partitioned table. */
function isAlike(own: CatalogIndex, child: TableRow, index: CatalogIndex, whole: TableRow): boolean {
  const shown = (table: TableRow, one: CatalogIndex): string =>
    JSON.stringify([
      one.keys.map(({ attribute, descending, nullsFirst, tokens }) => {
        const column = table.body.columns.find(({ number }) => number === attribute);
        return [column?.hidden?.text ?? column?.name, descending, nullsFirst, tokens];
      }),
      ...[one.unique, one.deferrable, one.nullsDistinct, one.method, one.predicate?.text ?? null, one.primary],
      one.constraint !== null,
      (one.include ?? []).map((attribute) => table.body.columns.find(({ number }) => number === attribute)?.name),
    ]);
  return own.parent === undefined && shown(child, own) === shown(whole, index);
}
