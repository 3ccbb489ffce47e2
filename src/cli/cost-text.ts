import { type Bill, type Item, sumOf } from '../cost/bill.ts';
import { type DeviceName, devices } from '../cost/device.ts';
import { duration, paint, type Style, sizeText } from '../report/style.ts';
import { padLeft, padRight, shorten, widthOf } from '../report/width.ts';
import { count } from '../ui/words.ts';

export type Look = Readonly<{ all: boolean; width: number; style: Style }>;

/** Foretold and recorded seconds of a kind's cached stages; each is foretold from the other runs. */
export type Agreement = Readonly<{
  kind: string;
  stages: number;
  foretold: number;
  recorded: number;
  /** foretold between half and twice of what was recorded */
  within: number;
}>;

/** Stages that multiply nothing are left out: their time is the disk's. */
export function agreements({ items }: Bill): readonly Agreement[] {
  const kinds = new Map<string, Agreement>();
  for (const { stage, work, spent, recorded } of items) {
    if (work === undefined || work.flops === 0 || spent === undefined || recorded === undefined) continue;
    const sum = kinds.get(stage.kind) ?? { kind: stage.kind, stages: 0, foretold: 0, recorded: 0, within: 0 };
    const ratio = spent.seconds / recorded;
    kinds.set(stage.kind, {
      ...sum,
      stages: sum.stages + 1,
      foretold: sum.foretold + spent.seconds,
      recorded: sum.recorded + recorded,
      within: sum.within + (ratio >= 0.5 && ratio <= 2 ? 1 : 0),
    });
  }
  return [...kinds.values()];
}

export function costText(
  experiment: string,
  device: DeviceName,
  bill: Bill,
  told: readonly Agreement[],
  look: Look,
): string {
  const parts = [
    [paint(look.style, 'bold', `${experiment} on ${device}`), devices[device].summary].join(': '),
    stagesText(bill, look),
    rowsText(bill, look),
    ...(told.length > 0 ? [toldText(told, look)] : []),
    ...notes(bill, look),
  ];
  return parts.join('\n\n');
}

type Line = readonly string[];

/** The first column to the left, numbers to the right. */
function columns(head: Line, lines: readonly Line[], { width, style }: Look): string {
  const all = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...all.map((line) => widthOf(line[column] ?? ''))));
  const rest = widths.slice(1).reduce((sum, one) => sum + one + 2, 0);
  const first = Math.max(12, Math.min(widths[0] ?? 0, width - rest));
  const text = all.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? padRight(shorten(cell, first), first) : padLeft(cell, widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return text.map((line, i) => (i === 0 ? paint(style, 'dim', line) : line)).join('\n');
}

