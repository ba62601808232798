/** Queries over table t in PGlite, by the direct evaluator and in the engine: all three answer alike. */

import { deepStrictEqual } from 'node:assert';
import { after, before } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import type { Database } from '../../engine/api/api.ts';
import { CREATE_T, TABLE_T } from '../../engine/plan/bind/catalog-fixture.ts';
import { OracleDatabase, openEngine, runEngine, runOurs, runTheirs, startPeer } from './postgresql.ts';
import { ROWS_T, TABLES } from './tables.ts';

const CREATE_IN_C = CREATE_T.replace('s text', 's text collate "C"').replace('v varchar(10)', 'v varchar(10) collate "C"');

export interface ThreeWays {
  readonly answers: (text: string) => Promise<{ readonly theirs: string; readonly oracle: string; readonly ours: string }>;
  /** Fails with all texts that are not answered alike. */
  readonly compare: (cases: readonly string[]) => Promise<void>;
}

/** Makes t with its rows and those that `more` puts in, for the tests of a file. */
export function threeWays(more: string): ThreeWays {
  let peer: PGlite;
  let database: OracleDatabase;
  let engine: Database;
  before(async () => {
    peer = await startPeer(CREATE_IN_C, ROWS_T, more);
    engine = openEngine(CREATE_IN_C, ROWS_T, more);
    database = new OracleDatabase();
    database.addTable(TABLE_T);
    for (const text of [ROWS_T, more]) runOurs(text, database, TABLES);
  });
  after(() => {
    engine.close();
    return peer.close();
  });
  const answers: ThreeWays['answers'] = async (text) => {
    const theirs = await runTheirs(text, peer);
    return { theirs, oracle: runOurs(text, database), ours: runEngine(text, engine) };
  };
  const compare: ThreeWays['compare'] = async (cases) => {
    const wrong: string[] = [];
    for (const text of cases) {
      const { theirs, oracle, ours } = await answers(text);
      if (oracle !== theirs || ours !== theirs) wrong.push(`${text}\n  oracle ${oracle}\n  engine ${ours}\n  theirs ${theirs}`);
    }
    deepStrictEqual(wrong, []);
  };
  return { answers, compare };
}
