import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Transactions } from '../txn/transactions.ts';
import { Turns } from './turns.ts';

test('requests that were put off run each once and in their order, also where others come all along', async () => {
  const turns = new Turns(null as unknown as Transactions);
  const ran: number[] = [];
  const all = Promise.withResolvers<void>();
  const put = (number: number): void =>
    turns.put({
      takeTurn() {
        ran.push(number);
        // There are always as many as go in three turns of the loop.
        if (number + 50 < 5000) put(number + 50);
        else if (ran.length === 5000) all.resolve();
      },
    });
  for (let number = 0; number < 50; number++) put(number);
  await all.promise;
  assert.deepEqual(
    ran,
    Array.from({ length: 5000 }, (_, number) => number),
  );
});
