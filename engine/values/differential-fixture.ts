/**
 * Runs expressions through PGlite and through the primitives that PostgreSQL's semantics name for them, and compares texts and SQLSTATEs.
 * Values are given as SQL text and read by both sides' input functions.
 */

import type { PGlite } from '@electric-sql/pglite';
import { openPostgreSQL } from '../../test/peer/postgresql.ts';
import { SqlError } from '../../shm/errors.ts';
import { primitiveOf } from '../sblr/primitives.ts';
import type { Signature } from '../sblr/semantics.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { implementations } from './functions.ts';
import { outputText } from './functions-casts.ts';
import type { ValueContext } from './context.ts';

export const CONTEXT: ValueContext = {
  statementTime: 1700000000123456,
  transactionTime: 1700000000123456,
  timeZone: 'America/New_York',
  user: 'someone',
  sessionUser: 'someone',
  database: 'test',
  schema: 'public',
  setting: () => null,
  setSetting: (_, value) => value ?? '',
  random: () => 0.5,
  clock: () => 1700000000123456,
  nextValue: () => 1,
  currentValue: () => 1,
  setValue: () => {},
  lastValue: () => 1,
  sequenceByName: () => 1,
};

/** PostgreSQL's name of a type. */
export const pgType = (type: string): string => (type === 'char' ? 'bpchar' : type === 'bit' ? '"bit"' : type);

/** A small generator whose runs can be repeated. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}

export async function openOracle(): Promise<PGlite> {
  const oracle = await openPostgreSQL();
  await oracle.exec(`
    set timezone = 'America/New_York';
    set extra_float_digits = 1;
    create function attempt(query text) returns text language plpgsql as $$
    declare result text;
    begin
      execute query into result;
      return 'is ' || coalesce(result, 'NULL');
    exception when others then return 'error ' || sqlstate;
    end $$;`);
  return oracle;
}

/** What PGlite makes of each expression: 'is <text>' or 'error <code>'. */
export async function ask(oracle: PGlite, expressions: readonly string[]): Promise<string[]> {
  const queries = expressions.map((expression) => `select (${expression})::text`);
  const { rows } = await oracle.query<{ answer: string }>(
    'select attempt(query) as answer from unnest($1::text[]) with ordinality as t(query, n) order by n',
    [queries],
  );
  return rows.map(({ answer }) => answer);
}

export const quoted = (text: string): string => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

export function call(name: string, given: readonly RowValue[]): RowValue {
  const primitive = primitiveOf(name);
  if (primitive.strict && given.includes(null)) return null;
  return primitive.context ? implementations[name](...given, CONTEXT) : implementations[name](...given);
}

export function attempt(run: () => RowValue, resultType: string): string {
  try {
    const value = run();
    if (value === null) return 'is NULL';
    const isMade = /\[\]$|range$/.test(resultType);
    return `is ${isMade ? outputText(resultType, value, CONTEXT) : call(`${resultType}.to.text`, [value])}`;
  } catch (error) {
    if (error instanceof SqlError) return `error ${error.code}`;
    throw error;
  }
}

/** A signature called with texts of the types given; `types` says what an argument for 'any' is. */
export function attemptSignature(signature: Signature, types: readonly string[], texts: readonly (string | null)[]): string {
  return attempt(
    () => {
      const given = texts.map((text, index) => {
        const value = text === null ? null : call(`text.to.${types[index]}`, [text]);
        const wanted = signature.arguments[Math.min(index, signature.arguments.length - 1)];
        return wanted === 'any' && signature.any !== undefined ? call(`${types[index]}.${signature.any}`, [value]) : value;
      });
      return call(signature.primitive, given);
    },
    signature.result === 'any' ? types[0] : signature.result,
  );
}
