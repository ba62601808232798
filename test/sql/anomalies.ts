/**
 * The anomalies of isolation through SQL at each level: what PostgreSQL does not allow must not happen here either, and where only a
 * failure can prevent it somebody gets 40001. After Adya's definitions, in the form of Martin Kleppmann's Hermitage. Played by threads
 * of a program (isolation.test.ts) and by clients of a server (test/wire/isolation.ts).
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';

/** A statement that somebody was given. */
export interface Played {
  /** SQLSTATE of its error; '' when it went well. */
  readonly code: string;
  readonly rows: readonly Record<string, unknown>[];
  /** Resolves when it is answered, well or not. */
  readonly answered: Promise<unknown>;
}

/** Who runs statements in a session of his own. */
export interface Player {
  run(text: string): Promise<unknown>;
  /** Gives him a statement: resolves when it is answered, or waits for somebody. */
  step(text: string): Promise<Played>;
}

const LEVELS = ['read uncommitted', 'read committed', 'repeatable read', 'serializable'] as const;
type Level = (typeof LEVELS)[number];

/** What became of a case. */
interface Outcome {
  /** What the selects of each thread read, in their order, as 'id=value id=value'. */
  readonly reads: { readonly [thread: number]: readonly string[] };
  /** The table at the end. */
  readonly end: string;
  /** First SQLSTATE of each thread that failed. */
  readonly codes: { readonly [thread: number]: string };
  /** Threads whose transaction committed. */
  readonly committed: ReadonlySet<number>;
}

interface Case {
  readonly name: string;
  readonly means: string;
  /** '1 statement': who, and what. Each thread has begun a transaction; 'commit' and 'rollback' end it. */
  readonly steps: readonly string[];
  /** It has happened. */
  readonly anomaly: (outcome: Outcome) => boolean;
  /** Lowest level at which PostgreSQL prevents it. */
  readonly preventedFrom: Level;
  /** Lowest level at which PostgreSQL answers 40001 to one of them; none: never. */
  readonly failsFrom?: Level;
}

const SELECT = 'select id, value from test order by id';
const ONE = 'select id, value from test where id = 1';
const TWO = 'select id, value from test where id = 2';

/** How far the transactions had come when these values of OTV were read. */
const OTV_ORDER: { readonly [read: string]: number } = { '1=10': 0, '2=20': 0, '1=11': 1, '2=19': 1, '1=12': 2, '2=18': 2 };

