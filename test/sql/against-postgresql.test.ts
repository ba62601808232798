/** What users of PostgreSQL expect of functions and of statements over one table: each line of the tables beside this through both. */

import { strictEqual } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { open } from '../../engine/api/api.ts';
import { type Answer, runPeer, Subject } from '../differential/subject.ts';
import { startPeer } from '../oracle/postgresql.ts';
import { DEFINITIONS, ZONES } from './definitions.ts';
import { ENDS } from './ends-of-types.ts';
import { NUMBERS, NUMBERS_REFUSED } from './functions-numbers.ts';
import { TEXT } from './functions-text.ts';
import { TIMES, TIMES_REFUSED } from './functions-times.ts';
import { QUERIES, REFUSED, ROWS, STATEMENTS } from './single-table.ts';
import { SMALL } from './with-database.ts';

const IS_STATEMENT =
  /^(?:select|values|table|insert|update|delete|create|drop|truncate|analyze|with|begin|start|commit|end|rollback|abort|savepoint|release|set|show|reset|comment|vacuum)\b/;
/** Their counts of changes are compared too. */
const COUNTS = /^(?:select|values|table|insert|update|delete)\b/;

let peer: PGlite;
before(async () => {
  peer = await startPeer();
});
after(() => peer.close());

const shown = (answer: Answer, counts: boolean): string =>
  answer.error ?? JSON.stringify([answer.columns, answer.rows, counts ? answer.changes : 0]);

const statementOf = (line: string): string => (IS_STATEMENT.test(line) ? line : `select ${line}`);

function withSubject(body: (subject: Subject) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const db = open(':memory:', { ...SMALL, times: 'text', json: 'text' });
    try {
      await body(new Subject(db));
    } finally {
      db.close();
    }
  };
}

async function compare(subject: Subject, table: readonly string[]): Promise<void> {
  for (const line of table) {
    const text = { text: statementOf(line), values: [] };
    const ours = subject.run(text, 'array');
    const counts = COUNTS.test(text.text);
    strictEqual(shown(ours, counts), shown(await runPeer(peer, text), counts), text.text);
  }
}

test(
  'functions of text answer as PostgreSQL does',
  withSubject((subject) => compare(subject, TEXT)),
);
test(
  'functions of numbers answer as PostgreSQL does',
  withSubject((subject) => compare(subject, NUMBERS)),
);
test(
  'functions of dates, times and JSON answer as PostgreSQL does',
  withSubject((subject) => compare(subject, TIMES)),
);

test(
  'statements of one table answer as PostgreSQL does',
  withSubject(async (subject) => {
    await compare(subject, STATEMENTS);
    await peer.exec('drop table t, u');
  }),
);

test(
  'queries and changes over columns of most types answer as PostgreSQL does',
  withSubject(async (subject) => {
    await compare(subject, QUERIES);
    await peer.exec('drop table t');
  }),
);

test(
  'values at the ends of their types are read, changed and counted as PostgreSQL does it',
  withSubject(async (subject) => {
    await compare(subject, ENDS);
    await peer.exec('drop table e');
  }),
);

test(
  'definitions and transactions answer as PostgreSQL does',
  withSubject(async (subject) => {
    await compare(subject, DEFINITIONS);
    await peer.exec('drop table s');
  }),
);

test(
  'time zones of a session count as they do in PostgreSQL',
  withSubject((subject) => compare(subject, ZONES)),
);

test(
  'row values are compared as PostgreSQL compares them',
  withSubject(async (subject) => {
    await compare(subject, ROWS);
    await peer.exec('drop table t, u');
  }),
);

/** Statements whose errors have a place: that of a literal which is lifted out of the text, of a column among those of INSERT. */
const PLACES: readonly string[] = [
  "select * from p where id = 'x'",
  "select 1, 'a' from p where -1 < id and d > '2020-13-01'",
  "select greatest(1, 'x')",
  "values (1), ('x')",
  "update p set id = 'x'",
  "insert into p values (1, 'a'), ('b', 'c')",
  "select date '2020-01-01' - 'abc'",
  'insert into p (id, nope) values (1, 2)',
  'insert into p (id, id) values (1, 2)',
  'insert into p (id, b) values (1)',
  'insert into p (id) values (1, 2)',
  "insert into p values (1, 'a', null, 4)",
  'values (1, 2), (3)',
  'select distinct on (b) id from p order by id, b',
  'select id from p group by b',
  'select nope from p',
  'select id + b from p',
  'select lower(id, b) from p',
];

test(
  'errors are placed as PostgreSQL places them',
  withSubject(async (subject) => {
    const create = 'create table p (id int, b text, d date)';
    subject.define(create);
    await peer.exec(create);
    for (const text of PLACES) {
      const placeOf = async (run: () => unknown): Promise<string> => {
        try {
          await run();
        } catch (error) {
          const { code, position } = error as { code: string; position: number | string };
          return `${code} at ${position}`;
        }
        return 'none';
      };
      const theirs = await placeOf(() => peer.query(text));
      strictEqual(await placeOf(() => subject.db.prepare(text).all()), theirs, text);
    }
    await peer.exec('drop table p');
  }),
);

test(
  'what is not built yet is refused by its name',
  withSubject((subject) => {
    subject.define('create table t (id int primary key, a int, b text, n numeric(8,2), f float8, d date, ok bool)');
    subject.define('create table u (x int, y text, constraint u_x unique (x), z int default 7)');
    for (const line of [...NUMBERS_REFUSED, ...TIMES_REFUSED, ...REFUSED]) {
      const text = statementOf(line);
      strictEqual(subject.run({ text, values: [] }, 'array').error, '0A000', text);
    }
  }),
);
