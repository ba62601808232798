/** The grammar: rules make nodes of the source form straight away (parsers/kit/grammar.ts). */

import type { TokenType } from 'chevrotain';
import { syntaxError } from '../../engine/sblr/parse-error.ts';
import type {
  SourceConstantNode,
  SourceExpression,
  SourceName,
  SourceQuery,
  SourceSelectItem,
  SourceSetItem,
  SourceSortItem,
  SourceStatement,
} from '../../engine/sblr/source.gen.ts';
import { Grammar, type GrammarOptions, type Rule } from '../kit/grammar.ts';
import type { SqlToken } from '../kit/token.ts';
import { Comma, Compared, Decimal, Equals, Integer, K, Name, Text, VOCABULARY } from './tokens.ts';

export type Statement = SourceStatement | SourceQuery;

const nameOf = ({ ordinal, value }: SqlToken): SourceName => ({ op: 'name', at: ordinal, parts: [value], quoted: [false] });

const columnOf = (token: SqlToken): SourceExpression => ({ op: 'column', at: token.ordinal, name: nameOf(token) });

const itemOf = (expression: SourceExpression): SourceSelectItem => ({
  ...{ op: 'selectItem', at: expression.at, expression, alias: null, quoted: false },
});

export class PlainGrammar extends Grammar {
  constructor(options: GrammarOptions = {}) {
    super(VOCABULARY, Comma, options);
    this.performSelfAnalysis();
  }

  protected unexpected(token: SqlToken): never {
    throw syntaxError(token.value === '' ? 'the line ends too early' : `"${token.value}" fits nowhere here`, token.startOffset);
  }

  readonly statement: Rule<[], Statement> = this.RULE('statement', () =>
    this.OR([
      { ALT: (): Statement => this.SUBRULE(this.show) },
      { ALT: (): Statement => this.SUBRULE(this.add) },
      { ALT: (): Statement => this.SUBRULE(this.set) },
      { ALT: (): Statement => this.SUBRULE(this.remove) },
      { ALT: (): Statement => this.SUBRULE(this.block) },
    ]),
  );

  // show table (column, ...)? where? (by column down?)? (first n)?
  readonly show: Rule<[], SourceQuery> = this.RULE('show', () => {
    const start = this.take(1, K.show);
    const table = this.take(1, Name);
    const columns = this.OPTION1(() => this.list(1, () => this.take(2, Name))) ?? [];
    const where = this.SUBRULE(this.where);
    const order = this.OPTION2(() => this.SUBRULE(this.by)) ?? null;
    const limit = this.OPTION3(() => this.SUBRULE(this.first)) ?? null;
    return this.ACTION((): SourceQuery => {
      const { ordinal: at } = start;
      const star: SourceExpression = { op: 'star', at, qualifier: null };
      return {
        ...{ op: 'select', at, with: null, distinct: 'none', distinctOn: [] },
        items: columns.length === 0 ? [itemOf(star)] : columns.map((token) => itemOf(columnOf(token))),
        from: [{ op: 'tableRef', at: table.ordinal, name: nameOf(table), alias: null, only: false, sample: null }],
        ...{ where, group: [], having: null, windows: [], order: order === null ? [] : [order] },
        ...{ limit, offset: null, ties: false, locking: [] },
      };
    });
  });

  readonly by: Rule<[], SourceSortItem> = this.RULE('by', (): SourceSortItem => {
    this.take(1, K.by);
    const column = this.take(1, Name);
    const descending = this.has(1, K.down);
    return { op: 'sortItem', at: column.ordinal, expression: columnOf(column), descending, nulls: 'default', using: null };
  });

  readonly first: Rule<[], SourceExpression> = this.RULE('first', (): SourceExpression => {
    this.take(1, K.first);
    const { ordinal, value } = this.take(1, Integer);
    return { op: 'constant', at: ordinal, kind: 'integer', text: value };
  });

