/** Transactions, SET, USE, and SHOW as far as it is a query. */

import { plainError } from '../../../engine/sblr/parse-error.ts';
import type { SourceQuery, SourceStatement } from '../../../engine/sblr/source.gen.ts';
import type { GrammarOptions, Rule } from '../../kit/grammar.ts';
import type { SqlToken } from '../../kit/token.ts';
import { constant } from '../lower.ts';
import { DATABASES, NO_WARNINGS, placedAt, tablesOf, VARIABLES_SHOWN } from '../shown.ts';
import * as T from '../tokens.ts';
import { findVariable, settingOf, type Variable } from '../variables.ts';
import { DefinitionGrammar } from './definitions.ts';

type Statement = SourceStatement | SourceQuery;

/** SET NAMES sets these. */
const NAMES_VARIABLES = ['character_set_client', 'character_set_connection', 'character_set_results'];

export class MysqlGrammar extends DefinitionGrammar {
  private readonly readQuery: (text: string) => SourceQuery;

  /** `readQuery` reads the queries that SHOW stands for. */
  constructor(readQuery: (text: string) => SourceQuery, options: GrammarOptions = {}) {
    super(options);
    this.readQuery = readQuery;
    this.performSelfAnalysis();
  }

  readonly statement: Rule<[], Statement> = this.RULE('statement', () => {
    if (this.RECORDING_PHASE) return this.take(1, T.Word) as never;
    this.parameterCount = 0;
    return this.anyStatement();
  });

  private anyStatement(): Statement {
    const start = this.next(1);
    if (start.tokenType === T.LeftParen) return this.query();
    switch (start.quoted ? '' : start.value.toLowerCase()) {
      case 'select':
      case 'values':
      case 'table':
        return this.query();
      case 'with':
        return this.behindWith();
      case 'insert':
        return this.insert();
      case 'update':
        return this.update(null);
      case 'delete':
        return this.delete(null);
      case 'truncate':
        return this.truncate();
      case 'create':
        return this.create();
      case 'drop':
        return this.drop();
      default:
        return this.ofSession(start);
    }
  }

  private behindWith(): Statement {
    let depth = 0;
    for (let ahead = 2; ; ahead++) {
      const { tokenType } = this.next(ahead);
      if (tokenType === T.LeftParen) depth++;
      else if (tokenType === T.RightParen) depth--;
      if (depth > 0) continue;
      if (this.is('select', ahead) || this.is('values', ahead) || this.is('table', ahead)) return this.query();
      if (this.is('update', ahead)) return this.update(this.withClause());
      if (this.is('delete', ahead)) return this.delete(this.withClause());
      if (this.next(ahead).ordinal === this.input.length - 1) return this.query();
    }
  }

  private ofSession(start: SqlToken): Statement {
    const { ordinal: at } = start;
    switch (start.quoted ? '' : start.value.toLowerCase()) {
      case 'start':
        return this.startTransaction();
      case 'begin':
        this.any();
        this.accept('work');
        return { op: 'begin', at, isolation: null, readOnly: null, deferrable: null, start: false };
      case 'commit':
        this.any();
        return { op: 'commit', at, chain: this.chain() };
      case 'rollback':
        return this.rollback();
      case 'savepoint':
        this.any();
        return { op: 'savepoint', at, name: this.identifier().value };
      case 'release':
        this.word('release', 'savepoint');
        return { op: 'release', at, name: this.identifier().value };
      case 'set':
        return this.set();
      case 'use':
        this.any();
        return settingNode(at, 'search_path', quotedName(this.identifier().value));
      case 'show':
        return this.show();
      default:
        return this.refuseKnown(start);
    }
  }

