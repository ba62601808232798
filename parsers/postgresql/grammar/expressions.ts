/**
 * Expressions (a_expr, b_expr, c_expr of gram.y): one flat rule. Operands and operators are read in a loop; the operator stack puts
 * them together by the table in ../precedence.ts.
 *
 *   expression ::= operand ( binary operand | IS ... | IN ... | ... )*
 *   operand    ::= ( '+' | '-' | NOT | operator )* atom ( '::' type )*
 *
 * `restricted` is b_expr: what may stand where AND, IN and the like belong to what is around it (BETWEEN low AND high, DEFAULT,
 * POSITION).
 */

import type { SourceExpression, SourceName, SourceQuery } from '../../../engine/sblr/source.gen.ts';
import { EOF } from 'chevrotain';
import type { Rule } from '../../kit/grammar.ts';
import { OperatorStack } from '../../kit/operators.ts';
import type { SqlToken } from '../../kit/token.ts';
import { isJsonTest } from '../lower-json.ts';
import { constant, ownName, systemCall } from '../lower.ts';
import * as P from '../precedence.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { isQueryAhead } from './parentheses.ts';
import { TypeGrammar } from './types.ts';

const { LEVEL } = P;

/** The operator that LIKE ANY (...) stands for. */
const LIKE_OPERATORS: { readonly [kind in P.LikeKind]: readonly [plain: string, negated: string] } = {
  like: ['~~', '!~~'],
  ilike: ['~~*', '!~~*'],
  similar: ['~', '!~'],
};

/** What may follow an item of SELECT. */
const ENDS_ITEM = new Set([
  ...[
    T.Comma,
    T.RightParen,
    EOF,
    K.FROM,
    K.INTO,
    K.WHERE,
    K.GROUP,
    K.HAVING,
    K.WINDOW,
    K.ORDER,
    K.LIMIT,
    K.OFFSET,
    K.FETCH,
    K.FOR,
  ],
  ...[K.UNION, K.INTERSECT, K.EXCEPT],
]);

export abstract class ExpressionGrammar extends TypeGrammar {
  abstract readonly atom: Rule<[], SourceExpression>;
  /** Alternatives, each an expression. */
  protected abstract readonly atoms: readonly object[];
  abstract readonly query: Rule<[], SourceQuery>;

  protected readonly stack = new OperatorStack();
  /** Of the expression being read: b_expr. */
  private restricted = false;
  /** Behind it a label may stand without AS, which may be a word that operators are made of. */
  private labelled = false;

  override reset(): void {
    super.reset();
    this.stack?.clear();
    this.restricted = false;
    this.labelled = false;
  }

  override readonly expression: Rule<[restricted?: boolean, labelled?: boolean], SourceExpression> = this.RULE(
    'expression',
    (restricted?: boolean, labelled?: boolean) => {
      this.enterExpression();
      const outer = this.restricted;
      const outerLabelled = this.labelled;
      this.restricted = restricted === true;
      this.labelled = labelled === true;
      const mark = this.stack.open();
      this.SUBRULE(this.operand);
      this.MANY(this.tail);
      const value = this.stack.close(mark);
      this.restricted = outer;
      this.labelled = outerLabelled;
      this.leaveExpression();
      return value;
    },
  );

  private readonly isFull = (): boolean => !this.restricted;
  private readonly isLikeOpen = (): boolean => {
    if (this.restricted) return false;
    // ESCAPE goes on with nothing but LIKE: as in PostgreSQL's tables it completes all that stands between.
    return this.stack.settleTo(P.isLike);
  };

  private readonly tails = [
    { ALT: () => this.binaryTail(1) },
    { GATE: this.isFull, ALT: () => this.joinTail(K.AND, P.and) },
    { GATE: this.isFull, ALT: () => this.joinTail(K.OR, P.or) },
    { ...this.ruleAlternative('isTail'), GATE: () => !this.restricted || this.isDistinctAhead() },
    { GATE: this.isFull, ALT: () => this.nullTail(K.ISNULL, false) },
    { GATE: this.isFull, ALT: () => this.nullTail(K.NOTNULL, true) },
    { ...this.ruleAlternative('matchTail'), GATE: this.isFull },
    { GATE: () => this.isFull() && (this.isNext(2, K.TIME) || this.isNext(2, K.LOCAL)), ALT: () => this.atTail() },
    { GATE: this.isFull, ALT: () => this.collateTail() },
    { GATE: this.isFull, ALT: () => this.castTail() },
    { GATE: this.isLikeOpen, ALT: () => this.escapeTail() },
    { GATE: () => this.isFull() && this.stack.peekOperand().op === 'row', ALT: () => this.overlapsTail() },
  ];

