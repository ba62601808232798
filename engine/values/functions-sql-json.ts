/**
 * Primitives of SQL/JSON (engine/sblr/primitives-json.ts): what a path finds as a value, an object or an array, with what is to
 * happen where it finds nothing (ON EMPTY) or fails (ON ERROR); and whether a text is JSON.
 *
 *   behaviours   null, error, default (the argument that comes with it), true, false, unknown, emptyArray, emptyObject
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { ValueContext } from './context.ts';
import type { Implementation } from './functions.ts';
import { type JsonNode, parseJson, writeJsonb } from './json.ts';
import { type JsonItem, stringOf, textOfItem } from './json-item.ts';
import { PathFault } from './json-path-fault.ts';
import { parseJsonPath } from './json-path-parse.ts';
import { PathRun } from './json-path-run.ts';
import { VALUE_TYPES } from './sql-json-types.ts';

type Nullable = string | null;

// ---- paths ----

function itemsOf(document: string, path: string, variables: string, context: ValueContext): readonly JsonItem[] {
  const read = parseJsonPath(path);
  return new PathRun(read, document, variables, context).items(read.path);
}

/** Failures of paths and of values that are not of the type: what ON ERROR speaks of. */
const isFailure = (error: unknown): error is SqlError =>
  error instanceof PathFault || (error instanceof SqlError && error.code.startsWith('22'));

/** What `find` gives, or what is to be had instead of its failure. */
function orElse<Value>(behaviour: string, find: () => Value, instead: (behaviour: string) => Value): Value {
  if (behaviour === 'error') return find();
  try {
    return find();
  } catch (error) {
    if (isFailure(error)) return instead(behaviour);
    throw error;
  }
}

const TRUTHS: { readonly [behaviour: string]: boolean | null } = { true: true, false: false, unknown: null };

function exists(document: string, path: string, variables: string, onError: string, context: ValueContext): boolean | null {
  const find = (): boolean => itemsOf(document, path, variables, context).length > 0;
  return orElse<boolean | null>(onError, find, (behaviour) => TRUTHS[behaviour]);
}

function noItem(): never {
  throw new PathFault(SQLSTATE.no_sql_json_item, 'no SQL/JSON item found for specified path');
}

/** The one scalar that a path finds; undefined: it finds nothing. */
function scalarOf(items: readonly JsonItem[]): JsonItem | undefined {
  const [item] = items;
  if (item === undefined) return undefined;
  const isOne = items.length === 1;
  if (isOne && item.kind !== 'array' && item.kind !== 'object') return item;
  const code = isOne ? SQLSTATE.sql_json_scalar_required : SQLSTATE.more_than_one_sql_json_item;
  throw new PathFault(code, 'JSON path expression in JSON_VALUE must return single scalar item');
}

const plainText = (item: JsonItem): string => (item.kind === 'string' ? stringOf(item) : textOfItem(item));

/** JSON_VALUE as a value of a type: `read` makes it of text. */
function valueAs(read: (text: string, context: ValueContext) => RowValue): Implementation {
  return (
    document: Nullable,
    path: Nullable,
    variables: string,
    onEmpty: string,
    onError: string,
    whenEmpty: RowValue,
    whenFailed: RowValue,
    context: ValueContext,
  ): RowValue => {
    if (document === null || path === null) return null;
    const found = orElse<RowValue | undefined>(
      onError,
      () => {
        const item = scalarOf(itemsOf(document, path, variables, context));
        if (item === undefined) return undefined;
        return item.kind === 'null' ? null : read(plainText(item), context);
      },
      (behaviour) => (behaviour === 'default' ? whenFailed : null),
    );
    if (found !== undefined) return found;
    return onEmpty === 'error' ? noItem() : onEmpty === 'default' ? whenEmpty : null;
  };
}

const INSTEAD: { readonly [behaviour: string]: string | null } = { null: null, emptyArray: '[]', emptyObject: '{}' };

