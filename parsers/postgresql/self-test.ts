/** What PostgreSQL's plugin tries before it serves anyone: a statement of each kind read, written, read again; one refused; a verifier. */

import { plainError } from '../../engine/sblr/parse-error.ts';
import { DEFAULT_PARSE_SETTINGS } from '../../plugins/contract/contract.ts';
import { postgresql } from './plugin.ts';
import { makeVerifier, MECHANISM } from './auth.ts';

const STATEMENTS = [
  'SELECT a.id, count(*) FROM a JOIN b ON a.id = b.id WHERE a.x > 1 AND b.y LIKE $1 GROUP BY a.id ORDER BY 2 DESC LIMIT 3',
  "INSERT INTO t (a, b) VALUES (1, 'x'), (2, NULL) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING a",
  'UPDATE t SET a = a + 1 WHERE b BETWEEN 1 AND 2',
  'DELETE FROM t USING u WHERE t.a = u.a',
  'CREATE TABLE t (a integer PRIMARY KEY, b text NOT NULL DEFAULT (1 + 1)::text)',
  'ALTER TABLE t ADD COLUMN c numeric(10, 2)',
  'GRANT SELECT ON TABLE t TO r',
  'BEGIN ISOLATION LEVEL SERIALIZABLE',
];
const NORMALISED = "select a from t where b = 'x' and c = 12";
const WRONG = 'SELECT FROM WHERE';

const fault = (what: string, actual: unknown): Error => plainError('XX000', `${what}: ${JSON.stringify(actual)}`);

const parse = (text: string): unknown[] => postgresql.parse(text, DEFAULT_PARSE_SETTINGS).map(({ source }) => source);

/** Throws when something is not as it should be. */
export function selfTest(): void {
  for (const text of STATEMENTS) {
    const [statement] = postgresql.parse(text, DEFAULT_PARSE_SETTINGS);
    const rendered = postgresql.render(statement.source);
    if (postgresql.render(postgresql.parse(rendered, DEFAULT_PARSE_SETTINGS)[0].source) !== rendered)
      throw fault('a statement that is written and read again is another one', rendered);
  }
  const normalised = postgresql.normalise(NORMALISED, DEFAULT_PARSE_SETTINGS);
  const values = normalised?.literals.map(({ value }) => value);
  if (normalised === null || values?.join() !== 'x,12') throw fault('literals are not lifted', values);
  postgresql.parseNormalised(normalised.text, DEFAULT_PARSE_SETTINGS);
  if (isRead(WRONG)) throw fault('what is no statement is read', WRONG);
  const verifier = makeVerifier('secret');
  if (!verifier.startsWith(`${MECHANISM}$`)) throw fault('a verifier has another form', verifier);
}

function isRead(text: string): boolean {
  try {
    return parse(text).length > 0;
  } catch {
    return false;
  }
}