  /** Tokens that may go on with an expression here: not all that may elsewhere, for some are names too. */
  private readonly tail = {
    GATE: (): boolean => this.goesOn(),
    DEF: (): void => {
      this.OR(this.tails);
    },
  };

  private goesOn(): boolean {
    if (this.isNext(1, T.BinaryOperator)) return true;
    if (this.labelled && this.isNext(1, T.BareLabel) && this.isLabel()) return false;
    if (this.restricted) return this.isNext(1, K.IS) && this.isDistinctAhead();
    if (this.isNext(1, K.AT)) return this.isNext(2, K.TIME) || this.isNext(2, K.LOCAL);
    if (this.isNext(1, K.SIMILAR)) return this.isNext(2, K.TO);
    if (this.isNext(1, K.ESCAPE)) return this.isLikeOpen();
    return true;
  }

  /** SELECT a in, b and FROM t: a word of operators that nothing of theirs follows is a label. */
  private isLabel(): boolean {
    return this.isNext(1, K.OPERATOR) ? !this.isNext(2, T.LeftParen) : ENDS_ITEM.has(this.LA(2).tokenType);
  }

  private isDistinctAhead(): boolean {
    return this.isNext(2, K.DISTINCT) || (this.isNext(2, K.NOT) && this.isNext(3, K.DISTINCT));
  }

  /** Completes what binds tighter than the operator at `token`. */
  private settle(level: number, token: SqlToken): void {
    if (this.RECORDING_PHASE) return;
    if (!this.stack.settle(level)) this.unexpected(token);
  }

  /** The operand on top gives way to what is made of it. */
  private wrap(make: (operand: SourceExpression) => SourceExpression): void {
    if (this.RECORDING_PHASE) return;
    this.stack.pushOperand(make(this.stack.popOperand()));
  }

  // operator operand | operator ( ANY | SOME | ALL ) '(' ( query | expression ) ')'
  private binaryTail(occurrence: 1): void {
    const start = this.next(1);
    const name = this.SUBRULE(this.anyOperator);
    const level = this.RECORDING_PHASE ? 0 : name === null ? P.levelOf(start) : LEVEL.other;
    this.settle(level, start);
    if (!this.RECORDING_PHASE && !this.isQuantifierAhead()) {
      this.stack.pushOperator(P.binary(start, name));
      this.SUBRULE2(this.operand);
      return;
    }
    this.or(occurrence, [
      {
        GATE: () => !this.restricted && this.isQuantifierAhead(),
        ALT: () =>
          this.SUBRULE1(this.quantified, { ARGS: [start, this.ACTION(() => name ?? ownName(start.ordinal, start.value))] }),
      },
      {
        ALT: () => {
          this.ACTION(() => this.stack.pushOperator(P.binary(start, name)));
          this.SUBRULE2(this.operand);
        },
      },
    ]);
  }

  private isQuantifierAhead(): boolean {
    return this.isNext(1, K.ANY) || this.isNext(1, K.SOME) || this.isNext(1, K.ALL);
  }

  /** An operator; its name when it is written OPERATOR(schema.name), else null. */
  readonly anyOperator: Rule<[], SourceName | null> = this.RULE('anyOperator', () => this.OR(this.operators));

  private readonly operators = [
    {
      ALT: (): SourceName | null => {
        this.take(1, T.BinaryOperator);
        return null;
      },
    },
    { ALT: (): SourceName | null => this.SUBRULE(this.qualifiedOperator) },
  ];

  // OPERATOR '(' ( ColId '.' )* operator ')'
  readonly qualifiedOperator: Rule<[], SourceName> = this.RULE('qualifiedOperator', () => {
    const start = this.take(1, K.OPERATOR);
    this.take(1, T.LeftParen);
    const parts: string[] = [];
    const quoted: boolean[] = [];
    this.MANY(() => {
      const part = this.take(1, T.ColumnId);
      parts.push(part.value);
      quoted.push(part.quoted);
      this.take(1, T.Dot);
    });
    parts.push(this.take(1, T.BinaryOperator).value);
    quoted.push(false);
    this.take(1, T.RightParen);
    const name: SourceName = { op: 'name', at: start.ordinal, parts, quoted };
    return name;
  });

