/**
 * What all of PostgreSQL's grammars share: errors in its words, names.
 */

import { notSupported } from '../../../engine/sblr/parse-error.ts';
import type { SourceName } from '../../../engine/sblr/source.gen.ts';
import { Grammar, type GrammarOptions, type Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { unexpectedToken } from '../errors.ts';
import { nameOf } from '../lower.ts';
import { ColumnId, ColumnLabel, Comma, Dot, LeftParen, RightParen, VOCABULARY } from '../tokens.ts';

export abstract class PostgresGrammar extends Grammar {
  constructor(options: GrammarOptions = {}) {
    super(VOCABULARY, Comma, options);
  }

  protected override unexpected(token: SqlToken): never {
    return unexpectedToken(token);
  }

  /** What has no place in the source form. */
  protected refuse(what: string, token: SqlToken): never {
    if (this.RECORDING_PHASE) return undefined as never;
    throw notSupported(what, token.startOffset);
  }

  /** ColId: the name of a column, table or alias. */
  protected columnId(occurrence: number): string {
    return this.take(occurrence, ColumnId).value;
  }

  // any_name ::= ColId ( '.' ColLabel )*
  readonly anyName: Rule<[], SourceName> = this.RULE('anyName', () => {
    const first = this.take(1, ColumnId);
    const parts = [first];
    if (!this.RECORDING_PHASE && !this.isNext(1, Dot)) return nameOf(parts);
    this.MANY(() => {
      this.take(1, Dot);
      parts.push(this.take(1, ColumnLabel));
    });
    return nameOf(parts);
  });

  // '(' ColId ( ',' ColId )* ')'
  readonly columnNames: Rule<[], string[]> = this.RULE('columnNames', () => {
    this.take(1, LeftParen);
    const names = this.list(1, () => this.columnId(1));
    this.take(1, RightParen);
    return names;
  });
}
