/** CREATE, ALTER and DROP POLICY; read word by word, as in objects.ts. */

import type { SourceExpression, SourceStatement } from '../../../engine/sblr/source.gen.ts';
import { syntaxError } from '../../../engine/sblr/parse-error.ts';
import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import { RoutineGrammar } from './routines.ts';

type Statement<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;
type Command = Statement<'createPolicy'>['command'];

const COMMANDS: readonly Command[] = ['all', 'select', 'insert', 'update', 'delete'];

export abstract class PolicyGrammar extends RoutineGrammar {
  protected policy(start: SqlToken): SourceStatement {
    switch (start.value) {
      case 'create':
        return this.policyMade(start);
      case 'alter':
        return this.policyAltered(start);
      case 'drop':
        return this.policyDropped(start);
      default:
        return this.unexpected(this.next(2));
    }
  }

  // CREATE POLICY name ON table ( AS ( PERMISSIVE | RESTRICTIVE ) )? ( FOR command )? ( TO roles )? ( USING ... )? ( WITH CHECK ... )?
  private policyMade({ ordinal: at }: SqlToken): SourceStatement {
    for (const word of ['create', 'policy']) this.word(word);
    const named = this.policyName();
    let permissive = true;
    if (this.accept('as')) {
      const token = this.next(1);
      const word = this.take(0, T.Identifier).value;
      if (word !== 'permissive' && word !== 'restrictive')
        throw syntaxError(`unrecognized row security option "${word}"`, token.startOffset);
      permissive = word === 'permissive';
    }
    let command: Command = 'all';
    if (this.accept('for')) command = (this.acceptOne(...COMMANDS) ?? this.unexpected(this.next(1))).value as Command;
    const roles = this.policyRoles();
    return { op: 'createPolicy', at, ...named, permissive, command, roles, ...this.policyConditions() };
  }

  private policyAltered({ ordinal: at }: SqlToken): SourceStatement {
    for (const word of ['alter', 'policy']) this.word(word);
    const named = this.policyName();
    if (!this.accept('rename'))
      return { op: 'alterPolicy', at, ...named, to: null, roles: this.policyRoles(), ...this.policyConditions() };
    this.word('to');
    return { op: 'alterPolicy', at, ...named, to: this.columnId(0), roles: [], using: null, check: null };
  }

  private policyDropped({ ordinal: at }: SqlToken): SourceStatement {
    for (const word of ['drop', 'policy']) this.word(word);
    const ifExists = this.ifExists();
    return { op: 'dropPolicy', at, ...this.policyName(), ifExists, cascade: this.cascades() };
  }

  // name ON table
  private policyName(): Pick<Statement<'createPolicy'>, 'name' | 'table'> {
    const name = this.columnId(0);
    this.word('on');
    return { name, table: this.SUBRULE(this.anyName) };
  }

  private policyRoles(): string[] {
    if (!this.accept('to')) return [];
    const roles = [this.roleName()];
    while (this.isNext(1, T.Comma)) {
      this.take(0, T.Comma);
      roles.push(this.roleName());
    }
    return roles;
  }

  // ( USING '(' expression ')' )? ( WITH CHECK '(' expression ')' )?
  private policyConditions(): Pick<Statement<'createPolicy'>, 'using' | 'check'> {
    const using = this.accept('using') ? this.policyCondition() : null;
    if (!this.accept('with')) return { using, check: null };
    this.word('check');
    return { using, check: this.policyCondition() };
  }

  private policyCondition(): SourceExpression {
    this.take(0, T.LeftParen);
    const condition = this.SUBRULE(this.expression);
    this.take(0, T.RightParen);
    return condition;
  }
}