function stagesText(bill: Bill, look: Look): string {
  const groups = new Map<string, Item[]>();
  for (const item of bill.items) {
    const key = look.all ? item.stage.id : item.stage.kind;
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  const lines = [...groups].map(([name, items]) => line(name, items));
  const toRun = bill.items.filter((item) => item.runs);
  const sums = [
    line('whole table', bill.items),
    ...(toRun.length === bill.items.length ? [] : [line('to run now', toRun)]),
  ];
  return columns(['', 'stages', 'flop', 'read', 'written', 'memory', 'time'], [...lines, ...sums], look);
}

function line(name: string, items: readonly Item[]): Line {
  const { stages, flops, read, written, seconds } = sumOf(items);
  if (items.every((item) => item.work === undefined)) return [name, String(stages), '', '', '', '', 'not known'];
  const memory = Math.max(...items.map((item) => item.spent?.memory ?? 0));
  const mark = items.some((item) => item.spent?.fits === false) ? '!' : '';
  return [
    name,
    String(stages),
    flops === 0 ? '-' : flops.toExponential(2).replace('e+', 'e'),
    sizeText(read),
    sizeText(written),
    memory === 0 ? '-' : `${mark}${sizeText(memory)}`,
    duration(seconds),
  ];
}

function rowsText({ rows, whole, unshared }: Bill, look: Look): string {
  const lines = rows.map(({ row, sum }) => [
    row,
    String(sum.stages),
    sum.flops.toExponential(2).replace('e+', 'e'),
    duration(sum.seconds),
  ]);
  const saved = unshared.seconds - whole.seconds;
  const share = unshared.seconds > 0 ? Math.round((100 * saved) / unshared.seconds) : 0;
  const sharing =
    `each row alone: ${duration(unshared.seconds)}; together ${duration(whole.seconds)}: ` +
    `sharing saves ${count(unshared.stages - whole.stages, 'stage')} and ${duration(saved)} (${share} %)`;
  return `${columns(['a row alone, all seeds', 'stages', 'flop', 'time'], lines, look)}\n${sharing}`;
}

function toldText(told: readonly Agreement[], look: Look): string {
  const lines = told.map(({ kind, stages, foretold, recorded, within }) => [
    kind,
    String(stages),
    duration(foretold),
    duration(recorded),
    `${within} of ${stages}`,
  ]);
  return columns(['cached here, foretold from other runs', 'stages', 'foretold', 'recorded', 'within 2x'], lines, look);
}

function notes({ items }: Bill, { style }: Look): readonly string[] {
  const assumed = items.flatMap(({ stage, assumed: what }) => (what === undefined ? [] : [`  ${stage.id}: ${what}`]));
  const lines = [...paceLines(items), ...patchLines(items), ...memoryLines(items), ...unknownLines(items)];
  return [
    ...(assumed.length === 0 ? [] : [`${paint(style, 'dim', 'assumed')}\n${assumed.join('\n')}`]),
    ...(lines.length === 0 ? [] : [lines.join('\n')]),
  ];
}

function paceLines(items: readonly Item[]): readonly string[] {
  const paces = new Map<string, string>();
  for (const { stage, work, pace } of items) {
    if (pace === undefined || work?.flops === 0) continue;
    paces.set(stage.kind, `${stage.kind} x ${pace.factor.toFixed(2)} (${count(pace.runs, 'run')})`);
  }
  return paces.size === 0 ? [] : [`corrected by what earlier runs took here: ${[...paces.values()].join(', ')}`];
}

function patchLines(items: readonly Item[]): readonly string[] {
  return items.flatMap(({ stage, patches, spent }) => {
    if (patches === undefined || spent === undefined) return [];
    const rate = Math.round(patches / spent.seconds).toLocaleString('en-US');
    return [`${stage.id}: ${(patches / 1e6).toFixed(1)} million patches, ${rate} a second`];
  });
}

function memoryLines(items: readonly Item[]): readonly string[] {
  const again = items.filter(({ spent }) => spent?.recomputes === true);
  const parted = items.filter(({ spent }) => spent !== undefined && spent.parts > 1);
  const crowded = items.filter(({ spent }) => spent?.fits === false);
  const one = (some: readonly Item[]): string => `${count(some.length, 'stage')}, as ${some[0]?.stage.id}`;
  return [
    ...(again.length === 0
      ? []
      : [`activations do not fit and are computed again in the backward pass: ${one(again)}`]),
    ...(parted.length === 0 ? [] : [`batches do not fit and are taken in parts: ${one(parted)}`]),
    ...(crowded.length === 0 ? [] : [`! more than there is: ${one(crowded)}`]),
  ];
}

function unknownLines(items: readonly Item[]): readonly string[] {
  const unknown = items.filter(({ work }) => work === undefined);
  if (unknown.length === 0) return [];
  const kinds = [...new Set(unknown.map(({ stage }) => stage.kind))].join(', ');
  const hint = 'programs of your own, or what reads files that are not here and have no `expected`';
  return [`not known: ${count(unknown.length, 'stage')} (${kinds}): ${hint}`];
}