  // START TRANSACTION ( WITH CONSISTENT SNAPSHOT | READ ONLY | READ WRITE ) ( ',' ... )*
  private startTransaction(): SourceStatement {
    const { ordinal: at } = this.word('start', 'transaction');
    let readOnly: boolean | null = null;
    while (this.isOne('with', 'read')) {
      if (!this.accept('with', 'consistent', 'snapshot')) {
        this.word('read');
        const word = this.acceptOne('only', 'write');
        if (word === null) this.unexpected(this.next(1));
        readOnly = word === 'only';
      }
      if (!this.acceptToken(T.Comma)) break;
    }
    return { op: 'begin', at, isolation: null, readOnly, deferrable: null, start: true };
  }

  // WORK? ( AND NO? CHAIN )? ( NO? RELEASE )?
  private chain(): boolean {
    this.accept('work');
    const chains = this.accept('and', 'chain');
    if (!chains) this.accept('and', 'no', 'chain');
    this.accept('no', 'release');
    if (this.is('release')) this.refuse('RELEASE behind a transaction');
    return chains;
  }

  // ROLLBACK WORK? ( TO SAVEPOINT? name )?
  private rollback(): SourceStatement {
    const { ordinal: at } = this.word('rollback');
    if (this.is('to') || this.is('to', 2)) {
      this.accept('work');
      this.word('to');
      this.accept('savepoint');
      return { op: 'rollbackTo', at, name: this.identifier().value };
    }
    return { op: 'rollback', at, chain: this.chain() };
  }

  // ---- SET ----

  private set(): SourceStatement {
    const { ordinal: at } = this.word('set');
    const settings = this.items(() => this.settings()).flat();
    return settings.length === 1 ? settings[0] : { op: 'setSeveral', at, settings };
  }

  private settings(): SourceStatement[] {
    const start = this.next(1);
    const { ordinal: at } = start;
    if (this.accept('names')) return this.names(at);
    if (this.accept('character', 'set') || this.accept('charset')) return this.names(at);
    if (start.tokenType === T.UserVariable) this.refuse('user variables');
    if (start.tokenType === T.SystemVariable) return this.variableSet(this.any());
    const scope = this.acceptOne('session', 'local', 'global', 'persist');
    if (scope === 'global' || scope === 'persist') this.refuse(`SET ${scope.toUpperCase()}`, start);
    if (this.is('transaction')) return this.setTransaction(scope !== null);
    if (this.is('password') || this.is('role')) this.refuse(`SET ${this.next(1).value.toUpperCase()}`);
    return this.variableSet(this.next(1).tokenType === T.SystemVariable ? this.any() : this.identifier());
  }

  private names(at: number): SourceStatement[] {
    const token = this.isNext(1, T.StringLiteral) ? this.any() : this.take(0, T.Word);
    if (!/^(utf8mb4|default)$/i.test(token.value)) this.refuse(`the character set ${token.value}`, token);
    if (this.accept('collate')) this.collation();
    return NAMES_VARIABLES.map((name) => settingNode(at, settingOf(findVariable(name)), 'utf8mb4'));
  }

  // name ( '=' | ':=' ) ( value | DEFAULT )
  private variableSet({ value: written, ordinal: at }: SqlToken): SourceStatement[] {
    const name = written.toLowerCase();
    if (/^(global|persist|persist_only)\./.test(name)) this.refuse('SET GLOBAL', this.next(0));
    const variable = findVariable(name);
    if (!this.acceptOperator('=') && !this.acceptOperator(':=')) this.unexpected(this.next(1));
    const given = this.settingValue();
    if (variable.accepts === null) throw plainError('55P02', `Variable '${variable.name}' is a read only variable`);
    const value = given === null ? variable.initial : variable.accepts(given);
    if (value === null) {
      throw plainError('22023', `Variable '${variable.name}' can't be set to the value of '${given}'`);
    }
    return effects(at, variable, value);
  }

  /** Null: DEFAULT. */
  private settingValue(): string | null {
    if (this.accept('default')) return null;
    const token = this.next(1);
    if (token.tokenType === T.Word || token.tokenType === T.Reserved || token.tokenType === T.Identifier) return this.any().value;
    const value = this.expression();
    if (value.op === 'constant' && (value.kind === 'string' || value.kind === 'integer')) return value.text;
    return this.refuse('SET to the value of an expression', token);
  }