  readonly quantified: Rule<[SqlToken, SourceName], void> = this.RULE('quantified', (start: SqlToken, operator: SourceName) => {
    const quantifier = this.OR1([
      { ALT: () => this.take(1, K.ANY) },
      { ALT: () => this.take(1, K.SOME) },
      { ALT: () => this.take(1, K.ALL) },
    ]);
    let query: SourceQuery | null = null;
    let array: SourceExpression | null = null;
    this.OR2([
      { GATE: () => isQueryAhead(this), ALT: () => (query = this.SUBRULE(this.queryInParens)) },
      {
        ALT: () => {
          this.take(1, T.LeftParen);
          array = this.SUBRULE(this.expression);
          this.take(1, T.RightParen);
        },
      },
    ]);
    const isAll = quantifier.tokenType === K.ALL;
    this.wrap((left) => ({
      op: 'quantified',
      at: start.ordinal,
      operator,
      quantifier: isAll ? 'all' : 'any',
      left,
      query,
      array,
    }));
  });

  abstract readonly queryInParens: Rule<[], SourceQuery>;

  private joinTail(type: typeof K.AND, make: typeof P.and): void {
    const token = this.consume(type === K.AND ? 2 : 3, type) as SqlToken;
    this.settle(type === K.AND ? LEVEL.and : LEVEL.or, token);
    this.ACTION(() => this.stack.pushOperator(make(token)));
    this.subrule(type === K.AND ? 3 : 4, this.operand);
  }

  // IS NOT? ( NULL | TRUE | FALSE | UNKNOWN | DISTINCT FROM operand | NFC? NORMALIZED | JSON ... )
  readonly isTail: Rule<[], void> = this.RULE('isTail', () => {
    const is = this.take(1, K.IS);
    this.settle(LEVEL.is, is);
    const negated = this.ACTION(() => this.isNext(1, K.NOT));
    this.OPTION1(() => this.take(1, K.NOT));
    this.OR([
      { ALT: () => this.isTest(is, this.take(1, K.NULL), 'null', negated) },
      { ALT: () => this.isTest(is, this.take(1, K.TRUE), 'true', negated) },
      { ALT: () => this.isTest(is, this.take(1, K.FALSE), 'false', negated) },
      { ALT: () => this.isTest(is, this.take(1, K.UNKNOWN), 'unknown', negated) },
      {
        ALT: () => {
          this.take(1, K.DISTINCT);
          this.take(1, K.FROM);
          this.ACTION(() => this.stack.pushOperator(P.isDistinct(is, negated)));
          this.SUBRULE(this.operand);
        },
      },
      { ALT: () => this.normalizedTest(is, negated) },
      { ALT: () => this.refuse('IS DOCUMENT', this.recorded(1, K.DOCUMENT)) },
      { ALT: () => this.jsonTest(is, negated) },
    ]);
  });

  /** A token whose presence is an error: taken while recording only, so that the error points at it. */
  protected recorded(occurrence: number, type: typeof K.IS): SqlToken {
    return this.take(occurrence, type);
  }

  private isTest(is: SqlToken, _word: SqlToken, test: 'null' | 'true' | 'false' | 'unknown', negated: boolean): void {
    this.wrap((operand) => ({ op: 'isTest', at: is.ordinal, operand, test, negated }));
  }

  private normalizedTest(is: SqlToken, negated: boolean): void {
    let form: SqlToken | undefined;
    this.OPTION2(() => {
      form = this.OR2([
        { ALT: () => this.take(2, K.NFC) },
        { ALT: () => this.take(2, K.NFD) },
        { ALT: () => this.take(2, K.NFKC) },
        { ALT: () => this.take(2, K.NFKD) },
      ]);
    });
    this.take(2, K.NORMALIZED);
    this.wrap((operand) => {
      const forms = form === undefined ? [] : [constant(form.ordinal, 'string', form.value.toUpperCase())];
      const call = systemCall(is.ordinal, 'is_normalized', [operand, ...forms]);
      return negated ? { op: 'not', at: is.ordinal, operand: call } : call;
    });
  }

