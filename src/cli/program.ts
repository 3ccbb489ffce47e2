import { extname } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { benchmarkNames } from '../benchmarks/names.ts';
import { deviceNames } from '../cost/device.ts';
import { templateNames } from '../model/template-names.ts';
import { shells } from './completion/scripts.ts';
import type { Context } from './context.ts';
import { starterSources } from './starter/starter.ts';

const exitCodes = `
Exit codes:
  0    complete
  1    a stage failed, a check found something, or the machine failed (a full disk)
  2    a mistake in an experiment or in the command line, or a cache that cannot be used; nothing was started
  130  stopped

The cache is --cache DIR, else SEA_CACHE, else cache/ in this folder.
On a terminal, sea alone is sea ui.`;

const scoreExitCodes = `
Exit codes:
  0    scored; what the figure leaves open is told in notes
  2    not scored: files that cannot be scored (by file and line), a mistake in the command line, a judge that failed
  130  stopped; the judge's replies so far are kept`;

/** Ends the process's work with this exit code. */
type Finish = (code: number) => void;
type MakeContext = (globals: Readonly<{ cache?: string; plain?: boolean }>) => Context;

/**
 * The command line: names, options and help. What a command does is imported when it is called,
 * so that `--help` loads nothing of the rest.
 */
export function buildProgram(version: string, makeContext: MakeContext, finish: Finish): Command {
  const program = new Command('sea')
    .description('Runs ablations declared in YAML: every stage once, every table from what the stages left.')
    .version(version)
    .addOption(
      new Option('--cache <dir>', 'where results are kept (or SEA_CACHE; default: cache/)').argParser(folderName),
    )
    .option('--plain', 'text in lines: no colour, no redraws')
    .addHelpText('after', exitCodes)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help shows what is valid)')
    .exitOverride();
  const context = (command: Command): Context => makeContext(command.optsWithGlobals());
  const define: Define = (name, summary, example) =>
    program
      .command(name)
      .description(summary)
      .addHelpText('after', `\nExample:\n${example.map((line) => `  $ ${line}`).join('\n')}`);
  declareInit(define, context, finish);
  declareExperimentCommands(define, context, finish);
  declareStageCommands(define, context, finish);
  declareLineageCommand(define, context, finish);
  declareLabelsCommand(define, context, finish);
  declareModelCommands(define, context, finish);
  declareExportCommand(define, context, finish);
  declareScoreCommand(define, context, finish);
  declareStoreCommands(define, context, finish);
  declareCompletion(define, context, finish);
  return program;
}

/** Whether a command line has options of the program at most. Throws CommanderError where they are wrong or ask for help. */
export function namesNoCommand(program: Command, args: readonly string[]): boolean {
  const { operands, unknown } = program.parseOptions([...args]);
  return operands.length === 0 && unknown.length === 0;
}

type Define = (name: string, summary: string, example: readonly string[]) => Command;
type MakeFor = (command: Command) => Context;

const asJson = ['--json', 'as JSON (its schema: schemas/output/)'] as const;

function declareInit(define: Define, context: MakeFor, finish: Finish): void {
  define('init', 'Write a commented starter experiment; asks what is not said, on a terminal.', [
    'sea init first --yes',
    'sea init mine --data own --name mine',
  ])
    .argument('[dir]', 'folder to write it in', '.')
    .option('--name <name>', "the experiment's name (default: the folder's)")
    .addOption(
      new Option('--data <source>', 'the drawn world, or your own files (default: mini)').choices(starterSources),
    )
    .option('-y, --yes', 'ask nothing')
    .action(async (folder: string, options, command: Command) =>
      finish(await (await import('./init.ts')).init(folder, options, context(command))),
    );
}

