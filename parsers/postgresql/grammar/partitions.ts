/** Partitions: PARTITION BY, and what a partition holds. Read word by word. */

import type {
  SourceColumnDef,
  SourceConstraint,
  SourceExpression,
  SourceIndexElement,
  SourceName,
  SourceType,
} from '../../../engine/sblr/source.gen.ts';
import type { SourcePartitionBound, SourcePartitionKey } from '../../../engine/sblr/source.gen.ts';
import { notSupported, syntaxError } from '../../../engine/sblr/parse-error.ts';
import type { Rule } from '../../kit/grammar.ts';
import type { WritableConstraint } from '../lower-definition.ts';
import * as T from '../tokens.ts';
import { K } from '../tokens.ts';
import { WordGrammar } from './words.ts';

const STRATEGIES = ['range', 'list', 'hash'] as const;
const CONSTRAINTS = ['constraint', 'check', 'unique', 'primary', 'foreign', 'exclude'];

export interface PartitionElements {
  readonly columns: SourceColumnDef[];
  readonly constraints: SourceConstraint[];
}

export abstract class PartitionGrammar extends WordGrammar {
  readonly indexElements: Rule<[], SourceIndexElement[]> = this.RULE('indexElements', () => {
    if (this.RECORDING_PHASE) return this.take(1, T.LeftParen) as never;
    const lender = this.lender();
    return this.delegate(lender, lender.indexElements);
  });

  // PARTITION BY ( RANGE | LIST | HASH ) '(' element ( ',' element )* ')'
  readonly partitionKey: Rule<[], SourcePartitionKey> = this.RULE('partitionKey', () => {
    const { ordinal } = this.take(1, K.PARTITION);
    if (this.RECORDING_PHASE) return undefined as never;
    this.word('by');
    const word = this.take(0, T.ColumnId);
    const strategy = STRATEGIES.find((one) => one === word.value);
    if (strategy === undefined) throw syntaxError(`unrecognized partitioning strategy "${word.value}"`, word.startOffset);
    const elements = this.SUBRULE(this.indexElements);
    if (elements.some(({ descending, nulls }) => descending || nulls !== 'default')) return this.unexpected(this.next(0));
    if (strategy === 'list' && elements.length > 1)
      throw syntaxError('cannot use "list" partition strategy with more than one column', word.startOffset);
    return { op: 'partitionKey', at: ordinal, strategy, elements } as SourcePartitionKey;
  });

  // OF name elements? bound
  readonly partitionOf = this.RULE('partitionOf', () => {
    this.take(1, K.PARTITION);
    if (this.RECORDING_PHASE) return undefined as never;
    this.word('of');
    const parent: SourceName = this.SUBRULE(this.anyName);
    const elements = this.isNext(1, T.LeftParen) ? this.partitionElements() : { columns: [], constraints: [] };
    return { parent, elements, bound: this.partitionBound() };
  });

  /** '(' ( name ( WITH OPTIONS )? constraint* | table constraint ) ( ',' ... )* ')' */
  private partitionElements(): PartitionElements {
    const elements: PartitionElements = { columns: [], constraints: [] };
    this.take(0, T.LeftParen);
    this.items(() => {
      if (CONSTRAINTS.some((word) => this.is(word))) elements.constraints.push(this.SUBRULE(this.tableConstraint));
      else elements.columns.push(this.partitionColumn());
    });
    this.take(0, T.RightParen);
    return elements;
  }

  private partitionColumn(): SourceColumnDef {
    const name = this.take(0, T.ColumnId);
    if (this.accept('with')) this.word('options');
    const constraints: WritableConstraint[] = [];
    while (!this.isNext(1, T.Comma) && !this.isNext(1, T.RightParen)) {
      const isAttribute = this.is('deferrable') || this.is('initially') || (this.is('not') && this.is('deferrable', 2));
      if (isAttribute) this.SUBRULE(this.constraintAttribute, { ARGS: [constraints] });
      else constraints.push(this.SUBRULE(this.columnConstraint));
    }
    const type = null as SourceType | null;
    return { op: 'columnDef', at: name.ordinal, name: name.value, type, collation: null, constraints } as SourceColumnDef;
  }

  // DEFAULT | FOR VALUES ( IN list | FROM list TO list | WITH '(' MODULUS n ',' REMAINDER n ')' )
  protected partitionBound(): SourcePartitionBound {
    const { ordinal: at } = this.next(1);
    const own = { op: 'partitionBound' as const, at, values: [], to: [], modulus: 0, remainder: 0 };
    if (this.accept('default')) return { ...own, kind: 'default' };
    this.word('for');
    this.word('values');
    if (this.accept('in')) return { ...own, kind: 'list', values: this.boundValues() };
    if (this.accept('from')) {
      const values = this.boundValues();
      this.word('to');
      return { ...own, kind: 'range', values, to: this.boundValues() };
    }
    this.word('with');
    return { ...own, kind: 'hash', ...this.hashBound() };
  }

  private boundValues(): SourceExpression[] {
    this.take(0, T.LeftParen);
    const values = this.items(() => this.SUBRULE(this.expression));
    this.take(0, T.RightParen);
    return values;
  }

  private hashBound(): { modulus: number; remainder: number } {
    const numbers = new Map<string, number>();
    const open = this.take(0, T.LeftParen);
    this.items(() => {
      const word = this.take(0, T.ColumnId);
      if (word.value !== 'modulus' && word.value !== 'remainder')
        throw syntaxError(`unrecognized hash partition bound specification "${word.value}"`, word.startOffset);
      if (numbers.has(word.value))
        throw syntaxError(`${word.value} for hash partition provided more than once`, word.startOffset);
      numbers.set(word.value, Number(this.take(0, T.IntegerLiteral).value));
    });
    this.take(0, T.RightParen);
    const [modulus, remainder] = ['modulus', 'remainder'].map((name) => {
      const value = numbers.get(name);
      if (value === undefined) throw syntaxError(`${name} for hash partition must be specified`, open.startOffset);
      return value;
    });
    return { modulus, remainder };
  }

  /** What is read here only in parts. */
  protected refused(what: string, offset: number): never {
    throw notSupported(what, offset);
  }
}
