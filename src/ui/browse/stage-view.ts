import { paint, type Style } from '../../report/style.ts';
import { plotLines } from '../plot.ts';
import { progressBar } from '../running.ts';
import type { Size } from '../screen.ts';
import { shortNumber } from '../words.ts';
import { listLines, textLines } from './lines.ts';
import { paneTexts } from './shown.ts';
import { stateText, tones } from './stages-view.ts';
import type { Screen } from './state.ts';
import { type Detail, type Open, panes, type World } from './world.ts';

type StageScreen = Extract<Screen, { at: 'stage' }>;

/** A stage: what it is, its panes, and the pane that is open. */
export function stageLines(screen: StageScreen, open: Open, world: World, size: Size, style: Style): readonly string[] {
  const item = open.items.get(screen.stage);
  if (item === undefined) return [`${screen.stage} is no stage of the experiment any more`];
  const { progress } = item;
  const bar =
    progress === undefined || progress.of <= 0
      ? ''
      : `  ${progressBar(progress.step / progress.of, 14, style)} ${progress.step}/${progress.of}`;
  const head = `${paint(style, 'bold', item.id)}  ${item.kind}  ${paint(style, tones[item.state], stateText(item.state))}${bar}`;
  const tabs = panes.map((pane) => (pane === screen.pane ? paint(style, 'bold', `[${pane}]`) : ` ${pane} `)).join(' ');
  const room = { columns: size.columns, rows: Math.max(1, size.rows - 3) };
  return [head, tabs, '', ...paneLines(screen, open, world, room, style)];
}

function paneLines(screen: StageScreen, open: Open, world: World, size: Size, style: Style): readonly string[] {
  if (screen.pane === 'patches') {
    const texts = paneTexts(screen, world);
    return texts.length === 0 ? ['  …'] : textLines(texts, screen.cursor, size, style, false);
  }
  const { detail } = world;
  if (detail?.stage !== screen.stage) return ['  …'];
  if (screen.pane === 'curve') return curveLines(detail, size, style);
  if (screen.pane === 'lineage') return lineageLines(screen, open, detail, size, style);
  const texts = detail.lines[screen.pane];
  if (texts.length === 0) return [paint(style, 'dim', `  ${nothing[screen.pane]}`)];
  const cursor = screen.follow && screen.pane === 'log' ? texts.length - 1 : screen.cursor;
  return textLines(texts, cursor, size, style, screen.search !== '');
}

const nothing = {
  why: 'nothing is known',
  parameters: 'it has no parameters',
  metrics: 'it has left no metrics',
  log: 'its log is empty',
} as const;

/** The loss first; several series share the room while each has five lines. */
function curveLines({ curves }: Detail, size: Size, style: Style): readonly string[] {
  if (curves.length === 0) return [paint(style, 'dim', '  it has reported no numbers step by step')];
  const count = Math.max(1, Math.min(curves.length, 3, Math.floor(size.rows / 6)));
  const rows = Math.floor(size.rows / count) - 1;
  return curves.slice(0, count).flatMap(({ name, points }) => {
    const last = points.at(-1);
    const title = `${name}${last === undefined ? '' : `  ${shortNumber(last[1])} at step ${last[0]}`}`;
    return [paint(style, 'bold', `  ${title}`), ...plotLines(points, { columns: size.columns - 2, rows }, style)];
  });
}

/** What it reads, indented by distance, then what reads it. */
function lineageLines(
  screen: StageScreen,
  { items }: Open,
  { lineage }: Detail,
  size: Size,
  style: Style,
): readonly string[] {
  return listLines(
    lineage.length,
    screen.cursor,
    (at) => {
      const line = lineage[at];
      const item = line === undefined ? undefined : items.get(line.stage);
      if (line === undefined || item === undefined) return [{ text: line?.stage ?? '' }];
      const arrow = line.depth === 0 ? '' : line.reads ? '└ reads ' : '┌ read by ';
      return [
        { text: `${'  '.repeat(Math.max(0, line.depth - 1))}${arrow}${line.stage}` },
        { text: item.kind, tone: 'dim' },
        { text: stateText(item.state), tone: tones[item.state] },
        { text: item.step.key?.slice(0, 12) ?? '', tone: 'dim' },
      ];
    },
    size,
    style,
  );
}
