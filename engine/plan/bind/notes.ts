/** What the binder has made of a stored expression, for showing it again: types, and conversions that nobody wrote. */

import type { BoundExpression } from '../../sblr/bound.ts';
import type { SourceExpression } from '../../sblr/source.gen.ts';
import type { SqlType, TypeName } from '../../sblr/types.ts';

export class BindNotes {
  readonly #bound = new Map<SourceExpression, BoundExpression>();
  readonly #casts = new Map<BoundExpression, TypeName>();
  /** The whole was given its column's length or digits. */
  isFitted = false;

  bound(source: SourceExpression, node: BoundExpression): void {
    this.#bound.set(source, node);
  }

  cast(node: BoundExpression, type: SqlType): void {
    this.#casts.set(node, type.name);
  }

  typeOf(source: SourceExpression): TypeName | null {
    return this.#bound.get(source)?.type.name ?? null;
  }

  castOf(source: SourceExpression): TypeName | null {
    const node = this.#bound.get(source);
    return node === undefined ? null : (this.#casts.get(node) ?? null);
  }
}
