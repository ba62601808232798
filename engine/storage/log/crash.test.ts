import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlError } from '../../../shm/errors.ts';
import type { LogKnown } from '../recovery/log-reader.ts';
import { SimulatedCrash } from '../vfs/simulated-faults.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { releaseUndo, claimUndo, takeCredit } from './credit.ts';
import { durableLsn, flushAll, flushTo } from './flush.ts';
import {
  claimEnd,
  commitNumbered,
  fixtureLog,
  type FixtureOptions,
  type ReadBack,
  readBack,
  startAfter,
  writeNumbered,
} from './log-fixture.ts';
import type { Log } from './log-context.ts';
import {
  LOG_SHARED_FILE_FREE,
  loadLogSharedLastReady,
  loadLogSharedSegment,
  loadLogSharedSegmentOffset,
} from './log-shared.layout.gen.ts';
import { FIRST_LSN } from './open.ts';
import { checkpointPassed, segmentOfLsn } from './segments.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`crash tests: SCRATCHBIRD_SEED=${SEED}`);

interface Run {
  vfs: SimulatedVfs;
  known: LogKnown;
  /** Transactions whose commit was acknowledged, and those whose commit was only asked for, since known.lsn. */
  acknowledged: number[];
  asked: Set<number>;
  next: number;
}

/** One boot: writes transactions until the machine goes down. Keeps what a user and a meta page would know. */
function boot(run: Run, random: SeededRandom, given: FixtureOptions, created: Log | null): void {
  try {
    const log = created ?? fixtureLog(run.vfs, given);
    for (;;) {
      const transaction = run.next++;
      claimEnd(log);
      for (let change = random.below(6); change >= 0; change--)
        writeNumbered(log, transaction, transaction, random.below(random.chance(0.05) ? 3000 : 60));
      if (random.chance(0.1)) continue;
      run.asked.add(transaction);
      const end = commitNumbered(log, transaction);
      if (given.durability === 'commit' || random.chance(0.1)) {
        flushTo(log, end);
        run.acknowledged.push(...[...run.asked].filter((asked) => !run.acknowledged.includes(asked)));
      }
      if (random.chance(0.02)) {
        const lsn = flushAll(log);
        run.known = { lsn, segment: segmentOfLsn(log, lsn), durableLsn: lsn };
        run.acknowledged = [];
        run.asked.clear();
        checkpointPassed(log, lsn);
      }
    }
  } catch (error) {
    if (!(error instanceof SimulatedCrash) && !run.vfs.isDown) throw error;
  }
}

function check(read: ReadBack, run: Run, seed: number): void {
  const found = new Set(read.committed);
  for (const transaction of run.acknowledged)
    assert.ok(found.has(transaction), `seed ${seed}: acknowledged commit ${transaction} is lost`);
  for (const transaction of found)
    assert.ok(run.asked.has(transaction), `seed ${seed}: commit ${transaction} was never asked for`);
}

for (const durability of ['commit', 'relaxed'] as const) {
  test(`no acknowledged commit is lost over several crashes, durability ${durability}`, () => {
    for (let turn = 0; turn < 150; turn++) {
      const seed = SEED + turn;
      const random = new SeededRandom(`${seed} ${durability}`);
      const run: Run = {
        vfs: new SimulatedVfs({ seed }),
        known: { lsn: FIRST_LSN, segment: 1, durableLsn: FIRST_LSN },
        acknowledged: [],
        asked: new Set(),
        next: 1,
      };
      run.vfs.makeDirectory('/database');
      run.vfs.syncDirectory('/');
      let given: FixtureOptions = { durability, boot: 1 };
      let created: Log | null = fixtureLog(run.vfs, given);
      for (let crash = 0; crash < 4; crash++) {
        run.vfs.plan({ crashAfter: random.below(random.chance(0.5) ? 30 : 300) });
        boot(run, random, given, created);
        created = null;
        run.vfs = run.vfs.crash();
        const read = readBack(run.vfs, given, run.known);
        check(read, run, seed);
        // What was asked for and not found never happened.
        for (const asked of run.asked) if (!read.committed.includes(asked)) run.asked.delete(asked);
        // What this recovery found is what the next one must find.
        run.acknowledged = [...read.committed];
        given = { durability, boot: Math.max(read.reader.boot, given.boot ?? 1) + 1, start: startAfter(read, run.known) };
      }
    }
  });
}