const CASES: readonly Case[] = [
  {
    name: 'G0',
    means: 'dirty write: the changes of two transactions are mixed',
    steps: [
      '1 update test set value = 11 where id = 1',
      '2 update test set value = 12 where id = 1',
      '1 update test set value = 21 where id = 2',
      '1 commit',
      '2 update test set value = 22 where id = 2',
      '2 commit',
    ],
    anomaly: ({ end }) => end !== '1=11 2=21' && end !== '1=12 2=22',
    preventedFrom: 'read uncommitted',
    failsFrom: 'repeatable read',
  },
  {
    name: 'G1a',
    means: 'aborted read: what is rolled back has been read',
    steps: ['1 update test set value = 101 where id = 1', `2 ${SELECT}`, '1 rollback', `2 ${SELECT}`, '2 commit'],
    anomaly: ({ reads }) => reads[2].some((read) => read !== '1=10 2=20'),
    preventedFrom: 'read uncommitted',
  },
  {
    name: 'G1b',
    means: 'intermediate read: what was changed again before the commit has been read',
    steps: [
      '1 update test set value = 101 where id = 1',
      `2 ${SELECT}`,
      '1 update test set value = 11 where id = 1',
      '1 commit',
      `2 ${SELECT}`,
      '2 commit',
    ],
    anomaly: ({ reads }) => reads[2].some((read) => read.includes('101')),
    preventedFrom: 'read uncommitted',
  },
  {
    name: 'G1c',
    means: 'circular information flow: each has read what the other wrote',
    steps: [
      '1 update test set value = 11 where id = 1',
      '2 update test set value = 22 where id = 2',
      `1 ${TWO}`,
      `2 ${ONE}`,
      '1 commit',
      '2 commit',
    ],
    anomaly: ({ reads }) => reads[1][0] !== '2=20' || reads[2][0] !== '1=10',
    preventedFrom: 'read uncommitted',
    failsFrom: 'serializable',
  },
  {
    name: 'OTV',
    means: 'observed transaction vanishes: what was seen of a commit is gone in a later read',
    steps: [
      '1 update test set value = 11 where id = 1',
      '1 update test set value = 19 where id = 2',
      '2 update test set value = 12 where id = 1',
      '1 commit',
      `3 ${ONE}`,
      '2 update test set value = 18 where id = 2',
      `3 ${TWO}`,
      '2 commit',
      `3 ${TWO}`,
      `3 ${ONE}`,
      '3 commit',
    ],
    anomaly: ({ reads }) => reads[3].some((read, at) => at > 0 && OTV_ORDER[read] < OTV_ORDER[reads[3][at - 1]]),
    preventedFrom: 'read uncommitted',
    failsFrom: 'repeatable read',
  },
  {
    name: 'PMP, read',
    means: 'predicate-many-preceders: a second read finds a row that the first did not',
    steps: [
      '1 select id, value from test where value = 30',
      '2 insert into test values (3, 30)',
      '2 commit',
      '1 select id, value from test where value % 3 = 0',
      '1 commit',
    ],
    anomaly: ({ reads }) => reads[1][1] !== '',
    preventedFrom: 'repeatable read',
  },
  {
    name: 'PMP, write',
    means: 'predicate-many-preceders: a change by predicate goes by rows that another one has moved',
    steps: [
      '1 update test set value = value + 10',
      '2 delete from test where value = 20',
      '1 commit',
      '2 select id, value from test where value = 20',
      '2 commit',
    ],
    anomaly: ({ reads, committed }) => committed.has(2) && reads[2][0] !== '',
    preventedFrom: 'repeatable read',
    failsFrom: 'repeatable read',
  },
  {
    name: 'P4',
    means: 'lost update: both have read the same value and write what follows from it',
    steps: [
      `1 ${ONE}`,
      `2 ${ONE}`,
      '1 update test set value = 11 where id = 1',
      '2 update test set value = 11 where id = 1',
      '1 commit',
      '2 commit',
    ],
    anomaly: ({ committed }) => committed.size === 2,
    preventedFrom: 'repeatable read',
    failsFrom: 'repeatable read',
  },
  {
    name: 'P4, by a cursor of the statement',
    means: 'an increment is lost',
    steps: [
      '1 update test set value = value + 1 where id = 1',
      '2 update test set value = value + 1 where id = 1',
      '1 commit',
      '2 commit',
    ],
    anomaly: ({ end, committed }) => end !== `1=${10 + committed.size} 2=20`,
    preventedFrom: 'read uncommitted',
    failsFrom: 'repeatable read',
  },
  {
    name: 'G-single',
    means: 'read skew: of one commit a part is seen, and a part is not',
    steps: [
      `1 ${ONE}`,
      '2 update test set value = 12 where id = 1',
      '2 update test set value = 18 where id = 2',
      '2 commit',
      `1 ${TWO}`,
      '1 commit',
    ],
    anomaly: ({ reads }) => reads[1][0] === '1=10' && reads[1][1] === '2=18',
    preventedFrom: 'repeatable read',
  },
  {
    name: 'G-single, by predicate',
    means: 'read skew over the rows that a predicate picks',
    steps: [
      '1 select id, value from test where value % 5 = 0 order by id',
      '2 update test set value = 12 where value = 10',
      '2 commit',
      '1 select id, value from test where value % 3 = 0 order by id',
      '1 commit',
    ],
    anomaly: ({ reads }) => reads[1][1] !== '',
    preventedFrom: 'repeatable read',
  },
  {
    name: 'G-single, write',
    means: 'read skew that ends in a change',
    steps: [
      `1 ${ONE}`,
      '2 update test set value = 12 where id = 1',
      '2 update test set value = 18 where id = 2',
      '2 commit',
      '1 delete from test where value = 20',
      '1 commit',
    ],
    anomaly: ({ committed }) => committed.has(1),
    preventedFrom: 'repeatable read',
    failsFrom: 'repeatable read',
  },
  {
    name: 'G2-item',
    means: 'write skew: each reads both rows and changes another one',
    steps: [
      `1 ${SELECT}`,
      `2 ${SELECT}`,
      '1 update test set value = 11 where id = 1',
      '2 update test set value = 21 where id = 2',
      '1 commit',
      '2 commit',
    ],
    anomaly: ({ committed }) => committed.size === 2,
    preventedFrom: 'serializable',
    failsFrom: 'serializable',
  },
  {
    name: 'G2',
    means: 'anti-dependency cycle by predicate: each inserts what the other looked for',
    steps: [
      '1 select id, value from test where value % 3 = 0',
      '2 select id, value from test where value % 3 = 0',
      '1 insert into test values (3, 30)',
      '2 insert into test values (4, 42)',
      '1 commit',
      '2 commit',
    ],
    anomaly: ({ committed }) => committed.size === 2,
    preventedFrom: 'serializable',
    failsFrom: 'serializable',
  },
  {
    name: 'G2, by an index range',
    means: 'the same where an index is looked up',
    steps: [
      '1 select id, value from test where id between 3 and 9',
      '2 select id, value from test where id between 3 and 9',
      '1 insert into test values (3, 30)',
      '2 insert into test values (4, 42)',
      '1 commit',
      '2 commit',
    ],
    anomaly: ({ committed }) => committed.size === 2,
    preventedFrom: 'serializable',
    failsFrom: 'serializable',
  },
  {
    name: 'G2, two edges',
    means: 'a third one, which only reads, sees an order that the other two do not have',
    steps: [
      `1 ${SELECT}`,
      '2 update test set value = value + 5 where id = 2',
      '2 commit',
      `3 ${SELECT}`,
      '3 commit',
      '1 update test set value = 0 where id = 1',
      '1 commit',
    ],
    anomaly: ({ committed }) => committed.size === 3,
    preventedFrom: 'serializable',
    failsFrom: 'serializable',
  },
];

