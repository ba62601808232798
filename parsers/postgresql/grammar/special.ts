/**
 * Functions with a syntax of their own (func_expr_common_subexpr of gram.y), lowered to calls of the functions that PostgreSQL uses:
 *
 *   EXTRACT(year FROM x)               extract('year', x)      POSITION(a IN b)                    position(b, a)
 *   SUBSTRING(x FROM a FOR b)          substring(x, a, b)      SUBSTRING(x FOR b)                  substring(x, 1, b::int4)
 *   SUBSTRING(x SIMILAR p ESCAPE e)    substring(x, p, e)      OVERLAY(x PLACING y FROM a FOR b)   overlay(x, y, a, b)
 *   TRIM(BOTH c FROM x)                btrim(x, c)             TRIM(LEADING ...), TRIM(TRAILING .) ltrim, rtrim
 *   NORMALIZE(x, NFKC)                 normalize(x, 'NFKC')    COLLATION FOR (x)                   pg_collation_for(x)
 *   JSON_OBJECT, JSON_ARRAY and the like: json.ts
 */

import type { SourceExpression } from '../../../engine/sblr/source.gen.ts';
import type { Rule } from '../../kit/grammar.ts';
import { constant, ownType, systemCall } from '../lower.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { JsonGrammar } from './json.ts';

type SpecialName = 'coalesce' | 'nullif' | 'greatest' | 'least';

export abstract class SpecialGrammar extends JsonGrammar {
  private readonly specials = [
    { ALT: () => this.SUBRULE(this.coalesceCall) },
    { ALT: () => this.SUBRULE(this.extractCall) },
    { ALT: () => this.SUBRULE(this.positionCall) },
    { ALT: () => this.SUBRULE(this.substringCall) },
    { ALT: () => this.SUBRULE(this.overlayCall) },
    { ALT: () => this.SUBRULE(this.trimCall) },
    { ALT: () => this.SUBRULE(this.normalizeCall) },
    { ALT: () => this.groupingCall() },
    { ALT: () => this.collationCall() },
    { ALT: () => this.SUBRULE(this.jsonObject) },
    { ALT: () => this.SUBRULE(this.jsonArray) },
    { ALT: () => this.SUBRULE(this.jsonPath) },
    { ALT: () => this.documentCall() },
  ];

  override readonly specialCall: Rule<[], SourceExpression> = this.RULE(
    'specialCall',
    (): SourceExpression => this.OR(this.specials as never),
  );

  // ( COALESCE | NULLIF | GREATEST | LEAST ) '(' expression ( ',' expression )* ')'
  readonly coalesceCall: Rule<[], SourceExpression> = this.RULE('coalesceCall', () => {
    const word = this.take(1, T.SpecialFunction);
    this.take(1, T.LeftParen);
    const args = this.list(1, () => this.SUBRULE(this.expression));
    this.ACTION(() => {
      if (word.value === 'nullif' && args.length !== 2) this.unexpected(this.next(1));
    });
    this.take(1, T.RightParen);
    return { op: 'special', at: word.ordinal, function: word.value as SpecialName, arguments: args } as SourceExpression;
  });

  // EXTRACT '(' ( name | Sconst ) FROM expression ')'
  readonly extractCall: Rule<[], SourceExpression> = this.RULE('extractCall', () => {
    const word = this.take(1, K.EXTRACT);
    this.take(1, T.LeftParen);
    const field = this.OR([
      { ALT: () => this.take(1, T.StringLiteral) },
      { ALT: () => this.take(1, T.Identifier) },
      { ALT: () => this.take(1, T.IntervalField) },
    ]);
    this.take(1, K.FROM);
    const operand = this.SUBRULE(this.expression);
    this.take(1, T.RightParen);
    return systemCall(word.ordinal, 'extract', [constant(field.ordinal, 'string', field.value), operand]);
  });

  // POSITION '(' restricted IN restricted ')'
  readonly positionCall: Rule<[], SourceExpression> = this.RULE('positionCall', () => {
    const word = this.take(1, K.POSITION);
    this.take(1, T.LeftParen);
    const part = this.SUBRULE1(this.expression, { ARGS: [true] });
    this.take(1, K.IN);
    const whole = this.SUBRULE2(this.expression, { ARGS: [true] });
    this.take(1, T.RightParen);
    return systemCall(word.ordinal, 'position', [whole, part]);
  });

  // SUBSTRING '(' x ( FROM a ( FOR b )? | FOR b ( FROM a )? | SIMILAR p ESCAPE e | ( ',' expression )* ) ')'
  readonly substringCall: Rule<[], SourceExpression> = this.RULE('substringCall', () => {
    const word = this.take(1, K.SUBSTRING);
    this.take(1, T.LeftParen);
    const args: SourceExpression[] = [];
    this.OPTION1(() => {
      args.push(this.SUBRULE1(this.expression));
      this.OR([
        { ALT: () => this.fromFor(args) },
        { ALT: () => this.forFrom(args) },
        { ALT: () => this.similarEscape(args) },
        {
          ALT: () =>
            this.MANY(() => {
              this.take(1, T.Comma);
              args.push(this.SUBRULE2(this.expression));
            }),
        },
      ]);
    });
    this.take(1, T.RightParen);
    return systemCall(word.ordinal, 'substring', args);
  });

  private fromFor(args: SourceExpression[]): void {
    this.take(2, K.FROM);
    args.push(this.SUBRULE3(this.expression));
    this.OPTION2(() => {
      this.take(2, K.FOR);
      args.push(this.SUBRULE4(this.expression));
    });
  }

