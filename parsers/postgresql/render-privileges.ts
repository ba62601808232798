/** Roles, GRANT and REVOKE, default privileges, policies, extended statistics as canonical text. */

import type { SourceExpression, SourceOption, SourceStatement } from '../../engine/sblr/source.gen.ts';
import { joinWords } from '../kit/text.ts';
import { expressionText } from './render-expression.ts';
import { identifier, nameText, typeText } from './render-names.ts';

export type PrivilegeStatement = Extract<
  SourceStatement,
  | { op: 'createRole' | 'alterRole' | 'alterRoleSetting' | 'renameRole' | 'grant' | 'grantRole' | 'ownedBy' }
  | { op: 'createPolicy' | 'alterPolicy' | 'dropPolicy' }
  | { op: 'createStatistics' | 'alterStatistics' | 'dropStatistics' }
>;
type Grant = Extract<PrivilegeStatement, { op: 'grant' }>;

const ROLE_WORDS = ['current_user', 'current_role', 'session_user'];

export const roleText = (name: string): string => (ROLE_WORDS.includes(name) ? name.toUpperCase() : identifier(name));
const rolesText = (names: readonly string[]): string => names.map(roleText).join(', ');

export function privilegeText(statement: PrivilegeStatement): string {
  switch (statement.op) {
    case 'createRole':
      return joinWords([
        `CREATE ${statement.kind.toUpperCase()} ${roleText(statement.name)}`,
        ...statement.options.map(roleOptionText),
      ]);
    case 'alterRole':
      return joinWords([`ALTER ROLE ${roleText(statement.name)}`, ...statement.options.map(roleOptionText)]);
    case 'alterRoleSetting':
      return settingText(statement);
    case 'renameRole':
      return `ALTER ROLE ${roleText(statement.name)} RENAME TO ${roleText(statement.to)}`;
    case 'grant':
      return grantText(statement);
    case 'grantRole':
      return joinWords([
        statement.revoke ? 'REVOKE' : 'GRANT',
        statement.revoke && statement.admin && 'ADMIN OPTION FOR',
        rolesText(statement.roles),
        `${statement.revoke ? 'FROM' : 'TO'} ${rolesText(statement.to)}`,
        !statement.revoke && statement.admin && 'WITH ADMIN OPTION',
        statement.grantedBy !== null && `GRANTED BY ${roleText(statement.grantedBy)}`,
        statement.cascade && 'CASCADE',
      ]);
    case 'createPolicy':
      return joinWords([
        `CREATE POLICY ${identifier(statement.name)} ON ${nameText(statement.table)}`,
        !statement.permissive && 'AS RESTRICTIVE',
        statement.command !== 'all' && `FOR ${statement.command.toUpperCase()}`,
        policyText(statement),
      ]);
    case 'alterPolicy':
      return joinWords([
        `ALTER POLICY ${identifier(statement.name)} ON ${nameText(statement.table)}`,
        statement.to === null ? policyText(statement) : `RENAME TO ${identifier(statement.to)}`,
      ]);
    case 'dropPolicy':
      return joinWords([
        `DROP POLICY ${statement.ifExists ? 'IF EXISTS ' : ''}${identifier(statement.name)} ON ${nameText(statement.table)}`,
        statement.cascade && 'CASCADE',
      ]);
    case 'createStatistics':
      return joinWords([
        'CREATE STATISTICS',
        statement.ifNotExists && 'IF NOT EXISTS',
        nameText(statement.name),
        statement.kinds.length > 0 && `(${statement.kinds.map(identifier).join(', ')})`,
        `ON ${statement.items.map(statisticsItemText).join(', ')} FROM ${nameText(statement.table)}`,
      ]);
    case 'alterStatistics':
      return `ALTER STATISTICS ${statement.ifExists ? 'IF EXISTS ' : ''}${nameText(statement.name)} ${STATISTICS_ACTIONS[statement.action](statement.to)}`;
    case 'dropStatistics':
      return joinWords([
        'DROP STATISTICS',
        statement.ifExists && 'IF EXISTS',
        statement.names.map(nameText).join(', '),
        statement.cascade && 'CASCADE',
      ]);
    case 'ownedBy': {
      const roles = rolesText(statement.roles);
      if (statement.to !== null) return `REASSIGN OWNED BY ${roles} TO ${roleText(statement.to)}`;
      return `DROP OWNED BY ${roles}${statement.cascade ? ' CASCADE' : ''}`;
    }
  }
}

