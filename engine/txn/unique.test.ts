import { strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { commitDurable } from './commit.ts';
import { ROW_DONE } from './transactions.ts';
import { createTxnStore, Session } from './txn-fixture.ts';

test('SM-B3: a key whose former rows lie on more pages than the cache has frames gets in', () => {
  const store = createTxnStore(new SimulatedVfs({ seed: 1 }), { frames: 8, indexes: 1 });
  const session = new Session(store);
  const commit = (): void => {
    const tx = session.tx!;
    session.commit();
    commitDurable(tx);
  };
  // Nobody collects: entries and tombstones stay, two rows to a page.
  for (let round = 0; round < 30; round++) {
    session.begin();
    strictEqual(session.insert(1, round, 'x'.repeat(3000)), ROW_DONE);
    commit();
    session.begin();
    strictEqual(session.delete(1), ROW_DONE);
    commit();
  }
  session.begin();
  strictEqual(session.insert(1, 99), ROW_DONE);
  commit();
});
