import type { Event, Failure } from '../../src/run/event.ts';
import type { Key } from '../../src/store/store.ts';

/** Events of a run that starts at 0, times in seconds. */
export const key = 'key' as Key;

export function planned(at: number, stages: number, reuse: number, estimateSeconds?: number): Event {
  const estimate = estimateSeconds === undefined ? {} : { estimateSeconds };
  return {
    type: 'planned',
    at: at * 1000,
    experiment: 'table3',
    stages,
    reuse,
    run: stages - reuse,
    depends: 0,
    ...estimate,
  };
}

export function started(at: number, stage: string, resumed = false): Event {
  return {
    type: 'started',
    at: at * 1000,
    stage,
    kind: 'pretrain',
    key,
    why: 'params-changed',
    resumed,
    log: `jobs/${stage}/log`,
  };
}

export function progress(at: number, stage: string, step: number, of: number, loss: number): Event {
  return { type: 'progress', at: at * 1000, stage, step, of, values: { loss, lr: 0.001 } };
}

export function reused(at: number, stage: string): Event {
  return { type: 'reused', at: at * 1000, stage, key, metrics: {} };
}

export function finished(at: number, stage: string, seconds: number, engine = 'none'): Event {
  return {
    type: 'finished',
    at: at * 1000,
    stage,
    key,
    metrics: { accuracy: 55.25, 'category.colour': 61 },
    seconds,
    engine,
  };
}

export const failure: Failure = {
  message: 'the loss is NaN at step 80',
  problems: [],
  tail: ['step 79 loss 812.4', 'step 80 loss NaN'],
  log: 'cache/jobs/ab/log',
};

export function failed(at: number, stage: string): Event {
  return { type: 'failed', at: at * 1000, stage, key, failure };
}

export function blocked(at: number, stage: string, by: string): Event {
  return { type: 'blocked', at: at * 1000, stage, by };
}

export function stopped(at: number, stage: string): Event {
  return { type: 'stopped', at: at * 1000, stage, key };
}

export function done(at: number, outcome: 'complete' | 'failed' | 'stopped' = 'complete'): Event {
  return { type: 'done', at: at * 1000, outcome, ran: 1, reused: 2, failed: 1, blocked: 1, seconds: at };
}