  // JSON ( VALUE | ARRAY | OBJECT | SCALAR )? ( ( WITH | WITHOUT ) UNIQUE KEYS? )?
  private jsonTest(is: SqlToken, negated: boolean): void {
    let kind: SqlToken | undefined;
    let unique = false;
    this.take(1, K.JSON);
    this.OPTION3(() => {
      kind = this.OR3([
        { ALT: () => this.take(1, K.VALUE) },
        { ALT: () => this.take(1, K.ARRAY) },
        { ALT: () => this.take(1, K.OBJECT) },
        { ALT: () => this.take(1, K.SCALAR) },
      ]);
    });
    this.OPTION4({
      GATE: () => this.isNext(2, K.UNIQUE),
      DEF: () => {
        unique = this.OR4([{ ALT: () => this.take(1, K.WITH).ordinal >= 0 }, { ALT: () => this.take(1, K.WITHOUT).ordinal < 0 }]);
        this.take(1, K.UNIQUE);
        this.OPTION5(() => this.take(1, K.KEYS));
      },
    });
    this.wrap((operand) => {
      const call = isJsonTest(is.ordinal, operand, kind?.value ?? 'value', unique);
      return negated ? { op: 'not', at: is.ordinal, operand: call } : call;
    });
  }

  private nullTail(type: typeof K.ISNULL, negated: boolean): void {
    const token = this.consume(negated ? 5 : 4, type) as SqlToken;
    this.settle(LEVEL.is, token);
    this.wrap((operand) => ({ op: 'isTest', at: token.ordinal, operand, test: 'null', negated }));
  }

  // NOT? ( BETWEEN ... | IN ... | LIKE ... | ILIKE ... | SIMILAR TO ... )
  readonly matchTail: Rule<[], void> = this.RULE('matchTail', () => {
    const start = this.next(1);
    const negated = this.ACTION(() => this.isNext(1, T.NotOperator));
    this.settle(LEVEL.match, start);
    this.OPTION(() => this.take(1, T.NotOperator));
    this.OR([
      {
        ALT: () => {
          this.take(1, K.BETWEEN);
          this.betweenTail(start, negated);
        },
      },
      {
        ALT: () => {
          this.take(1, K.IN);
          this.inTail(start, negated);
        },
      },
      {
        ALT: () => {
          const kind = this.likeKind();
          this.likeTail(start, kind, negated);
        },
      },
    ]);
  });

  private betweenTail(start: SqlToken, negated: boolean): void {
    const symmetric = this.ACTION(() => this.isNext(1, K.SYMMETRIC));
    this.OPTION3(() => this.OR3([{ ALT: () => this.take(3, K.SYMMETRIC) }, { ALT: () => this.take(3, K.ASYMMETRIC) }]));
    const low = this.SUBRULE(this.expression, { ARGS: [true] });
    this.take(3, K.AND);
    this.ACTION(() => this.stack.pushOperator(P.between(start, negated, { low, symmetric })));
    this.SUBRULE1(this.operand);
  }

  private inTail(start: SqlToken, negated: boolean): void {
    this.OR4([
      {
        GATE: () => isQueryAhead(this),
        ALT: () => {
          this.take(5, T.LeftParen);
          const query = this.SUBRULE(this.query);
          this.take(5, T.RightParen);
          this.wrap((operand) => ({ op: 'inQuery', at: start.ordinal, operand, query, negated }));
        },
      },
      {
        ALT: () => {
          this.take(4, T.LeftParen);
          const list = this.list(1, () => this.SUBRULE2(this.expression));
          this.take(4, T.RightParen);
          this.wrap((operand) => ({ op: 'in', at: start.ordinal, operand, list, negated }));
        },
      },
    ]);
  }

  private likeKind(): P.LikeKind {
    return this.OR5([
      {
        ALT: (): P.LikeKind => {
          this.take(5, K.LIKE);
          return 'like';
        },
      },
      {
        ALT: (): P.LikeKind => {
          this.take(5, K.ILIKE);
          return 'ilike';
        },
      },
      {
        ALT: (): P.LikeKind => {
          this.take(5, K.SIMILAR);
          this.take(5, K.TO);
          return 'similar';
        },
      },
    ]);
  }

