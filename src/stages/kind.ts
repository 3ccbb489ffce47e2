import type { InputShapes, Known, Priced } from '../cost/shape.ts';
import type { Json } from '../hash.ts';

/**
 * What a port carries. A file or folder in a published format, so that a producer can be swapped:
 * whatever reads `encoder` cannot tell a mini checkpoint from CLIP-L.
 */
export type PortType =
  | 'dataset' // folder: chat.json (LLaVA conversations, `image` relative to images/) + images/
  | 'corpus' // folder: train.jsonl and heldout.jsonl, one {"text": ...} a line
  | 'words' // file: one word a line
  | 'benchmark' // folder: one benchmark's official files (+ images/)
  | 'truth' // folder: what is in every patch of the procedural world; diagnostics only
  | 'encoder' // folder: Hugging Face CLIPModel or SiglipModel checkpoint with tokenizer and preprocessor, or a vision-only one
  | 'language-model' // folder: Hugging Face causal LM checkpoint with tokenizer
  | 'features' // folder: what the adapter reads, for every image of a dataset
  | 'labels' // folder: top words and scores for every patch of a dataset
  | 'statistics' // folder: statistics.json + words.jsonl, what a label set looks like
  | 'adapter' // folder: mm_projector.safetensors in LLaVA's naming + config.json
  | 'model' // folder: LLaVA checkpoint (LlavaForConditionalGeneration layout)
  | 'answers' // file: LLaVA's answers JSONL
  | 'scores' // folder: scores.json (every sub-score) + questions.jsonl (per question)
  | 'file'; // anything: ports of `command`

export type Port = Readonly<{ type: PortType; description: string; optional?: boolean }>;
export type Ports = Readonly<Record<string, Port>>;

/** Numbers that a stage measured; keys may be dotted (`category.color`). */
export type Metrics = Readonly<Record<string, number>>;

/** What a stage will cost; for scheduling, estimates and Slurm requests. */
export type Needs = Readonly<{
  /** loads TensorFlow: runs in a warm worker process; without it the stage runs inside the runner */
  engine: boolean;
  /** keeps a core busy in JavaScript, or reads and writes much: runs in a worker process too */
  heavy?: true;
  /** bytes of memory at its peak, an estimate */
  memory?: number;
  /** floating-point operations, an estimate */
  flops?: number;
}>;

/** A JSON Schema (draft 2020-12) for the parameters of a kind; objects are closed. */
export type ParamsSchema = Readonly<Record<string, unknown>>;

/** What a running stage sees: folders and files by port name, nothing else. */
export interface Job<P, I extends string, O extends string> {
  readonly params: P;
  /** absolute path per connected input port; an optional port that is not connected is absent */
  readonly input: Readonly<Partial<Record<I, string>>>;
  /** absolute path per output port; the stage creates the file or folder there */
  readonly output: Readonly<Record<O, string>>;
  /** survives a killed run of the same key: checkpoints live here */
  readonly scratch: string;
  /** replies of servers that are paid by request; all stages of a store share it */
  readonly replies: string;
  /** aborted by Ctrl-C: checkpoint, then throw `signal.reason` */
  readonly signal: AbortSignal;
  /** aborted when there is no time for a clean stop: end child processes at once */
  readonly kill?: AbortSignal;
  progress(step: number, of: number, values?: Metrics): void;
  /** a line for the stage's log */
  log(line: string): void;
  /** this process helps the one that makes the stage, where its kind is `shared`: it fills the scratch folder, leaves no output */
  readonly assist: boolean;
  /** tells which part of the work this process did, where a killed run or others did the rest: a measured speed rests on it */
  share(part: number): void;
  /** absolute path of the log, for a child process to write to */
  readonly logFile: string;
}

/** Something wrong with parameters: the path to it below the stage, and what to do about it. */
export type Mistake = Readonly<{ path: readonly string[]; message: string; hint?: string }>;

/** What a stage asks of a machine and how much its outputs carry. */
export type Cost<P> = (params: P, inputs: InputShapes, known: Known) => Priced;

export type Run<P, I extends string, O extends string> = (job: Job<P, I, O>) => Promise<Metrics>;

/**
 * A stage kind: one folder `stages/<kind>/` with `kind.ts` (this declaration, light to import) and
 * `run.ts` (the work, reached only through `load`), and one line in `kinds.ts`.
 */
export interface StageKind<P = unknown, I extends string = string, O extends string = string> {
  readonly kind: string;
  readonly summary: string;
  /** raised when the same inputs would give other outputs: everything cached under the old number is stale */
  readonly version: number;
  readonly params: ParamsSchema;
  /** a function when the ports depend on the parameters (`command`, `world`) */
  readonly inputs: Readonly<Record<I, Port>> | ((params: P) => Ports);
  readonly outputs: Readonly<Record<O, Port>> | ((params: P) => Ports);
  /** inputs of any name and type under `inputs:` are accepted (`command`) */
  readonly anyInputs?: true;
  /** what is wrong with parameters that the schema allows; `inputs`: the ports that are connected */
  mistakes?(params: P, inputs: readonly string[]): readonly Mistake[];
  /** connected inputs that do not matter under these parameters: dropped from the graph and the key */
  unused?(params: P): readonly string[];
  /** files or folders outside the store that the stage reads (parameters with `format: path`, made absolute);
   * their content enters the key */
  sources?(params: P): readonly string[];
  /** what lies at `sources` and where it comes from, in words: told where it is missing */
  origin?(params: P): string | undefined;
  /** a repository of Hugging Face's cache (`organisation/name`): stands in for the parameter `path` where nothing lies there */
  hub?(params: P): string | undefined;
  /** what enters the key; default: all parameters (with defaults filled in) except those with `format: path` */
  identity?(params: P): Json;
  /** the metric a table column shows when it names only the stage */
  readonly headline?: string;
  /** every metric this stage reports for these parameters, to check table columns; absent: any name is taken */
  metrics?(params: P): readonly string[];
  /** its work lies in independent files of the scratch folder: further processes may make some of them (`Job.assist`) */
  readonly shared?: true;
  needs(params: P): Needs;
  /** what it costs, from its parameters and what its inputs carry */
  loadCost?(): Promise<Cost<P>>;
  load(): Promise<{ run: Run<P, I, O> }>;
}

/** The list's element type: parameters are validated by `params` before `run` sees them. */
// biome-ignore lint/suspicious/noExplicitAny: variance: a list of kinds with different parameter types
export type AnyKind = StageKind<any, any, any>;

export function portsOf(ports: Ports | ((params: never) => Ports), params: unknown): Ports {
  return typeof ports === 'function' ? ports(params as never) : ports;
}
