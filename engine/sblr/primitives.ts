/**
 * The table of primitives: everything a bound call may name, with exactly one meaning each, whatever the dialect (dialects.md,
 * 'Semantics are data'). What they do is written in engine/values/functions.ts; a test holds the two together.
 *
 * A primitive is declared by one line:
 *
 *   int4.add(int4, int4) int4 fails
 *   name     arguments   result, and what is to be known:
 *     fails     may raise an error           called    is called with NULLs too (others are strict)
 *     null      may be NULL without NULLs    stable, volatile   (others are immutable)
 *     context   takes the statement's context as its last argument
 *     aggregate an aggregate: engine/values/aggregates.ts    window   a window function: engine/values/windows.ts
 *     rows      gives rows: engine/values/set-functions.ts
 *   `any` takes a value of every type as it is; `...` behind the last argument: any number of it, none included.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { ARRAY_PRIMITIVES } from './primitives-arrays.ts';
import { RANGE_PRIMITIVES } from './primitives-ranges.ts';
import { CAST_PRIMITIVES } from './primitives-casts.ts';
import { CATALOG_PRIMITIVES } from '../values/catalog-primitives.ts';
import { ENCODED_PRIMITIVES } from './primitives-encoded.ts';
import { FURTHER_PRIMITIVES } from './primitives-further.ts';
import { JSON_PRIMITIVES } from './primitives-json.ts';
import { LOOSE_PRIMITIVES } from './primitives-loose.ts';
import { LIST_PRIMITIVES } from './primitives-lists.ts';
import { NUMBER_PRIMITIVES } from './primitives-numbers.ts';
import { PARTITION_PRIMITIVES } from './primitives-partitions.ts';
import { PATH_PRIMITIVES } from './primitives-paths.ts';
import { TEXT_PRIMITIVES } from './primitives-text.ts';
import { TIME_PRIMITIVES } from './primitives-time.ts';
import { SET_PRIMITIVES } from './primitives-sets.ts';
import { SYSTEM_PRIMITIVES } from './primitives-system.ts';
import { WINDOW_PRIMITIVES } from './primitives-windows.ts';
import type { Volatility } from './semantics.ts';
import type { TypeName } from './types.ts';

export interface Primitive {
  readonly name: string;
  readonly arguments: readonly TypeName[];
  readonly result: TypeName;
  /** NULL when an argument is; never called with one. */
  readonly strict: boolean;
  /** May be NULL although no argument is. */
  readonly mayBeNull: boolean;
  readonly volatility: Volatility;
  readonly canFail: boolean;
  /** The last argument may be given any number of times, none included. */
  readonly variadic: boolean;
  /** Takes the statement's context behind its arguments. */
  readonly context: boolean;
  readonly aggregate: boolean;
  /** A window function that is no aggregate. */
  readonly window: boolean;
  /** Gives rows, of one value each. */
  readonly rows: boolean;
}

const LINE = /^([\w.]+)\(([^)]*)\) ([\w[\]]+)(.*)$/;

/** All lines by name; read one by one, when first asked for: a process that runs one statement needs a handful of them. */
const lines = new Map<string, string>();
const texts = [NUMBER_PRIMITIVES, TEXT_PRIMITIVES, TIME_PRIMITIVES, JSON_PRIMITIVES, CAST_PRIMITIVES].concat([
  WINDOW_PRIMITIVES,
  SET_PRIMITIVES,
  PATH_PRIMITIVES,
  ENCODED_PRIMITIVES,
  LIST_PRIMITIVES,
  SYSTEM_PRIMITIVES,
  CATALOG_PRIMITIVES,
  FURTHER_PRIMITIVES,
  LOOSE_PRIMITIVES,
  PARTITION_PRIMITIVES,
  ARRAY_PRIMITIVES,
  RANGE_PRIMITIVES,
]);
for (const text of texts) {
  for (const line of text.split('\n')) if (line !== '') lines.set(line.slice(0, line.indexOf('(')), line);
}
const read = new Map<string, Primitive>();

function readLine(line: string): Primitive {
  const match = LINE.exec(line);
  if (match === null) throw new SqlError(SQLSTATE.internal_error, `the primitive cannot be read: ${line}`);
  const flags = match[4].split(' ');
  const variadic = match[2].endsWith('...');
  const list = variadic ? match[2].slice(0, -3) : match[2];
  return {
    name: match[1],
    arguments: list === '' ? [] : (list.split(', ') as TypeName[]),
    result: match[3] as TypeName,
    strict: !flags.includes('called') && !flags.includes('aggregate') && !flags.includes('window'),
    mayBeNull: flags.includes('null'),
    volatility: flags.includes('volatile') ? 'volatile' : flags.includes('stable') ? 'stable' : 'immutable',
    canFail: flags.includes('fails'),
    variadic,
    context: flags.includes('context'),
    aggregate: flags.includes('aggregate'),
    window: flags.includes('window'),
    rows: flags.includes('rows'),
  };
}

/** The primitive of that name, or undefined. */
export function findPrimitive(name: string): Primitive | undefined {
  let found = read.get(name);
  if (found === undefined) {
    const line = lines.get(name);
    if (line === undefined) return undefined;
    found = readLine(line);
    read.set(name, found);
  }
  return found;
}

/** The primitive of that name; XX000 if there is none. */
export function primitiveOf(name: string): Primitive {
  const found = findPrimitive(name);
  if (found === undefined) throw new SqlError(SQLSTATE.internal_error, `there is no primitive ${name}`);
  return found;
}

/** Every name, for tests and the reference page. */
export const primitiveNames = (): IterableIterator<string> => lines.keys();