function declareExperimentCommands(define: Define, context: MakeFor, finish: Finish): void {
  define('validate', 'Check experiment files and name every mistake with its place.', [
    'sea validate experiments/*.yaml',
  ])
    .argument('<file...>', 'experiment files')
    .option(...asJson)
    .action(async (files: string[], options: { json?: boolean }, command: Command) =>
      finish(await (await import('./validate.ts')).validate(files, options, context(command))),
    );

  define('plan', 'Show what a run would do, stage by stage, and why; starts nothing.', [
    'sea plan experiments/quickstart.yaml',
    'sea plan experiments/quickstart.yaml --force pretrain',
    'sea plan experiments/paper/table2.yaml --cost --device h800x8',
  ])
    .argument('<file>', 'experiment file')
    .option('--all', 'list cached stages too; with --cost, every stage')
    .option('--cost', 'price the stages: operations, bytes, memory, time, and what rows share')
    .addOption(new Option('--device <name>', 'machine to price them on (default: cpu)').choices(deviceNames))
    .option('--force <stage...>', 'as if these stages had to run again')
    .option('--row <row...>', 'only these rows')
    .option('--stage <stage...>', 'only these stages and what they need')
    .option(...asJson)
    .action(async (file: string, options, command: Command) =>
      finish(await (await import('./plan.ts')).showPlan(file, options, context(command))),
    );

  define('watch', 'Plan again at every save: what is wrong, or what would run and why. Ctrl-C ends it (exit code 0).', [
    'sea watch experiments/quickstart.yaml',
  ])
    .argument('<file>', 'experiment file')
    .action(async (file: string, _options, command: Command) =>
      finish(await (await import('./watch.ts')).watchExperiment(file, context(command))),
    );

  define('run', 'Run what is not cached yet, then print the tables.', [
    'sea run experiments/quickstart.yaml',
    'sea run experiments/quickstart.yaml --row Baseline +SEA --jobs 4',
    'sea run experiments/mini/*.yaml                               # one after another',
  ])
    .argument('<file...>', 'experiment files')
    .addOption(new Option('-j, --jobs <n>', 'stages at work at the same time').argParser(positive))
    .addOption(new Option('--threads <n>', 'threads of the engine in each stage (or SEA_THREADS)').argParser(positive))
    .option('--memory <size>', 'what stages at work may hold together, like 6GB (or SEA_MEMORY); one may always run')
    .option('--force <stage...>', 'run these stages again (ids or names)')
    .option('--row <row...>', 'only these rows')
    .option('--stage <stage...>', 'only these stages and what they need')
    .option('--fail-fast', 'stop at the first failure')
    .option('--report <dir>', 'at the end, write what sea report writes of these files')
    .option('--json', 'events as JSON lines (schema: schemas/output/run.schema.json)')
    .action(async (files: string[], options, command: Command) =>
      finish(await (await import('./run.ts')).runExperiments(files, options, context(command))),
    );

  define('ui', 'Browse experiments, tables, stages and logs with the keyboard; start and stop runs.', [
    'sea ui',
    'sea ui experiments/quickstart.yaml',
    'sea ui experiments/quickstart.yaml --plain                    # all of it as lines of text',
  ])
    .argument('[file]', 'experiment file; without it those near are listed')
    .action(async (file: string | undefined, _options, command: Command) =>
      finish(await (await import('./ui.ts')).browse(file, context(command))),
    );

  define('table', 'Print the tables of an experiment from what has been measured.', [
    'sea table experiments/quickstart.yaml',
    'sea table experiments/quickstart.yaml --format latex > table.tex',
    'sea table experiments/quickstart.yaml --ci --se',
  ])
    .argument('<file>', 'experiment file')
    .addOption(
      new Option('--format <format>', 'how to print it')
        .choices(['terminal', 'markdown', 'latex', 'csv', 'json'])
        .default('terminal'),
    )
    .option('--ci', 'the 95 % interval of every difference')
    .option('--se', 'the standard error of benchmarks from their questions')
    .addOption(new Option('--width <columns>', 'line length of the terminal format').argParser(positive))
    .option(...asJson)
    .action(async (file: string, options, command: Command) =>
      finish(await (await import('./table.ts')).showTables(file, options, context(command))),
    );

  define(
    'figure',
    'Draw the figures of an experiment from what has been measured: in the terminal, or one as a picture.',
    ['sea figure experiments/quickstart.yaml', 'sea figure experiments/quickstart.yaml knowledge --svg knowledge.svg'],
  )
    .argument('<file>', 'experiment file')
    .argument('[name]', 'one of its figures (default: all)')
    .addOption(new Option('--svg <file>', 'draw it as SVG').argParser(pictureFile('svg')))
    .addOption(new Option('--png <file>', 'draw it as PNG').argParser(pictureFile('png')))
    .addOption(new Option('--width <columns>', 'line length in the terminal').argParser(positive))
    .option(...asJson)
    .action(async (file: string, name: string | undefined, options, command: Command) =>
      finish(await (await import('./figure.ts')).showFigures(file, name, options, context(command))),
    );

  define('report', 'Write experiments as pages, and every table and figure as files for a paper.', [
    'sea report experiments/quickstart.yaml -o report',
    'sea report experiments/mini/*.yaml -o report                   # an index, and a page each',
  ])
    .argument('<file...>', 'experiment files')
    .requiredOption('-o, --output <dir>', 'folder to write')
    .option(...asJson)
    .action(async (files: string[], options, command: Command) =>
      finish(await (await import('./report.ts')).showReport(files, options, context(command))),
    );

  define('compare', 'Set two rows or two experiments side by side: parameters, numbers, questions won and lost.', [
    'sea compare experiments/quickstart.yaml Baseline +SEA',
    'sea compare experiments/quickstart.yaml Baseline +SEA --questions POPE',
    'sea compare first.yaml second.yaml',
  ])
    .argument('<side...>', 'FILE ROW ROW, FILE FILE, or FILE ROW FILE ROW')
    .option('--questions [column...]', 'list the questions that they answer differently')
    .addOption(new Option('-n, --number <n>', 'of each column so many won and lost').argParser(positive).default(10))
    .option(...asJson)
    .action(async (sides: string[], options, command: Command) =>
      finish(await (await import('./compare.ts')).compare(sides, options, context(command))),
    );
}

