/** CREATE, ALTER and DROP ROLE; membership; what roles own. */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { dropObjects } from '../../catalog/drop.ts';
import {
  changeRole,
  createRole,
  dropRole,
  ownedObjects,
  reassignOwned,
  renameRole,
  revokeAll,
  roleRow,
  setMembership,
} from '../../catalog/roles.ts';
import type { RoleBody, RoleObjectRow } from '../../catalog/stored.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import type { SourceExpression, SourceOption, SourceStatement } from '../../sblr/source.gen.ts';
import { type DefinitionEnvironment, fault, unsupported } from './environment.ts';

type Node<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;
type Writable = { -readonly [key in keyof RoleBody]?: RoleBody[key] };

const SWITCHES: { readonly [word: string]: keyof RoleBody } = {
  superuser: 'superuser',
  createdb: 'createDatabase',
  createrole: 'createRole',
  inherit: 'inherit',
  login: 'login',
  replication: 'replication',
  bypassrls: 'bypassRowSecurity',
};
const OWN_NAMES = ['current_user', 'current_role', 'session_user'];

/** The role that a name means: CURRENT_USER and the like, too. 42704 */
export function namedRole(name: string, { catalog, tx, session }: DefinitionEnvironment): RoleObjectRow {
  return roleRow(catalog, tx, session, OWN_NAMES.includes(name) ? session.role : name);
}

function constantText(value: SourceExpression | null): string | null {
  if (value?.op === 'operator' && value.left === null) return `${value.name.parts[0]}${constantText(value.right)}`;
  return value?.op === 'constant' && value.kind !== 'null' ? value.text : null;
}

/** What the options say; those that name other roles stand apart. 42601 */
function optionsOf(options: readonly SourceOption[], environment: DefinitionEnvironment): Writable {
  const body: Writable = {};
  const seen = new Set<string>();
  for (const { name, value, at } of options) {
    const word = name.startsWith('no') && SWITCHES[name.slice(2)] !== undefined ? name.slice(2) : name;
    if (value === null || name === 'password') {
      if (seen.has(word)) throw fault(SQLSTATE.syntax_error, 'conflicting or redundant options', at);
      seen.add(word);
    }
    const key = SWITCHES[word];
    if (key !== undefined) Object.assign(body, { [key]: word === name });
    else if (name === 'connection limit') body.connectionLimit = Number(constantText(value));
    else if (name === 'valid until') body.validUntil = constantText(value) === 'infinity' ? null : constantText(value);
    else if (name === 'password') {
      const password = constantText(value);
      body.verifiers = password === null || password === '' ? {} : environment.verifiersOf(password);
    }
  }
  return body;
}

const namesIn = (options: readonly SourceOption[], kind: string): string[] =>
  options.flatMap(({ name, value }) => (name === kind ? [constantText(value) ?? ''] : []));

export function defineRole(source: Node<'createRole'>, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  const { options } = source;
  const made = createRole(catalog, tx, session, source.name, {
    login: source.kind === 'user',
    ...optionsOf(options, environment),
  });
  const own = (): RoleObjectRow => roleRow(catalog, tx, session, made.name);
  const join = (group: RoleObjectRow, member: RoleObjectRow, admin = false): void => {
    setMembership(catalog, tx, session, group, member, { revoke: false, admin });
  };
  for (const name of namesIn(options, 'in role')) join(namedRole(name, environment), own());
  for (const name of namesIn(options, 'role')) join(own(), namedRole(name, environment));
  for (const name of namesIn(options, 'admin')) join(own(), namedRole(name, environment), true);
}

export function alterRole(source: Node<'alterRole'>, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  const row = namedRole(source.name, environment);
  changeRole(catalog, tx, session, row, optionsOf(source.options, environment));
  for (const name of namesIn(source.options, 'role'))
    setMembership(catalog, tx, session, row, namedRole(name, environment), { revoke: false, admin: false });
}

/** Settings that the sessions of a role begin with. */
export function alterRoleSetting(source: Node<'alterRoleSetting'>, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  if (source.name === null) throw unsupported('ALTER ROLE ALL SET is', source.at);
  const row = namedRole(source.name, environment);
  let settings: { [name: string]: string } = { ...row.body.settings };
  if (source.setting === null) settings = {};
  else if (source.reset) delete settings[source.setting.toLowerCase()];
  else settings[source.setting.toLowerCase()] = source.values.map((value) => constantText(value) ?? '').join(', ');
  changeRole(catalog, tx, session, row, { settings });
}

export function renameRoleTo(source: Node<'renameRole'>, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  renameRole(catalog, tx, session, namedRole(source.name, environment), source.to);
}

/** DROP ROLE, USER, GROUP. */
export function dropRoles(source: Node<'drop'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session, semantics } = environment;
  const notices: Notice[] = [];
  for (const one of source.names) {
    const name = foldParts(one, semantics).join('.');
    if (source.ifExists && catalog.reader(tx, session).roleNamed(name) === null)
      notices.push({ severity: 'NOTICE', code: '00000', message: `role "${name}" does not exist, skipping` });
    else dropRole(catalog, tx, session, namedRole(name, environment));
  }
  return notices;
}

export function grantMembership(source: Node<'grantRole'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const { revoke, admin, grantedBy } = source;
  const by = grantedBy === null ? undefined : namedRole(grantedBy, environment).id;
  if (by !== undefined && catalog.reader(tx, session).role()?.superuser !== true && by !== catalog.reader(tx, session).role()?.id)
    throw fault(SQLSTATE.insufficient_privilege, 'must be superuser to set grantor', source.at);
  const change = { revoke, admin, ...(by !== undefined && { by }) };
  return source.roles.flatMap((group) =>
    source.to.flatMap(
      (member) =>
        setMembership(catalog, tx, session, namedRole(group, environment), namedRole(member, environment), change) ?? [],
    ),
  );
}

/** REASSIGN OWNED, DROP OWNED. 42501 */
export function ownedBy(source: Node<'ownedBy'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const to = source.to === null ? null : namedRole(source.to, environment);
  const notices: Notice[] = [];
  for (const name of source.roles) {
    const role = namedRole(name, environment);
    if (!catalog.reader(tx, session).owns(role.id))
      throw fault(SQLSTATE.insufficient_privilege, `permission denied to ${source.action} objects`, source.at);
    if (to !== null) reassignOwned(catalog, tx, session, role.id, to.id);
    else {
      const ids = ownedObjects(catalog, tx, session, role.id)
        .filter((row) => row.kind !== 'sequence' || row.parent === 0)
        .map(({ id }) => id);
      if (ids.length > 0) notices.push(...dropObjects(catalog, tx, session, ids, { cascade: source.cascade, together: ids }));
      revokeAll(catalog, tx, session, role.id);
    }
  }
  return notices;
}
