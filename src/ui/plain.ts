import { duration, type Style } from '../report/style.ts';
import type { Event } from '../run/event.ts';
import { endedLines } from './ended.ts';
import { count, metricsText, whyWords } from './words.ts';

/** Progress of one stage is told this often: a log is read afterwards. */
const progressEvery = 15_000;

/**
 * One line per event, for logs and pipes. Cached stages that follow one another are told together, or an
 * unchanged run of a thousand stages would be a thousand lines.
 */
export function plainLines(style: Style): (event: Event) => readonly string[] {
  let reused = 0;
  const told = new Map<string, number>();
  return (event) => {
    if (event.type === 'reused') {
      reused += 1;
      return [];
    }
    const earlier = reused > 0 ? [`= ${count(reused, 'stage')} reused`] : [];
    if (event.type === 'progress') {
      const last = told.get(event.stage) ?? Number.NEGATIVE_INFINITY;
      if (event.at - last < progressEvery) return [];
      told.set(event.stage, event.at);
    } else if (event.type === 'started') told.set(event.stage, event.at);
    reused = 0;
    return [...earlier, ...eventLines(event, style)];
  };
}

function eventLines(event: Exclude<Event, { type: 'reused' }>, style: Style): readonly string[] {
  switch (event.type) {
    case 'planned': {
      const { experiment, stages, reuse, run, depends, estimateSeconds } = event;
      const parts = [`${reuse} cached`, `${run} to run`, ...(depends > 0 ? [`${depends} waiting for those`] : [])];
      const time = estimateSeconds === undefined || run + depends === 0 ? '' : `, about ${duration(estimateSeconds)}`;
      return [`${experiment}: ${count(stages, 'stage')}: ${parts.join(', ')}${time}`];
    }
    case 'started':
      return [`> ${event.stage}  ${event.resumed ? 'resumed from its checkpoint' : whyWords[event.why]}`];
    case 'progress': {
      const numbers = metricsText(event.values);
      return [`  ${event.stage}  ${event.step}/${event.of}${numbers === '' ? '' : `  ${numbers}`}`];
    }
    case 'waiting':
      return [`  ${event.stage}  another process is making it`];
    case 'helped':
      return [
        `  ${event.stage}  helped by ${event.helpers === 1 ? 'another process' : `${event.helpers} more processes`} of this run`,
      ];
    case 'finished':
    case 'failed':
    case 'blocked':
    case 'stopped':
      return endedLines(event, style);
    case 'stopping':
      return [event.force ? 'stopping at once' : 'stopping after the next checkpoint; Ctrl-C again stops at once'];
    case 'done':
      return [];
  }
}