const insteadOf = (behaviour: string, given: Nullable): Nullable => (behaviour === 'default' ? given : INSTEAD[behaviour]);

function wrapped(items: readonly JsonItem[], wrapper: string): string {
  if (wrapper === 'always' || (wrapper === 'conditional' && items.length > 1)) return `[${items.map(textOfItem).join(', ')}]`;
  if (items.length === 1) return textOfItem(items[0]);
  const message = 'JSON path expression in JSON_QUERY must return single item when no wrapper is requested';
  throw new PathFault(SQLSTATE.more_than_one_sql_json_item, message, {
    hint: 'Use the WITH WRAPPER clause to wrap SQL/JSON items into an array.',
  });
}

/** JSON_QUERY; `as` makes of jsonb what is asked for. */
function queried(as: (found: string) => RowValue): Implementation {
  return (
    document: Nullable,
    path: Nullable,
    variables: string,
    onEmpty: string,
    onError: string,
    wrapper: string,
    whenEmpty: Nullable,
    whenFailed: Nullable,
    context: ValueContext,
  ): RowValue => {
    if (document === null || path === null) return null;
    const found = orElse<RowValue | undefined>(
      onError,
      () => {
        const items = itemsOf(document, path, variables, context);
        return items.length === 0 ? undefined : as(wrapped(items, wrapper));
      },
      (behaviour) => insteadOf(behaviour, whenFailed),
    );
    if (found !== undefined) return found;
    return onEmpty === 'error' ? noItem() : insteadOf(onEmpty, whenEmpty);
  };
}

/** OMIT QUOTES: a string as it is. */
const withoutQuotes = (found: string): string => (found.startsWith('"') ? parseJson(found).value : found);

const table: { [primitive: string]: Implementation } = {
  'sqlJson.exists': exists,
  'sqlJson.query': queried((found) => found),
  'sqlJson.query.text': queried(withoutQuotes),
  'sqlJson.query.unquoted': queried((found) => writeJsonb(parseJson(withoutQuotes(found)))),
};
for (const type of VALUE_TYPES) {
  table[`sqlJson.value.${type}`] = (...given: unknown[]) => valueOfType(type)(...given);
}

/** Types whose values may be 'now'. */
const WITH_CONTEXT = ['date', 'time', 'timestamp', 'timestamptz'];

const readers = new Map<string, Implementation>();

/** Made when first asked for: the table of all primitives is not there before. */
let implementationOf: (primitive: string) => Implementation;
function valueOfType(type: string): Implementation {
  let found = readers.get(type);
  if (found === undefined) {
    const read = implementationOf(`text.to.${type}`);
    found = valueAs(WITH_CONTEXT.includes(type) ? read : (text) => read(text));
    readers.set(type, found);
  }
  return found;
}

// ---- IS JSON ----

function hasUniqueKeys(node: JsonNode): boolean {
  if (new Set(node.keys).size < node.keys.length) return false;
  return node.items.every(hasUniqueKeys);
}

const isOfKind = (node: JsonNode, kind: string): boolean =>
  kind === 'value' || (kind === 'scalar' ? node.kind !== 'array' && node.kind !== 'object' : node.kind === kind);

function isJson(text: string, kind: string, unique: boolean): boolean {
  try {
    const node = parseJson(text, unique);
    return isOfKind(node, kind) && (!unique || hasUniqueKeys(node));
  } catch (error) {
    if (error instanceof SqlError) return false;
    throw error;
  }
}

const bytesAreJson = (bytes: Uint8Array, kind: string, unique: boolean): boolean =>
  isJson(Buffer.from(bytes).toString(), kind, unique);

table['text.isJson'] = isJson;
table['json.isJson'] = isJson;
table['jsonb.isJson'] = isJson;
table['bytea.isJson'] = bytesAreJson;

/** The primitives; `find` gives those of other tables. */
export function sqlJsonFunctions(find: (primitive: string) => Implementation): { readonly [primitive: string]: Implementation } {
  implementationOf = find;
  return table;
}
