/**
 * Expressions without a rule for every level of precedence: the grammar reads operands and operators in one flat loop, this stack
 * puts them together (operator precedence parsing). One stack serves all expressions of a statement, one upon the other: each
 * works above the marks that open() gives.
 *
 * Non-associative operators are an error when they meet one of their own level, as in yacc: a < b < c.
 */

import type { SourceExpression } from '../../engine/sblr/source.gen.ts';
import type { SqlToken } from './token.ts';

export type Associativity = 'left' | 'right' | 'none';

/** An operator that waits for its right operand. */
export interface PendingOperator {
  readonly level: number;
  readonly associativity: Associativity;
  /** Makes the node; `left` is null for a prefix. */
  readonly build: (pending: PendingOperator, left: SourceExpression | null, right: SourceExpression) => SourceExpression;
  readonly isPrefix: boolean;
  readonly token: SqlToken;
  /** NOT in front of it. */
  readonly negated: boolean;
  /** Qualified name of OPERATOR(schema.name), or what the operator keeps otherwise: the low bound of BETWEEN, the pattern. */
  readonly extra: unknown;
}

export type Build = PendingOperator['build'];

export const pending = (
  token: SqlToken,
  level: number,
  associativity: Associativity,
  build: Build,
  isPrefix: boolean,
  isNegated = false,
  extra: unknown = null,
): PendingOperator => ({ level, associativity, build, isPrefix, token, negated: isNegated, extra });

export class OperatorStack {
  private readonly operators: PendingOperator[] = [];
  private readonly operands: SourceExpression[] = [];
  private base = 0;

  clear(): void {
    this.operators.length = 0;
    this.operands.length = 0;
    this.base = 0;
  }

  /** Begins an expression inside another; close() takes back the mark. */
  open(): number {
    const mark = this.base;
    this.base = this.operators.length;
    return mark;
  }

  /** Ends the expression: its value. */
  close(mark: number): SourceExpression {
    while (this.operators.length > this.base) this.reduce();
    this.base = mark;
    return this.operands.pop() as SourceExpression;
  }

  pushOperand(operand: SourceExpression): void {
    this.operands.push(operand);
  }

  /** Takes the operand on top away, for a postfix to put another in its place. */
  popOperand(): SourceExpression {
    return this.operands.pop() as SourceExpression;
  }

  peekOperand(): SourceExpression {
    return this.operands[this.operands.length - 1];
  }

  pushOperator(operator: PendingOperator): void {
    this.operators.push(operator);
  }

  /** The innermost operator that waits, or undefined. */
  top(): PendingOperator | undefined {
    return this.operators.length > this.base ? this.operators[this.operators.length - 1] : undefined;
  }

  /** Puts another operator in the place of the one on top. */
  replaceTop(operator: PendingOperator): void {
    this.operators[this.operators.length - 1] = operator;
  }

  /**
   * Completes what binds tighter than an operator of `level` that comes next. False: it may not stand here, for an operator of the
   * same level that does not associate waits already.
   */
  settle(level: number): boolean {
    while (this.operators.length > this.base) {
      const top = this.operators[this.operators.length - 1];
      if (top.level < level) return true;
      if (top.level === level) {
        if (top.associativity === 'none') return false;
        if (top.associativity === 'right') return true;
      }
      this.reduce();
    }
    return true;
  }

  /** Completes everything above the innermost operator of a kind, whatever binds how. False: none of the kind waits. */
  settleTo(isWanted: (operator: PendingOperator) => boolean): boolean {
    let at = this.operators.length - 1;
    while (at >= this.base && !isWanted(this.operators[at])) at--;
    if (at < this.base) return false;
    while (this.operators.length - 1 > at) this.reduce();
    return true;
  }

  private reduce(): void {
    const operator = this.operators.pop() as PendingOperator;
    const right = this.operands.pop() as SourceExpression;
    const left = operator.isPrefix ? null : (this.operands.pop() as SourceExpression);
    this.operands.push(operator.build(operator, left, right));
  }
}
