/** pg_dump: what it writes is taken by a fresh schema, and dumped again it is the same. */

import { equal } from 'node:assert/strict';
import pg from 'pg';
import { cleared, type Place, type Step, TABLES } from './place.ts';
import { program } from './psql.ts';

const ROWS = `insert into writers (name, email) values ('Ada', 'ada@example.com'), ('Bob', null);
  insert into books (writer_id, title, price, tags, about) values (1, 'One', 9.5, '{a,"b,c"}', '{"lang": "en"}')`;

export async function suite(place: Place, step: Step): Promise<void> {
  const dump = (): string => {
    const { text, status } = program(place, 'pg_dump', ['--no-owner']);
    equal(status, 0, text);
    // Newer ones write a word that is made anew each time.
    return text.replace(/^\\\\?(un)?restrict.*$/gm, '');
  };
  await step('a dump is restored, and dumped again it is the same', async () => {
    const client = new pg.Client({ ...place });
    await client.connect();
    await client.query(`${TABLES};${ROWS}`);
    await client.end();
    const first = dump();
    await cleared(place);
    const restored = program(place, 'psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null'], first);
    equal(restored.status, 0, restored.text);
    equal(dump(), first);
  });
}
