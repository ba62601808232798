/** CREATE and ALTER of types and domains: read word by word, as the other statements of objects.ts. */

import type { SourceColumnDef, SourceConstraint, SourceExpression, SourceStatement } from '../../../engine/sblr/source.gen.ts';
import { syntaxError } from '../../../engine/sblr/parse-error.ts';
import type { SqlToken } from '../../kit/token.ts';
import * as T from '../tokens.ts';
import { RoutineGrammar } from './routines.ts';

type Change = Extract<SourceStatement, { op: 'alterType' }>;

const EMPTY_CHANGE = {
  ...{ label: null, neighbour: null, before: false, to: null, expression: null, constraint: null },
  ...{ ifExists: false, cascade: false },
} as const;

export class MadeTypeGrammar extends RoutineGrammar {
  // CREATE TYPE name AS ( ENUM '(' labels ')' | '(' attributes ')' )
  protected createdType(start: SqlToken): SourceStatement {
    this.word('type');
    const name = this.SUBRULE(this.anyName);
    if (this.isNext(1, T.LeftParen)) this.refuse('CREATE TYPE of a base type', start);
    if (!this.accept('as')) this.refuse('CREATE TYPE of a shell type', start);
    if (this.is('range')) this.refuse('CREATE TYPE AS RANGE', start);
    const own = { op: 'createType' as const, at: start.ordinal, name };
    if (this.accept('enum')) {
      this.take(0, T.LeftParen);
      const labels = this.isNext(1, T.RightParen) ? [] : this.severalOf(() => this.take(0, T.StringLiteral).value);
      this.take(0, T.RightParen);
      return { ...own, kind: 'enum', labels, attributes: [] };
    }
    this.take(0, T.LeftParen);
    const attributes = this.isNext(1, T.RightParen) ? [] : this.severalOf(() => this.typeAttribute());
    this.take(0, T.RightParen);
    return { ...own, kind: 'row', labels: [], attributes };
  }

  private typeAttribute(): SourceColumnDef {
    const at = this.next(1).ordinal;
    const name = this.columnId(0);
    const type = this.SUBRULE(this.typeName);
    const collation = this.accept('collate') ? this.SUBRULE(this.anyName) : null;
    return { op: 'columnDef', at, name, type, collation, constraints: [] };
  }

  private severalOf<Item>(read: () => Item): Item[] {
    const items = [read()];
    while (this.isNext(1, T.Comma)) {
      this.take(0, T.Comma);
      items.push(read());
    }
    return items;
  }

  // CREATE DOMAIN name AS? type ( COLLATE name )? constraints
  protected createdDomain(start: SqlToken): SourceStatement {
    this.word('domain');
    const name = this.SUBRULE(this.anyName);
    this.accept('as');
    const type = this.SUBRULE(this.typeName);
    const collation = this.accept('collate') ? this.SUBRULE(this.anyName) : null;
    const constraints: SourceConstraint[] = [];
    while (['constraint', 'not', 'null', 'default', 'check'].some((word) => this.is(word)))
      constraints.push({ ...this.SUBRULE(this.columnConstraint) });
    return { op: 'createDomain', at: start.ordinal, name, type, collation, constraints };
  }

  private labelText(): string {
    return this.take(0, T.StringLiteral).value;
  }

  // ALTER TYPE name action | ALTER DOMAIN name action
  protected alteredType(start: SqlToken, kind: Change['kind']): SourceStatement {
    this.word(kind);
    const name = this.SUBRULE(this.anyName);
    const change = (action: Change['action'], more: Partial<Change> = {}): Change => ({
      ...EMPTY_CHANGE,
      ...{ op: 'alterType', at: start.ordinal, kind, name, action },
      ...more,
    });
    if (this.accept('rename')) {
      if (this.accept('to')) return change('renameTo', { to: this.columnId(0) });
      if (kind === 'type' && this.accept('value')) {
        const label = this.labelText();
        this.word('to');
        return change('renameValue', { label, to: this.labelText() });
      }
      if (kind === 'type') this.refuse('ALTER TYPE RENAME ATTRIBUTE', start);
      this.word('constraint');
      const label = this.columnId(0);
      this.word('to');
      return change('renameConstraint', { label, to: this.columnId(0) });
    }
    if (this.accept('owner')) {
      this.word('to');
      return change('ownerTo', { to: this.roleName() });
    }
    if (this.accept('set')) return this.typeSetting(start, kind, change);
    if (kind === 'type') return this.addingValue(start, change);
    return this.domainAction(change);
  }

  private typeSetting(
    start: SqlToken,
    kind: Change['kind'],
    change: (action: Change['action'], more?: Partial<Change>) => Change,
  ) {
    if (this.accept('schema')) return change('setSchema', { to: this.columnId(0) });
    if (kind === 'type') this.refuse('ALTER TYPE SET', start);
    if (this.accept('default')) {
      const expression: SourceExpression = this.SUBRULE(this.expression);
      return change('setDefault', { expression });
    }
    this.word('not');
    this.word('null');
    return change('setNotNull');
  }

  private addingValue(start: SqlToken, change: (action: Change['action'], more?: Partial<Change>) => Change): Change {
    if (!this.accept('add') || !this.is('value')) this.refuse('ALTER TYPE of attributes', start);
    this.word('value');
    const ifExists = this.is('if') && this.is('not', 2);
    if (ifExists) for (const one of ['if', 'not', 'exists']) this.word(one);
    const label = this.labelText();
    const place = this.acceptOne('before', 'after');
    const neighbour = place === null ? null : this.labelText();
    return change('addValue', { label, ifExists, neighbour, before: place?.value === 'before' });
  }

  private domainAction(change: (action: Change['action'], more?: Partial<Change>) => Change): Change {
    if (this.accept('drop')) {
      if (this.accept('default')) return change('dropDefault');
      if (this.accept('not')) {
        this.word('null');
        return change('dropNotNull');
      }
      this.word('constraint');
      const ifExists = this.is('if');
      if (ifExists) for (const one of ['if', 'exists']) this.word(one);
      const label = this.columnId(0);
      const cascade = this.acceptOne('cascade', 'restrict')?.value === 'cascade';
      return change('dropConstraint', { label, ifExists, cascade });
    }
    if (this.accept('validate')) {
      this.word('constraint');
      return change('validateConstraint', { label: this.columnId(0) });
    }
    const word = this.word('add');
    const constraint: SourceConstraint = { ...this.SUBRULE(this.columnConstraint) };
    if (constraint.kind !== 'check') throw syntaxError('a domain has only CHECK constraints', word.startOffset);
    if (this.accept('not')) {
      this.word('valid');
      return change('addConstraint', { constraint: { ...constraint, notValid: true } });
    }
    return change('addConstraint', { constraint });
  }
}
