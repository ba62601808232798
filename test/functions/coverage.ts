/**
 * Which of the counted functions and operators of PostgreSQL 15 (counted.txt) exist: a statement that calls one with values of its
 * types is read and bound, and its result must have the type that PostgreSQL gives it. Polymorphic arguments are numbers, arrays and
 * ranges of numbers.
 *
 *   node test/functions/coverage.ts             says how many exist
 *   node test/functions/coverage.ts --rewrite   writes missing.txt, the list of those that do not
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { bind } from '../../engine/plan/bind/bind.ts';
import { environmentOf } from '../../engine/plan/bind/catalog-fixture.ts';
import type { BoundQuery } from '../../engine/sblr/bound.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { shownType } from '../../engine/sblr/resolve-type.ts';
import { parseText } from '../../parsers/postgresql/parse.ts';
import { semantics } from '../../parsers/postgresql/semantics.ts';
import { SqlError } from '../../shm/errors.ts';

const COUNTED = new URL('counted.txt', import.meta.url);
const MISSING = new URL('missing.txt', import.meta.url);

interface Counted {
  readonly kind: string;
  readonly line: string;
  readonly name: string;
  readonly types: readonly string[];
  readonly result: string;
}

const LINE = /^(.+?)\((.*?)\) (.+)$/;

function readCounted(): Counted[] {
  let kind = '';
  const list: Counted[] = [];
  for (const line of readFileSync(COUNTED, 'utf8').split('\n')) {
    if (line.startsWith('== ')) kind = line.slice(3);
    else if (line !== '') {
      const [, name, types, result] = LINE.exec(line) as RegExpExecArray;
      list.push({ kind, line, name, types: types === '' ? [] : types.split(', '), result });
    }
  }
  return list;
}

/** What stands for a polymorphic type. */
const STANDS_FOR: { readonly [type: string]: string } = {
  '"any"': 'integer',
  anyelement: 'integer',
  anynonarray: 'integer',
  anycompatible: 'integer',
  anyarray: 'integer[]',
  anycompatiblearray: 'integer[]',
  anyenum: 'mood',
  anyrange: 'int4range',
  anycompatiblerange: 'int4range',
  anymultirange: 'int4multirange',
  anycompatiblemultirange: 'int4multirange',
};

const plainType = (type: string): string => STANDS_FOR[type] ?? type;

/** `isImage`: rows as values, not written out. */
function givenValue(given: string, isImage: boolean): string {
  const type = plainType(given.replace('...', ''));
  if (type === 'record') return isImage ? 'CAST(NULL AS record)' : 'ROW(1, NULL::text)';
  return `CAST(NULL AS ${type})`;
}

/** Its columns are said by the statement. */
const isRecord = ({ kind, name, result }: Counted): boolean =>
  result === 'record' && (kind === 'rows' || name.endsWith('to_record'));

/** A statement that calls it, with one column for the result. */
function statementOf(one: Counted): string {
  const { kind, name, types, result } = one;
  const values = types.map((type) => givenValue(type, kind === 'operator' && name.startsWith('*')));
  if (kind === 'operator') return `SELECT ${values.length === 1 ? `${name} ${values[0]}` : `${values[0]} ${name} ${values[1]}`}`;
  const call = `"${name}"(${values.join(', ')})`;
  switch (kind) {
    case 'window':
      return `SELECT ${call} OVER (ORDER BY 1)`;
    case 'ordered set':
      return `SELECT "${name}"(${values.slice(0, -1).join(', ')}) WITHIN GROUP (ORDER BY ${values.at(-1)})`;
    case 'hypothetical set':
      return `SELECT "${name}"(1) WITHIN GROUP (ORDER BY 1)`;
    case 'aggregate':
      return values.length === 0 ? `SELECT "${name}"(*)` : `SELECT ${call}`;
    default:
      if (isRecord(one)) return `SELECT * FROM ${call} AS t(a integer)`;
      return result.startsWith('record') ? `SELECT * FROM ${call}` : `SELECT ${call}`;
  }
}

/** Names of the result's types: of a function that gives a row, all of them. */
function wanted(one: Counted): string {
  const { result } = one;
  if (isRecord(one)) return 'integer';
  if (result === 'anyarray' && one.types.includes('anyenum')) return 'mood[]';
  const columns = /^record\((.*)\)$/.exec(result);
  return columns === null ? plainType(result) : columns[1].split(', ').map(plainType).join(', ');
}

/** An enum stands for all. */
const MOOD = sqlType('enum:1');
const plainEnvironment = environmentOf(semantics);
const environment = {
  ...plainEnvironment,
  catalog: { ...plainEnvironment.catalog, findType: (_: string | null, name: string) => (name === 'mood' ? MOOD : null) },
};

/** Null: it exists; otherwise why not. */
function faultOf(one: Counted): string | null {
  try {
    const [{ source }] = parseText(statementOf(one), { standardStrings: true, namedParameters: false });
    const { statement } = bind(source, environment);
    const types = (statement as BoundQuery).output.map(({ type }) =>
      type.name.startsWith('enum:1') ? type.name.replace('enum:1', 'mood') : shownType(type.name, semantics),
    );
    const shown = types.join(', ');
    return shown === wanted(one) ? null : `gives ${shown}`;
  } catch (error) {
    if (error instanceof SqlError) return error.message;
    throw error;
  }
}

export interface Coverage {
  readonly counted: number;
  readonly missing: readonly string[];
  /** Why each is missing. */
  readonly faults: readonly string[];
  /** missing.txt as it ought to be. */
  readonly text: string;
}

export function coverage(): Coverage {
  const list = readCounted();
  const missing: string[] = [];
  const faults: string[] = [];
  let text = '';
  let kind = '';
  for (const one of list) {
    const fault = faultOf(one);
    if (fault === null) continue;
    missing.push(one.line);
    faults.push(`${one.line}: ${fault}`);
    if (one.kind !== kind) text += `${kind === '' ? '' : '\n'}== ${one.kind}\n`;
    kind = one.kind;
    text += `${one.line}\n`;
  }
  return { counted: list.length, missing, faults, text };
}

export const readMissing = (): string => readFileSync(MISSING, 'utf8');

if (import.meta.main) {
  const { counted, missing, faults, text } = coverage();
  if (process.argv.includes('--faults')) console.log(faults.join('\n'));
  if (process.argv.includes('--rewrite')) writeFileSync(MISSING, text);
  console.log(`${counted - missing.length} of ${counted} exist: ${((1 - missing.length / counted) * 100).toFixed(1)} %`);
}
