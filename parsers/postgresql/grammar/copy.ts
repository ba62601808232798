/** COPY: with options in parentheses, and in the order and words of earlier releases. Read word by word, as in objects.ts. */

import { EOF } from 'chevrotain';
import type { SourceExpression, SourceOption, SourceStatement } from '../../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant } from '../lower.ts';
import { notSupported } from '../../../engine/sblr/parse-error.ts';
import * as T from '../tokens.ts';
import { RoutineGrammar } from './routines.ts';

type Copy = Extract<SourceStatement, { op: 'copy' }>;

/** Options whose value is a list of columns, or `*`. */
const OF_COLUMNS = new Set(['force_quote', 'force_not_null', 'force_null']);

export class CopyGrammar extends RoutineGrammar {
  // COPY BINARY? ( name columns? | '(' query ')' ) ( FROM | TO ) ( STDIN | STDOUT | Sconst ) options ( WHERE expression )?
  protected copied({ ordinal: at }: SqlToken): SourceStatement {
    const options: SourceOption[] = [];
    if (this.is('binary') && !this.isNext(2, EOF)) options.push(this.plainOption('format', 'binary', this.word('binary')));
    const isQuery = this.isNext(1, T.LeftParen);
    const query = isQuery ? this.copiedQuery() : null;
    const table = isQuery ? null : this.SUBRULE(this.anyName);
    const columns = !isQuery && this.isNext(1, T.LeftParen) ? this.SUBRULE(this.columnNames) : [];
    const direction = (this.acceptOne('from', 'to') ?? this.unexpected(this.next(1))).value as Copy['direction'];
    if (isQuery && direction === 'from') this.unexpected(this.next(1));
    const file = this.copyTarget();
    this.copyOptions(options);
    const where = direction === 'from' && this.accept('where') ? this.SUBRULE(this.expression) : null;
    return { op: 'copy', at, table, columns, query, direction, file, options, where };
  }

  private copiedQuery(): Copy['query'] {
    this.take(0, T.LeftParen);
    const lender = this.lender();
    const query = this.delegate(lender, lender.preparable);
    this.take(0, T.RightParen);
    return query as Copy['query'];
  }

  private copyTarget(): string | null {
    const start = this.next(1);
    if (this.is('program')) throw notSupported('COPY with PROGRAM', start.startOffset);
    if (this.acceptOne('stdin', 'stdout') !== null) return null;
    return this.take(0, T.StringLiteral).value;
  }

  private plainOption(name: string, value: string | null, { ordinal: at }: SqlToken): SourceOption {
    return { op: 'option', at, name, value: value === null ? null : constant(at, 'string', value) };
  }

  private copyOptions(options: SourceOption[]): void {
    if (this.is('using') || this.is('delimiters')) {
      this.accept('using');
      const word = this.word('delimiters');
      options.push(this.plainOption('delimiter', this.take(0, T.StringLiteral).value, word));
    }
    this.accept('with');
    if (!this.isNext(1, T.LeftParen)) return this.oldCopyOptions(options);
    this.take(0, T.LeftParen);
    do this.copyOption(options);
    while (this.acceptComma());
    this.take(0, T.RightParen);
  }

  private acceptComma(): boolean {
    if (!this.isNext(1, T.Comma)) return false;
    this.take(0, T.Comma);
    return true;
  }

  private copyOption(options: SourceOption[]): void {
    const word = this.take(0, T.ColumnLabel);
    const name = word.value.toLowerCase();
    if (OF_COLUMNS.has(name)) return this.columnOptions(name, word, options);
    if (this.isNext(1, T.Comma) || this.isNext(1, T.RightParen)) options.push(this.plainOption(name, null, word));
    else options.push({ op: 'option', at: word.ordinal, name, value: this.copyValue() });
  }

  // Sconst | number | word
  private copyValue(): SourceExpression {
    if (this.isNext(1, T.IntegerLiteral) || this.isNext(1, T.Minus)) return this.SUBRULE(this.signedNumber);
    if (this.isNext(1, T.StringLiteral)) {
      const token = this.take(0, T.StringLiteral);
      return constant(token.ordinal, 'string', token.value);
    }
    const token = this.take(0, T.ColumnLabel);
    return constant(token.ordinal, 'string', token.value);
  }

  /** One option a column; `*` has no value. */
  private columnOptions(name: string, word: SqlToken, options: SourceOption[]): void {
    if (this.next(1).value === '*') {
      this.take(0, this.next(1).tokenType);
      options.push(this.plainOption(name, null, word));
      return;
    }
    const columns = this.isNext(1, T.LeftParen) ? this.SUBRULE(this.columnNames) : this.bareColumns();
    for (const column of columns) options.push(this.plainOption(name, column, word));
  }

  private bareColumns(): string[] {
    const names = [this.columnId(0)];
    while (this.acceptComma()) names.push(this.columnId(0));
    return names;
  }

  // ( BINARY | FREEZE | DELIMITER AS? Sconst | NULL AS? Sconst | CSV | HEADER | QUOTE ... | ESCAPE ... | FORCE ... | ENCODING Sconst )*
  private oldCopyOptions(options: SourceOption[]): void {
    for (;;) {
      const word = this.acceptOne('delimiter', 'null', 'binary', 'csv', 'freeze', 'header', 'quote', 'escape', 'force', 'encoding'); // biome-ignore format: a list
      if (word === null) return;
      const { value } = word;
      if (value === 'binary' || value === 'csv') options.push(this.plainOption('format', value, word));
      else if (value === 'freeze' || value === 'header') options.push(this.plainOption(value, null, word));
      else if (value === 'force') this.columnOptions(this.forced(), word, options);
      else {
        this.accept('as');
        const text = this.take(0, T.StringLiteral).value;
        options.push(this.plainOption(value, text, word));
      }
    }
  }

  private forced(): string {
    if (this.accept('quote')) return 'force_quote';
    if (this.accept('null')) return 'force_null';
    this.word('not');
    this.word('null');
    return 'force_not_null';
  }
}
