/** CREATE, ALTER and DROP POLICY; ALTER TABLE ... ROW LEVEL SECURITY. */

import { SQLSTATE } from '../../../shm/errors.ts';
import { replaceTable, tableRow } from '../../catalog/alter-table.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { mustOwn } from '../../catalog/errors.ts';
import { LOCK_ALL } from '../../catalog/kernel-port.ts';
import { clipName } from '../../catalog/names.ts';
import type { CatalogPolicy, CatalogTable, RowSecurityState, StoredCondition, StoredName } from '../../catalog/objects.ts';
import type { TableRow } from '../../catalog/stored.ts';
import type { SourceAlterAction, SourceExpression, SourceName, SourceStatement } from '../../sblr/source.gen.ts';
import { bindPolicy } from '../bind/row-security.ts';
import { visibleColumns } from '../bind/scope.ts';
import { BindState } from '../bind/state.ts';
import { useColumns } from '../bind/tables.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, shownName, storedExpression } from './environment.ts';
import { namedRole } from './roles.ts';
import { recording, usesOf } from './view.ts';

type Node<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;
const notice = (message: string): Notice => ({ severity: 'NOTICE', code: '00000', message });

/** The table of a policy, whose owner alone may say something of it; null: there is none. 42809, 42501 */
function policyTable(source: SourceName, environment: DefinitionEnvironment): TableRow | null {
  const { catalog, tx, session, semantics } = environment;
  const name = qualified(source, semantics);
  const reader = readerOf(environment);
  const row = reader.findEntry(name.schema, name.name)?.row;
  if (row === undefined) {
    if (reader.findRelation(name.schema, name.name)?.kind !== 'virtual') return null;
    throw fault(SQLSTATE.insufficient_privilege, `permission denied: "${name.name}" is a system catalog`, source.at);
  }
  if (row.kind !== 'table') throw fault(SQLSTATE.wrong_object_type, `"${name.name}" is not a table`, source.at);
  if (!reader.owns(row.body.owner)) throw mustOwn('table', row.name);
  return catalog.lockTable(tx, session, row.id, LOCK_ALL);
}

const missing = (source: SourceName, { semantics }: DefinitionEnvironment): string =>
  `relation "${shownName(qualified(source, semantics))}" does not exist`;

/** 42P01 */
function ownTable(source: SourceName, environment: DefinitionEnvironment): TableRow {
  const row = policyTable(source, environment);
  if (row === null) throw fault(SQLSTATE.undefined_table, missing(source, environment), source.at);
  return row;
}

/** Roles of TO; nobody named, or PUBLIC: everybody. */
const rolesOf = (names: readonly string[], environment: DefinitionEnvironment): number[] =>
  names.length === 0 || names.includes('public') ? [0] : [...new Set(names.map((name) => namedRole(name, environment).id))];

/** A condition as it is kept, bound once, to see what it means and what it rests on. */
function conditionOf(row: TableRow, source: SourceExpression | null, environment: DefinitionEnvironment): StoredCondition | null {
  if (source === null) return null;
  const { semantics, semanticsOf } = environment;
  const reader = readerOf(environment);
  const table = reader.relation(row.id) as CatalogTable;
  const columns = Object.fromEntries(visibleColumns(table).map(({ number, name }) => [number, name]));
  const own: StoredName = { schema: table.schema, name: table.name, id: table.id, columns };
  const recorded: StoredName[] = [];
  // Policies of what it reads count when it is asked, for whom it is asked.
  const catalog = { ...recording(reader, recorded), rowSecurity: () => null };
  const state = new BindState({ catalog, semantics, semanticsOf, parameterTypes: [], literals: [], policy: 'infer' }, 0);
  const uses = useColumns(state, table.columns);
  const parameter = /"op":"parameter"(?:,"at":(\d+))?/.exec(JSON.stringify(source));
  if (parameter !== null)
    throw fault(SQLSTATE.undefined_parameter, 'there is no parameter $1', Number(parameter[1] ?? source.at));
  const stored = storedExpression(source, environment);
  const expression = bindPolicy({ ...stored, names: [own] }, table, uses, state);
  const get = { op: 'get' as const, table: table.id, alias: table.name, columns: uses, rowId: -1 };
  const project = { op: 'project' as const, input: get, columns: [{ column: state.newColumn(), expression }] };
  const module = state.finish({ kind: 'query', root: project, output: [] });
  const names = [own, ...recorded];
  return { ...stored, names, uses: usesOf(module, names, reader) };
}

const refuse = (message: string, at: number): never => {
  throw fault(SQLSTATE.syntax_error, message, at);
};

