/** SQL/JSON (func_expr_common_subexpr of gram.y): JSON_OBJECT, JSON_ARRAY and their aggregates, JSON_EXISTS, JSON_VALUE, JSON_QUERY. */

import type { SourceExpression, SourceQuery, SourceSortItem, SourceType } from '../../../engine/sblr/source.gen.ts';
import type { Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant, ownType, systemCall } from '../lower.ts';
import {
  type Around,
  arrayAggregateOf,
  arrayOf,
  arrayOfRows,
  type Behaviour,
  castTo,
  jsonExistsOf,
  type JsonClauses,
  objectAggregateOf,
  objectOf,
  jsonQueryOf,
  jsonValueOf,
} from '../lower-json.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { AtomGrammar } from './atoms.ts';

type Writable<Clauses> = { -readonly [Key in keyof Clauses]: Clauses[Key] };

/** Clauses stand in this order. */
const RANK = { passing: 1, nulls: 2, unique: 3, returning: 4, wrapper: 5, quotes: 6, onEmpty: 7, onError: 8 };
type ClauseKind = keyof typeof RANK;

/** Which clauses a function takes. */
const OF_OBJECTS: readonly ClauseKind[] = ['nulls', 'unique', 'returning'];
const OF_ARRAYS: readonly ClauseKind[] = ['nulls', 'returning'];
const OF_PATHS: { readonly [word: string]: readonly ClauseKind[] } = {
  json_exists: ['passing', 'onError'],
  json_value: ['passing', 'returning', 'onEmpty', 'onError'],
  json_query: ['passing', 'returning', 'wrapper', 'quotes', 'onEmpty', 'onError'],
};

/** What ON EMPTY and ON ERROR may be, by function. */
const BEHAVIOURS: { readonly [word: string]: readonly string[] } = {
  json_exists: ['true', 'false', 'unknown', 'error'],
  json_value: ['null', 'error', 'default'],
  json_query: ['null', 'error', 'default', 'emptyArray', 'emptyObject'],
};

export abstract class JsonGrammar extends AtomGrammar {
  // ( JSON_OBJECT | JSON_OBJECTAGG ) '(' ( key ( ':' | VALUE ) value ( ',' ... )* )? clauses ')' around
  // JSON_OBJECT '(' expression ( ',' expression )* ')': the function json_object
  readonly jsonObject: Rule<[], SourceExpression> = this.RULE('jsonObject', () => {
    const word = this.OR1([{ ALT: () => this.take(1, K.JSON_OBJECT) }, { ALT: () => this.take(1, K.JSON_OBJECTAGG) }]);
    const args: SourceExpression[] = [];
    let hasPairs = false;
    this.take(1, T.LeftParen);
    this.OPTION1(() => {
      args.push(this.SUBRULE1(this.expression));
      this.OR2([
        {
          GATE: () => this.isNext(1, T.Colon) || this.isNext(1, K.VALUE),
          ALT: () => {
            hasPairs = true;
            args.push(this.SUBRULE1(this.jsonMember));
            this.MANY1(() => {
              this.take(1, T.Comma);
              args.push(this.SUBRULE2(this.expression));
              args.push(this.SUBRULE2(this.jsonMember));
            });
          },
        },
        {
          ALT: () =>
            this.MANY2(() => {
              this.take(2, T.Comma);
              args.push(this.SUBRULE3(this.expression));
            }),
        },
      ]);
    });
    const clauses = this.SUBRULE(this.jsonClauses, { ARGS: ['', OF_OBJECTS] });
    const end = this.take(1, T.RightParen);
    const around = this.SUBRULE(this.jsonAround, { ARGS: [word.tokenType === K.JSON_OBJECTAGG] });
    return this.ACTION((): SourceExpression => {
      const at = word.ordinal;
      if (word.tokenType === K.JSON_OBJECTAGG) {
        if (!hasPairs || args.length !== 2) this.unexpected(end);
        return objectAggregateOf(at, args, clauses, around);
      }
      return hasPairs || args.length === 0 ? objectOf(at, args, clauses) : systemCall(at, 'json_object', args);
    });
  });

  // ( ':' | VALUE ) value
  readonly jsonMember: Rule<[], SourceExpression> = this.RULE('jsonMember', () => {
    this.OR([{ ALT: () => this.take(1, T.Colon) }, { ALT: () => this.take(1, K.VALUE) }]);
    return this.SUBRULE(this.jsonOperand);
  });

  // expression ( FORMAT JSON )?
  readonly jsonOperand: Rule<[], SourceExpression> = this.RULE('jsonOperand', () => {
    const value = this.SUBRULE(this.expression);
    let isFormatted = false;
    const start = this.next(1);
    this.OPTION(() => {
      this.take(1, K.FORMAT);
      this.take(1, K.JSON);
      isFormatted = true;
    });
    return this.ACTION(() => (isFormatted ? castTo(start.ordinal, value, ownType(start.ordinal, 'json')) : value));
  });

