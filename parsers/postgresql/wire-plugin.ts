/** The manifest of PostgreSQL's wire, and what the host calls. */

import { CONTRACT_VERSION, type WirePlugin } from '../../plugins/contract/connection.ts';
import { makeVerifier } from './auth.ts';
import { postgresql } from './plugin.ts';
import { selfTest } from './self-test.ts';
import { PostgresqlConnection } from './wire.ts';

export const postgresqlWire: WirePlugin = {
  manifest: {
    name: 'postgresql',
    version: '1.0.0',
    contract: CONTRACT_VERSION,
    dialect: 'postgresql',
    port: 5432,
    capabilities: ['tls', 'cancel', 'portals'],
  },
  dialect: postgresql,
  createConnection: (host) => new PostgresqlConnection(host),
  makeVerifier: (password) => makeVerifier(password),
  selfTest,
};
