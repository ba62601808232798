/**
 * What each primitive does (engine/sblr/primitives.ts declares them): `implementations[name](...arguments, context?)` over RowValues.
 * The direct evaluator calls them for everything, generated code for what it does not emit itself. Strict ones are never called with
 * NULL; each may answer null where its declaration says so; variadic ones take their arguments one by one. Errors are SqlErrors
 * without a position.
 */

import type { RowValue } from '../storage/rows/row-value.ts';
import { arrayFunctions } from './functions-arrays.ts';
import { encodedFunctions } from './encoded-types.ts';
import { boundFunctions } from './functions-bounds.ts';
import { castFunctions } from './functions-casts.ts';
import { catalogFunctions } from './functions-catalog.ts';
import { furtherFunctions } from './functions-further.ts';
import { jsonFunctions } from './functions-json.ts';
import { looseFunctions } from './functions-loose.ts';
import { listFunctions } from './functions-lists.ts';
import { partitionFunctions } from './partition-hash.ts';
import { pathFunctions } from './functions-paths.ts';
import { regexFunctions } from './functions-regex.ts';
import { rangeFunctions } from './functions-ranges.ts';
import { numberFunctions } from './functions-numbers.ts';
import { sqlJsonFunctions } from './functions-sql-json.ts';
import { systemFunctions } from './functions-system.ts';
import { extensionFunctions } from './functions-extensions.ts';
import { textFunctions } from './functions-text.ts';
import { timeFunctions } from './functions-time.ts';
import { windowTargets } from './functions-windows.ts';

/** Arguments are not checked: the binder has seen to their types. */
// biome-ignore lint/suspicious/noExplicitAny: each takes the types its declaration says.
export type Implementation = (...given: any[]) => RowValue;

/** Without a prototype it is a table from the start: an object that becomes one by its size takes milliseconds. */
export const implementations: { readonly [primitive: string]: Implementation } = Object.assign(
  Object.create(null),
  numberFunctions,
  textFunctions,
  extensionFunctions,
  regexFunctions,
  timeFunctions,
  jsonFunctions,
  pathFunctions,
  listFunctions,
  castFunctions,
  boundFunctions,
  catalogFunctions,
  encodedFunctions,
  systemFunctions,
  furtherFunctions,
  looseFunctions,
  partitionFunctions,
  windowTargets,
  rangeFunctions,
  sqlJsonFunctions((primitive) => implementations[primitive]),
  arrayFunctions((primitive) => implementations[primitive]),
);
