/** The nodes of the source form (source-opcodes.ts) that are about roles, rights, policies and extended statistics. */

import { node, type OpcodeTable } from './opcode-table.ts';

export const RIGHTS_OPCODES = {
  createRole: node(190, 'statement', 'CREATE ROLE, USER, GROUP', { kind: 'role|user|group', name: 'text', options: 'option[]' }),
  alterRole: node(191, 'statement', 'ALTER ROLE options', { name: 'text', options: 'option[]' }),
  alterRoleSetting: node(192, 'statement', 'ALTER ROLE SET, RESET; no name: ALL roles; no setting: RESET ALL', {
    name: 'text?',
    database: 'text?',
    setting: 'text?',
    values: 'expression[]',
    reset: 'boolean',
  }),
  renameRole: node(193, 'statement', 'ALTER ROLE RENAME TO', { name: 'text', to: 'text' }),
  grant: node(
    194,
    'statement',
    'GRANT and REVOKE of rights; of those that new objects get (ALTER DEFAULT PRIVILEGES) without names',
    {
      revoke: 'boolean',
      byDefault: 'boolean',
      rights: 'grantedRight[]',
      kind: 'table|sequence|schema|database|function|procedure|routine|type|domain|language|allTables|allSequences|allFunctions',
      names: 'name[]',
      routines: 'routineName[]',
      roles: 'text[]',
      option: 'boolean',
      cascade: 'boolean',
      forRoles: 'text[]',
      inSchemas: 'text[]',
      grantedBy: 'text?',
    },
  ),
  grantedRight: node(195, 'grantedRight', 'a right, of some columns only; `all`: ALL PRIVILEGES', {
    name: 'text',
    columns: 'text[]',
  }),
  grantRole: node(196, 'statement', 'GRANT and REVOKE of membership in roles', {
    revoke: 'boolean',
    roles: 'text[]',
    to: 'text[]',
    admin: 'boolean',
    cascade: 'boolean',
    grantedBy: 'text?',
  }),
  ownedBy: node(197, 'statement', 'REASSIGN OWNED, DROP OWNED', {
    action: 'reassign|drop',
    roles: 'text[]',
    to: 'text?',
    cascade: 'boolean',
  }),
  createPolicy: node(198, 'statement', 'CREATE POLICY', {
    name: 'text',
    table: 'name',
    permissive: 'boolean',
    command: 'all|select|insert|update|delete',
    roles: 'text[]',
    using: 'expression?',
    check: 'expression?',
  }),
  alterPolicy: node(199, 'statement', 'ALTER POLICY; `to`: its new name; no roles: those it has', {
    name: 'text',
    table: 'name',
    to: 'text?',
    roles: 'text[]',
    using: 'expression?',
    check: 'expression?',
  }),
  dropPolicy: node(200, 'statement', 'DROP POLICY', { name: 'text', table: 'name', ifExists: 'boolean', cascade: 'boolean' }),

  // ---- extended statistics ----
  createStatistics: node(230, 'statement', 'CREATE STATISTICS; no kinds: all of them; `items`: columns and expressions', {
    name: 'name',
    ifNotExists: 'boolean',
    kinds: 'text[]',
    items: 'expression[]',
    table: 'name',
  }),
  alterStatistics: node(231, 'statement', 'ALTER STATISTICS; `to`: the new name, owner, schema or target', {
    name: 'name',
    ifExists: 'boolean',
    action: 'rename|owner|schema|target',
    to: 'text',
  }),
  dropStatistics: node(232, 'statement', 'DROP STATISTICS', { names: 'name[]', ifExists: 'boolean', cascade: 'boolean' }),

  // ---- databases and extensions ----
  createDatabase: node(233, 'statement', 'CREATE DATABASE; options as written', { name: 'text', options: 'option[]' }),
  alterDatabase: node(234, 'statement', 'ALTER DATABASE; `to`: its new name or owner', {
    name: 'text',
    action: 'rename|owner',
    to: 'text',
  }),
  dropDatabase: node(235, 'statement', 'DROP DATABASE', { name: 'text', ifExists: 'boolean' }),
  createExtension: node(236, 'statement', 'CREATE EXTENSION; schema and version null: as the extension and the search path say', {
    name: 'text',
    ifNotExists: 'boolean',
    schema: 'text?',
    version: 'text?',
    cascade: 'boolean',
  }),
  dropExtension: node(237, 'statement', 'DROP EXTENSION', { names: 'text[]', ifExists: 'boolean', cascade: 'boolean' }),
} as const satisfies OpcodeTable;