  private likeTail(start: SqlToken, kind: P.LikeKind, negated: boolean): void {
    this.OR6([
      {
        GATE: () => kind !== 'similar' && this.isQuantifierAhead(),
        ALT: () => {
          const operator = this.ACTION(() => ownName(start.ordinal, LIKE_OPERATORS[kind][negated ? 1 : 0]));
          this.SUBRULE(this.quantified, { ARGS: [start, operator] });
        },
      },
      {
        ALT: () => {
          this.ACTION(() => this.stack.pushOperator(P.like(start, negated, kind)));
          this.SUBRULE6(this.operand);
        },
      },
    ]);
  }

  // ESCAPE operand, behind LIKE
  private escapeTail(): void {
    this.take(6, K.ESCAPE);
    this.ACTION(() => {
      const pattern = this.stack.popOperand();
      this.stack.replaceTop(P.withEscape(this.stack.top() as never, pattern));
    });
    this.SUBRULE6(this.operand);
  }

  // AT TIME ZONE operand | AT LOCAL
  private atTail(): void {
    const at = this.take(7, K.AT);
    this.settle(LEVEL.at, at);
    this.OR7([
      {
        ALT: () => {
          this.take(7, K.TIME);
          this.take(7, K.ZONE);
          this.ACTION(() => this.stack.pushOperator(P.atTimeZone(at)));
          this.SUBRULE7(this.operand);
        },
      },
      {
        ALT: () => {
          this.take(7, K.LOCAL);
          this.wrap((operand) => systemCall(at.ordinal, 'timezone', [operand]));
        },
      },
    ]);
  }

  private collateTail(): void {
    const token = this.take(8, K.COLLATE);
    this.settle(LEVEL.collate, token);
    const collation = this.SUBRULE(this.anyName);
    this.wrap((operand) => ({ op: 'collate', at: token.ordinal, operand, collation }));
  }

  // ( a IN (...) | a IS NULL | a = ANY (...) | a COLLATE name ) '::' type: of the whole; behind an operand it belongs to that
  private castTail(): void {
    const { ordinal } = this.take(1, T.TypeCast);
    const type = this.SUBRULE(this.typeName);
    this.wrap((operand) => ({ op: 'cast', at: ordinal, operand, type }));
  }

  // row OVERLAPS row
  private overlapsTail(): void {
    const token = this.take(9, K.OVERLAPS);
    this.ACTION(() => this.stack.pushOperator(P.overlaps(token)));
    this.SUBRULE9(this.operand);
    this.ACTION(() => {
      if (this.stack.peekOperand().op !== 'row') this.unexpected(this.next(1));
    });
  }

  private readonly prefixes = [
    { ALT: () => this.stack.pushOperator(P.sign(this.take(1, T.Plus))) },
    { ALT: () => this.stack.pushOperator(P.sign(this.take(1, T.Minus))) },
    { ALT: () => this.stack.pushOperator(P.prefix(this.take(1, T.NamedOperator), null)) },
    { GATE: () => this.isNext(2, T.LeftParen), ALT: () => this.qualifiedPrefix() },
    { GATE: this.isFull, ALT: () => this.stack.pushOperator(P.not(this.take(1, K.NOT))) },
    { GATE: this.isFull, ALT: () => this.stack.pushOperator(P.not(this.take(1, T.NotOperator))) },
  ];

  private qualifiedPrefix(): void {
    const start = this.next(1);
    const name = this.SUBRULE(this.qualifiedOperator);
    this.stack.pushOperator(P.prefix(start, name));
  }

  private readonly prefixLoop = {
    GATE: (): boolean => !this.isNext(1, K.OPERATOR) || this.isNext(2, T.LeftParen),
    DEF: (): void => {
      this.OR(this.prefixes);
    },
  };

  // prefix* atom ( '::' type )*
  readonly operand: Rule<[], void> = this.RULE('operand', () => {
    this.MANY1(this.prefixLoop);
    // The rule of atoms in line: rules nest deepest here.
    let value = this.OR9(this.atoms as never) as SourceExpression;
    if (this.RECORDING_PHASE) {
      this.MANY2(() => void (value = this.castOf(value)));
      return;
    }
    while (this.isNext(1, T.TypeCast)) value = this.castOf(value);
    this.stack.pushOperand(value);
  });

  private castOf(operand: SourceExpression): SourceExpression {
    const cast = this.take(2, T.TypeCast);
    const type = this.SUBRULE(this.typeName);
    return { op: 'cast', at: cast.ordinal, operand, type };
  }
}
