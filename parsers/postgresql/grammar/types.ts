/**
 * Types by their names. Keywords for types are lowered to the names PostgreSQL has for them inside: INTEGER is int4, TIMESTAMP WITH
 * TIME ZONE is timestamptz. CHARACTER stays `char`, for only that name has a length when none is written.
 */

import type { SourceExpression, SourceName, SourceType } from '../../../engine/sblr/source.gen.ts';
import { syntaxError } from '../../../engine/sblr/parse-error.ts';
import type { Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { integerConstant, nameOf, ownName, ownType, typeNode } from '../lower.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { PostgresGrammar } from './base.ts';

/** Keyword -> PostgreSQL's name of the type, where they differ. */
const INTERNAL_NAMES = new Map<string, string>([
  ...(['int', 'integer'].map((word) => [word, 'int4']) as [string, string][]),
  ...([
    ['smallint', 'int2'],
    ['bigint', 'int8'],
    ['real', 'float4'],
    ['boolean', 'bool'],
  ] as [string, string][]),
  ...(['decimal', 'dec'].map((word) => [word, 'numeric']) as [string, string][]),
]);

const INTERVAL_FIELDS = new Set([
  ...['year', 'month', 'day', 'hour', 'minute', 'second', 'year to month', 'day to hour', 'day to minute', 'day to second'],
  ...['hour to minute', 'hour to second', 'minute to second'],
]);

const FLOAT4_BITS_MAX = 24;
const FLOAT8_BITS_MAX = 53;

/** FLOAT(p): the bits of the mantissa say which. */
function floatType(token: SqlToken, modifiers: readonly SourceExpression[]): SourceType {
  if (modifiers.length === 0) return ownType(token.ordinal, 'float8');
  const bits = modifiers[0].op === 'constant' ? Number(modifiers[0].text) : Number.NaN;
  if (!(bits >= 1)) throw syntaxError('precision for type float must be at least 1 bit', token.startOffset);
  if (bits > FLOAT8_BITS_MAX) throw syntaxError('precision for type float must be less than 54 bits', token.startOffset);
  return ownType(token.ordinal, bits <= FLOAT4_BITS_MAX ? 'float4' : 'float8');
}

export abstract class TypeGrammar extends PostgresGrammar {
  abstract readonly expression: Rule<[restricted?: boolean], SourceExpression>;

  // Typename ::= SimpleTypename ( '[' Iconst? ']' )* | SimpleTypename ARRAY ( '[' Iconst ']' )?
  readonly typeName: Rule<[], SourceType> = this.RULE('typeName', () => {
    this.OPTION1(() => {
      const setof = this.take(1, K.SETOF);
      this.ACTION(() => this.refuse('SETOF', setof));
    });
    const type = this.SUBRULE(this.simpleType);
    let dimensions = 0;
    this.OR([
      {
        ALT: () => {
          this.take(1, K.ARRAY);
          dimensions = 1;
          this.OPTION2(() => {
            this.take(1, T.LeftBracket);
            this.take(1, T.IntegerLiteral);
            this.take(1, T.RightBracket);
          });
        },
      },
      {
        ALT: () =>
          this.MANY(() => {
            this.take(2, T.LeftBracket);
            this.OPTION3(() => this.take(2, T.IntegerLiteral));
            this.take(2, T.RightBracket);
            dimensions++;
          }),
      },
    ]);
    return dimensions === 0 ? type : { ...type, dimensions };
  });

  readonly simpleType: Rule<[], SourceType> = this.RULE('simpleType', () =>
    this.OR([
      { ALT: () => this.plainType() },
      { ALT: () => this.modifiedType() },
      { GATE: () => this.isNext(2, K.PRECISION), ALT: () => this.doublePrecision() },
      { ALT: () => this.characterType() },
      { ALT: () => this.bitType() },
      { ALT: () => this.timeType() },
      { ALT: () => this.SUBRULE(this.intervalType) },
      { ALT: () => this.SUBRULE(this.genericType) },
    ]),
  );

  private plainType(): SourceType {
    const word = this.take(1, T.PlainTypeWord);
    return ownType(word.ordinal, INTERNAL_NAMES.get(word.value) ?? word.value);
  }

  private modifiedType(): SourceType {
    const word = this.take(2, T.ModifiedTypeWord);
    const takesList = this.ACTION(() => word.value !== 'varchar' && word.value !== 'float');
    const modifiers = this.OR2([
      { GATE: () => takesList, ALT: () => this.SUBRULE1(this.typeModifiers) },
      { ALT: () => this.SUBRULE1(this.length) },
    ]);
    if (word.value === 'float') return this.ACTION(() => floatType(word, modifiers));
    return ownType(word.ordinal, INTERNAL_NAMES.get(word.value) ?? word.value, modifiers);
  }

  private doublePrecision(): SourceType {
    const word = this.take(3, K.DOUBLE);
    this.take(3, K.PRECISION);
    return ownType(word.ordinal, 'float8');
  }

  // ( CHARACTER | CHAR | NCHAR | NATIONAL ( CHARACTER | CHAR ) ) VARYING? ( '(' Iconst ')' )?
  private characterType(): SourceType {
    let start: SqlToken | undefined;
    this.OPTION4(() => (start = this.take(4, K.NATIONAL)));
    const word = this.take(4, T.CharacterTypeWord);
    const varying = this.has(5, K.VARYING);
    return ownType((start ?? word).ordinal, varying ? 'varchar' : 'char', this.SUBRULE2(this.length));
  }

  private bitType(): SourceType {
    const word = this.take(6, K.BIT);
    const varying = this.has(6, K.VARYING);
    return ownType(word.ordinal, varying ? 'varbit' : 'bit', this.SUBRULE3(this.typeModifiers));
  }

  // ( TIME | TIMESTAMP ) ( '(' Iconst ')' )? ( WITH TIME ZONE | WITHOUT TIME ZONE )?
  private timeType(): SourceType {
    const word = this.take(7, T.TimeTypeWord);
    const modifiers = this.SUBRULE4(this.length);
    let hasZone = false;
    this.OPTION7(() => {
      hasZone = this.OR7([
        {
          ALT: () => {
            this.take(7, T.WithTime);
            return true;
          },
        },
        {
          ALT: () => {
            this.take(7, T.WithoutTime);
            return false;
          },
        },
      ]);
      this.take(7, K.TIME);
      this.take(7, K.ZONE);
    });
    return ownType(word.ordinal, hasZone ? `${word.value}tz` : word.value, modifiers);
  }

  // ( '(' expression ( ',' expression )* ')' )?
  readonly typeModifiers: Rule<[], SourceExpression[]> = this.RULE('typeModifiers', () => {
    let modifiers: SourceExpression[] = [];
    this.OPTION(() => {
      this.take(1, T.LeftParen);
      modifiers = this.list(1, () => this.SUBRULE(this.expression));
      this.take(1, T.RightParen);
    });
    return modifiers;
  });

  // ( '(' Iconst ')' )?
  readonly length: Rule<[], SourceExpression[]> = this.RULE('length', () => {
    const modifiers: SourceExpression[] = [];
    this.OPTION(() => {
      this.take(1, T.LeftParen);
      modifiers.push(integerConstant(this.take(1, T.IntegerLiteral)));
      this.take(1, T.RightParen);
    });
    return modifiers;
  });

  // INTERVAL ( '(' Iconst ')' | fields )?
  readonly intervalType: Rule<[], SourceType> = this.RULE('intervalType', () => {
    const word = this.take(1, K.INTERVAL);
    const modifiers = this.SUBRULE(this.length);
    return this.SUBRULE(this.intervalFields, { ARGS: [word, modifiers] });
  });

  // ( YEAR | ... | YEAR TO MONTH | ... | ... SECOND ( '(' Iconst ')' )? )?
  readonly intervalFields: Rule<[SqlToken, SourceExpression[]], SourceType> = this.RULE(
    'intervalFields',
    (word: SqlToken, outer: SourceExpression[]) => {
      let fields: string | null = null;
      let modifiers = outer;
      this.OPTION1({
        GATE: () => modifiers.length === 0,
        DEF: () => {
          const first = this.take(1, T.IntervalField);
          fields = first.value;
          this.OPTION2(() => {
            this.take(1, K.TO);
            const last = this.take(2, T.IntervalField);
            fields = `${first.value} to ${last.value}`;
            this.ACTION(() => {
              if (!INTERVAL_FIELDS.has(fields as string)) this.unexpected(last);
            });
          });
          this.OPTION3({
            GATE: () => fields?.endsWith('second') === true,
            DEF: () => {
              this.take(1, T.LeftParen);
              modifiers = [integerConstant(this.take(1, T.IntegerLiteral))];
              this.take(1, T.RightParen);
            },
          });
        },
      });
      return this.ACTION(() => typeNode(word.ordinal, ownName(word.ordinal, 'interval'), modifiers, fields));
    },
  );

  // type_function_name ( '.' ColLabel )* typeModifiers
  readonly genericType: Rule<[], SourceType> = this.RULE('genericType', () => {
    const parts = [this.take(1, T.TypeFunctionName)];
    this.MANY(() => {
      this.take(1, T.Dot);
      parts.push(this.take(2, T.ColumnLabel));
    });
    this.OPTION({
      GATE: () => this.isNext(2, K.TYPE),
      DEF: () => this.refuse('%TYPE', this.take(1, T.Percent)),
    });
    const modifiers = this.SUBRULE(this.typeModifiers);
    const name: SourceName = nameOf(parts);
    return typeNode(name.at, name, modifiers);
  });
}
