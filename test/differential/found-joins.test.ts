/** Stories about several relations that once had more than one answer, in short. */

import { fail } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { startPeer } from '../oracle/postgresql.ts';
import { toldBy } from './told.ts';

let peer: PGlite;
before(async () => {
  peer = await startPeer();
});
after(() => peer.close());

const FOUND: { readonly [name: string]: string } = {
  'a side of a set operation whose range of an index is empty says nothing about the other side': `
    create table ta (id int4 primary key, c0 int4);
    create table tb (id int4 primary key, c0 int4);
    insert into ta values (1, 2), (2, 3), (3, null);
    insert into tb values (3, 2), (4, 3), (5, null);
    select id from ta where id < null union select id from tb order by id;
    select id from ta where id > 5 and id < 3 union all select id from tb order by id;
    select id from tb except select id from ta where id < null::int4 order by id`,
};

for (const [name, script] of Object.entries(FOUND))
  test(name, async () => {
    const failure = await toldBy(script, peer);
    if (failure !== null) fail(failure.why);
  });
