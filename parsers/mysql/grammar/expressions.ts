/**
 * Expressions: operands and operators are read in a loop; the operator stack puts them together by the table in ../precedence.ts.
 *
 *   expression ::= operand ( operator operand | IS ... | IN ... | LIKE ... | BETWEEN ... )*
 *   operand    ::= ( NOT | ! | - | + | ~ )* atom ( COLLATE name )?
 */

import type { SourceExpression, SourceQuery } from '../../../engine/sblr/source.gen.ts';
import { OperatorStack } from '../../kit/operators.ts';
import type { SqlToken } from '../../kit/token.ts';
import { ownName } from '../lower.ts';
import * as P from '../precedence.ts';
import * as T from '../tokens.ts';
import { BaseGrammar } from './base.ts';

const { LEVEL } = P;

/** Names of the one collation that texts have: by code points, without padding. */
const COLLATIONS = new Set(['utf8mb4_0900_bin', 'utf8mb4_nopad_bin', 'binary']);

export abstract class ExpressionGrammar extends BaseGrammar {
  protected abstract atom(): SourceExpression;
  protected abstract query(): SourceQuery;
  protected abstract isQueryAhead(): boolean;

  protected readonly stack = new OperatorStack();
  /** Levels that operators here must reach: a bound of BETWEEN stops before AND. */
  private least: number = 0;

  override reset(): void {
    super.reset();
    this.stack?.clear();
    this.least = 0;
  }

  protected expression(least = 0): SourceExpression {
    this.enterExpression();
    const outer = this.least;
    this.least = least;
    const mark = this.stack.open();
    this.operand();
    while (this.tail()) {}
    const value = this.stack.close(mark);
    this.least = outer;
    this.leaveExpression();
    return value;
  }

  protected expressions(): SourceExpression[] {
    return this.items(() => this.expression());
  }

  // ---- operands ----

  private operand(): void {
    for (;;) {
      if (this.is('not')) this.stack.pushOperator(P.not(this.any()));
      else if (this.isOperator('!')) this.stack.pushOperator(P.bang(this.any()));
      else if (this.isOperator('-') || this.isOperator('+') || this.isOperator('~')) this.stack.pushOperator(P.sign(this.any()));
      else break;
    }
    let value = this.atom();
    while (this.is('collate')) value = this.collated(value);
    this.stack.pushOperand(value);
  }

  private collated(operand: SourceExpression): SourceExpression {
    const { ordinal: at } = this.any();
    return { op: 'collate', at, operand, collation: ownName(at, this.collation()) };
  }

  /** A collation that texts may have here. 1273 */
  protected collation(): string {
    const token = this.isNext(1, T.StringLiteral) ? this.any() : this.take(0, T.Word);
    const name = token.value.toLowerCase();
    if (!COLLATIONS.has(name)) this.refuse(`the collation ${name}`, token);
    return 'C';
  }

  // ---- what goes on with an expression ----

  /** False: the expression is over. */
  private tail(): boolean {
    const token = this.next(1);
    const isWord = token.tokenType === T.Reserved;
    if (token.tokenType !== T.Operator && !isWord) return false;
    const level = P.BINARY.get(token.value);
    if (level !== undefined) return level >= this.least && this.binaryTail(level);
    if (!isWord || LEVEL.compare < this.least) return false;
    if (token.value === 'is') return this.isTail();
    const negated = token.value === 'not';
    const word = negated ? this.next(2) : token;
    switch (word.value) {
      case 'in':
      case 'between':
      case 'like':
      case 'regexp':
      case 'rlike':
        return this.matchTail(negated);
      default:
        return false;
    }
  }

  private settle(level: number, token: SqlToken): void {
    if (!this.stack.settle(level)) this.unexpected(token);
  }

  private wrap(make: (operand: SourceExpression) => SourceExpression): void {
    this.stack.pushOperand(make(this.stack.popOperand()));
  }

  // operator operand | comparison ( ANY | SOME | ALL ) '(' query ')'
  private binaryTail(level: number): true {
    const token = this.any();
    this.settle(level, token);
    if (level === LEVEL.compare && this.isOne('any', 'some', 'all') && this.isNext(2, T.LeftParen)) this.quantified(token);
    else {
      this.stack.pushOperator(P.binary(token, token.value));
      this.operand();
    }
    return true;
  }

  private quantified(token: SqlToken): void {
    if (token.value === '<=>') this.unexpected(this.next(1));
    const quantifier = this.any().value.toLowerCase() === 'all' ? 'all' : 'any';
    const query = this.inParens(() => this.query());
    const operator = ownName(token.ordinal, token.value);
    this.wrap((left) => ({ op: 'quantified', at: token.ordinal, operator, quantifier, left, query, array: null }));
  }

  // IS NOT? ( NULL | TRUE | FALSE | UNKNOWN )
  private isTail(): true {
    const { ordinal: at } = this.next(1);
    this.settle(LEVEL.compare, this.any());
    const negated = this.accept('not');
    const test = this.acceptOne('null', 'true', 'false', 'unknown') as 'null' | 'true' | 'false' | 'unknown' | null;
    if (test === null) this.unexpected(this.next(1));
    this.wrap((operand) => ({ op: 'isTest', at, operand, test, negated }));
    return true;
  }

  private matchTail(negated: boolean): true {
    const start = this.next(1);
    this.settle(LEVEL.compare, start);
    if (negated) this.any();
    const word = this.any().value;
    if (word === 'in') this.inTail(start, negated);
    else if (word === 'like') this.likeTail(start, negated);
    else if (word === 'between') {
      const low = this.expression(LEVEL.bitOr);
      this.word('and');
      this.stack.pushOperator(P.between(start, negated, low));
      this.operand();
    } else {
      this.stack.pushOperator(P.regexp(start, negated));
      this.operand();
    }
    return true;
  }

  private inTail({ ordinal: at }: SqlToken, negated: boolean): void {
    if (this.isQueryAhead()) {
      const query = this.inParens(() => this.query());
      this.wrap((operand) => ({ op: 'inQuery', at, operand, query, negated }));
      return;
    }
    const list = this.inParens(() => this.expressions());
    this.wrap((operand) => ({ op: 'in', at, operand, list, negated }));
  }

  // LIKE pattern ( ESCAPE text )?
  private likeTail({ ordinal: at }: SqlToken, negated: boolean): void {
    const pattern = this.expression(LEVEL.bitOr);
    const mark = this.accept('escape') ? this.expression(LEVEL.bitOr) : null;
    this.wrap((operand) => ({ op: 'like', at, kind: 'like', operand, pattern, escape: mark, negated }));
  }
}
