/** PostgreSQL's wire: one server for all cases. */

import { after, before, describe, test } from 'node:test';
import { protocolSteps } from './protocol.ts';
import { startServer, type TestServer } from './with-server.ts';

describe('a server for PostgreSQL clients', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  test('protocol', (context) => protocolSteps(context, server.port));
});
