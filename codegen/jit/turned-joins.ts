/**
 * Joins inside what runs again and again, turned round: the side that is the same in every run is collected, once (keptBuilds), and the
 * rows of the run are looked up in it.
 */

import type { HashProbe, JoinKind, PhysicalNode } from '../../engine/plan/physical.ts';
import { inputsOf } from './needed.ts';

const MIRROR: { readonly [kind in JoinKind]?: JoinKind } = { inner: 'inner', left: 'right', right: 'left', full: 'full' };

const readsWork = (node: PhysicalNode): boolean => node.node === 'WorkScan' || inputsOf(node).some(readsWork);

/** The step of a recursion. */
export function turnedStep(node: PhysicalNode): PhysicalNode {
  if (node.node === 'HashProbe') return turnedProbe({ ...node, input: turnedStep(node.input), build: turnedStep(node.build) });
  return 'input' in node ? ({ ...node, input: turnedStep(node.input) } as PhysicalNode) : node;
}

function turnedProbe(node: HashProbe): HashProbe {
  const kind = MIRROR[node.kind];
  if (kind === undefined || !readsWork(node.build) || readsWork(node.input)) return node;
  const keys = node.keys.map((key) => ({ ...key, left: key.right, right: key.left }));
  return { ...node, kind, input: node.build, build: node.input, keys, unique: false };
}
