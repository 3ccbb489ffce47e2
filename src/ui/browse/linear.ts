import { duration, paint, type Style } from '../../report/style.ts';
import { count, metricsText } from '../words.ts';
import type { ItemState, Open, StageItem } from './world.ts';

/** Lines of a failed stage's log that are read out. */
const tailLength = 12;
const order: readonly ItemState[] = ['running', 'failed', 'to run', 'waits', 'blocked', 'cached'];

/** How an experiment stands, from top to bottom: counts, tables, every stage in words, the logs of those that failed. */
export function linearLines(
  { experiment, stages }: Open,
  file: string,
  logOf: (stage: string) => readonly string[],
  style: Style,
  tables: readonly string[],
): readonly string[] {
  const counts = order.flatMap((state) => {
    const number = stages.filter((item) => item.state === state).length;
    return number === 0 ? [] : [`${number} ${state}`];
  });
  return [
    paint(style, 'bold', `${experiment.name} (${file})`),
    `${count(stages.length, 'stage')}: ${counts.join(', ')}`,
    ...tables.flatMap((table) => ['', table]),
    '',
    paint(style, 'bold', 'stages'),
    ...stages.flatMap((item) => [stageLine(item), ...failureLines(item, logOf)]),
    '',
    `more: sea why STAGE ${file}, sea show STAGE ${file}, sea compare ${file} ROW ROW, sea run ${file}`,
  ];
}

function stageLine({ id, kind, state, reason, seconds, progress, step }: StageItem): string {
  const metrics = state === 'cached' ? metricsText(step.entry?.metrics ?? {}) : '';
  const facts = [
    state === 'cached' ? state : `${state}: ${reason}`,
    ...(progress === undefined ? [] : [`step ${progress.step} of ${progress.of}`]),
    ...(state !== 'cached' || seconds === undefined ? [] : [duration(seconds)]),
    ...(metrics === '' ? [] : [metrics]),
  ];
  return `${id}, ${kind}, ${facts.join(', ')}`;
}

function failureLines({ id, state }: StageItem, logOf: (stage: string) => readonly string[]): readonly string[] {
  return state === 'failed'
    ? logOf(id)
        .slice(-tailLength)
        .map((line) => `  log: ${line}`)
    : [];
}