function declareStageCommands(define: Define, context: MakeFor, finish: Finish): void {
  define('why', 'Say why a stage will run again: which parameter or input differs, old and new.', [
    "sea why 'pretrain[+SEA]' experiments/quickstart.yaml",
  ])
    .argument('<stage>', 'id or name of a stage')
    .argument('<file>', 'experiment file')
    .option(...asJson)
    .action(async (stage: string, file: string, options, command: Command) =>
      finish(await (await import('./why.ts')).explainStage(stage, file, options, context(command))),
    );

  define('show', 'Show what a stage left: parameters, inputs, outputs, metrics, how it was made, its log.', [
    "sea show 'pretrain[+SEA]' experiments/quickstart.yaml",
    'sea show 4f1c09aa --log',
  ])
    .argument('<stage>', 'id or name of a stage, or the beginning of a key')
    .argument('[file]', 'experiment file; without it, the newest entry of that stage')
    .option('--log', 'the whole log instead of its end')
    .option(...asJson)
    .action(async (stage: string, file: string | undefined, options, command: Command) =>
      finish(await (await import('./show.ts')).showStage(stage, file, options, context(command))),
    );
}

function declareLineageCommand(define: Define, context: MakeFor, finish: Finish): void {
  define(
    'lineage',
    'Go from a number of a table, or a stage, back to every stage, parameter, file and seed behind it.',
    [
      'sea lineage experiments/quickstart.yaml +SEA POPE',
      "sea lineage experiments/quickstart.yaml 'finetune[+SEA,seed=1]'",
    ],
  )
    .argument('<file>', 'experiment file')
    .argument('<of>', 'a row of its tables, or id or name of a stage')
    .argument('[column]', "the row's column: its head, or the stage that it shows")
    .option(...asJson)
    .action(async (file: string, of: string, column: string | undefined, options, command: Command) =>
      finish(await (await import('./lineage.ts')).showLineage(file, of, column, options, context(command))),
    );
}

function declareLabelsCommand(define: Define, context: MakeFor, finish: Finish): void {
  define(
    'labels',
    'Show how patch labels are distributed, beside Figure 6 of the paper, or the words of one picture.',
    [
      'sea labels labels experiments/quickstart.yaml --truth captions',
      'sea labels labels --image 000000.png --svg words.svg',
      'sea labels path/to/labels --image cat.jpg --images path/to/images',
    ],
  )
    .argument('<labels>', 'id or name of a stage, the beginning of a key, or a labels folder')
    .argument('[file]', 'experiment file; without it, the newest entry of that stage')
    .option('--image <name>', 'the words of the patches of this picture')
    .option('--images <dir>', 'folder of the pictures (default: those that the stage labelled)')
    .option('--truth <stage>', "check the labels against a drawn world's truth: its stage, or a folder")
    .addOption(new Option('--svg <file>', 'draw it as SVG').argParser(pictureFile('svg')))
    .addOption(new Option('--png <file>', 'draw it as PNG').argParser(pictureFile('png')))
    .option(...asJson)
    .action(async (labels: string, file: string | undefined, options, command: Command) =>
      finish(await (await import('./labels.ts')).showLabels(labels, file, options, context(command))),
    );
}

