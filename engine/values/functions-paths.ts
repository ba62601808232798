/** Primitives of jsonpath (engine/sblr/primitives-paths.ts): what a path finds in a jsonb. */

import { SQLSTATE } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { ValueContext } from './context.ts';
import type { Implementation } from './functions.ts';
import { eachValue, itemAt, type JsonItem, memberOf, textOfItem } from './json-item.ts';
import { PathFault } from './json-path-fault.ts';
import { parseJsonPath } from './json-path-parse.ts';
import { PathRun } from './json-path-run.ts';
import type { Accessor, JsonPath } from './json-path-tree.ts';

/** What was asked to be silent answers NULL where it would fail. */
function silently<Result>(silent: boolean, run: () => Result): Result | null {
  if (!silent) return run();
  try {
    return run();
  } catch (error) {
    if (error instanceof PathFault) return null;
    throw error;
  }
}

function exists(
  path: JsonPath,
  target: string,
  vars: string | null,
  silent: boolean,
  context: ValueContext | null,
): boolean | null {
  const run = new PathRun(path, target, vars, context);
  return silently(silent, () => (path.strict ? run.items(path.path).length > 0 : run.path(path.path, () => true)));
}

function match(
  path: JsonPath,
  target: string,
  vars: string | null,
  silent: boolean,
  context: ValueContext | null,
): boolean | null {
  const found = silently(silent, () => new PathRun(path, target, vars, context).items(path.path));
  if (found === null) return null;
  if (found.length === 1 && found[0].kind === 'boolean') return textOfItem(found[0]) === 'true';
  if (found.length === 1 && found[0].kind === 'null') return null;
  if (silent) return null;
  throw new PathFault(SQLSTATE.singleton_sql_json_item_required, 'single boolean result is expected');
}

const items = (
  path: JsonPath,
  target: string,
  vars: string | null,
  silent: boolean,
  context: ValueContext | null,
): readonly JsonItem[] | null => silently(silent, () => new PathRun(path, target, vars, context).items(path.path));

function queryArray(
  path: JsonPath,
  target: string,
  vars: string | null,
  silent: boolean,
  context: ValueContext | null,
): string | null {
  const found = items(path, target, vars, silent, context);
  return found === null ? '[]' : `[${found.map(textOfItem).join(', ')}]`;
}
function queryFirst(
  path: JsonPath,
  target: string,
  vars: string | null,
  silent: boolean,
  context: ValueContext | null,
): string | null {
  const found = items(path, target, vars, silent, context);
  return found === null || found.length === 0 ? null : textOfItem(found[0]);
}

type Query = (path: JsonPath, target: string, vars: string | null, silent: boolean, context: ValueContext | null) => RowValue;

/** Target, path, and what else the form takes, the context last. */
const called =
  (query: Query, form: string, zoned: boolean): Implementation =>
  (target: string, path: string, ...more: unknown[]) => {
    const vars = form === '' ? null : (more[0] as string);
    const silent = form === '.silent' && more[1] === true;
    return query(parseJsonPath(path), target, vars, silent, zoned ? (more.at(-1) as ValueContext) : null);
  };

const table: { [primitive: string]: Implementation } = {
  'jsonb.pathExists': (target: string, path: string) => found(parseJsonPath(path), target),
  'jsonb.pathMatch': (target: string, path: string) => match(parseJsonPath(path), target, null, true, null),
};
const QUERIES: { readonly [name: string]: Query } = { exists, match, query_array: queryArray, query_first: queryFirst };
for (const [name, query] of Object.entries(QUERIES)) {
  for (const zone of ['', '.tz'])
    for (const form of ['', '.vars', '.silent']) table[`jsonpath.${name}${zone}${form}`] = called(query, form, zone !== '');
}

export const pathFunctions: { readonly [primitive: string]: Implementation } = table;

/** The items of jsonb_path_query, one by one. */
const sets: { [primitive: string]: (...given: unknown[]) => () => RowValue | undefined } = {};
for (const zone of ['', '.tz']) {
  for (const form of ['', '.vars', '.silent']) {
    sets[`jsonpath.query${zone}${form}`] = (target, path, ...more) => {
      const vars = form === '' ? null : (more[0] as string);
      const context = zone === '' ? null : (more.at(-1) as ValueContext);
      const list =
        items(parseJsonPath(path as string), target as string, vars, form === '.silent' && more[1] === true, context) ?? [];
      let at = 0;
      return () => (at < list.length ? textOfItem(list[at++]) : undefined);
    };
  }
}
export const pathSetFunctions: { readonly [primitive: string]: (...given: unknown[]) => () => RowValue | undefined } = sets;

// ---- @? over many rows ----

/** Keys only, lax: followed without anything made but the places. */
const isPlainKeys = (accessors: readonly Accessor[]): boolean => accessors.every(({ kind }) => kind === 'key');

function found(path: JsonPath, target: string): boolean | null {
  const { node, accessors } = path.path;
  if (path.strict || node.kind !== 'root' || !isPlainKeys(accessors)) return exists(path, target, null, true, null);
  let items: readonly JsonItem[] = [itemAt(target)];
  for (const accessor of accessors as readonly (Accessor & { kind: 'key' })[]) {
    const next: JsonItem[] = [];
    const into = (item: JsonItem): void => {
      const value = item.kind === 'object' ? memberOf(item, accessor.quoted) : null;
      if (value !== null) next.push(value);
    };
    for (const item of items) {
      if (item.kind !== 'array') into(item);
      else
        eachValue(item, (value) => {
          into(value);
          return false;
        });
    }
    if (next.length === 0) return false;
    items = next;
  }
  return true;
}
