import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nameOf } from '../owner.ts';
import type { Plan } from '../plan/step.ts';
import { type Problem, ProblemError } from '../problem.ts';
import type { Depth } from '../report/labels/colours.ts';
import { duration, type Style } from '../report/style.ts';
import type { Experiment } from '../spec/experiment.ts';
import { createSources } from '../store/sources.ts';
import { openStore } from '../store/sqlite.ts';
import type { BrowserHandle } from '../ui/browse/browser.tsx';
import type { Effect } from '../ui/browse/state.ts';
import type { Found, StageItem, World } from '../ui/browse/world.ts';
import { count } from '../ui/words.ts';
import { copy } from './clipboard.ts';
import { detailOf } from './detail.ts';
import { openExperiment } from './experiment.ts';
import { observe } from './observe.ts';
import { makePlan } from './session.ts';

type Given = Readonly<{ cache: string; experiments: readonly Found[]; style: Style; depth: Depth }>;

export type Browsing = Readonly<{
  world(): World;
  open(file: string): Promise<void>;
  carryOut(effect: Effect, browser: BrowserHandle): Promise<void>;
  /** Reads what the screen shows and is not read yet. */
  fill(browser: BrowserHandle): Promise<void>;
  /** Looks again and again at what others do, until closed. */
  follow(browser: BrowserHandle, failed: (error: unknown) => void): void;
  close(): void;
}>;

/** How often files and store are looked at, milliseconds; planning a large graph is followed by a pause of so many times that. */
const LOOK = 400;
const PAUSES = 15;

/** What the browser shows, kept up to date, and what it asks for, done. */
export function createBrowsing({ cache, experiments, style, depth }: Given): Browsing {
  const store = openStore(cache, 'read');
  const sources = createSources(store.sourceCache);
  let world: World = { experiments, problems: [] };
  let opened: { file: string; experiment: Experiment; text: string } | undefined;
  let seen = '';
  let notBefore = 0;
  let timer: NodeJS.Timeout | undefined;
  let child: ChildProcess | undefined;
  let closed = false;

  /** Reads file and store; mistakes in the file leave what was open before, beside them. */
  const look = async (file: string): Promise<void> => {
    const start = performance.now();
    try {
      const text = stamp(file);
      if (opened?.file !== file || opened.text !== text)
        opened = { file, experiment: await openExperiment(file, cache), text };
      const plan = await makePlan(opened.experiment, store, sources);
      const open = observe(opened.experiment, plan, store);
      const { run: _, ...rest } = world;
      const run = child !== undefined ? 'own' : runElsewhere(open.stages);
      world = { ...rest, file, open, problems: [], ...(run === undefined ? {} : { run }) };
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      world = withProblems(world, file, error.problems);
    }
    notBefore = performance.now() + (performance.now() - start) * PAUSES;
  };

  const runElsewhere = (stages: readonly StageItem[]): World['run'] => {
    for (const { state, step } of stages) {
      const holder = state !== 'running' || step.key === undefined ? undefined : store.holder(step.key);
      if (holder !== undefined) return { process: nameOf(holder) };
    }
    return undefined;
  };

  const detail = (browser: BrowserHandle): void => {
    const screen = browser.screen();
    if (screen.at !== 'stage' || world.open === undefined) return;
    const width = browser.size().columns - 2;
    const found = detailOf(world.open, screen.stage, store, { style, width });
    if (found !== undefined) world = { ...world, detail: found };
  };

  /** What is shown of one stage, at once; its labelled patches when they are read. */
  const fill = async (browser: BrowserHandle): Promise<void> => {
    const screen = browser.screen();
    if (closed || screen.at !== 'stage' || world.open === undefined) return;
    const { columns } = browser.size();
    if (world.detail?.stage !== screen.stage || world.detail.width !== columns - 2) {
      detail(browser);
      browser.show(world);
    }
    const { patches } = world;
    const { stage, pane, image } = screen;
    if (pane !== 'patches' || (patches?.stage === stage && patches.image === image && patches.columns === columns))
      return;
    const { patchesOf } = await import('./patches.ts'); // reads pictures, which takes a library
    const lines = await patchesOf(world.open, stage, image, store, {
      width: columns - 2,
      style,
      depth,
    });
    world = { ...world, patches: { stage, image, columns, lines } };
    if (!closed) browser.show(world);
  };

  return {
    world: () => world,
    open: look,
    fill,
    async carryOut(effect, browser) {
      switch (effect.type) {
        case 'open':
          world = { experiments, problems: [], file: effect.file };
          // drawn at once, since planning does not let anything be drawn meanwhile
          browser.act({ type: 'tell', message: reading(effect.file) });
          await new Promise((resolve) => setImmediate(resolve));
          await look(effect.file);
          browser.act({ type: 'tell', message: '' });
          browser.show(world);
          if (world.open !== undefined) browser.act({ type: 'opened' });
          return;
        case 'copy':
          copy(effect.text);
          return browser.act({ type: 'tell', message: `copied ${effect.what}` });
        case 'price': {
          const text = await priceText(effect.force);
          return browser.act({ type: 'ask', question: { text, effect: { ...effect, type: 'start' } } });
        }
        case 'start':
          if (opened === undefined) return;
          child = startRun(opened.file, cache, effect.force, (said) => {
            child = undefined;
            seen = '';
            if (said !== '' && !closed) browser.act({ type: 'tell', message: said });
          });
          return browser.act({ type: 'tell', message: 'the run has started' });
        case 'stop':
          child?.kill('SIGINT');
          return browser.act({ type: 'tell', message: 'stopping after the next checkpoint' });
        case 'quit':
          return;
      }
    },
    follow(browser, failed) {
      const turn = async (): Promise<void> => {
        const { file } = world;
        const now = file === undefined ? '' : `${store.version()} ${stamp(file)} ${child === undefined}`;
        const running = world.open?.stages.some(({ state }) => state === 'running') === true;
        if (file !== undefined && (now !== seen || running) && performance.now() > notBefore) {
          seen = now;
          await look(file);
        }
        const shown = browser.screen();
        const isNew = shown.at === 'stage' && world.detail?.stage !== shown.stage;
        if (now === seen || isNew) detail(browser);
        if (!closed) browser.show(world);
      };
      const next = () => {
        timer = setTimeout(() => turn().then(() => (closed ? undefined : next()), failed), LOOK);
      };
      next();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      child?.kill('SIGINT');
      store.close();
    },
  };

  async function priceText(force: string | undefined): Promise<string> {
    if (opened === undefined) return 'Nothing is open.';
    const plan = await makePlan(opened.experiment, store, sources, force === undefined ? undefined : [force]);
    const elsewhere = (world.open?.stages ?? []).flatMap(({ id, state }) => (state === 'running' ? [id] : []));
    return costText(plan, force, elsewhere);
  }
}

