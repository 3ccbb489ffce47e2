import { duration, paint, type Style, sizeText } from '../report/style.ts';
import { padLeft, padRight, shorten, widthOf } from '../report/width.ts';
import { type Board, boardLines, isOver } from './board.ts';
import type { Stages } from './stages.ts';
import { mainValue, type RunningStage, secondsLeft, stageSecondsLeft, stepRate, type View } from './view.ts';
import { shortNumber, whyWords } from './words.ts';

export type Size = Readonly<{ columns: number; rows: number }>;

/** The tables of a run as they fill. */
export type Filling = Readonly<{ boards: readonly Board[]; stages: Stages }>;

/**
 * The part of the screen that is redrawn: two lines on the whole run, the running stages, then the first table that
 * is not complete. At most `rows - 1` lines, so that the terminal never scrolls it away, and none wider than the window.
 */
export function liveLines(view: View, size: Size, style: Style, filling?: Filling): readonly string[] {
  if (view.done !== undefined) return [];
  const room = Math.max(1, size.rows - 1);
  const head = ['', headLine(view, size.columns, style), clockLine(view, size.columns, style)].slice(0, room);
  const rest = room - head.length;
  const board = filling?.boards.find((one) => !isOver(one, filling.stages)) ?? filling?.boards.at(-1);
  if (board === undefined || filling === undefined) return [...head, ...runningLines(view, rest, size, style)];
  // the table takes what it needs, but stages at work keep a third
  const wanted = board.table.rows.length + 3;
  const stages = runningLines(view, Math.max(rest - wanted, Math.ceil(rest / 3)), size, style);
  const table = boardLines(board, filling.stages, { columns: size.columns, rows: rest - stages.length - 1 }, style);
  return table.length === 0 ? [...head, ...runningLines(view, rest, size, style)] : [...head, ...stages, '', ...table];
}

/** Running stages, the longest at work first, in at most `rest` lines. */
function runningLines(view: View, rest: number, size: Size, style: Style): readonly string[] {
  const running = [...view.running].sort((a, b) => a.startedAt - b.startedAt);
  const shown = running.length <= rest ? running : running.slice(0, Math.max(0, rest - 1));
  const names = Math.max(0, ...shown.map((stage) => widthOf(stage.id)));
  const lines = shown.map((stage) => runningLine(stage, view.now, names, size.columns, style));
  const hidden = running.length - shown.length;
  const more = hidden > 0 && rest > 0 ? [paint(style, 'dim', `  and ${hidden} more`)] : [];
  return [...lines, ...more];
}

function headLine(view: View, columns: number, style: Style): string {
  const over = view.reused + view.ran + view.failed + view.blocked;
  const counts: readonly (readonly [number, string, Parameters<typeof paint>[1]])[] = [
    [view.reused, 'reused', 'dim'],
    [view.ran, 'ran', 'good'],
    [view.running.length, 'running', 'accent'],
    [view.waiting.size, 'made elsewhere', 'accent'],
    [view.failed, 'failed', 'bad'],
    [view.blocked, 'blocked', 'warn'],
  ];
  const always = new Set(['reused', 'running', 'failed']);
  const shown = counts.filter(([number, name]) => number > 0 || always.has(name));
  const words = shown
    .map(([number, name, tone]) => paint(style, number > 0 ? tone : 'dim', `${number} ${name}`))
    .join('  ');
  const total = `${over}/${view.stages}`;
  const bare = widthOf(total) + widthOf(words) + 6;
  const name = shorten(view.experiment, Math.max(8, columns - bare));
  const left = columns - bare - widthOf(name);
  const bar =
    left >= 8 ? `${progressBar(view.stages === 0 ? 0 : over / view.stages, Math.min(30, left), style)}  ` : '';
  return cutTo(`${paint(style, 'bold', name)}  ${bar}${total}  ${words}`, columns);
}

function clockLine(view: View, columns: number, style: Style): string {
  const elapsed = duration((view.now - view.startedAt) / 1000);
  const left = secondsLeft(view);
  const facts = [elapsed, ...(left === undefined ? [] : [`about ${duration(left)} left`])];
  if (view.engine !== undefined) facts.push(view.engine);
  if (view.stopping === 'clean') facts.push('stopping after the next checkpoint; Ctrl-C again stops at once');
  if (view.stopping === 'force') facts.push('stopping at once');
  return paint(style, view.stopping === undefined ? 'dim' : 'warn', cutTo(facts.join(' · '), columns));
}

/** `  pretrain[+SEA]  ━━━━━╌╌╌  64 %  80/125  12/s  loss 2.31 ▇▅▃▂  4 s left`; facts that do not fit are left out from the right. */
function runningLine(stage: RunningStage, now: number, names: number, columns: number, style: Style): string {
  const nameWidth = Math.min(names, Math.max(16, Math.floor(columns * 0.35)));
  const name = padRight(shorten(stage.id, nameWidth), nameWidth);
  const facts = stage.of > 0 ? stepFacts(stage, style) : startFacts(stage, now, style);
  let line = `  ${name}`;
  for (const fact of facts) {
    if (widthOf(line) + 2 + widthOf(fact) > columns) break;
    line += `  ${fact}`;
  }
  return cutTo(line, columns);
}

function stepFacts(stage: RunningStage, style: Style): readonly string[] {
  const done = Math.min(1, stage.step / stage.of);
  const rate = stepRate(stage);
  const left = stageSecondsLeft(stage);
  const main = mainValue(stage.values);
  const curve =
    stage.loss.points.length > 1 ? ` ${paint(style, 'accent', sparkline(stage.loss.points.slice(-16)))}` : '';
  return [
    `${progressBar(done, 14, style)} ${padLeft(String(Math.floor(done * 100)), 3)} %`,
    ...(left === undefined ? [] : [`${duration(left)} left`]),
    ...(main === undefined ? [] : [`${main[0]} ${shortNumber(main[1])}${curve}`]),
    paint(style, 'dim', `${stage.step}/${stage.of}`),
    ...(rate === undefined ? [] : [paint(style, 'dim', `${shortNumber(rate)}/s`)]),
    ...memoryFact(stage, style),
  ];
}

function startFacts(stage: RunningStage, now: number, style: Style): readonly string[] {
  const reason = stage.resumed ? 'resumed' : whyWords[stage.why];
  return [duration((now - stage.startedAt) / 1000), paint(style, 'dim', reason), ...memoryFact(stage, style)];
}

function memoryFact({ memory }: RunningStage, style: Style): readonly string[] {
  return memory === undefined ? [] : [paint(style, 'dim', sizeText(memory))];
}

/** A bar of exactly `width` columns, told by its shape and not by colour alone. */
export function progressBar(share: number, width: number, style: Style): string {
  const full = Math.round(Math.max(0, Math.min(1, share)) * width);
  return paint(style, 'accent', '━'.repeat(full)) + paint(style, 'dim', '╌'.repeat(width - full));
}

const blocks = '▁▂▃▄▅▆▇█';

/** One block a point, from the least to the greatest of the points; NaN and Inf are gaps. */
export function sparkline(points: readonly number[]): string {
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

/** Cuts what a narrow window cannot show; styles are dropped with the cut, or an open one would run on. */
export function cutTo(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape codes of style.ts
  const bare = line.replace(/\u001B\[\d+m/g, '');
  let kept = [...bare].slice(0, columns);
  while (widthOf(kept.join('')) > columns) kept = kept.slice(0, -1);
  return kept.join('');
}
