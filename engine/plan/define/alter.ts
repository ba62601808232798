/** ALTER of tables, indexes, sequences, views and schemas: finds what is meant, and has each action done. */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { mustOwn } from '../../catalog/errors.ts';
import { LOCK_ALL } from '../../catalog/kernel-port.ts';
import type { ObjectRow, ViewRow } from '../../catalog/stored.ts';
import type { SourceAlterAction, SourceAlterNode } from '../../sblr/source.gen.ts';
import { bindExpression } from '../bind/bind.ts';
import {
  alterConstraint,
  addConstraint,
  dropConstraintNamed,
  renameConstraint,
  validateConstraint,
} from './alter-constraints.ts';
import { alterRoutine } from './alter-routine.ts';
import { alterSequence } from './alter-sequence.ts';
import { alterColumn, addTableColumn, dropTableColumn, renameColumn, setLogged, tableOptions } from './alter-table.ts';
import {
  type DefinitionEnvironment,
  fault,
  qualified,
  readerOf,
  shownName,
  storedExpression,
  unsupported,
} from './environment.ts';
import { attachIndex, attachPartition, detachPartition, inherit, noInherit } from './attach.ts';
import { actOnFamily } from './family-alter.ts';
import { setRowSecurity } from './policy.ts';
import { renameTable } from './rename.ts';
import { makeRoomForLayout } from './rewrite.ts';
import { changeOwner, moveObject, renameObject, renameSchema, schemaNamed } from './schema.ts';
import { checkOf, viewOptions } from './view.ts';

const notice = (message: string): Notice => ({ severity: 'NOTICE', code: '00000', message });

const article = (kind: string): string => (/^[aeiou]/.test(kind) ? 'an' : 'a');

/** ALTER TABLE may rename and move anything that is a relation. */
const COMMON = new Set(['renameTo', 'setSchema', 'ownerTo', 'renameColumn', 'setDefault', 'dropDefault']);

/** The object that ALTER names; null: there is none, and that is no error. 42P01, 42809, 42501 */
function objectToAlter(source: SourceAlterNode, environment: DefinitionEnvironment, notices: Notice[]): ObjectRow | null {
  const { catalog, tx, session, semantics } = environment;
  const { kind } = source;
  const name = qualified(source.name, semantics);
  const reader = readerOf(environment);
  const found = reader.findEntry(name.schema, name.name)?.row;
  if (found === undefined) {
    if (reader.findRelation(name.schema, name.name)?.kind === 'virtual')
      throw fault(SQLSTATE.insufficient_privilege, `permission denied: "${name.name}" is a system catalog`, source.name.at);
    const message = `relation "${shownName(name)}" does not exist`;
    if (!source.ifExists) throw fault(SQLSTATE.undefined_table, message, source.name.at);
    notices.push(notice(`${message}, skipping`));
    return null;
  }
  const isCommon = source.actions.every((action) => COMMON.has(action.kind));
  const isOther = found.kind !== kind && !(kind === 'table' && isCommon && found.kind !== 'schema');
  if (isOther) throw fault(SQLSTATE.wrong_object_type, `"${name.name}" is not ${article(kind)} ${kind}`, source.name.at);
  const owned = found.kind === 'index' ? catalog.entry(tx, found.parent)?.row : found;
  const owner = owned === undefined || owned.kind === 'index' ? 0 : owned.body.owner;
  if (!reader.owns(owner)) throw mustOwn(found.kind, found.name);
  if (found.kind === 'table') return catalog.lockTable(tx, session, found.id, LOCK_ALL);
  return found;
}

export function alter(source: SourceAlterNode, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, semantics } = environment;
  const notices: Notice[] = [];
  if (source.kind === 'function' || source.kind === 'procedure' || source.kind === 'routine')
    return alterRoutine(source, source.kind, environment);
  if (source.kind === 'schema') {
    const { name } = qualified(source.name, semantics);
    catalog.change(tx, () => alterSchema(name, source.actions[0], environment));
    return notices;
  }
  catalog.change(tx, () => {
    const row = objectToAlter(source, environment, notices);
    if (row === null) return;
    for (const action of inPasses(source.actions)) {
      const now = catalog.entry(tx, row.id)?.row;
      if (now === undefined) throw fault(SQLSTATE.undefined_table, `relation "${row.name}" does not exist`, action.at);
      notices.push(...act(now, action, environment, source.only));
    }
  });
  return notices;
}

/** PostgreSQL's order of the actions of one statement: what goes, types, what comes, what is said about it. */
const PASSES: { readonly [kind in SourceAlterAction['kind']]?: number } = {
  dropColumn: 0,
  dropConstraint: 0,
  setType: 1,
  addColumn: 2,
  addConstraint: 4,
};

function inPasses(actions: readonly SourceAlterAction[]): SourceAlterAction[] {
  const pass = ({ kind, constraint }: SourceAlterAction): number => {
    if (kind === 'addConstraint') return constraint?.kind === 'references' ? 6 : constraint?.kind === 'check' ? 5 : 4;
    return PASSES[kind] ?? 3;
  };
  return [...actions].sort((a, b) => pass(a) - pass(b));
}

