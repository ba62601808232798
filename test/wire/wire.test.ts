/** PostgreSQL's wire: one server for all cases, and one that lets nobody in without a password. */

import { after, before, describe, test } from 'node:test';
import { clientSteps } from './clients.ts';
import { entrySteps, portTaken, tableSteps } from './entry.ts';
import { protocolSteps } from './protocol.ts';
import { activityIsSeen, figuresAreServed } from './watching.ts';
import { startServer, type TestServer } from './with-server.ts';

describe('a server for PostgreSQL clients', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer({ 'metrics-port': '0' });
  });
  after(() => server.stop());

  test('protocol', (context) => protocolSteps(context, server.port));
  test('clients', (context) => clientSteps(context, server.port));
  test('activity, locks and statements are seen over SQL', () => activityIsSeen(server));
  test('metrics, health and readiness over HTTP', () => figuresAreServed(server));
});

test('coming in', (context) => entrySteps(context));
test('the table of connections knows keys and numbers', tableSteps);
test('a port that is in use is named', portTaken);
