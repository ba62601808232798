/**
 * Queries (SelectStmt of gram.y): blocks, set operations, what stands around them.
 *
 *   query      ::= with? term ( ( UNION | EXCEPT | INTERSECT ) ( ALL | DISTINCT )? term )* tail
 *   term       ::= SELECT block | VALUES rows | TABLE name | '(' query ')'
 */

import type {
  SourceName,
  SourceExpression,
  SourceFrom,
  SourceQuery,
  SourceSelectItem,
  SourceSelectNode,
  SourceWindow,
  SourceWith,
} from '../../../engine/sblr/source.gen.ts';
import type { Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { emptySelect, putWith, QueryBuilder } from '../lower-query.ts';
import { rowOf, type Writable } from '../lower.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { TailGrammar } from './tails.ts';

const LABELLED: { ARGS: [boolean, boolean] } = { ARGS: [false, true] };

/** SELECT ... INTO name. */
export interface IntoTable {
  /** Ordinal of the SELECT. */
  readonly at: number;
  readonly token: SqlToken;
  readonly input: unknown;
  readonly name: SourceName;
  readonly persistence: 'permanent' | 'temporary' | 'unlogged';
}

export abstract class QueryGrammar extends TailGrammar {
  abstract readonly fromList: Rule<[], SourceFrom[]>;

  // '(' query ')'
  override readonly queryInParens: Rule<[], SourceQuery> = this.RULE('queryInParens', () => {
    this.take(1, T.LeftParen);
    const query = this.SUBRULE(this.query);
    this.take(1, T.RightParen);
    return query;
  });

  override readonly query: Rule<[], SourceQuery> = this.RULE('query', () => {
    this.enterQuery();
    let withClause: SourceWith | null = null;
    if (this.RECORDING_PHASE || this.isNext(1, K.WITH)) this.OPTION(() => (withClause = this.SUBRULE(this.withClause)));
    const query = this.queryBody();
    this.leaveQuery();
    return this.RECORDING_PHASE || withClause === null ? query : putWith(query, withClause, this.next(0));
  });

  /** A query behind its WITH. */
  readonly queryWith: Rule<[], SourceQuery> = this.RULE('queryWith', () => this.queryBody());

  private queryBody(): SourceQuery {
    const builder = new QueryBuilder();
    builder.push(this.OR(this.firstTerms as never) as SourceQuery);
    if (!this.RECORDING_PHASE && !this.isNext(1, T.SetOperator)) return builder.finish(this.SUBRULE(this.queryTail));
    this.MANY(() => {
      const operator = this.take(1, T.SetOperator);
      const all = this.ACTION(() => this.isNext(1, K.ALL));
      this.OPTION2(() => this.OR2([{ ALT: () => this.take(2, K.ALL) }, { ALT: () => this.take(2, K.DISTINCT) }]));
      this.ACTION(() => builder.operator(operator, all));
      builder.push(this.OR3(this.nextTerms as never) as SourceQuery);
    });
    const tail = this.SUBRULE(this.queryTail);
    return this.ACTION(() => builder.finish(tail));
  }

  private terms(occurrence: 1 | 2): readonly object[] {
    return ['selectBlock', 'valuesRows', 'tableQuery', 'queryInParens'].map((name) => this.ruleAlternative(name, occurrence));
  }

  private readonly firstTerms = this.terms(1);
  private readonly nextTerms = this.terms(2);

  // VALUES '(' expression ( ',' expression )* ')' ( ',' '(' ... ')' )*
  readonly valuesRows: Rule<[], SourceQuery> = this.RULE('valuesRows', () => {
    const { ordinal } = this.take(1, K.VALUES);
    const rows = this.list(1, (): SourceExpression => {
      const open = this.take(1, T.LeftParen);
      const items = this.list(2, () => this.SUBRULE(this.expression));
      this.take(1, T.RightParen);
      return rowOf(open.ordinal, items);
    });
    return { op: 'values', at: ordinal, with: null, rows, order: [], limit: null, offset: null, ties: false } as SourceQuery;
  });

  // TABLE name: SELECT * FROM name
  readonly tableQuery: Rule<[], SourceQuery> = this.RULE('tableQuery', () => {
    const { ordinal } = this.take(1, K.TABLE);
    const only = this.has(1, K.ONLY);
    const name = this.SUBRULE(this.anyName);
    const star: SourceSelectItem = {
      op: 'selectItem',
      at: ordinal,
      expression: { op: 'star', at: ordinal, qualifier: null },
      alias: null,
      quoted: false,
    };
    const query: SourceQuery = {
      ...emptySelect(ordinal),
      items: [star],
      from: [{ op: 'tableRef', at: name.at, name, alias: null, only, sample: null }],
    };
    return query;
  });

  private current: Writable<SourceSelectNode> = emptySelect(0);

  // SELECT ( ALL | DISTINCT ( ON '(' ... ')' )? )? items? ( FROM ... )? ( WHERE ... )? ( GROUP BY ... )? ( HAVING ... )? ( WINDOW ... )?
  readonly selectBlock: Rule<[], SourceQuery> = this.RULE('selectBlock', () => {
    const { ordinal } = this.take(1, K.SELECT);
    const select: Writable<SourceSelectNode> = emptySelect(ordinal);
    const outer = this.current;
    this.current = select;
    this.OPTION1(this.distinctPart);
    this.OPTION2(this.itemsPart);
    this.OPTION3(this.intoPart);
    this.OPTION4(this.fromPart);
    this.OPTION5(this.wherePart);
    this.OPTION6(this.groupPart);
    this.OPTION7(this.havingPart);
    this.OPTION8(this.windowPart);
    this.current = outer;
    return select as SourceQuery;
  });

  private readonly distinctPart = (): void => {
    const select = this.current;
    this.OR1([
      { ALT: () => this.take(1, K.ALL) },
      {
        ALT: () => {
          this.take(1, K.DISTINCT);
          select.distinct = 'all';
          this.OPTION9(() => {
            this.take(1, K.ON);
            this.take(1, T.LeftParen);
            select.distinctOn = this.list(1, () => this.SUBRULE1(this.expression));
            this.take(1, T.RightParen);
            select.distinct = 'on';
          });
        },
      },
    ]);
  };

  private readonly itemsPart = (): void => {
    const select = this.current;
    if (this.RECORDING_PHASE) {
      this.list(2, this.recordedItem);
      return;
    }
    const items: SourceSelectItem[] = [this.item()];
    while (this.isNext(1, T.Comma)) {
      this.take(0, T.Comma);
      items.push(this.item());
    }
    select.items = items;
  };

  private readonly fromPart = (): void => {
    const select = this.current;
    this.take(4, K.FROM);
    select.from = this.SUBRULE(this.fromList);
  };

  private readonly wherePart = (): void => {
    const select = this.current;
    this.take(5, K.WHERE);
    select.where = this.SUBRULE5(this.expression);
  };

  private readonly groupPart = (): void => {
    const select = this.current;
    select.group = this.SUBRULE(this.groupBy);
  };

  private readonly havingPart = (): void => {
    const select = this.current;
    this.take(7, K.HAVING);
    select.having = this.SUBRULE7(this.expression);
  };

  private readonly windowPart = (): void => {
    const select = this.current;
    this.take(8, K.WINDOW);
    select.windows = this.list(3, () => this.SUBRULE(this.windowDefinition));
  };

  private readonly intoPart = (): void => {
    const into = this.take(3, K.INTO);
    if (this.RECORDING_PHASE) return;
    // The normaliser knows the word in these forms alone; elsewhere literals have been lifted.
    const isLifted = this.input.some(({ tokenType }) => tokenType === T.LiftedLiteral);
    if (isLifted) this.refuse('SELECT INTO', into);
    this.into = { at: this.current.at, token: into, input: this.input, ...this.intoTarget() };
  };

  /** The table that SELECT INTO makes, until the statement is made of it (ChangeGrammar). */
  protected into: IntoTable | null = null;

  // ( LOCAL | GLOBAL )? ( TEMPORARY | TEMP | UNLOGGED )? TABLE? name
  private intoTarget(): Pick<IntoTable, 'name' | 'persistence'> {
    for (const word of [K.LOCAL, K.GLOBAL]) if (this.isNext(1, word)) this.take(0, word);
    let persistence: IntoTable['persistence'] = 'permanent';
    for (const word of [K.TEMPORARY, K.TEMP, K.UNLOGGED])
      if (this.isNext(1, word)) {
        this.take(0, word);
        persistence = word === K.UNLOGGED ? 'unlogged' : 'temporary';
      }
    if (this.isNext(1, K.TABLE)) this.take(0, K.TABLE);
    return { name: this.SUBRULE(this.anyName), persistence };
  }

  /** SELECT INTO where it makes no table: in a set operation, a subquery, behind WITH. */
  refuseInto(): void {
    const { into } = this;
    this.into = null;
    if (into !== null && into.input === this.input) this.refuse('SELECT INTO here', into.token);
  }

  readonly selectItems: Rule<[], SourceSelectItem[]> = this.RULE('selectItems', () =>
    this.list(1, this.RECORDING_PHASE ? this.recordedItem : (): SourceSelectItem => this.item()),
  );

  private readonly recordedItem = (): SourceSelectItem =>
    this.OR4([{ ALT: () => this.starItem() }, { ALT: () => this.expressionItem() }]);

  /** Queries nest here: no OR while parsing. */
  private item(): SourceSelectItem {
    return this.isNext(1, T.Star) ? this.starItem() : this.expressionItem();
  }

  // '*'
  private starItem(): SourceSelectItem {
    const { ordinal: at } = this.take(1, T.Star);
    return { op: 'selectItem', at, expression: { op: 'star', at, qualifier: null }, alias: null, quoted: false };
  }

  // expression ( AS name | name )?
  private expressionItem(): SourceSelectItem {
    const at = this.next(1).ordinal;
    const expression = this.SUBRULE(this.expression, LABELLED);
    const alias = this.OPTION(this.itemAlias);
    return {
      op: 'selectItem',
      at,
      expression,
      alias: alias?.value ?? null,
      quoted: alias?.quoted ?? false,
    };
  }

  private readonly aliases = [
    {
      ALT: (): SqlToken => {
        this.take(2, K.AS);
        return this.take(2, T.ColumnLabel);
      },
    },
    { ALT: (): SqlToken => this.take(3, T.BareLabel) },
  ];

  private readonly itemAlias = (): SqlToken => this.OR5(this.aliases);

  // GROUP BY ( ALL | DISTINCT )? element ( ',' element )*
  readonly groupBy: Rule<[], SourceExpression[]> = this.RULE('groupBy', () => {
    this.take(1, K.GROUP);
    this.take(1, K.BY);
    let distinct: SqlToken | null = null;
    this.OPTION(() => this.OR([{ ALT: () => this.take(1, K.ALL) }, { ALT: () => (distinct = this.take(1, K.DISTINCT)) }]));
    const items = this.list(1, () => this.SUBRULE(this.groupElement));
    return this.ACTION(() => groupedDistinct(items, distinct));
  });

  // expression | '(' ')' | ROLLUP '(' ... ')' | CUBE '(' ... ')' | GROUPING SETS '(' element ( ',' element )* ')'
  readonly groupElement: Rule<[], SourceExpression> = this.RULE('groupElement', () => {
    const start = this.next(1);
    return this.OR([
      {
        GATE: () => this.isNext(2, T.RightParen),
        ALT: (): SourceExpression => {
          const { ordinal } = this.take(1, T.LeftParen);
          this.take(1, T.RightParen);
          return { op: 'grouping', at: ordinal, kind: 'set', items: [] };
        },
      },
      { GATE: () => this.isNext(2, T.LeftParen), ALT: () => this.groupSets(this.take(2, K.ROLLUP), 'rollup', 2) },
      { GATE: () => this.isNext(2, T.LeftParen), ALT: () => this.groupSets(this.take(3, K.CUBE), 'cube', 3) },
      {
        GATE: () => this.isNext(2, K.SETS),
        ALT: () => {
          const word = this.take(4, K.GROUPING);
          this.take(4, K.SETS);
          return this.groupSets(word, 'sets', 4);
        },
      },
      {
        ALT: () => {
          const value = this.SUBRULE(this.expression);
          return this.ACTION(() => asGroupingSet(value, start));
        },
      },
    ]);
  });

  private groupSets(word: SqlToken, kind: 'rollup' | 'cube' | 'sets', occurrence: 2 | 3 | 4): SourceExpression {
    this.enterExpression();
    this.take(occurrence + 4, T.LeftParen);
    const items = this.list(occurrence, () => this.subrule(occurrence, this.groupElement));
    this.take(occurrence + 4, T.RightParen);
    this.leaveExpression();
    return { op: 'grouping', at: word.ordinal, kind, items };
  }

  // name AS '(' specification ')'
  readonly windowDefinition: Rule<[], SourceWindow> = this.RULE('windowDefinition', () => {
    const name = this.take(1, T.ColumnId);
    this.take(1, K.AS);
    const spec = this.SUBRULE(this.windowInParens);
    return { op: 'window', at: name.ordinal, name: name.value, spec } as SourceWindow;
  });
}

/** (a, b) as an element of GROUP BY is a set of two, ROW(a, b) is one value. */
function asGroupingSet(value: SourceExpression, start: SqlToken): SourceExpression {
  const isImplicitRow = value.op === 'row' && value.at === start.ordinal && start.tokenType === T.LeftParen;
  return isImplicitRow ? { op: 'grouping', at: value.at, kind: 'set', items: value.items } : value;
}

/** GROUP BY DISTINCT: sets that are the same count once. */
const groupedDistinct = (items: SourceExpression[], distinct: SqlToken | null): SourceExpression[] =>
  distinct === null ? items : [{ op: 'grouping', at: distinct.ordinal, kind: 'distinct', items }];