  // (where column = value (and ...)*)?
  readonly where: Rule<[], SourceExpression | null> = this.RULE('where', (): SourceExpression | null => {
    const operands: SourceExpression[] = [];
    this.OPTION(() => {
      this.take(1, K.where);
      operands.push(this.SUBRULE1(this.comparison));
      this.MANY(() => {
        this.take(1, K.and);
        operands.push(this.SUBRULE2(this.comparison));
      });
    });
    return operands.length < 2 ? (operands[0] ?? null) : { op: 'and', at: operands[0].at, operands };
  });

  readonly comparison: Rule<[], SourceExpression> = this.RULE('comparison', (): SourceExpression => {
    const column = this.take(1, Name);
    const sign = this.take(1, Compared);
    const right = this.SUBRULE(this.value);
    return { op: 'operator', at: sign.ordinal, name: nameOf(sign), left: columnOf(column), right };
  });

  readonly value: Rule<[], SourceConstantNode> = this.RULE('value', () => {
    const constant = (type: TokenType, kind: SourceConstantNode['kind']) => ({
      ALT: (): SourceConstantNode => {
        const { ordinal, value } = this.take(1, type);
        return { op: 'constant', at: ordinal, kind, text: kind === 'null' ? '' : value };
      },
    });
    return this.OR([
      constant(Integer, 'integer'),
      constant(Decimal, 'decimal'),
      constant(Text, 'string'),
      constant(K.null, 'null'),
    ]);
  });

  // add table value, ...
  readonly add: Rule<[], SourceStatement> = this.RULE('add', () => {
    const start = this.take(1, K.add);
    const table = this.take(1, Name);
    const items = this.list(1, () => this.SUBRULE(this.value));
    return this.ACTION((): SourceStatement => {
      const { ordinal: at } = start;
      const row: SourceExpression = { op: 'row', at: table.ordinal, items };
      const source: SourceQuery = {
        ...{ op: 'values', at, with: null, rows: [row], order: [], limit: null, offset: null, ties: false },
      };
      return {
        ...{ op: 'insert', at, with: null, table: nameOf(table), alias: null, columns: [], columnsAt: table.ordinal },
        ...{ overriding: 'none', source, conflict: null, returning: [] },
      };
    });
  });

  // set table column = value, ... where?
  readonly set: Rule<[], SourceStatement> = this.RULE('set', () => {
    const start = this.take(1, K.set);
    const table = this.take(1, Name);
    const set = this.list(1, () => this.SUBRULE(this.assignment));
    const where = this.SUBRULE(this.where);
    return this.ACTION(
      (): SourceStatement => ({
        ...{ op: 'update', at: start.ordinal, with: null, table: nameOf(table), alias: null, set },
        ...{ from: [], where, returning: [], only: false },
      }),
    );
  });

  readonly assignment: Rule<[], SourceSetItem> = this.RULE('assignment', (): SourceSetItem => {
    const column = this.take(1, Name);
    this.take(1, Equals);
    const value = this.SUBRULE(this.value);
    return { op: 'setItem', at: column.ordinal, columns: [column.value], path: null, value, multiple: false };
  });

  // remove table where?
  readonly remove: Rule<[], SourceStatement> = this.RULE('remove', () => {
    const start = this.take(1, K.remove);
    const table = this.take(1, Name);
    const where = this.SUBRULE(this.where);
    return this.ACTION(
      (): SourceStatement => ({
        ...{
          op: 'delete',
          at: start.ordinal,
          with: null,
          table: nameOf(table),
          alias: null,
          using: [],
          where,
          only: false,
          returning: [],
        },
      }),
    );
  });

  // begin | commit | rollback
  readonly block: Rule<[], SourceStatement> = this.RULE('block', () =>
    this.OR([
      {
        ALT: (): SourceStatement => {
          const { ordinal: at } = this.take(1, K.begin);
          return { op: 'begin', at, isolation: null, readOnly: null, deferrable: null, start: false };
        },
      },
      { ALT: (): SourceStatement => ({ op: 'commit', at: this.take(1, K.commit).ordinal, chain: false }) },
      { ALT: (): SourceStatement => ({ op: 'rollback', at: this.take(1, K.rollback).ordinal, chain: false }) },
    ]),
  );
}
