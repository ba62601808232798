/** Where the thread begins (log-loop.ts). */

import { runLogThread } from './log-entry.ts';

await runLogThread();