test('SM-W4: a full disk is met at the credit; what holds a claim still ends, and writing resumes when there is room', () => {
  for (let turn = 0; turn < 20; turn++) {
    const random = new SeededRandom(`full ${SEED + turn}`);
    const vfs = new SimulatedVfs({ seed: turn });
    const log = fixtureLog(vfs);
    vfs.plan({ freeBytes: (1 + random.below(4)) * (64 << 10) + random.below(64 << 10) });
    const open: { transaction: number; changes: number }[] = [];
    let refused = false;
    for (let transaction = 1; !refused; transaction++) {
      try {
        claimEnd(log);
        open.push({ transaction, changes: 0 });
        for (let change = random.below(10); change > 0; change--) {
          takeCredit(log, 440, 48);
          claimUndo(log, 48);
          open[open.length - 1].changes++;
          writeNumbered(log, transaction, transaction, 100);
        }
        if (random.chance(0.3)) {
          const { changes } = open.pop()!;
          releaseUndo(log, changes * 48);
          flushTo(log, commitNumbered(log, transaction));
        }
      } catch (error) {
        assert.ok(error instanceof SqlError && error.code === '53100', String(error));
        refused = true;
      }
    }
    // Rollback of everything: compensation records, each flushed, and end records.
    for (const { transaction, changes } of open) {
      for (let change = 0; change < changes; change++) {
        releaseUndo(log, 48);
        const end = writeNumbered(log, transaction, transaction, 1);
        if (random.chance(0.1)) flushTo(log, end);
      }
      flushTo(log, commitNumbered(log, transaction));
    }
    assert.throws(() => takeCredit(log, 16 << 10, 64 << 10), { code: '53100' });
    vfs.plan({ freeBytes: 1 << 20 });
    for (let number = 0; number < 100; number++) flushTo(log, writeNumbered(log, 1, number, 100));
  }
});

test('SM-W4: blocks promised are blocks prepared, whatever the sizes of records and flushes', () => {
  for (let turn = 0; turn < 20; turn++) {
    const random = new SeededRandom(`blocks ${SEED + turn}`);
    const log = fixtureLog(new SimulatedVfs({ seed: turn }));
    for (let number = 1; number < 600; number++) {
      claimEnd(log);
      writeNumbered(log, number, number, random.below(random.chance(0.1) ? 4000 : 20));
      const end = commitNumbered(log, number);
      if (random.chance(0.6)) flushTo(log, end);
    }
    flushAll(log);
    const { control, shared } = log;
    const free = Atomics.load(control, (shared + LOG_SHARED_FILE_FREE) >>> 2);
    const ready = loadLogSharedLastReady(control, shared) - loadLogSharedSegment(control, shared);
    const physical = (64 << 10) / 512 - loadLogSharedSegmentOffset(control, shared) / 512 + ready * ((64 << 10) / 512 - 3);
    assert.ok(free + log.fileCredit / 1024 <= physical, `${free} free, ${physical} there`);
    assert.ok(free + log.fileCredit / 1024 >= physical - 3 - 16 - 40, `not lost either: ${free} free, ${physical} there`);
  }
});

for (const failure of [{ failWrite: 1 }, { failSync: 1 }] as const) {
  test(`SM-W4: a log whose ${Object.keys(failure)[0]} came true is given up: no acknowledgement, not even later`, () => {
    const vfs = new SimulatedVfs({ seed: 1 });
    const log = fixtureLog(vfs);
    flushTo(log, writeNumbered(log, 1, 1, 10));
    const durable = durableLsn(log);
    vfs.plan(failure);
    const end = writeNumbered(log, 1, 2, 10);
    assert.throws(() => flushTo(log, end), { code: '57P02' });
    assert.equal(durableLsn(log), durable);
    assert.throws(() => flushTo(log, end), { code: '57P02' });
    assert.throws(() => takeCredit(log, 60000, 0), /./);
  });
}