const shown = (rows: readonly Record<string, unknown>[]): string => rows.map(({ id, value }) => `${id}=${value}`).join(' ');

const isRead = (text: string): boolean => text.startsWith('select');

async function play(threads: readonly Player[], { steps }: Case, level: Level): Promise<Omit<Outcome, 'end'>> {
  const reads: { [thread: number]: string[] } = { 1: [], 2: [], 3: [] };
  const codes: { [thread: number]: string } = {};
  const committed = new Set<number>();
  const last = new Map<number, Played>();
  const note = (who: number, text: string, call: Played): void => {
    if (call.code !== '') codes[who] ??= call.code;
    else if (isRead(text)) reads[who].push(shown(call.rows));
    else if (text === 'commit' && codes[who] === undefined) committed.add(who);
  };
  for (const who of new Set(steps.map((step) => Number(step[0])))) {
    await threads[who - 1].run(`begin isolation level ${level}`);
  }
  for (const step of steps) {
    const who = Number(step[0]);
    const text = step.slice(2);
    // What it has waited for has ended by now.
    await last.get(who)?.answered;
    const call = await threads[who - 1].step(text);
    last.set(who, call);
    void call.answered.then(() => note(who, text, call));
  }
  for (const call of last.values()) await call.answered;
  for (const thread of threads) await thread.run('rollback');
  return { reads, codes, committed };
}

const CREATE = 'create table test (id integer primary key, value integer not null)';
const START = 'delete from test; insert into test values (1, 10), (2, 20)';

const from = (level: Level, lowest: Level): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(lowest);

/** Plays every case at every level. `run` runs a text outside the sessions, `rows` reads one. */
export async function playAnomalies(
  players: readonly Player[],
  run: (text: string) => unknown,
  rows: (text: string) => readonly Record<string, unknown>[] | Promise<readonly Record<string, unknown>[]>,
): Promise<void> {
  await run(CREATE);
  const seen = new Set<string>();
  for (const one of CASES) {
    for (const level of LEVELS) {
      await run(START);
      const played = await play(players, one, level);
      checkOutcome(one, level, { ...played, end: shown(await rows(SELECT)) }, seen);
    }
  }
  // What the weaker levels allow is there to be seen: the questions above are not empty ones.
  for (const name of ['PMP, read', 'P4', 'G-single', 'G2-item', 'G2', 'G2, two edges']) ok(seen.has(name), name);
}

function checkOutcome(one: Case, level: Level, outcome: Outcome, seen: Set<string>): void {
  const what = `${one.name} (${one.means}) at ${level}: ${JSON.stringify({ ...outcome, committed: [...outcome.committed] })}`;
  const happened = one.anomaly(outcome);
  if (happened) seen.add(one.name);
  if (from(level, one.preventedFrom)) ok(!happened, what);
  const failures = Object.values(outcome.codes);
  for (const code of failures) strictEqual(code, '40001', what);
  if (one.failsFrom !== undefined && from(level, one.failsFrom)) ok(failures.length > 0, `nobody failed: ${what}`);
  // Nobody fails for nothing: read committed never, and at least one of them commits.
  if (!from(level, 'repeatable read')) deepStrictEqual(failures, [], what);
  ok(outcome.committed.size > 0, `nobody committed: ${what}`);
}