  // ( JSON_ARRAY | JSON_ARRAYAGG ) '(' ( query | value ( ',' value )* ( ORDER BY ... )? )? clauses ')' around
  readonly jsonArray: Rule<[], SourceExpression> = this.RULE('jsonArray', () => {
    const word = this.OR1([{ ALT: () => this.take(1, K.JSON_ARRAY) }, { ALT: () => this.take(1, K.JSON_ARRAYAGG) }]);
    const args: SourceExpression[] = [];
    let order: SourceSortItem[] = [];
    let query: SourceQuery | null = null;
    this.take(1, T.LeftParen);
    this.OPTION1(() =>
      this.OR2([
        { GATE: () => this.isNext(1, T.QueryStart), ALT: () => void (query = this.SUBRULE(this.query)) },
        {
          GATE: () => !this.isNext(1, T.QueryStart),
          ALT: () => {
            args.push(this.SUBRULE1(this.jsonOperand));
            this.MANY(() => {
              this.take(1, T.Comma);
              args.push(this.SUBRULE2(this.jsonOperand));
            });
            this.OPTION2(() => void (order = this.SUBRULE(this.orderBy)));
          },
        },
      ]),
    );
    const clauses = this.SUBRULE(this.jsonClauses, { ARGS: ['', OF_ARRAYS] });
    const end = this.take(1, T.RightParen);
    const around = this.SUBRULE(this.jsonAround, { ARGS: [word.tokenType === K.JSON_ARRAYAGG] });
    return this.ACTION((): SourceExpression => {
      const at = word.ordinal;
      if (word.tokenType === K.JSON_ARRAYAGG) {
        if (args.length !== 1) this.unexpected(end);
        return arrayAggregateOf(at, args[0], clauses, { ...around, order });
      }
      if (order.length > 0) this.unexpected(end);
      return query === null ? arrayOf(at, args, clauses) : arrayOfRows(at, query, clauses);
    });
  });

  // ( FILTER '(' WHERE condition ')' )? ( OVER window )?
  readonly jsonAround: Rule<[isAggregate: boolean], Around> = this.RULE('jsonAround', (isAggregate: boolean) => {
    const around: Writable<Around> = {};
    this.OPTION1({
      GATE: () => isAggregate,
      DEF: () => {
        this.take(1, K.FILTER);
        this.take(1, T.LeftParen);
        this.take(1, K.WHERE);
        around.filter = this.SUBRULE(this.expression);
        this.take(1, T.RightParen);
      },
    });
    this.OPTION2({
      GATE: () => isAggregate,
      DEF: () => {
        this.take(1, K.OVER);
        around.over = this.SUBRULE(this.windowSpec);
      },
    });
    return around;
  });

  // ( JSON_EXISTS | JSON_VALUE | JSON_QUERY ) '(' document ',' path clauses ')'
  readonly jsonPath: Rule<[], SourceExpression> = this.RULE('jsonPath', () => {
    const word = this.OR([
      { ALT: () => this.take(1, K.JSON_EXISTS) },
      { ALT: () => this.take(1, K.JSON_VALUE) },
      { ALT: () => this.take(1, K.JSON_QUERY) },
    ]);
    this.take(1, T.LeftParen);
    const document = this.SUBRULE(this.jsonOperand);
    this.take(1, T.Comma);
    const path = this.SUBRULE(this.expression);
    const clauses = this.SUBRULE(this.jsonClauses, { ARGS: [word.value, OF_PATHS[word.value] ?? []] });
    this.take(1, T.RightParen);
    return this.ACTION((): SourceExpression => {
      const at = word.ordinal;
      if (word.value === 'json_exists') return jsonExistsOf(at, document, path, clauses);
      const call = (word.value === 'json_value' ? jsonValueOf : jsonQueryOf)(at, document, path, clauses);
      return call ?? this.refuse(`${word.value.toUpperCase()} with RETURNING of this type`, word);
    });
  });

  /** Clauses in their order; `word`: the function, for what may stand before ON EMPTY and ON ERROR. */
  readonly jsonClauses: Rule<[word: string, kinds: readonly ClauseKind[]], JsonClauses> = this.RULE(
    'jsonClauses',
    (word: string, kinds: readonly ClauseKind[]) => {
      const clauses: Writable<JsonClauses> = {
        ...{ passing: [], returning: null, nulls: '', unique: false, wrapper: 'never', omitsQuotes: false },
        ...{ onEmpty: null, onError: null },
      };
      let rank = 0;
      const follows = (kind: ClauseKind, token: SqlToken): void => {
        this.ACTION(() => {
          if (!kinds.includes(kind) || RANK[kind] <= rank) this.unexpected(token);
          rank = RANK[kind];
        });
      };
      this.MANY(() => {
        const start = this.next(1);
        this.OR([
          {
            ALT: () => {
              follows('passing', start);
              clauses.passing = this.passed();
            },
          },
          {
            ALT: () => {
              follows('returning', start);
              clauses.returning = this.returnedType();
            },
          },
          { ALT: () => this.withWords(clauses, start, follows) },
          {
            ALT: () => {
              follows('quotes', start);
              clauses.omitsQuotes = this.quotesOmitted();
            },
          },
          { ALT: () => this.behaviour(clauses, word, start, follows) },
        ]);
      });
      return clauses;
    },
  );