  /** FOR alone: PostgreSQL starts at 1 and casts the length, so that it is not taken for the form with a pattern. */
  private forFrom(args: SourceExpression[]): void {
    const { ordinal } = this.take(3, K.FOR);
    const length = this.SUBRULE5(this.expression);
    let from: SourceExpression | null = null;
    this.OPTION3(() => {
      this.take(3, K.FROM);
      from = this.SUBRULE6(this.expression);
    });
    this.ACTION(() => {
      if (from !== null) args.push(from, length);
      else
        args.push(constant(ordinal, 'integer', '1'), {
          op: 'cast',
          at: ordinal,
          operand: length,
          type: ownType(ordinal, 'int4'),
        });
    });
  }

  private similarEscape(args: SourceExpression[]): void {
    this.take(4, K.SIMILAR);
    args.push(this.SUBRULE7(this.expression));
    this.take(4, K.ESCAPE);
    args.push(this.SUBRULE8(this.expression));
  }

  // OVERLAY '(' x PLACING y FROM a ( FOR b )? ')' | OVERLAY '(' ( expression ( ',' expression )* )? ')'
  readonly overlayCall: Rule<[], SourceExpression> = this.RULE('overlayCall', () => {
    const word = this.take(1, K.OVERLAY);
    this.take(1, T.LeftParen);
    const args: SourceExpression[] = [];
    this.OPTION1(() => {
      args.push(this.SUBRULE1(this.expression));
      this.OR([
        {
          ALT: () => {
            this.take(1, K.PLACING);
            args.push(this.SUBRULE2(this.expression));
            this.take(1, K.FROM);
            args.push(this.SUBRULE3(this.expression));
            this.OPTION2(() => {
              this.take(1, K.FOR);
              args.push(this.SUBRULE4(this.expression));
            });
          },
        },
        {
          ALT: () =>
            this.MANY(() => {
              this.take(1, T.Comma);
              args.push(this.SUBRULE5(this.expression));
            }),
        },
      ]);
    });
    this.take(1, T.RightParen);
    return systemCall(word.ordinal, 'overlay', args);
  });

  // TRIM '(' ( BOTH | LEADING | TRAILING )? ( x FROM list | FROM list | list ) ')'
  readonly trimCall: Rule<[], SourceExpression> = this.RULE('trimCall', () => {
    const word = this.take(1, K.TRIM);
    this.take(1, T.LeftParen);
    let name = 'btrim';
    this.OPTION1(() => {
      name = this.OR1([
        { ALT: () => this.yields('btrim', 1, K.BOTH) },
        { ALT: () => this.yields('ltrim', 1, K.LEADING) },
        { ALT: () => this.yields('rtrim', 1, K.TRAILING) },
      ]);
    });
    let args: SourceExpression[] = [];
    this.OR2([
      { ALT: () => (args = this.trimmedList(1)) },
      {
        ALT: () => {
          const first = this.list(1, () => this.SUBRULE1(this.expression));
          args = first;
          this.OPTION2({
            GATE: () => first.length === 1,
            DEF: () => {
              const rest = this.trimmedList(2);
              this.ACTION(() => (args = [...rest, first[0]]));
            },
          });
        },
      },
    ]);
    this.take(1, T.RightParen);
    return this.ACTION(() => systemCall(word.ordinal, name, args));
  });

  // FROM expression ( ',' expression )*
  private trimmedList(occurrence: 1 | 2): SourceExpression[] {
    this.take(occurrence, K.FROM);
    return occurrence === 1
      ? this.list(2, () => this.SUBRULE2(this.expression))
      : this.list(3, () => this.SUBRULE3(this.expression));
  }

  // NORMALIZE '(' expression ( ',' ( NFC | NFD | NFKC | NFKD ) )? ')'
  readonly normalizeCall: Rule<[], SourceExpression> = this.RULE('normalizeCall', () => {
    const word = this.take(1, K.NORMALIZE);
    this.take(1, T.LeftParen);
    const args = [this.SUBRULE(this.expression)];
    this.OPTION(() => {
      this.take(1, T.Comma);
      const form = this.OR([
        { ALT: () => this.take(1, K.NFC) },
        { ALT: () => this.take(1, K.NFD) },
        { ALT: () => this.take(1, K.NFKC) },
        { ALT: () => this.take(1, K.NFKD) },
      ]);
      this.ACTION(() => args.push(constant(form.ordinal, 'string', form.value.toUpperCase())));
    });
    this.take(1, T.RightParen);
    return systemCall(word.ordinal, 'normalize', args);
  });

  // GROUPING '(' expression ( ',' expression )* ')'
  private groupingCall(): SourceExpression {
    const word = this.take(5, K.GROUPING);
    this.take(5, T.LeftParen);
    const args = this.list(5, () => this.SUBRULE5(this.expression));
    this.take(5, T.RightParen);
    return systemCall(word.ordinal, 'grouping', args);
  }

  // COLLATION FOR '(' expression ')'
  private collationCall(): SourceExpression {
    const word = this.take(6, K.COLLATION);
    this.take(6, K.FOR);
    this.take(6, T.LeftParen);
    const operand = this.SUBRULE6(this.expression);
    this.take(6, T.RightParen);
    return systemCall(word.ordinal, 'pg_collation_for', [operand]);
  }

  private documentCall(): SourceExpression {
    const word = this.take(7, T.DocumentFunction);
    return this.ACTION(() => this.refuse(word.value.toUpperCase(), word));
  }
}
