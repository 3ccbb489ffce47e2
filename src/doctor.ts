import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engineFailure } from './setup/engine.mjs';
import { linkedEngine } from './setup/link.mjs';
import { project } from './setup/paths.mjs';
import { findCompiler, findPython, nvidiaGpus, run, which } from './setup/programs.mjs';

/** One thing that was looked for. `mend` is a command, or what to do, when something is missing. */
export type Finding = Readonly<{
  name: 'node' | 'engine' | 'gpu' | 'sqlite' | 'slurm' | 'python' | 'compiler' | 'stages';
  /** `missing` keeps seagraph from working as asked; `absent` only means less: slower, or no cluster */
  state: 'ok' | 'absent' | 'missing';
  found: string;
  mend?: string;
}>;

export type Report = Readonly<{
  seagraph: string;
  platform: string;
  /** what a stage would compute with if it ran now */
  engine?: Readonly<{ name: string; description: string; threads: number; gpu: boolean }>;
  findings: readonly Finding[];
}>;

/** What this machine has, what it lacks and the command that mends it. Opens the engine in a process of its own. */
export async function doctor(): Promise<Report> {
  const [probe, python, gpus] = await Promise.all([probeEngine(), findPython(), nvidiaGpus()]);
  const findings = [
    node(),
    engineFinding(probe),
    gpuFinding(gpus, 'engine' in probe && probe.engine.gpu),
    await sqlite(),
    await slurm(),
    pythonFinding(python),
    compiler(),
  ];
  const { version } = createRequire(import.meta.url)(join(project, 'package.json')) as { version: string };
  const platform = `${process.platform} ${process.arch}, ${availableParallelism()} cores`;
  return { seagraph: version, platform, ...('engine' in probe ? { engine: probe.engine } : {}), findings };
}

type Probe = Readonly<{ engine: NonNullable<Report['engine']> }> | Readonly<{ problem: string; hint: string }>;

/** In a child: an engine holds 360 MB and prints to stderr, and a broken library may take its process down. */
async function probeEngine(): Promise<Probe> {
  const script = `
    import { openEngine } from ${JSON.stringify(pathToFileURL(join(project, 'dist', 'engine', 'open.js')).href)};
    const answer = await openEngine().then(
      ({ name, description, threads, gpu }) => ({ engine: { name, description, threads, gpu } }),
      (error) => ({ problem: error.message, hint: error.problems?.[0]?.hint ?? 'run \`npm run setup\`' }),
    );
    process.stdout.write('\\n' + JSON.stringify(answer) + '\\n');`;
  const ended = await run(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 });
  const answer = ended.output.split('\n').findLast((line) => line.startsWith('{'));
  if (ended.code === 0 && answer !== undefined) return JSON.parse(answer) as Probe;
  return { problem: `opening it ends with code ${ended.code}`, hint: 'run `npm run setup`' };
}

function node(): Finding {
  return { name: 'node', state: 'ok', found: process.versions.node };
}

function engineFinding(probe: Probe): Finding {
  if ('problem' in probe) return { name: 'engine', state: 'missing', found: probe.problem, mend: probe.hint };
  const { description, threads } = probe.engine;
  const found = `${description}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  if (probe.engine.name === 'tensorflow' || process.env['SEA_ENGINE'] === 'wasm')
    return { name: 'engine', state: 'ok', found };
  const reason = engineFailure()?.reason ?? 'TensorFlow is not linked';
  return { name: 'engine', state: 'absent', found: `${found} (${reason})`, mend: 'npm run setup' };
}

function gpuFinding(gpus: readonly string[], used: boolean): Finding {
  if (gpus.length === 0) return { name: 'gpu', state: 'absent', found: 'no NVIDIA GPU' };
  const found = gpus.join(', ');
  if (used) return { name: 'gpu', state: 'ok', found };
  const mend = linkedEngine()?.cuda === true ? 'nvidia-smi' : 'npm run setup';
  return { name: 'gpu', state: 'absent', found: `${found}, not used by the engine`, mend };
}

async function sqlite(): Promise<Finding> {
  try {
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(':memory:');
    const version = String(database.prepare('select sqlite_version()').pluck().get());
    database.close();
    return { name: 'sqlite', state: 'ok', found: version };
  } catch (error) {
    return { name: 'sqlite', state: 'missing', found: String(error).split('\n')[0] ?? '', mend: 'npm run setup' };
  }
}

async function slurm(): Promise<Finding> {
  if (which('sbatch') === undefined) return { name: 'slurm', state: 'absent', found: 'no sbatch on PATH' };
  const asked = await run('sbatch', ['--version'], { timeout: 10_000 });
  return { name: 'slurm', state: 'ok', found: asked.output.trim() };
}

function pythonFinding(python: Awaited<ReturnType<typeof findPython>>): Finding {
  if (python?.pip === true) return { name: 'python', state: 'ok', found: `${python.version} with pip` };
  const found = python === undefined ? 'no Python 3 on PATH' : `${python.version} without pip`;
  return {
    name: 'python',
    state: 'absent',
    found: `${found}: needed to fetch TensorFlow`,
    mend: 'apt install python3 python3-pip',
  };
}

function compiler(): Finding {
  const found = findCompiler();
  if (found !== undefined) return { name: 'compiler', state: 'ok', found };
  return {
    name: 'compiler',
    state: 'absent',
    found: 'no C++ compiler and make: needed to link TensorFlow',
    mend: 'apt install g++ make',
  };
}
