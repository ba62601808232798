/** pgbench: its tables, reads and TPC-B in each way of asking. */

import { equal, match } from 'node:assert/strict';
import type { Place, Step } from './place.ts';
import { program } from './psql.ts';

const SECONDS = '1';

export async function suite(place: Place, step: Step): Promise<void> {
  await step('its tables', async () => {
    const { text, status } = program(place, 'pgbench', ['-i', '-s', '1', '-q']);
    equal(status, 0, text);
    match(program(place, 'psql', ['-XAtc', 'select count(*), sum(abalance) from pgbench_accounts']).text, /^100000\|0\n/);
  });
  for (const mode of ['simple', 'extended', 'prepared']) {
    for (const [name, flags] of Object.entries({ reads: ['-S'], 'TPC-B': [] })) {
      await step(`${name}, ${mode}`, async () => {
        const { text, status } = program(place, 'pgbench', ['-n', '-c', '2', '-T', SECONDS, '-M', mode, ...flags]);
        equal(status, 0, text);
        match(text, /number of failed transactions: 0 /);
      });
    }
  }
  await step('what was booked adds up', async () => {
    const sums = `select (select sum(abalance) from pgbench_accounts) = (select sum(delta) from pgbench_history),
      (select sum(tbalance) from pgbench_tellers) = (select sum(bbalance) from pgbench_branches)`;
    equal(program(place, 'psql', ['-XAtc', sums]).text, 't|t\n');
  });
}