  // TRANSACTION ( ISOLATION LEVEL level | READ ONLY | READ WRITE ) ( ',' ... )*
  private setTransaction(isSession: boolean): SourceStatement[] {
    const { ordinal: at } = this.word('transaction');
    let isolation: string | null = null;
    let readOnly: boolean | null = null;
    do {
      if (this.accept('isolation', 'level')) isolation = this.level();
      else {
        this.word('read');
        const word = this.acceptOne('only', 'write');
        if (word === null) this.unexpected(this.next(1));
        readOnly = word === 'only';
      }
    } while (this.acceptToken(T.Comma));
    if (!isSession) this.refuse('SET TRANSACTION of the next transaction only', this.next(0));
    const own =
      isolation === null ? [] : effects(at, findVariable('transaction_isolation'), isolation.toUpperCase().replace(' ', '-'));
    return readOnly === null ? own : [...own, ...effects(at, findVariable('transaction_read_only'), readOnly ? '1' : '0')];
  }

  private level(): string {
    if (this.accept('serializable')) return 'serializable';
    if (this.accept('repeatable', 'read')) return 'repeatable read';
    this.word('read');
    const word = this.acceptOne('committed', 'uncommitted');
    return word === null ? this.unexpected(this.next(1)) : `read ${word}`;
  }

  // ---- SHOW ----

  private show(): Statement {
    const { ordinal: at } = this.word('show');
    const full = this.accept('full');
    const text = full ? null : this.shownText();
    if (text !== null) return placedAt(this.readQuery(text), at);
    if (!this.accept('tables')) return this.refuse(`SHOW ${this.next(1).value.toUpperCase()}`);
    const database = this.accept('from') || this.accept('in') ? this.identifier().value : null;
    return placedAt(this.readQuery(tablesOf(database, full, this.pattern())), at);
  }

  /** The query that SHOW is; null: it is another SHOW. */
  private shownText(): string | null {
    this.acceptOne('session', 'local', 'global');
    if (this.accept('variables')) return VARIABLES_SHOWN(this.pattern());
    if (this.accept('databases') || this.accept('schemas')) return DATABASES(this.pattern());
    if (!this.accept('warnings') && !this.accept('errors')) return null;
    if (this.is('limit')) this.limit();
    return NO_WARNINGS;
  }

  // ( LIKE text )?
  private pattern(): string | null {
    if (this.is('where')) this.refuse('SHOW ... WHERE');
    return this.accept('like') ? this.take(0, T.StringLiteral).value : null;
  }

  /** Statements that MySQL has and that are not here yet, by their first words. */
  private refuseKnown(start: SqlToken): never {
    if (start.quoted || !KNOWN.has(start.value.toLowerCase())) return this.unexpected(start);
    return this.refuse(start.value.toUpperCase(), start);
  }
}

const KNOWN = new Set(
  `alter analyze binlog cache call change check checksum clone deallocate desc describe do execute explain flush get grant handler help
  import install kill load lock optimize prepare purge rename repair replace reset resignal restart revoke shutdown signal stop uninstall
  unlock xa`.split(/\s+/),
);

const settingNode = (at: number, name: string, value: string): SourceStatement => ({
  ...{ op: 'set', at, name, values: [constant(at, 'string', value)], scope: 'session' },
});

/** A schema as search_path has it. */
const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** What setting a variable means: its own setting, and the engine's that does what it says. */
function effects(at: number, variable: Variable, value: string): SourceStatement[] {
  const own = settingNode(at, settingOf(variable), value);
  const { name } = variable;
  if (name === 'transaction_isolation' || name === 'tx_isolation')
    return [own, settingNode(at, 'default_transaction_isolation', value.toLowerCase().replace('-', ' '))];
  if (name === 'transaction_read_only' || name === 'tx_read_only')
    return [own, settingNode(at, 'default_transaction_read_only', value === '1' ? 'on' : 'off')];
  return [own];
}