function declareModelCommands(define: Define, context: MakeFor, finish: Finish): void {
  define('recall', 'Show a picture with the word that each visual token of a trained model recalls (Figure 1).', [
    "sea recall experiments/quickstart.yaml --model 'finetune[+SEA,seed=1]' --image 000000.png",
    "sea recall --model 'pretrain[+SEA,seed=1]' --against 'pretrain[Baseline,seed=1]' --image 000000.png --data captions",
    'sea recall --model path/to/llava --words words.txt --image cat.jpg --png recalled.png',
  ])
    .argument('[file]', 'experiment file; without it, the newest entry of that stage')
    .requiredOption('--model <stage>', 'a stage that trained a model or an adapter, or a LLaVA folder')
    .requiredOption('--image <picture>', "a picture file, or the name of one of the model's training data")
    .option('--against <stage>', 'a second model beside it')
    .option('--data <stage>', 'the stage that has the picture; .port where it left several: exam.pope')
    .option('--words <file>', 'words that may be recalled: a file or a stage (default: those of its labels or encoder)')
    .option('--truth <stage>', "mark right and wrong by this drawn world's truth (default: the picture's own)")
    .addOption(new Option('--top <n>', 'words of each visual token in --json').argParser(positive).default(5))
    .addOption(new Option('--svg <file>', 'draw it as SVG').argParser(pictureFile('svg')))
    .addOption(new Option('--png <file>', 'draw it as PNG').argParser(pictureFile('png')))
    .option(...asJson)
    .action(async (file: string | undefined, options, command: Command) =>
      finish(await (await import('./recall.ts')).recallWords(file, options, context(command))),
    );

  define('ask', 'Ask a trained model about a picture; without a question, chat with it. Ctrl-D ends.', [
    "sea ask experiments/quickstart.yaml 'what color is the cup' --model 'finetune[+SEA,seed=1]' --image 000000.png",
    "sea ask --model 'finetune[+SEA,seed=1]' --image 000000.png --data captions",
    "sea ask 'what is it?' --model path/to/llava --conversation vicuna_v1 --image cat.jpg",
    "sea ask 'what is the capital?' --model language --conversation short",
  ])
    .argument('[file-or-question...]', 'an experiment file (FILE.yaml), then the question')
    .requiredOption('--model <stage>', 'a stage that trained a model, or a Hugging Face folder')
    .option(
      '--image <picture>',
      "a picture file, or the name of one of the model's training data; without it: text alone",
    )
    .option('--data <stage>', 'the stage that has the picture; .port where it left several: exam.pope')
    .addOption(
      new Option('--conversation <template>', 'how the conversation is written (default: as it was tuned)').choices(
        templateNames,
      ),
    )
    .addOption(new Option('--max-tokens <n>', 'longest answer').argParser(positive).default(256))
    .option(...asJson)
    .action(async (words: string[], options, command: Command) =>
      finish(await (await import('./ask.ts')).ask(words, options, context(command))),
    );
}

function declareExportCommand(define: Define, context: MakeFor, finish: Finish): void {
  define('export', 'Write what a stage trained as a Hugging Face folder that transformers loads.', [
    "sea export 'finetune[+SEA,seed=1]' experiments/quickstart.yaml -o llava-sea",
    'sea export language -o language --dtype bfloat16',
    "sea export 'pretrain[+SEA,seed=1].adapter' -o adapter",
  ])
    .argument('<stage>', 'id or name of a stage, or the beginning of a key; .port where it left several things')
    .argument('[file]', 'experiment file; without it, the newest entry of that stage')
    .requiredOption('-o, --output <dir>', 'folder to write')
    .option('--adapter', "only the adapter of a model, in LLaVA's naming (mm_projector)")
    .addOption(
      new Option('--dtype <format>', 'number format of the weights (default: as stored)').choices([
        'float32',
        'float16',
        'bfloat16',
      ]),
    )
    .option('--shard <size>', 'split the weights into files of at most this size', '5GB')
    .option('--force', 'replace an earlier export there')
    .option(...asJson)
    .action(async (stage: string, file: string | undefined, options, command: Command) =>
      finish(await (await import('./export.ts')).exportStage(stage, file, options, context(command))),
    );
}