function alterSchema(name: string, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const row = schemaNamed(name, environment);
  if (action.kind === 'renameTo') renameSchema(row, action.to ?? '', environment);
  else if (action.kind === 'ownerTo') changeOwner(row, action.to ?? '', environment);
  else throw unsupported('this ALTER SCHEMA is', action.at);
}

function act(row: ObjectRow, action: SourceAlterAction, environment: DefinitionEnvironment, only: boolean): Notice[] {
  const to = action.to ?? '';
  switch (action.kind) {
    case 'renameTo':
      if (row.kind === 'table') renameTable(row, to, environment);
      else renameObject(row, to, environment);
      return [];
    case 'setSchema':
      if (row.kind === 'index') throw unsupported('ALTER INDEX SET SCHEMA is', action.at);
      moveObject(row, to, environment);
      return [];
    case 'ownerTo':
      if (row.kind === 'index') throw unsupported('ALTER INDEX OWNER TO is', action.at, 'change the owner of its table');
      changeOwner(row, to, environment);
      return [];
    case 'noEffect':
      return [];
    default:
  }
  switch (row.kind) {
    case 'table':
      return actOnFamily(row, action, only, environment, (id, one) => actOnTable(id, one, environment));
    case 'view':
      actOnView(row, action, environment);
      return [];
    case 'sequence':
      alterSequence(row, action, environment);
      return [];
    default:
      if (row.kind === 'index' && action.kind === 'attachPartition') attachIndex(row, action, environment);
      // Storage parameters of an index.
      return [];
  }
}

/** Actions behind which rows are read otherwise than before. */
const LAYING_OUT: ReadonlySet<SourceAlterAction['kind']> = new Set(['addColumn', 'dropColumn', 'dropNotNull']);

function actOnTable(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): Notice[] {
  if (LAYING_OUT.has(action.kind)) makeRoomForLayout(id, environment);
  switch (action.kind) {
    case 'addColumn':
      return addTableColumn(id, action, environment);
    case 'dropColumn':
      return dropTableColumn(id, action, environment);
    case 'renameColumn':
      renameColumn(id, action, environment);
      return [];
    case 'addConstraint':
      addConstraint(id, action, environment);
      return [];
    case 'dropConstraint':
      return dropConstraintNamed(id, action, environment);
    case 'validateConstraint':
      validateConstraint(id, action, environment);
      return [];
    case 'alterConstraint':
      alterConstraint(id, action, environment);
      return [];
    case 'renameConstraint':
      renameConstraint(id, action, environment);
      return [];
    case 'attachPartition':
      attachPartition(id, action, environment);
      return [];
    case 'detachPartition':
      detachPartition(id, action, environment);
      return [];
    case 'inherit':
      inherit(id, action, environment);
      return [];
    case 'noInherit':
      noInherit(id, action, environment);
      return [];
    case 'setOptions':
    case 'resetOptions':
      tableOptions(id, action, environment);
      return [];
    case 'setLogged':
    case 'setUnlogged':
      setLogged(id, action.kind === 'setLogged', environment);
      return [];
    case 'enableRowSecurity':
    case 'disableRowSecurity':
    case 'forceRowSecurity':
    case 'noForceRowSecurity':
      setRowSecurity(id, action.kind, environment);
      return [];
    default:
      return alterColumn(id, action, environment);
  }
}

function actOnView(row: ViewRow, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx, semantics } = environment;
  const { columns } = row.body;
  const replace = (body: Partial<ViewRow['body']>): void => {
    catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, ...body } });
  };
  const column = (): (typeof columns)[number] => {
    const found = columns.find(({ name }) => name === action.name);
    if (found !== undefined) return found;
    throw fault(SQLSTATE.undefined_column, `column "${action.name}" of relation "${row.name}" does not exist`, action.at);
  };
  const changed = (changes: Partial<(typeof columns)[number]>): void => {
    const one = column();
    replace({ columns: columns.map((other) => (other === one ? { ...other, ...changes } : other)) });
  };
  switch (action.kind) {
    case 'renameColumn': {
      column();
      if (columns.some(({ name }) => name === action.to))
        throw fault(SQLSTATE.duplicate_column, `column "${action.to}" of relation "${row.name}" already exists`, action.at);
      return changed({ name: action.to ?? '' });
    }
    case 'dropDefault':
      return changed({ default: null });
    case 'setDefault': {
      const { expression } = action;
      if (expression === null) return;
      const { name, type } = column();
      const own = [{ name, type, attribute: 1 }];
      const catalogReader = readerOf(environment);
      bindExpression(expression, {
        semantics,
        table: row.name,
        columns: own,
        purpose: 'default',
        target: type,
        catalog: catalogReader,
      });
      return changed({ default: storedExpression(expression, environment) });
    }
    case 'setOptions': {
      const options = { ...row.body.options, ...viewOptions(action.options) };
      return replace({ options, check: checkOf(options) });
    }
    case 'resetOptions': {
      const gone = action.options.map(({ name }) => name);
      const options = Object.fromEntries(Object.entries(row.body.options).filter(([name]) => !gone.includes(name)));
      return replace({ options, check: checkOf(options) });
    }
    default:
      throw fault(SQLSTATE.wrong_object_type, `ALTER action is not possible for view "${row.name}"`, action.at);
  }
}
