/** Where the thread begins (worker-loop.ts). */

import { runWorkerThread } from './worker-entry.ts';

await runWorkerThread();
