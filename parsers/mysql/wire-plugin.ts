/** The manifest of MySQL's wire, and what the host calls. */

import { CONTRACT_VERSION, type WirePlugin } from '../../plugins/contract/connection.ts';
import { makeVerifier } from './auth.ts';
import { mysql } from './plugin.ts';
import { selfTest } from './self-test.ts';
import { MysqlConnection } from './wire.ts';

export const mysqlWire: WirePlugin = {
  manifest: {
    name: 'mysql',
    version: '1.0.0',
    contract: CONTRACT_VERSION,
    dialect: 'mysql',
    port: 3306,
    capabilities: ['tls'],
  },
  dialect: mysql,
  createConnection: (host) => new MysqlConnection(host),
  makeVerifier: (password) => makeVerifier(password),
  verifierName: 'mysql',
  selfTest,
};
