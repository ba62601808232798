/** CREATE and DROP EXTENSION. */

import { deepStrictEqual, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { open } from './api.ts';

test('functions of an extension come with it and go with it', () => {
  using db = open(':memory:', { pool: 0 });
  const one = (text: string): unknown => db.prepare(text).raw().all()[0]?.[0];
  db.exec(
    'create extension "uuid-ossp"; create extension if not exists "uuid-ossp"; create schema keys; create extension pgcrypto schema keys',
  );
  // As PostgreSQL 15 gives them.
  strictEqual(one("select uuid_generate_v5(uuid_ns_dns(), 'www.example.com')"), '2ed6657d-e927-568b-95e1-2665a8aea6a2');
  strictEqual(one("select uuid_generate_v3(uuid_ns_dns(), 'www.example.com')"), '5df41881-3aed-3515-88a7-2f4a814cf09e');
  strictEqual(one('select count(distinct uuid_generate_v1()) from generate_series(1, 100)'), 100);
  strictEqual(one("select encode(keys.digest('abc', 'sha1'), 'hex')"), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  strictEqual(one('select length(keys.gen_random_bytes(9))'), 9);
  throws(() => one("select keys.digest('abc', 'none')"), { code: '22023' });
  db.exec('create table t (id uuid primary key default uuid_generate_v4(), n int); insert into t (n) values (1)');
  strictEqual(one('select substr(id::text, 15, 1) from t'), '4');
  const listed = db.prepare('select extname, extversion, extnamespace::regnamespace::text from pg_extension order by 1').raw();
  deepStrictEqual(listed.all(), [
    ['pgcrypto', '1.3', 'keys'],
    ['uuid-ossp', '1.1', 'public'],
  ]);
  strictEqual(one("select count(*) from pg_depend where deptype = 'e'"), 15);
  strictEqual(
    one("select obj_description(oid, 'pg_extension') from pg_extension where extname = 'pgcrypto'"),
    'cryptographic functions',
  );
  db.exec("comment on extension pgcrypto is 'digests'");
  strictEqual(one("select obj_description(oid, 'pg_extension') from pg_extension where extname = 'pgcrypto'"), 'digests');
  throws(() => db.exec('create extension "uuid-ossp"'), { code: '42710' });
  throws(() => db.exec('create extension postgis'), { code: '0A000' });
  throws(() => db.exec('drop function uuid_nil()'), { code: '2BP01' });
  throws(() => db.exec('drop extension "uuid-ossp"'), { code: '2BP01' });
  db.exec('drop extension "uuid-ossp" cascade; drop schema keys cascade; drop extension if exists pgcrypto');
  deepStrictEqual(listed.all(), []);
  throws(() => one('select uuid_nil()'), { code: '42883' });
  strictEqual(one('select count(*) from pg_proc where proname like $$uuid_generate%$$'), 0);
});
