/**
 * Text -> statements. The first keyword chooses the grammar; each grammar is built when it is first needed, once per thread.
 * What PostgreSQL knows but the source form does not is refused by its name.
 */

import { notSupported, tooComplex } from '../../engine/sblr/parse-error.ts';
import type { SourceQuery, SourceStatement } from '../../engine/sblr/source.gen.ts';
import type { ParsedStatement, ParseSettings } from '../../plugins/contract/contract.ts';
import { buildGrammar, type GrammarOptions, MAX_DEPTH } from '../kit/grammar.ts';
import type { SqlToken } from '../kit/token.ts';
import { unexpectedToken } from './errors.ts';
import { AdministrationGrammar } from './grammar/administration.ts';
import { ChangeGrammar } from './grammar/changes.ts';
import { DefinitionGrammar } from './grammar/definitions.ts';
import { ObjectGrammar } from './grammar/objects.ts';
import { PrivilegeGrammar } from './grammar/privileges.ts';
import { SessionGrammar } from './grammar/sessions.ts';
import { lexStatement } from './lexer.ts';
import { refusalOf } from './refused.ts';
import { KEYWORD_TYPES, LeftParen } from './tokens.ts';

type Statement = SourceStatement | SourceQuery;

let queries: ChangeGrammar | undefined;
let definitions: DefinitionGrammar | undefined;
let administration: AdministrationGrammar | undefined;
let objects: ObjectGrammar | undefined;
let sessions: SessionGrammar | undefined;
let privileges: PrivilegeGrammar | undefined;

const queryGrammar = (): ChangeGrammar => (queries ??= buildGrammar('postgresql.queries', GRAMMARS['postgresql.queries']));
const definitionGrammar = (): DefinitionGrammar =>
  (definitions ??= buildGrammar('postgresql.definitions', GRAMMARS['postgresql.definitions']));
const objectGrammar = (): ObjectGrammar => (objects ??= buildGrammar('postgresql.objects', GRAMMARS['postgresql.objects']));
const sessionGrammar = (): SessionGrammar => (sessions ??= buildGrammar('postgresql.sessions', GRAMMARS['postgresql.sessions']));
const privilegeGrammar = (): PrivilegeGrammar =>
  (privileges ??= buildGrammar('postgresql.privileges', GRAMMARS['postgresql.privileges']));
const administrationGrammar = (): AdministrationGrammar =>
  (administration ??= buildGrammar('postgresql.administration', GRAMMARS['postgresql.administration']));

/** How the grammars are made, by their names: the build records each. */
export const GRAMMARS = {
  'postgresql.queries': (options: GrammarOptions) => new ChangeGrammar(options),
  'postgresql.definitions': (options: GrammarOptions) => new DefinitionGrammar(queryGrammar, options),
  'postgresql.objects': (options: GrammarOptions) => new ObjectGrammar(queryGrammar, definitionGrammar, options),
  'postgresql.sessions': (options: GrammarOptions) => new SessionGrammar(queryGrammar, options),
  'postgresql.privileges': (options: GrammarOptions) => new PrivilegeGrammar(queryGrammar, options),
  'postgresql.administration': (options: GrammarOptions) => new AdministrationGrammar(explained, options),
};

type Part = 'query' | 'definition' | 'object' | 'session' | 'privilege' | 'administration';

const PARTS = new Map<string, Part>([
  ...words('select values with table insert update delete merge', 'query'),
  ...words('create drop truncate analyze analyse', 'definition'),
  ...words('alter comment call reindex', 'object'),
  ...words(
    'prepare execute deallocate declare fetch move close discard listen unlisten notify checkpoint vacuum lock copy',
    'session',
  ),
  ...words('grant revoke reassign', 'privilege'),
  ...words('begin start commit end rollback abort savepoint release set show reset explain', 'administration'),
]);

function words(list: string, part: Part): [string, Part][] {
  return list.split(' ').map((word) => [word, part]);
}

/** The part of the grammar that a statement beginning with this token belongs to. */
function partOf(token: SqlToken): Part | undefined {
  if (token.tokenType === LeftParen) return 'query';
  return token.tokenType === KEYWORD_TYPES.get(token.value) ? PARTS.get(token.value) : undefined;
}

const OBJECTS = new Set(['view', 'schema', 'type', 'domain', 'function', 'procedure', 'routine', 'recursive', 'or']);

