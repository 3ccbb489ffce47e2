import { duration, paint, type Style, sizeText } from '../report/style.ts';
import { padLeft, padRight, shorten, widthOf } from '../report/width.ts';
import { cutTo } from './cut.ts';
import { mainValue, type RunningStage, stageSecondsLeft, stepRate, type View } from './view.ts';
import { shortNumber, whyWords } from './words.ts';

/** Running stages, the longest at work first, in at most `rest` lines. */
export function runningLines(view: View, rest: number, columns: number, style: Style): readonly string[] {
  const running = [...view.running].sort((a, b) => a.startedAt - b.startedAt);
  const shown = running.length <= rest ? running : running.slice(0, Math.max(0, rest - 1));
  const lines = table(shown, view.now, columns, style);
  const hidden = running.length - shown.length;
  const more = hidden > 0 && rest > 0 ? [paint(style, 'dim', `  and ${hidden} more`)] : [];
  return [...lines, ...more];
}

/**
 * `  pretrain[+SEA]  ━━━━━╌╌╌  64 %  loss ▇▅▃▂ 2.31  12/s  1.2 GB  4 s left  80/125`: facts stand beneath each other;
 * those that do not fit are left out from the right.
 */
function table(stages: readonly RunningStage[], now: number, columns: number, style: Style): readonly string[] {
  const most = Math.max(16, Math.floor(columns * 0.35));
  const names = stages.reduce((width, { id }) => Math.max(width, Math.min(most, widthOf(id))), 0);
  const facts = stages.map((stage) => (stage.of > 0 ? stepFacts(stage, columns, style) : undefined));
  const slots = Math.max(0, ...facts.map((row) => row?.length ?? 0));
  const widths = Array.from({ length: slots }, (_, slot) =>
    Math.max(0, ...facts.map((row) => widthOf(row?.[slot] ?? ''))),
  );
  return stages.map((stage, at) => {
    const row = facts[at];
    const name = `  ${padRight(shorten(stage.id, names), names)}`;
    if (row === undefined) return cutTo(`${name}  ${startFacts(stage, now, style).join('  ')}`, columns);
    let line = name;
    for (const [slot, width] of widths.entries()) {
      if (width === 0) continue;
      if (widthOf(line) + 2 + width > columns) break;
      line += `  ${padRight(row[slot] ?? '', width)}`;
    }
    return cutTo(line.trimEnd(), columns);
  });
}

/** The most important first; '' where nothing is known. */
function stepFacts(stage: RunningStage, columns: number, style: Style): readonly string[] {
  const [bar, curve] = columns < 100 ? [8, 6] : [14, 16];
  const done = Math.min(1, stage.step / stage.of);
  const rate = stepRate(stage);
  const left = stageSecondsLeft(stage);
  const main = mainValue(stage.values);
  const points = stage.loss.points.length > 1 ? `${paint(style, 'accent', sparkline(stage.loss.points, curve))} ` : '';
  return [
    `${progressBar(done, bar, style)} ${padLeft(String(Math.floor(done * 100)), 3)} %`,
    main === undefined ? '' : `${main[0]} ${points}${shortNumber(main[1])}`,
    rate === undefined ? '' : paint(style, 'dim', `${shortRate(rate)}/s`),
    memoryFact(stage, style),
    left === undefined ? '' : `${duration(left)} left`,
    paint(style, 'dim', `${stage.step}/${stage.of}`),
  ];
}

/** Two digits are enough for what changes with every step. */
function shortRate(rate: number): string {
  return shortNumber(rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2)));
}

function startFacts(stage: RunningStage, now: number, style: Style): readonly string[] {
  const reason = stage.resumed ? 'resumed' : whyWords[stage.why];
  const memory = memoryFact(stage, style);
  const facts = [duration((now - stage.startedAt) / 1000), paint(style, 'dim', reason)];
  return memory === '' ? facts : [...facts, memory];
}

function memoryFact({ memory }: RunningStage, style: Style): string {
  return memory === undefined ? '' : paint(style, 'dim', sizeText(memory));
}

/** A bar of exactly `width` columns, told by its shape and not by colour alone. */
export function progressBar(share: number, width: number, style: Style): string {
  const full = Math.round(Math.max(0, Math.min(1, share)) * width);
  return paint(style, 'accent', '━'.repeat(full)) + paint(style, 'dim', '╌'.repeat(width - full));
}

const blocks = '▁▂▃▄▅▆▇█';

/** A curve in at most `width` blocks, from its least to its greatest point; NaN and Inf are gaps. */
export function sparkline(curve: readonly number[], width: number): string {
  const each = Math.ceil(curve.length / width);
  const points = Array.from({ length: Math.ceil(curve.length / each) }, (_, at) => {
    const group = curve.slice(at * each, (at + 1) * each);
    return group.reduce((sum, point) => sum + point, 0) / group.length;
  });
  const finite = points.filter(Number.isFinite);
  const low = Math.min(...finite);
  const range = Math.max(...finite) - low;
  return points
    .map((point) => {
      if (!Number.isFinite(point)) return ' ';
      return blocks[range === 0 ? 0 : Math.round(((point - low) / range) * (blocks.length - 1))];
    })
    .join('');
}