/** A column stands as it is, an expression in parentheses. */
const statisticsItemText = (item: SourceExpression): string =>
  item.op === 'column' && item.name.parts.length === 1 ? expressionText(item) : `(${expressionText(item)})`;

const STATISTICS_ACTIONS = {
  rename: (to: string) => `RENAME TO ${identifier(to)}`,
  owner: (to: string) => `OWNER TO ${roleText(to)}`,
  schema: (to: string) => `SET SCHEMA ${identifier(to)}`,
  target: (to: string) => `SET STATISTICS ${to}`,
} as const;

const policyText = ({ roles, using, check }: Extract<PrivilegeStatement, { op: 'createPolicy' | 'alterPolicy' }>): string =>
  joinWords([
    roles.length > 0 && `TO ${rolesText(roles)}`,
    using !== null && `USING (${expressionText(using)})`,
    check !== null && `WITH CHECK (${expressionText(check)})`,
  ]);

const NAMED_OPTIONS = ['in role', 'admin', 'role'];

function roleOptionText({ name, value }: SourceOption): string {
  if (value === null) return name.toUpperCase();
  if (NAMED_OPTIONS.includes(name)) return `${name.toUpperCase()} ${value.op === 'constant' ? roleText(value.text) : ''}`;
  return `${name.toUpperCase()} ${expressionText(value)}`;
}

function settingText(statement: Extract<PrivilegeStatement, { op: 'alterRoleSetting' }>): string {
  const { name, database, setting, values, reset } = statement;
  const shown = setting === null ? 'ALL' : setting.split('.').map(identifier).join('.');
  return joinWords([
    `ALTER ROLE ${name === null ? 'ALL' : roleText(name)}`,
    database !== null && `IN DATABASE ${identifier(database)}`,
    reset ? `RESET ${shown}` : `SET ${shown} TO ${values.map(expressionText).join(', ')}`,
  ]);
}

const DEFAULT_WORDS: { readonly [kind in Grant['kind']]?: string } = {
  table: 'TABLES',
  sequence: 'SEQUENCES',
  function: 'FUNCTIONS',
  type: 'TYPES',
  schema: 'SCHEMAS',
};
const ALL_WORDS: { readonly [kind in Grant['kind']]?: string } = {
  allTables: 'ALL TABLES IN SCHEMA',
  allSequences: 'ALL SEQUENCES IN SCHEMA',
  allFunctions: 'ALL FUNCTIONS IN SCHEMA',
};

function grantText(statement: Grant): string {
  const { byDefault, revoke, rights, option, roles, cascade, forRoles, inSchemas } = statement;
  const columns = (names: readonly string[]): string => (names.length === 0 ? '' : ` (${names.map(identifier).join(', ')})`);
  return joinWords([
    byDefault && 'ALTER DEFAULT PRIVILEGES',
    byDefault && forRoles.length > 0 && `FOR ROLE ${rolesText(forRoles)}`,
    byDefault && inSchemas.length > 0 && `IN SCHEMA ${inSchemas.map(identifier).join(', ')}`,
    revoke ? 'REVOKE' : 'GRANT',
    revoke && option && 'GRANT OPTION FOR',
    rights.map((right) => `${right.name.toUpperCase()}${columns(right.columns)}`).join(', '),
    `ON ${objectsText(statement)}`,
    `${revoke ? 'FROM' : 'TO'} ${rolesText(roles)}`,
    !revoke && option && 'WITH GRANT OPTION',
    statement.grantedBy !== null && `GRANTED BY ${roleText(statement.grantedBy)}`,
    cascade && 'CASCADE',
  ]);
}

function objectsText({ byDefault, kind, names, routines }: Grant): string {
  if (byDefault) return DEFAULT_WORDS[kind] as string;
  const all = ALL_WORDS[kind];
  if (all !== undefined) return `${all} ${names.map(nameText).join(', ')}`;
  const shown = routines.map(({ name, arguments: types, argumentsGiven }) => {
    const given = types.map((type) => typeText(type, expressionText)).join(', ');
    return `${nameText(name)}${argumentsGiven ? `(${given})` : ''}`;
  });
  return `${kind.toUpperCase()} ${[...names.map(nameText), ...shown].join(', ')}`;
}
