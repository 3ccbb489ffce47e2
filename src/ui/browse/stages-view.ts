import { duration, minuteOf, type Style, type Tone } from '../../report/style.ts';
import type { Entry } from '../../store/store.ts';
import type { Size } from '../screen.ts';
import { metricsText } from '../words.ts';
import { type Field, listLines } from './lines.ts';
import type { Found, ItemState, StageItem } from './world.ts';

export const tones: Readonly<Record<ItemState, Tone>> = {
  cached: 'dim',
  running: 'accent',
  failed: 'bad',
  'to run': 'good',
  waits: 'accent',
  blocked: 'warn',
};

const signs: Readonly<Record<ItemState, string>> = {
  cached: '=',
  running: '▸',
  failed: '✗',
  'to run': '+',
  waits: '·',
  blocked: '⊘',
};

export function stateSign(state: ItemState): string {
  return signs[state];
}

export function stateText(state: ItemState): string {
  return `${signs[state]} ${state}`;
}

/** Stages in the order of the graph; only those in the window are made into text. */
export function stageListLines(
  stages: readonly StageItem[],
  cursor: number,
  size: Size,
  style: Style,
): readonly string[] {
  if (stages.length === 0) return ['  no stage'];
  const fieldsOf = (at: number): readonly Field[] => {
    const item = stages[at];
    if (item === undefined) throw new Error(`line ${at} of ${stages.length} stages`);
    const { id, state, kind, seconds, progress, reason } = item;
    const share = progress === undefined || progress.of <= 0 ? undefined : progress.step / progress.of;
    return [
      { text: id },
      { text: stateText(state), tone: tones[state] },
      ...(size.columns < 100 ? [] : [{ text: kind, tone: 'dim' } as const]),
      {
        text: share !== undefined ? `${Math.floor(share * 100)} %` : seconds === undefined ? '' : duration(seconds),
        tone: 'dim',
        right: true,
      },
      { text: state === 'cached' ? metricsText(item.step.entry?.metrics ?? {}, 2) : reason },
    ];
  };
  return listLines(stages.length, cursor, fieldsOf, size, style);
}

export function historyLines(entries: readonly Entry[], cursor: number, size: Size, style: Style): readonly string[] {
  if (entries.length === 0) return ['  this experiment has left nothing in the cache'];
  const fieldsOf = (at: number): readonly Field[] => {
    const entry = entries[at];
    if (entry === undefined) throw new Error(`line ${at} of ${entries.length} entries`);
    return [
      { text: entry.stage },
      { text: minuteOf(entry.provenance.startedAt), tone: 'dim' },
      { text: duration(entry.provenance.seconds), tone: 'dim', right: true },
      { text: entry.key.slice(0, 10), tone: 'dim' },
      { text: metricsText(entry.metrics, 2) },
    ];
  };
  return listLines(entries.length, cursor, fieldsOf, size, style);
}

export function experimentLines(found: readonly Found[], cursor: number, size: Size, style: Style): readonly string[] {
  if (found.length === 0) return ['  no experiment file lies here or in experiments/'];
  const fieldsOf = (at: number): readonly Field[] => {
    const one = found[at];
    return [{ text: one?.file ?? '' }, { text: one?.name ?? '' }, { text: one?.description ?? '', tone: 'dim' }];
  };
  return listLines(found.length, cursor, fieldsOf, size, style);
}
