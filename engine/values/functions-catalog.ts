/** Primitives that describe objects of the catalog (engine/values/catalog-primitives.ts): the catalog answers them. */

import type { RowValue } from '../storage/rows/row-value.ts';
import { isNested } from '../storage/rows/nested-value.ts';
import { CATALOG_PRIMITIVES } from './catalog-primitives.ts';
import type { ValueContext } from './context.ts';
import type { Implementation } from './functions.ts';

const names = [...CATALOG_PRIMITIVES.matchAll(/^(catalog\.[\w.]+)\(/gm)].map(([, name]) => name);

const describe =
  (question: string): Implementation =>
  (...given: unknown[]) => {
    const context = given[given.length - 1] as ValueContext;
    return context.types?.describe?.(question, given.slice(0, -1) as RowValue[]) ?? null;
  };

export const catalogFunctions: { readonly [primitive: string]: Implementation } = Object.fromEntries(
  names.filter((name) => name !== 'catalog.ancestors').map((name) => [name, describe(name.slice('catalog.'.length))]),
);

/** pg_partition_ancestors() */
export const catalogSetFunctions = {
  'catalog.ancestors': (id: RowValue, context: ValueContext) => {
    const found = context.types?.describe?.('ancestors', [id]) ?? null;
    const ids = isNested(found) && found.kind === 'array' ? found.items : [];
    let at = 0;
    return () => (at < ids.length ? ids[at++] : undefined);
  },
};
