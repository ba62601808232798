/**
 * What PostgreSQL has and the source form has not: told by the first words, refused by name.
 */

import type { SqlToken } from '../kit/token.ts';
import { KEYWORD_TYPES } from './tokens.ts';

/** First words of statements that are refused as they stand. */
const STATEMENTS = new Set('cluster do import load refresh security'.split(' '));

/** CREATE and DROP that are known; all others of these kinds are refused. */
const CREATED = new Set([
  ...['table', 'index', 'sequence', 'unique', 'temporary', 'temp', 'unlogged', 'global', 'local'],
  ...['view', 'schema', 'function', 'procedure', 'recursive', 'type', 'domain'],
  ...['role', 'user', 'group', 'policy', 'statistics', 'database', 'extension'],
]);
const REPLACED = new Set(['view', 'temporary', 'temp', 'recursive', 'function', 'procedure']);
const ALTERED = new Set([
  'database',
  'role',
  'user',
  'group',
  'policy',
  'statistics',
  'default',
  'type',
  'domain',
  'table',
  'index',
  'sequence',
  'view',
  'schema',
  'function',
  'procedure',
  'routine',
]);
const DROPPED = new Set([
  'extension',
  'table',
  'index',
  'view',
  'sequence',
  'schema',
  'type',
  'domain',
  'function',
  'procedure',
  'routine',
  'role',
  'user',
  'group',
  'database',
  'owned',
  'policy',
  'statistics',
]);

/** Kinds of objects that CREATE, ALTER and DROP name, longest first where one begins another. */
const KINDS = [
  ...['access method', 'aggregate', 'cast', 'collation', 'constraint trigger', 'constraint', 'conversion', 'database', 'domain'],
  ...[
    'default conversion',
    'default privileges',
    'event trigger',
    'extension',
    'foreign data wrapper',
    'foreign table',
    'function',
  ],
  ...[
    'group',
    'index',
    'language',
    'large object',
    'materialized view',
    'operator class',
    'operator family',
    'operator',
    'policy',
  ],
  ...[
    'owned',
    'procedure',
    'publication',
    'recursive view',
    'role',
    'routine',
    'rule',
    'schema',
    'sequence',
    'server',
    'statistics',
  ],
  ...[
    'subscription',
    'system',
    'table',
    'tablespace',
    'text search configuration',
    'text search dictionary',
    'text search parser',
  ],
  ...['text search template', 'transform', 'trigger', 'trusted language', 'procedural language', 'type', 'user mapping', 'user'],
  ...['view'],
].sort((one, other) => other.length - one.length);

const isWord = (token: SqlToken | undefined): token is SqlToken =>
  token !== undefined && token.tokenType === KEYWORD_TYPES.get(token.value);

/** What the statement is called when it is refused, or null: it is for the grammars to read. */
export function refusalOf(tokens: readonly SqlToken[]): string | null {
  const [first, second] = tokens;
  if (!isWord(first)) return null;
  const word = first.value;
  if (STATEMENTS.has(word)) return word.toUpperCase();
  const isMapping = second?.value === 'user' && tokens[2]?.value === 'mapping';
  if (isMapping && (word === 'create' || word === 'alter')) return `${word.toUpperCase()} USER MAPPING`;
  if (word === 'alter') return isWord(second) && ALTERED.has(second.value) ? null : objectStatement('ALTER', tokens, 1);
  if (word === 'create' && isWord(second)) return createRefusal(tokens, second.value);
  if (word === 'drop' && isWord(second) && !DROPPED.has(second.value)) return objectStatement('DROP', tokens, 1);
  return word === 'drop' && isMapping ? 'DROP USER MAPPING' : null;
}

function createRefusal(tokens: readonly SqlToken[], second: string): string | null {
  if (second === 'or')
    return isWord(tokens[3]) && REPLACED.has(tokens[3].value) ? null : objectStatement('CREATE OR REPLACE', tokens, 3);
  return CREATED.has(second) ? null : objectStatement('CREATE', tokens, 1);
}

/** `CREATE` and what is created, as far as that is known; null: no statement of PostgreSQL. */
function objectStatement(verb: string, tokens: readonly SqlToken[], from: number): string | null {
  const text = tokens
    .slice(from, from + 4)
    .map((token) => token.value)
    .join(' ');
  const kind = KINDS.find((name) => text === name || text.startsWith(`${name} `));
  return kind === undefined ? null : `${verb} ${kind.toUpperCase()}`;
}
