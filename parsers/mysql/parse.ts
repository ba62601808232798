/** Text -> statements. The grammar is built when it is first needed, once per thread. */

import { tooComplex } from '../../engine/sblr/parse-error.ts';
import type { SourceQuery, SourceStatement } from '../../engine/sblr/source.gen.ts';
import type { ParsedStatement } from '../../plugins/contract/contract.ts';
import { buildGrammar, type GrammarOptions, MAX_DEPTH } from '../kit/grammar.ts';
import type { SqlToken } from '../kit/token.ts';
import { syntaxErrorAt, UnexpectedToken } from './errors.ts';
import { MysqlGrammar } from './grammar/sessions.ts';
import { lexStatement } from './lexer.ts';

let grammar: MysqlGrammar | undefined;
/** Reads the queries that SHOW stands for, while the other one is at work. */
let inner: MysqlGrammar | undefined;

const made = (options: GrammarOptions): MysqlGrammar => new MysqlGrammar(readQuery, options);

/** How the grammars are made, by their names: the build records each. */
export const GRAMMARS = { mysql: made };

const queries = new Map<string, SourceQuery>();
const QUERIES_MAX = 100;

function readQuery(text: string): SourceQuery {
  let query = queries.get(text);
  if (query !== undefined) return query;
  inner ??= buildGrammar('mysql', made);
  query = run(inner, text, lexStatement(text, 0).tokens) as SourceQuery;
  if (queries.size === QUERIES_MAX) queries.clear();
  queries.set(text, query);
  return query;
}

function run(parser: MysqlGrammar, text: string, tokens: SqlToken[]): SourceStatement | SourceQuery {
  parser.text = text;
  try {
    return parser.parse(tokens, parser.statement);
  } catch (error) {
    if (error instanceof UnexpectedToken) throw syntaxErrorAt(text, error.token.startOffset);
    // Nesting is limited by counting; should the stack be short all the same, the error is the same.
    if (error instanceof RangeError) throw tooComplex(MAX_DEPTH, tokens[0].startOffset);
    throw error;
  }
}

function parsed(text: string, tokens: SqlToken[]): ParsedStatement {
  grammar ??= buildGrammar('mysql', made);
  const source = run(grammar, text, tokens);
  const last = tokens[tokens.length - 2];
  return {
    ...{ source, tokens: tokens.map(({ startOffset }) => startOffset), start: tokens[0].startOffset, end: last.end },
    ...{ parameterCount: grammar.parameterCount, parameterNames: [] },
  };
}

/** All statements of a text; empty ones are left out. 1064, 1235 */
export function parseText(text: string): ParsedStatement[] {
  const statements: ParsedStatement[] = [];
  for (let at = 0; at < text.length; ) {
    const { tokens, end } = lexStatement(text, at);
    at = end;
    if (tokens.length > 1) statements.push(parsed(text, tokens));
  }
  return statements;
}
