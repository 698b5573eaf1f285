// The threads of one instance, and who gets them when: attesters first. A thread that dies takes
// the work that it had with it and nothing else. docs/decisions/0020-worker-threads.md

import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { REAPPRAISAL_LIMITS } from '../bytes/limits.ts';
import type { AppraisalWork, AppraisalWorkers } from '../service/appraisal-workers.ts';
import { Problem } from '../service/problem.ts';
import type { Proposal } from '../service/propose-entries.ts';
import type { Reappraisal } from '../service/reappraise.ts';
import { PiecesFeed } from './pieces-port.ts';
import type { PostedWork } from './worker.ts';

/** How many threads, and how much work may wait for them. */
export interface WorkerSettings {
  readonly threads: number;
  readonly waiting: number;
}

/** Makes the threads' pool; a thread starts when there is work for it. One core is left to
 *  requests, where there are several. */
export function startWorkers(settings: Partial<WorkerSettings> = {}): AppraisalWorkers {
  const threads = Math.max(1, availableParallelism() - 1);
  return new WorkerPool({ threads, waiting: REAPPRAISAL_LIMITS.waiting, ...settings });
}

class WorkerPool implements AppraisalWorkers {
  readonly #pool: Piscina;
  readonly #settings: WorkerSettings;
  readonly trialPlaces: number;
  /** Work that runs or waits for a thread. */
  #taken = 0;
  #trials = 0;
  readonly #waitingTrials: (() => void)[] = [];
  readonly #running = new Map<PiecesFeed, AbortController>();

  constructor(settings: WorkerSettings) {
    const { threads, waiting } = settings;
    this.#settings = settings;
    this.trialPlaces = Math.max(1, Math.floor(threads / 2));
    const options = { minThreads: 0, maxThreads: threads, maxQueue: waiting, idleTimeout: IDLE_MS };
    this.#pool = new Piscina({ ...options, ...ENTRY, atomics: 'disabled' });
    // A thread that dies before it has work has not failed any; but where none can start, nobody
    // must wait for one.
    this.#pool.on('error', (error: unknown) => this.#failWaiting(error));
  }

  reappraise(work: AppraisalWork): Promise<Reappraisal> {
    return this.#run('reappraise', work);
  }

  propose(work: AppraisalWork): Promise<Proposal> {
    return this.#run('propose', work);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #run<Result>(name: 'reappraise' | 'propose', work: AppraisalWork): Promise<Result> {
    if (work.share === 'attestation') return this.#inThread(name, work);
    await this.#trialPlace();
    this.#trials += 1;
    try {
      return await this.#inThread(name, work);
    } finally {
      this.#trials -= 1;
      this.#admitTrial();
    }
  }

  async #inThread<Result>(
    name: 'reappraise' | 'propose',
    { policy, pieces }: AppraisalWork,
  ): Promise<Result> {
    const { threads, waiting } = this.#settings;
    if (this.#taken >= threads + waiting) throw busy();
    this.#taken += 1;
    const { port1, port2 } = new MessageChannel();
    const feed = new PiecesFeed(port1, pieces);
    const posted: PostedWork = { policy, port: port2 };
    const abort = new AbortController();
    this.#running.set(feed, abort);
    try {
      const { signal } = abort;
      return await this.#pool.run(posted, { name, transferList: [port2], signal });
    } catch (error) {
      // What went wrong on this side says more than that the thread got nothing.
      throw feed.failure === undefined ? error : feed.failure.error;
    } finally {
      this.#running.delete(feed);
      feed.close();
      this.#taken -= 1;
      this.#admitTrial();
    }
  }

  #failWaiting(reason: unknown): void {
    for (const [feed, abort] of this.#running) {
      if (feed.isAsked) continue;
      feed.fail(reason);
      abort.abort();
    }
  }

  /** Waits until a trial may go on. Who is admitted takes the place before anyone else looks. */
  async #trialPlace(): Promise<void> {
    while (!this.#hasTrialPlace()) {
      await new Promise<void>((resolve) => this.#waitingTrials.push(resolve));
    }
  }

  #hasTrialPlace(): boolean {
    return this.#trials < this.trialPlaces && this.#taken < this.#settings.threads;
  }

  #admitTrial(): void {
    if (this.#hasTrialPlace()) this.#waitingTrials.shift()?.();
  }
}

function busy(): Problem {
  return new Problem('service.busy', {
    detail: 'Too much stored evidence is being appraised again. Ask again in a moment.',
    retryAfterSeconds: RETRY_SECONDS,
  });
}

/** From sources a thread reads sources, and from compiled files compiled ones. */
const EXTENSION = extname(fileURLToPath(import.meta.url));
const ENTRY = {
  filename: fileURLToPath(new URL(`./worker${EXTENSION}`, import.meta.url)),
  ...(EXTENSION === '.ts' ? { execArgv: ['--import', readSources()] } : {}),
};

/** A module that lets a thread read sources: the way of the main thread does not reach into it. */
function readSources(): string {
  const api = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  return `data:text/javascript,import{register}from${encodeURIComponent(api)};register()`;
}

/** Threads are dear to start and cheap to keep. */
const IDLE_MS = 60_000;
const RETRY_SECONDS = 5;
