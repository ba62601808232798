/** The role that a server's clients know as superuser: PostgreSQL's clients take `postgres` for granted. */

import { readFileSync } from 'node:fs';
import { postgresqlWire } from '../../parsers/postgresql/wire-plugin.ts';
import type { Database } from '../api/api.ts';
import type { SqlCatalog } from '../api/sql-catalog.ts';
import { entered } from '../exec/run.ts';

export const SERVER_SUPERUSER = 'postgres';

/** Makes the role where there is none, and sets its password where a file has it. True: it has one. */
export function prepareRoles(database: Database, passwordFile: string): boolean {
  const { engine, connection, kernel } = database;
  const { catalog, sessionOf } = { catalog: (engine.catalog as SqlCatalog).catalog, sessionOf: engine.catalog as SqlCatalog };
  const own = sessionOf.sessionOf(connection.session);
  return entered(engine, () => {
    const tx = kernel.begin();
    const known = catalog
      .reader(tx, own)
      .roles()
      .find(({ name }) => name === SERVER_SUPERUSER);
    const role = known ?? catalog.createRole(tx, own, SERVER_SUPERUSER, { superuser: true, login: true });
    const verifiers = passwordFile === '' ? role.verifiers : { scram: postgresqlWire.makeVerifier(readPassword(passwordFile)) };
    if (verifiers !== role.verifiers) catalog.setVerifiers(tx, own, role.id, verifiers ?? {});
    kernel.commit(tx);
    return verifiers?.scram !== undefined;
  });
}

function readPassword(file: string): string {
  const password = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  if (password === '') throw new Error(`${file} holds no password`);
  return password;
}
