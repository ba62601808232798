/**
 * What belongs to a session: prepared statements, cursors, channels; and what is done to tables by the way (LOCK, VACUUM). Read word
 * by word, as in objects.ts.
 */

import { EOF } from 'chevrotain';
import type { SourceName, SourceOption, SourceStatement, SourceType } from '../../../engine/sblr/source.gen.ts';
import type { GrammarOptions, Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import type { ChangeGrammar } from './changes.ts';
import { CopyGrammar } from './copy.ts';

type Statement<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;
type Moving = Pick<Statement<'fetch'>, 'direction' | 'count'>;
type Reader = (start: SqlToken) => SourceStatement;

/** FETCH's directions of one word. */
const MOVES: { readonly [word: string]: Moving } = {
  next: { direction: 'forward', count: 1 },
  prior: { direction: 'backward', count: 1 },
  first: { direction: 'absolute', count: 1 },
  last: { direction: 'absolute', count: -1 },
  all: { direction: 'forward', count: null },
};

/** Options of VACUUM without parentheses, in their order. */
const VACUUM_WORDS = ['full', 'freeze', 'verbose', 'analyze'];

export class SessionGrammar extends CopyGrammar {
  constructor(queries: () => ChangeGrammar, options: GrammarOptions = {}) {
    super(queries, options);
    this.performSelfAnalysis();
  }

  readonly session: Rule<[], SourceStatement> = this.RULE('session', () => {
    if (this.RECORDING_PHASE) return this.take(1, T.ColumnLabel) as never;
    const start = this.next(1);
    const read = Object.hasOwn(this.readers, start.value) ? this.readers[start.value] : null;
    if (read === null) return this.unexpected(start);
    this.word(start.value);
    return read(start);
  });

  private readonly readers: { readonly [word: string]: Reader } = {
    prepare: (start) => this.prepared(start),
    execute: ({ ordinal: at }) => ({ op: 'execute', at, name: this.columnId(0), arguments: this.parenthesised() }),
    deallocate: ({ ordinal: at }) => {
      if (!this.isNext(2, EOF)) this.accept('prepare');
      return { op: 'deallocate', at, name: this.nameOrAll() };
    },
    declare: (start) => this.cursor(start),
    fetch: (start) => this.fetched(start, false),
    move: (start) => this.fetched(start, true),
    close: ({ ordinal: at }) => ({ op: 'closeCursor', at, name: this.nameOrAll() }),
    discard: (start) => this.discarded(start),
    listen: ({ ordinal: at }) => ({ op: 'listen', at, channel: this.columnId(0) }),
    unlisten: ({ ordinal: at }) => ({ op: 'unlisten', at, channel: this.channelOrStar() }),
    notify: (start) => this.notified(start),
    checkpoint: ({ ordinal: at }) => ({ op: 'checkpoint', at }),
    vacuum: (start) => this.vacuumed(start),
    lock: (start) => this.locked(start),
    copy: (start) => this.copied(start),
  };

  private nameOrAll(): string | null {
    return this.accept('all') ? null : this.columnId(0);
  }

  // ( '(' expression ( ',' expression )* ')' )?
  private parenthesised(): Statement<'execute'>['arguments'] {
    if (!this.acceptToken(T.LeftParen)) return [];
    const list = this.items(() => this.SUBRULE(this.expression));
    this.take(0, T.RightParen);
    return list;
  }

  // PREPARE name ( '(' type ( ',' type )* ')' )? AS statement
  private prepared({ ordinal: at }: SqlToken): SourceStatement {
    const name = this.columnId(0);
    let types: SourceType[] = [];
    if (this.acceptToken(T.LeftParen)) {
      types = this.items(() => this.SUBRULE(this.typeName));
      this.take(0, T.RightParen);
    }
    this.word('as');
    const lender = this.lender();
    return { op: 'prepare', at, name, types, statement: this.delegate(lender, lender.preparable) };
  }

  // ---- cursors ----

  // DECLARE name BINARY? ( ASENSITIVE | INSENSITIVE )? ( NO? SCROLL )? CURSOR ( ( WITH | WITHOUT ) HOLD )? FOR query
  private cursor({ ordinal: at }: SqlToken): SourceStatement {
    const name = this.columnId(0);
    let binary = false;
    let scroll: Statement<'declareCursor'>['scroll'] = 'default';
    while (!this.is('cursor')) {
      if (this.accept('binary')) binary = true;
      else if (this.accept('scroll')) scroll = 'scroll';
      else if (this.accept('no')) {
        this.word('scroll');
        scroll = 'no';
      } else if (this.acceptOne('asensitive', 'insensitive') === null) this.unexpected(this.next(1));
    }
    this.word('cursor');
    const held = this.acceptOne('with', 'without');
    if (held !== null) this.word('hold');
    this.word('for');
    const query = this.SUBRULE(this.query);
    return { op: 'declareCursor', at, name, binary, scroll, hold: held?.value === 'with', query };
  }

  // ( FETCH | MOVE ) direction? ( FROM | IN )? name
  private fetched({ ordinal: at }: SqlToken, move: boolean): SourceStatement {
    const moving = this.moving();
    this.acceptOne('from', 'in');
    return { op: 'fetch', at, name: this.columnId(0), move, ...moving };
  }

  private moving(): Moving {
    const { value } = this.next(1);
    const isName = !this.is(value) || this.isNext(2, EOF);
    if (Object.hasOwn(MOVES, value) && !isName) {
      this.word(value);
      return MOVES[value];
    }
    if ((value === 'absolute' || value === 'relative') && !isName) {
      this.word(value);
      return { direction: value, count: this.count() };
    }
    if ((value !== 'forward' && value !== 'backward') || isName)
      return { direction: 'forward', count: this.isCount() ? this.count() : 1 };
    this.word(value);
    if (this.accept('all')) return { direction: value, count: null };
    return { direction: value, count: this.isCount() ? this.count() : 1 };
  }

  private isCount(): boolean {
    return [T.IntegerLiteral, T.Minus, T.Plus].some((type) => this.isNext(1, type));
  }

  // ( '+' | '-' )? integer
  private count(): number {
    const isNegative = this.acceptToken(T.Minus);
    if (!isNegative) this.acceptToken(T.Plus);
    const token = this.take(0, T.IntegerLiteral);
    const value = Number(token.value);
    if (!Number.isSafeInteger(value) || value > 2 ** 31 - 1) this.unexpected(token);
    return isNegative ? -value : value;
  }

  // ---- the rest ----

  private discarded({ ordinal: at }: SqlToken): SourceStatement {
    const word = this.acceptOne('all', 'plans', 'sequences', 'temporary', 'temp') ?? this.unexpected(this.next(1));
    const what = word.value === 'temp' ? 'temporary' : (word.value as Statement<'discard'>['what']);
    return { op: 'discard', at, what };
  }

  private channelOrStar(): string | null {
    if (this.next(1).value !== '*') return this.columnId(0);
    this.take(0, this.next(1).tokenType);
    return null;
  }

  // NOTIFY channel ( ',' Sconst )?
  private notified({ ordinal: at }: SqlToken): SourceStatement {
    const channel = this.columnId(0);
    return { op: 'notify', at, channel, payload: this.acceptToken(T.Comma) ? this.take(0, T.StringLiteral).value : null };
  }

  // VACUUM ( '(' option ( ',' option )* ')' | FULL? FREEZE? VERBOSE? ANALYZE? ) ( name columns? ( ',' name columns? )* )?
  private vacuumed({ ordinal: at }: SqlToken): SourceStatement {
    const options: SourceOption[] = [];
    const plain = (token: SqlToken): void => {
      options.push({ op: 'option', at: token.ordinal, name: token.value, value: null });
    };
    if (this.acceptToken(T.LeftParen)) {
      options.push(...this.items(() => this.vacuumOption()));
      this.take(0, T.RightParen);
    } else
      for (const word of VACUUM_WORDS) {
        const token = this.acceptOne(word);
        if (token !== null) plain(token);
      }
    const tables = this.isNext(1, EOF) ? [] : this.items(() => this.vacuumedTable());
    return { op: 'vacuum', at, options, tables };
  }

  private vacuumedTable(): SourceName {
    const name = this.SUBRULE(this.anyName);
    // Statistics are taken of all columns together.
    if (this.isNext(1, T.LeftParen)) this.SUBRULE(this.columnNames);
    return name;
  }

  private vacuumOption(): SourceOption {
    const word = this.take(0, T.ColumnLabel);
    const isPlain = this.isNext(1, T.Comma) || this.isNext(1, T.RightParen);
    return { op: 'option', at: word.ordinal, name: word.value, value: isPlain ? null : this.plainValue() };
  }

  // LOCK TABLE? ONLY? name ( ',' name )* ( IN mode MODE )? NOWAIT?
  private locked({ ordinal: at }: SqlToken): SourceStatement {
    this.accept('table');
    const tables = this.items(() => {
      const only = this.accept('only');
      const name = this.SUBRULE(this.anyName);
      if (!only && this.next(1).value === '*') this.take(0, this.next(1).tokenType);
      return name;
    });
    const mode = this.accept('in') ? this.lockMode() : 'access exclusive';
    return { op: 'lockTable', at, tables, mode, nowait: this.accept('nowait') };
  }

  private lockMode(): string {
    const first = this.acceptOne('access', 'row', 'share', 'exclusive') ?? this.unexpected(this.next(1));
    const words = [first.value];
    const behind = { access: ['share', 'exclusive'], row: ['share', 'exclusive'], share: ['update', 'row'] }[first.value];
    const second = behind === undefined ? null : this.acceptOne(...behind);
    if (second !== null) words.push(second.value);
    else if (first.value === 'access' || first.value === 'row') this.unexpected(this.next(1));
    if (first.value === 'share' && second !== null) words.push(this.word('exclusive').value);
    this.word('mode');
    return words.join(' ');
  }
}