/** CREATE, DROP and SET of what the grammar of objects knows. */
function isOfObjects(tokens: readonly SqlToken[]): boolean {
  const words = tokens.slice(0, 4).map((token) => (token.tokenType === KEYWORD_TYPES.get(token.value) ? token.value : ''));
  if (words[0] === 'set') return words[1] === 'constraints';
  if (words[0] === 'drop') return words[1] === 'function' || words[1] === 'procedure' || words[1] === 'routine';
  if (words[0] !== 'create') return false;
  const kind = words.slice(1).find((word) => !['temporary', 'temp', 'global', 'local'].includes(word)) ?? '';
  return OBJECTS.has(kind);
}

/** CREATE and ALTER of roles, policies, statistics, databases and extensions, DROP of them but roles, DROP OWNED, ALTER DEFAULT PRIVILEGES. */
function isOfPrivileges([first, second]: readonly SqlToken[]): boolean {
  if (first.tokenType !== KEYWORD_TYPES.get(first.value) || second.tokenType !== KEYWORD_TYPES.get(second.value)) return false;
  if (first.value === 'drop') return ['owned', 'policy', 'statistics', 'database', 'extension'].includes(second.value);
  if (first.value === 'alter' && second.value === 'default') return true;
  return (
    (first.value === 'create' || first.value === 'alter') &&
    ['role', 'user', 'group', 'policy', 'statistics', 'database', 'extension'].includes(second.value)
  );
}

/** The statement behind EXPLAIN. */
function explained(parser: AdministrationGrammar): Statement {
  const start = parser.peek();
  const part = partOf(start);
  if (part === 'query') return parser.lend(queryGrammar(), queryGrammar().preparable);
  const isCreate = start.tokenType === KEYWORD_TYPES.get('create');
  if (!isCreate) return unexpectedToken(start);
  const statement = parser.lend(definitionGrammar(), definitionGrammar().definition);
  if (statement.op !== 'createTable' || statement.as === null) throw notSupported('EXPLAIN of this statement', start.startOffset);
  return statement;
}

function queryParsed(tokens: SqlToken[]): Statement {
  const grammar = queryGrammar();
  const statement = grammar.parse(tokens, grammar.preparable);
  grammar.refuseInto();
  return statement;
}

function parseTokens(tokens: SqlToken[]): Statement {
  const refusal = refusalOf(tokens);
  if (refusal !== null) throw notSupported(refusal, tokens[0].startOffset);
  const part = partOf(tokens[0]);
  // The second word decides for those that create, drop, alter and set.
  const isPlain = part === 'query' || part === 'session';
  switch (isPlain ? part : isOfPrivileges(tokens) ? 'privilege' : isOfObjects(tokens) ? 'object' : part) {
    case 'object':
      return objectGrammar().parse(tokens, objectGrammar().object);
    case 'query':
      return queryParsed(tokens);
    case 'definition':
      return definitionGrammar().parse(tokens, definitionGrammar().definition);
    case 'privilege':
      return privilegeGrammar().parse(tokens, privilegeGrammar().privilege);
    case 'session':
      return sessionGrammar().parse(tokens, sessionGrammar().session);
    case 'administration':
      return administrationGrammar().parse(tokens, administrationGrammar().administration);
    default:
      return unexpectedToken(tokens[0]);
  }
}

function parsed(tokens: SqlToken[]): ParsedStatement {
  queries?.forgetParameters();
  const source = guarded(tokens);
  const last = tokens[tokens.length - 2];
  return {
    source,
    tokens: tokens.map((token) => token.startOffset),
    start: tokens[0].startOffset,
    end: last.end,
    // Those of a routine's body, or of a statement that is kept for later, are its own.
    parameterCount: source.op === 'createRoutine' || source.op === 'prepare' ? 0 : (queries?.parameterCount ?? 0),
    parameterNames: queries?.parameterNames ?? [],
  };
}

/** Nesting is limited by counting; should the stack be short all the same, the error is the same. */
function guarded(tokens: SqlToken[]): Statement {
  try {
    return parseTokens(tokens);
  } catch (error) {
    if (error instanceof RangeError) throw tooComplex(MAX_DEPTH, tokens[0].startOffset);
    throw error;
  }
}

/** All statements of a text. */
export function parseText(text: string, settings: ParseSettings): ParsedStatement[] {
  const statements: ParsedStatement[] = [];
  for (let at = 0; at < text.length; ) {
    const { tokens, end } = lexStatement(text, at, settings, false);
    at = end;
    if (tokens.length > 1) statements.push(parsed(tokens));
  }
  return statements;
}

/** One statement with its literals lifted out. */
export function parseLifted(text: string, settings: ParseSettings): ParsedStatement {
  return parsed(lexStatement(text, 0, settings, true).tokens);
}
