/** A stage over a partition that may be left out: whether it has rows of use is known before it begins (TableSource.gate). */

import type { BoundExpression } from '../../engine/sblr/bound.ts';
import type { Builder } from './builder.ts';
import { type MadeStage, rowsOf } from './sources.ts';
import { STAGE_DONE } from './stage-run.ts';
import type { State } from './state.ts';

interface Gate {
  /** Not known yet, or whether the stage is run. */
  isOpen: boolean | null;
}

export function gatedStage(builder: Builder, { stage, limits }: MadeStage, gate: BoundExpression): MadeStage {
  builder.countUses(gate);
  const value = rowsOf(builder, [[gate]]);
  const part = builder.part((): Gate => ({ isOpen: null }));
  const isOpen = (c: State): boolean => {
    const place = c.parts[part] as Gate;
    place.isOpen ??= value(c)[0][0] === true;
    return place.isOpen;
  };
  const { one } = stage;
  return {
    limits,
    stage: {
      begin: (c) => {
        (c.parts[part] as Gate).isOpen = null;
        stage.begin(c);
      },
      run: (c) => (isOpen(c) ? stage.run(c) : STAGE_DONE),
      one: one === undefined ? undefined : (c) => (value(c)[0][0] === true ? one(c) : undefined),
    },
  };
}