function declareScoreCommand(define: Define, context: MakeFor, finish: Finish): void {
  define('score', "Mark an answers file of any program as the benchmark's official program does.", [
    'sea score pope --answers answers.jsonl --data pope/',
    'sea score vqav2 --answers answers.jsonl --data vqav2/ --json',
    'sea score mmbench --answers answers.jsonl --data mmbench/ --submission upload.xlsx',
    'sea score mmvet --answers answers.jsonl --data mmvet/ --judge https://api.openai.com/v1',
  ])
    .argument('<benchmark>', benchmarkNames.join(', '))
    .requiredOption('--answers <file>', "LLaVA's answers file (JSON lines)")
    .requiredOption('--data <dir>', "folder with the benchmark's official files")
    .option('--variant <name>', 'another scoring rule than the default')
    .addOption(new Option('--choices <how>', 'how multiple choice was answered').choices(['letter', 'text']))
    .option('--judge <url>', "MM-Vet: an OpenAI-compatible server's address; none marks by the words of the reference")
    .option('--judge-model <name>', 'default: the official gpt-4-0613')
    .option('--judge-key <variable>', 'environment variable with the key; none: no key', 'OPENAI_API_KEY')
    .addOption(new Option('--judge-runs <n>', 'times that every answer is marked').default(1).argParser(positive))
    .addOption(new Option('--judge-concurrency <n>', 'requests at the same time').default(4).argParser(positive))
    .option('--submission <file>', "write the server's upload file instead")
    .option(...asJson)
    .addHelpText('after', scoreExitCodes)
    .action(async (benchmark: string, options, command: Command) =>
      finish(await (await import('./score.ts')).scoreAnswers(benchmark, options, context(command))),
    );
}

function declareStoreCommands(define: Define, context: MakeFor, finish: Finish): void {
  define('ls', 'List what is in the cache, newest first.', ['sea ls', 'sea ls --kind pretrain --json'])
    .option('--kind <kind>', 'only stages of this kind')
    .option('--experiment <name>', 'only what this experiment made')
    .addOption(new Option('-n, --number <n>', 'how many (default: 20; with --json all)').argParser(positive))
    .option(...asJson)
    .action(async (options, command: Command) =>
      finish(await (await import('./ls.ts')).listEntries(options, context(command))),
    );

  define('gc', 'Show what could be removed from the cache; --apply removes it.', [
    'sea gc experiments/*.yaml',
    'sea gc experiments/*.yaml --limit 20GB --apply',
  ])
    .argument('[file...]', 'experiment files whose results stay')
    .option('--limit <size>', 'the cache may keep this much, most recently used first (like 20GB)')
    .option('--apply', 'remove it')
    .option(...asJson)
    .action(async (files: string[], options, command: Command) =>
      finish(await (await import('./gc.ts')).removeUnused(files, options, context(command))),
    );

  define('verify', 'Read every stored output again; a damaged one is set aside and will be made again.', ['sea verify'])
    .option(...asJson)
    .action(async (options, command: Command) =>
      finish(await (await import('./verify.ts')).verifyStore(options, context(command))),
    );

  define('doctor', 'Say what this machine has, what is missing and the command that mends it.', ['sea doctor'])
    .option('--measure', 'measure again how stages share this machine (a few seconds)')
    .option(...asJson)
    .action(async (options, command: Command) =>
      finish(await (await import('./doctor.ts')).examine(options, context(command))),
    );

  define('schema', 'Print the JSON Schema of experiment files, for editors.', [
    'sea schema > experiment.schema.json',
    'sea schema --check',
  ])
    .option('--write [dir]', 'write all schemas there (default: schemas)')
    .option('--check [dir]', 'fail if those there are stale (default: schemas)')
    .action(async (options, command: Command) =>
      finish(await (await import('./schema.ts')).printSchema(options, context(command))),
    );
}

function declareCompletion(define: Define, context: MakeFor, finish: Finish): void {
  define('completion', 'Print what makes a shell complete commands, options, experiments, stages and rows.', [
    'source <(sea completion bash)                                 # in ~/.bashrc',
    'source <(sea completion zsh)                                  # in ~/.zshrc, after compinit',
    'sea completion fish > ~/.config/fish/completions/sea.fish',
  ])
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .argument('[word...]', 'after --: a command line; prints what its last word may be')
    .action(async (shell: (typeof shells)[number], words: string[], _options, command: Command) =>
      finish(
        await (await import('./completion.ts')).printCompletion(
          shell,
          words,
          command.parent as Command,
          context(command),
        ),
      ),
    );
}

function folderName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must name a folder.');
  return text;
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return number;
}

const pictureNames = ['.svg', '.png', '.jpg', '.jpeg', '.webp', '.gif', '.tif', '.tiff', '.pdf'];

/** A file for a picture of this format: a name that says another one is refused before anything is drawn. */
function pictureFile(format: 'svg' | 'png'): (path: string) => string {
  return (path) => {
    const extension = extname(path).toLowerCase();
    if (!pictureNames.includes(extension) || extension === `.${format}`) return path;
    const other = extension === '.svg' || extension === '.png' ? `, or say --${extension.slice(1)} ${path}` : '';
    throw new InvalidArgumentError(`--${format} writes ${format.toUpperCase()}: name the file *.${format}${other}.`);
  };
}