  // PASSING value AS name ( ',' value AS name )*
  private passed(): SourceExpression[] {
    const passing: SourceExpression[] = [];
    this.take(1, K.PASSING);
    this.list(1, () => {
      const value = this.SUBRULE1(this.jsonOperand);
      this.take(1, K.AS);
      const name = this.take(1, T.ColumnLabel);
      passing.push(constant(name.ordinal, 'string', name.value), value);
    });
    return passing;
  }

  // RETURNING type ( FORMAT JSON )?
  private returnedType(): SourceType {
    this.take(1, K.RETURNING);
    const type = this.SUBRULE(this.typeName);
    this.OPTION1(() => {
      this.take(1, K.FORMAT);
      this.take(1, K.JSON);
    });
    return type;
  }

  // ( WITH | WITHOUT ) ( UNIQUE KEYS? | ( CONDITIONAL | UNCONDITIONAL )? ARRAY? WRAPPER )
  private withWords(clauses: Writable<JsonClauses>, start: SqlToken, follows: (kind: ClauseKind, token: SqlToken) => void): void {
    let isConditional = false;
    const isWith = this.OR1([
      { ALT: () => this.take(1, K.WITH).ordinal >= 0 },
      { ALT: () => this.take(1, K.WITHOUT).ordinal < 0 },
    ]);
    this.OR2([
      {
        ALT: () => {
          follows('unique', start);
          this.take(1, K.UNIQUE);
          this.OPTION2(() => this.take(1, K.KEYS));
          clauses.unique = isWith;
        },
      },
      {
        ALT: () => {
          follows('wrapper', start);
          this.OPTION3(() => {
            isConditional = this.OR3([
              { ALT: () => this.take(1, K.CONDITIONAL).ordinal >= 0 },
              { ALT: () => this.take(1, K.UNCONDITIONAL).ordinal < 0 },
            ]);
          });
          this.OPTION4(() => this.take(1, K.ARRAY));
          this.take(1, K.WRAPPER);
          clauses.wrapper = !isWith ? 'never' : isConditional ? 'conditional' : 'always';
        },
      },
    ]);
  }

  // ( KEEP | OMIT ) QUOTES ( ON SCALAR STRING )?
  private quotesOmitted(): boolean {
    const omits = this.OR4([{ ALT: () => this.take(1, K.KEEP).ordinal < 0 }, { ALT: () => this.take(1, K.OMIT).ordinal >= 0 }]);
    this.take(1, K.QUOTES);
    this.OPTION5(() => {
      this.take(1, K.ON);
      this.take(1, K.SCALAR);
      this.take(1, K.STRING);
    });
    return omits;
  }

  // ( NULL | ABSENT | ERROR | TRUE | FALSE | UNKNOWN | EMPTY ( ARRAY | OBJECT )? | DEFAULT expression ) ON ( NULL | EMPTY | ERROR )
  private behaviour(
    clauses: Writable<JsonClauses>,
    word: string,
    start: SqlToken,
    follows: (kind: ClauseKind, token: SqlToken) => void,
  ): void {
    let kind = start.value;
    let value: SourceExpression | null = null;
    this.OR5([
      { ALT: () => this.take(1, K.NULL) },
      { ALT: () => this.take(1, K.ABSENT) },
      { ALT: () => this.take(1, K.ERROR) },
      { ALT: () => this.take(1, K.TRUE) },
      { ALT: () => this.take(1, K.FALSE) },
      { ALT: () => this.take(1, K.UNKNOWN) },
      {
        ALT: () => {
          this.take(1, K.EMPTY);
          kind = 'emptyArray';
          this.OPTION6(() => {
            this.OR6([
              { ALT: () => this.take(2, K.ARRAY) },
              {
                ALT: () => {
                  this.take(1, K.OBJECT);
                  kind = 'emptyObject';
                },
              },
            ]);
          });
        },
      },
      {
        ALT: () => {
          this.take(1, K.DEFAULT);
          value = this.SUBRULE2(this.expression);
        },
      },
    ]);
    this.take(2, K.ON);
    const what = this.next(1);
    const put = (behaviour: Behaviour): void => {
      if (what.tokenType === K.NULL) {
        if (kind !== 'null' && kind !== 'absent') this.unexpected(start);
        follows('nulls', start);
        clauses.nulls = kind;
        return;
      }
      if (BEHAVIOURS[word]?.includes(kind) !== true) this.unexpected(start);
      const which = what.tokenType === K.EMPTY ? 'onEmpty' : 'onError';
      follows(which, start);
      clauses[which] = behaviour;
    };
    this.OR7([{ ALT: () => this.take(2, K.NULL) }, { ALT: () => this.take(2, K.EMPTY) }, { ALT: () => this.take(2, K.ERROR) }]);
    this.ACTION(() => put({ kind, value }));
  }
}
