/** Settings and rules: what they read, what they refuse. */

import { equal, match, throws } from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeVerifier } from '../../parsers/postgresql/auth.ts';
import { readOptions, serverOptions } from './options.ts';
import { DEFAULT_RULES, methodFor, openNetworkFault, readRules } from './rules.ts';

test('the command line counts before the environment, that before the file, that before the default', () => {
  const data = mkdtempSync(join(tmpdir(), 'scratchbird-options-'));
  writeFileSync(
    join(data, 'scratchbird.json'),
    '{ "port": 1111, "workers": 3, "listen": ["127.0.0.1"], "allow-open-network": true }',
  );
  const options = readOptions(['--data', data, '-p', '3333'], { SCRATCHBIRD_PORT: '2222', SCRATCHBIRD_CACHE: '8MB' });
  equal(options.port, 3333);
  equal(options.workers, 3);
  equal(options.cacheSize, 8 << 20);
  equal(options.listen.join(), '127.0.0.1');
  equal(options.allowOpenNetwork, true);
  equal(options.maxConnections, 1000);
  writeFileSync(join(data, 'scratchbird.json'), '{ "prot": 1 }');
  throws(() => readOptions(['--data', data], {}), { message: /there is no setting "prot"/ });
  rmSync(data, { recursive: true });
});

test('settings that cannot be are refused by name', () => {
  throws(() => serverOptions({ port: '70000' }), { message: 'port is a whole number from 0 to 65535, not 70000' });
  throws(() => serverOptions({ workers: 'many' }), { message: /^workers is auto or a number/ });
  throws(() => serverOptions({ cache: 'big' }), { message: /^a size is a number/ });
  throws(() => serverOptions({ durability: 'some' }), { message: /^durability is commit, relaxed or off/ });
});

test('the first rule that fits decides', () => {
  const rules = readRules('local all all trust\nhostssl db1,db2 anna 10.0.0.0/8 password\nhost all all loopback scram-sha-256');
  const from = (address: string | null, isSecure: boolean, user: string, database = 'db1') =>
    methodFor(rules, { address, isSecure, user, database });
  equal(from(null, false, 'anna'), 'trust');
  equal(from('10.1.2.3', true, 'anna'), 'password');
  equal(from('10.1.2.3', true, 'anna', 'db3'), 'reject');
  equal(from('10.1.2.3', false, 'anna'), 'reject');
  equal(from('::ffff:127.0.0.1', false, 'bert'), 'scram-sha-256');
  equal(from('::1', false, 'bert'), 'scram-sha-256');
  throws(() => readRules('host all all 300.0.0.1/8 trust'), { message: 'rules, line 1: "300.0.0.1/8" is no network' });
  throws(() => readRules('\nhost all all all md5'), { message: 'rules, line 2: "md5" is no method that is known here' });
});

test('beyond loopback nobody comes in without TLS and a password', () => {
  const rules = readRules(DEFAULT_RULES);
  equal(openNetworkFault(['127.0.0.1', '::1', 'localhost'], rules, false), null);
  match(String(openNetworkFault(['0.0.0.0'], rules, false)), /without TLS/);
  equal(openNetworkFault(['0.0.0.0'], rules, true), null);
  match(String(openNetworkFault(['0.0.0.0'], readRules('host all all all trust'), true)), /line 1 of the rules/);
});

test('a verifier is that of RFC 7677', () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  equal(
    makeVerifier('pencil', salt, 4096),
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});
