/** The dialect that a session speaks: its plugin's version, or the engine's own. */

import type { Dialect } from '../../plugins/contract/contract.ts';
import type { Session } from '../session/session.ts';
import type { Engine } from './engine.ts';

export const dialectFor = (engine: Engine, session: Session): Dialect => session.dialect ?? engine.dialect;
