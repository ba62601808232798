/** The recorded statements over the wire: each file in a database of its own, each of its runs in a session of its own. */

import pg from 'pg';
import { deepEqual } from 'node:assert/strict';
import {
  answerText,
  FILES,
  isListed,
  NUMBERS_QUERY,
  type Recorded,
  recordedAnswers,
  recordedIn,
  schemaStatements,
  withNumbers,
} from './recorded.ts';

type Result = pg.QueryArrayResult;

const PLACE = { host: '127.0.0.1', user: 'postgres' };

async function opened(port: number, database: string): Promise<pg.Client> {
  const client = new pg.Client({ ...PLACE, port, database });
  client.on('error', () => {});
  await client.connect();
  return client;
}

async function answer(client: pg.Client, { text, isExtended, values }: Recorded): Promise<string> {
  try {
    const asked = isExtended
      ? { text, values: [...values], queryMode: 'extended', rowMode: 'array' }
      : { text, rowMode: 'array' };
    const given = (await client.query(asked as pg.QueryArrayConfig)) as Result | Result[];
    return (Array.isArray(given) ? given : [given])
      .map(({ command, fields }) =>
        answerText(
          command ?? 'nothing',
          fields.map(({ name, dataTypeID, dataTypeModifier }) => ({ name, type: dataTypeID, modifier: dataTypeModifier })),
        ),
      )
      .join(' | ');
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    return `! ${String(error.code)} ${error.message}`;
  }
}

/** What the server answers to each statement of a file. */
export async function answersOverTheWire(port: number, file: string): Promise<string[]> {
  const admin = await opened(port, 'postgres');
  await admin.query(`create database ${file}`);
  const maker = await opened(port, file);
  for (const text of schemaStatements()) await maker.query(text).catch(() => {});
  const numbers = (await maker.query(NUMBERS_QUERY)).rows[0] as { readonly [recorded: string]: string };
  const own = (text: string): string => withNumbers(text, numbers);
  const answers: string[] = [];
  let session: pg.Client | null = null;
  let run: string | null = null;
  for (const one of recordedIn(file)) {
    if (session === null || one.run !== run) {
      await session?.end();
      session = await opened(port, file);
      run = one.run;
    }
    const values = one.values.map((value) => (value === null ? null : (numbers[value] ?? value)));
    answers.push(await answer(session, { ...one, text: own(one.text), values }));
  }
  await session?.end();
  await maker.end();
  while ((await admin.query(`select 1 from pg_stat_activity where datname = '${file}'`)).rows.length > 0);
  await admin.query(`drop database ${file}`);
  await admin.end();
  return answers;
}

/** Every statement answers as PostgreSQL 15 did, but for those that are listed. */
export async function recordedAnswersHold(port: number): Promise<void> {
  const known = recordedAnswers();
  for (const file of FILES) {
    const wanted = known.get(file) ?? [];
    const answers = await answersOverTheWire(port, file);
    const texts = recordedIn(file);
    const differ = answers.flatMap((answer, place) => {
      const given = answer.startsWith('! ') ? answer.slice(0, wanted[place]?.length) : answer;
      if (given === wanted[place] || isListed(file, place)) return [];
      return [{ place, text: texts[place].text.slice(0, 200), answer, wanted: wanted[place] }];
    });
    deepEqual(differ, [], file);
  }
}
