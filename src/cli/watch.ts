import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem, Result } from '../problem.ts';
import { paint } from '../report/style.ts';
import type { Experiment } from '../spec/experiment.ts';
import { frames } from '../spec/frame.ts';
import { brokenTo } from '../ui/cut.ts';
import type { Context } from './context.ts';
import { readNoting } from './experiment.ts';
import { missingFiles, missingText } from './missing.ts';
import { planText } from './plan.ts';
import { readSource } from './problems.ts';
import { openSession } from './session.ts';
import { onStopSignals } from './signals.ts';

/** Milliseconds between two looks at the files. Looking sees every way of saving, on every file system. */
const INTERVAL = 200;

const clearScreen = '\u001B[2J\u001B[3J\u001B[H';

/**
 * `sea watch`: what a run would do, or what is wrong, now and again whenever the file, what it extends or its paper's
 * numbers are saved. Ctrl-C is its proper end: 0.
 */
export async function watchExperiment(file: string, { output, cache }: Context): Promise<number> {
  const signals = onStopSignals();
  try {
    let seen = '';
    let paths: readonly string[] = [file];
    while (!signals.stop.aborted) {
      if (stampOf(paths) !== seen) {
        // taken before it is read: a save in between is seen at the next look
        const before = new Map(stamps(paths));
        const { result, reads } = await readNoting(file);
        paths = reads;
        seen = stamps(reads)
          .map(([path, stamp]) => before.get(path) ?? stamp)
          .join('\n');
        show(await textOf(result, cache, output), output);
      }
      await pause(signals.stop);
    }
    return 0;
  } finally {
    signals.close();
  }
}

type Stamp = readonly [path: string, stamp: string];

/** Which contents these files have, as far as their sizes and times tell. */
function stamps(paths: readonly string[]): readonly Stamp[] {
  return paths.map((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return [path, stat === undefined ? `${path} absent` : `${path} ${stat.ino} ${stat.size} ${stat.mtimeMs}`];
  });
}

const stampOf = (paths: readonly string[]): string =>
  stamps(paths)
    .map(([, stamp]) => stamp)
    .join('\n');

async function pause(stop: AbortSignal): Promise<void> {
  try {
    await sleep(INTERVAL, undefined, { signal: stop });
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

async function textOf(result: Result<Experiment>, cache: string, { width, style }: Context['output']): Promise<string> {
  if (!result.ok) return problemsText(result.problems, style === 'colour');
  const { store, plan } = await openSession(result.value, cache);
  store.close();
  const missing = missingFiles(result.value);
  return [
    planText(plan, { all: false, width, style }),
    ...(missing.length === 0 ? [] : [missingText(missing, style)]),
  ].join('\n');
}

function problemsText(problems: readonly Problem[], color: boolean): string {
  return frames(problems, { color, source: readSource });
}

/** On a terminal one screen, elsewhere text after text. */
function show(text: string, { out, live, style, width }: Context['output']): void {
  const time = new Date().toTimeString().slice(0, 8);
  if (!live) {
    out(`${time}\n${text}\n`);
    return;
  }
  // a line that the terminal breaks itself would push the first ones out of the window
  const lines = text.split('\n').flatMap((line) => brokenTo(line, width));
  const room = Math.max(1, (process.stdout.rows ?? 24) - 3);
  const more = lines.length > room ? [paint(style, 'dim', `${lines.length - room + 1} more lines: sea plan`)] : [];
  const shown = more.length > 0 ? lines.slice(0, room - 1) : lines;
  out(`${clearScreen}${[...shown, ...more, paint(style, 'dim', `${time}, watching; Ctrl-C ends`)].join('\n')}`);
}