export const reading = (file: string): string => `reading ${file} ...`;

/** What a run would do, before it is started. `elsewhere`: stages that other processes are making now. */
export function costText(
  { counts, estimate, steps }: Plan,
  force: string | undefined,
  elsewhere: readonly string[],
): string {
  const will = counts.run + counts.depends;
  if (will === 0) return `Nothing is to run: all ${count(steps.length, 'stage')} are cached. Run anyway?`;
  const time = estimate.seconds >= 1 ? `, about ${duration(estimate.seconds)} of work` : '';
  const unknown = estimate.unknown > 0 ? `, ${count(estimate.unknown, 'stage')} never timed here` : '';
  const others = elsewhere.filter((id) => id !== force);
  const after = others.length < elsewhere.length ? ' when the other process has made it' : '';
  const first = force === undefined ? '' : `${force} runs again${after}; with what may follow `;
  const more = others.length > 3 ? ` and ${others.length - 3} more` : '';
  const left = others.length === 0 ? '' : ` Another process makes ${others.slice(0, 3).join(', ')}${more}: waited for.`;
  return `${first}${count(will, 'stage')} to run${time}${unknown}; ${counts.reuse} cached.${left} Start?`;
}

function withProblems(world: World, file: string, problems: readonly Problem[]): World {
  return { ...world, file, problems };
}

/** Changes when the file, or one beside it that it may extend, is saved. */
function stamp(file: string): string {
  const folder = dirname(file);
  const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  return names.map((name) => `${name} ${statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs}`).join(' ');
}

/** A run in a process of its own, so that the browser stays quick; what it did is read off the store. */
function startRun(file: string, cache: string, force: string | undefined, ended: (said: string) => void): ChildProcess {
  const program = process.argv[1];
  if (program === undefined) throw new Error('this process does not know its own program');
  const forced = force === undefined ? [] : ['--force', force];
  const child = spawn(process.execPath, [program, '--cache', cache, 'run', file, '--json', ...forced], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (data: Buffer) => {
    said = `${said}${data}`.slice(-2000);
  });
  child.on('error', (error) => ended(error.message));
  child.on('close', (code) => ended(endText(code, said)));
  return child;
}

function endText(code: number | null, said: string): string {
  if (code === 0) return 'the run is complete';
  if (code === 1 && said === '') return 'the run ended with failures: o on a failed stage shows its log';
  if (code === 130 || code === null) return 'the run was stopped';
  return `the run could not go on: ${said.trim().split('\n')[0] ?? `exit code ${code}`}`;
}