/** 42710, 42501, 42601 */
export function createPolicy(source: Node<'createPolicy'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx } = environment;
  const { command, permissive, using, check, at } = source;
  if ((command === 'select' || command === 'delete') && check !== null)
    refuse('WITH CHECK cannot be applied to SELECT or DELETE', at);
  if (command === 'insert' && using !== null) refuse('only WITH CHECK expression allowed for INSERT', at);
  const name = clipName(source.name);
  catalog.change(tx, () => {
    const row = ownTable(source.table, environment);
    const policies = row.body.policies ?? [];
    mustBeNew(policies, name, row, at);
    const roles = rolesOf(source.roles, environment);
    const conditions = {
      using: conditionOf(row, using, environment),
      check: conditionOf(row, check, environment),
    };
    const made = { id: catalog.nextId(), name, permissive, command, roles, ...conditions };
    replaceTable(catalog, tx, row, { policies: [...policies, made] });
  });
  const { roles } = source;
  if (roles.length < 2 || !roles.includes('public')) return [];
  const message = 'ignoring specified roles other than PUBLIC';
  return [{ severity: 'WARNING', code: '01000', message, hint: 'All roles are members of the PUBLIC role.' } as Notice];
}

function mustBeNew(policies: readonly CatalogPolicy[], name: string, row: TableRow, at: number): void {
  if (policies.some((one) => one.name === name))
    throw fault(SQLSTATE.duplicate_object, `policy "${name}" for table "${row.name}" already exists`, at);
}

/** 42704, 42710 */
export function alterPolicy(source: Node<'alterPolicy'>, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const { at, to } = source;
  catalog.change(tx, () => {
    const row = ownTable(source.table, environment);
    const policies = row.body.policies ?? [];
    const known = policies.find(({ name }) => name === source.name);
    if (known === undefined)
      throw fault(SQLSTATE.undefined_object, `policy "${source.name}" for table "${row.name}" does not exist`, at);
    if (to !== null) mustBeNew(policies, clipName(to), row, at);
    const changed = to === null ? altered(known, row, source, environment) : { ...known, name: clipName(to) };
    replaceTable(catalog, tx, row, { policies: policies.map((one) => (one === known ? changed : one)) });
  });
}

function altered(
  known: CatalogPolicy,
  row: TableRow,
  { roles, using, check, at }: Node<'alterPolicy'>,
  environment: DefinitionEnvironment,
): CatalogPolicy {
  const { command } = known;
  if ((command === 'select' || command === 'delete') && check !== null)
    refuse('only USING expression allowed for SELECT, DELETE', at);
  if (command === 'insert' && using !== null) refuse('only WITH CHECK expression allowed for INSERT', at);
  const named = roles.length === 0 ? known.roles : rolesOf(roles, environment);
  return {
    ...known,
    roles: named,
    using: conditionOf(row, using, environment) ?? known.using,
    check: conditionOf(row, check, environment) ?? known.check,
  };
}

/** 42704 */
export function dropPolicy(source: Node<'dropPolicy'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx } = environment;
  const notices: Notice[] = [];
  catalog.change(tx, () => {
    const row = source.ifExists ? policyTable(source.table, environment) : ownTable(source.table, environment);
    if (row === null) {
      notices.push(notice(`${missing(source.table, environment)}, skipping`));
      return;
    }
    const policies = row.body.policies ?? [];
    if (policies.some(({ name }) => name === source.name)) {
      replaceTable(catalog, tx, row, { policies: policies.filter(({ name }) => name !== source.name) });
      return;
    }
    if (!source.ifExists)
      throw fault(SQLSTATE.undefined_object, `policy "${source.name}" for table "${row.name}" does not exist`, source.at);
    notices.push(notice(`policy "${source.name}" for relation "${row.name}" does not exist, skipping`));
  });
  return notices;
}

const CHANGES: { readonly [kind in SourceAlterAction['kind']]?: Partial<RowSecurityState> } = {
  enableRowSecurity: { enabled: true },
  disableRowSecurity: { enabled: false },
  forceRowSecurity: { forced: true },
  noForceRowSecurity: { forced: false },
};

/** ENABLE, DISABLE, FORCE, NO FORCE ROW LEVEL SECURITY. */
export function setRowSecurity(id: number, kind: SourceAlterAction['kind'], { catalog, tx }: DefinitionEnvironment): void {
  const row = tableRow(catalog, tx, id);
  replaceTable(catalog, tx, row, {
    rowSecurity: { ...(row.body.rowSecurity ?? { enabled: false, forced: false }), ...CHANGES[kind] },
  });
}
