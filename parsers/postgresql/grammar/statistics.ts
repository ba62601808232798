/** CREATE, ALTER and DROP STATISTICS; read word by word, as in objects.ts. */

import { notSupported } from '../../../engine/sblr/parse-error.ts';
import type { SourceExpression, SourceStatement } from '../../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../../kit/token.ts';
import { nameOf } from '../lower.ts';
import * as T from '../tokens.ts';
import { PolicyGrammar } from './policies.ts';

export abstract class StatisticsGrammar extends PolicyGrammar {
  protected statistics(start: SqlToken): SourceStatement {
    switch (start.value) {
      case 'create':
        return this.statisticsMade(start);
      case 'alter':
        return this.statisticsAltered(start);
      case 'drop':
        return this.statisticsDropped(start);
      default:
        return this.unexpected(this.next(2));
    }
  }

  // CREATE STATISTICS ( IF NOT EXISTS )? name ( '(' kinds ')' )? ON items FROM table
  private statisticsMade({ ordinal: at }: SqlToken): SourceStatement {
    for (const word of ['create', 'statistics']) this.word(word);
    const ifNotExists = this.is('if') && this.is('not', 2);
    if (ifNotExists) for (const word of ['if', 'not', 'exists']) this.word(word);
    const name = this.SUBRULE(this.anyName);
    let kinds: string[] = [];
    if (this.acceptToken(T.LeftParen)) {
      kinds = this.items(() => this.columnId(0));
      this.take(0, T.RightParen);
    }
    this.word('on');
    const items = this.items(() => this.statisticsItem());
    this.word('from');
    const table = this.SUBRULE(this.anyName);
    if (this.isNext(1, T.Comma)) throw notSupported('CREATE STATISTICS of more than one relation', this.next(1).startOffset);
    return { op: 'createStatistics', at, name, ifNotExists, kinds, items, table };
  }

  // column | call | '(' expression ')'
  private statisticsItem(): SourceExpression {
    if (this.acceptToken(T.LeftParen)) {
      const expression = this.SUBRULE(this.expression);
      this.take(0, T.RightParen);
      return expression;
    }
    if (this.isNext(1, T.ColumnId) && (this.isNext(2, T.Comma) || this.is('from', 2))) {
      const token = this.take(0, T.ColumnId);
      return { op: 'column', at: token.ordinal, name: nameOf([token]) };
    }
    const first = this.next(1);
    const expression = this.SUBRULE(this.expression);
    return expression.op === 'call' || expression.op === 'special' ? expression : this.unexpected(first);
  }

  // ALTER STATISTICS ( IF EXISTS )? name ( RENAME TO name | OWNER TO role | SET SCHEMA name | SET STATISTICS number )
  private statisticsAltered({ ordinal: at }: SqlToken): SourceStatement {
    for (const word of ['alter', 'statistics']) this.word(word);
    const own = { op: 'alterStatistics' as const, at, ifExists: this.ifExists(), name: this.SUBRULE(this.anyName) };
    if (this.accept('rename')) {
      this.word('to');
      return { ...own, action: 'rename', to: this.columnId(0) };
    }
    if (this.accept('owner')) {
      this.word('to');
      return { ...own, action: 'owner', to: this.roleName() };
    }
    this.word('set');
    if (this.accept('schema')) return { ...own, action: 'schema', to: this.columnId(0) };
    this.word('statistics');
    const minus = this.acceptToken(T.Minus);
    return { ...own, action: 'target', to: `${minus ? '-' : ''}${this.take(0, T.IntegerLiteral).value}` };
  }

  private statisticsDropped({ ordinal: at }: SqlToken): SourceStatement {
    for (const word of ['drop', 'statistics']) this.word(word);
    const ifExists = this.ifExists();
    const names = this.items(() => this.SUBRULE(this.anyName));
    return { op: 'dropStatistics', at, names, ifExists, cascade: this.cascades() };
  }
}
