import { orderFrom } from '../graph/order.ts';
import { canonicalJson } from '../hash.ts';
import type { Problem } from '../problem.ts';
import { assemble, type Drawn, type Made } from './assemble.ts';
import { type CellPlan, maxMade, tooMany } from './cells.ts';
import { type Checking, checkStage, connect, kindTakesSeed, type Variant } from './check.ts';
import type { Draft } from './draft.ts';
import type { Cell, Ref, Row, StageSpec } from './experiment.ts';
import { mergeAt } from './merge.ts';
import { type Fields, placeOf, toJson } from './node.ts';

export type Expansion = Readonly<{
  stages: readonly StageSpec[];
  cells: readonly Cell[];
  rows: readonly Row[];
  /** stages that no cell needs */
  unused: readonly string[];
  /** every form that a stage takes */
  variants: ReadonlyMap<string, readonly Variant[]>;
}>;

type State = {
  readonly draft: Draft;
  readonly checking: Checking;
  readonly rootsOf: (cell: CellPlan) => readonly string[];
  /** by stage, differences and seed */
  readonly checked: Map<string, Variant | undefined>;
  readonly forms: Map<string, Forms>;
  readonly made: Map<string, Made>;
  /** of the cell at hand */
  readonly variants: Map<string, Variant | undefined>;
  readonly current: Map<string, Made | undefined>;
  order: readonly string[];
  /** of the graph at hand: who reads a stage, and what lies below a set of stages */
  readers: ReadonlyMap<string, readonly string[]>;
  readonly reached: Map<string, readonly string[]>;
};

/**
 * The stages of all cells, equal ones once. The work grows with what differs between neighbouring cells, not with
 * cells times stages: a stage is made again only when its own parameters or a stage above it changed.
 */
export function expand(
  draft: Draft,
  cells: Iterable<CellPlan>,
  rootsOf: State['rootsOf'],
  checking: Checking,
): Expansion {
  const state: State = {
    draft,
    checking,
    rootsOf,
    checked: new Map(),
    forms: new Map(),
    made: new Map(),
    variants: new Map(),
    current: new Map(),
    order: [],
    readers: new Map(),
    reached: new Map(),
  };
  const drawn: Drawn[] = [];
  let roots: readonly string[] | undefined;
  for (const cell of cells) {
    const last = drawn.at(-1);
    const changed = last === undefined ? enter(cell, state) : change(cell, last.cell, state);
    const next = rootsOf(cell);
    const isNewGraph = last === undefined || next !== roots || changed.some(({ rewired }) => rewired);
    roots = next;
    const affected = isNewGraph
      ? reorder(next, state)
      : below(
          changed.map(({ name }) => name),
          state,
        );
    for (const name of affected) make(name, cell, state);
    if (state.made.size > maxMade) {
      checking.problems.push(tooMany(`more than ${maxMade} stages`, draft));
      break;
    }
    const same = last !== undefined && affected.length === 0;
    drawn.push(
      same
        ? { ...last, cell }
        : { cell, names: state.order, stages: state.order.flatMap((name) => state.current.get(name) ?? []) },
    );
  }
  return finish(drawn, state);
}

/** The first cell: every stage is checked, the ones nobody needs too. */
function enter(cell: CellPlan, state: State): readonly Changed[] {
  for (const name of state.draft.stages.keys()) state.variants.set(name, variantIn(cell, name, state));
  const all = orderFrom([...state.draft.stages.keys()], (name) => inputsOf(name, state));
  if (all.cycle !== undefined) reportCycle(all.cycle, state);
  for (const name of state.draft.stages.keys()) connectAll(name, state);
  return [];
}

type Changed = Readonly<{ name: string; rewired: boolean }>;

/** Stages whose own parameters or inputs differ from the cell before. */
function change(cell: CellPlan, before: CellPlan, state: State): readonly Changed[] {
  const candidates = new Set([...cell.signature.keys(), ...before.signature.keys()]);
  if (cell.seed !== before.seed) for (const name of seeded(state)) candidates.add(name);
  const changed: Changed[] = [];
  for (const name of candidates) {
    const old = state.variants.get(name);
    const now = variantIn(cell, name, state);
    if (now === old) continue;
    state.variants.set(name, now);
    changed.push({ name, rewired: wiring(old) !== wiring(now) });
  }
  // After all of them stand: an input may read a stage that changed as well.
  for (const { name } of changed) connectAll(name, state);
  return changed;
}

function seeded({ draft, checking }: State): readonly string[] {
  return [...draft.stages].flatMap(([name, { value }]) => {
    const written = value.type === 'map' ? value.fields.get('kind')?.value : undefined;
    const kind = written === undefined ? undefined : checking.kinds.get(String(toJson(written)));
    return kind !== undefined && kindTakesSeed(kind) ? [name] : [];
  });
}

function variantIn(cell: CellPlan, name: string, state: State): Variant | undefined {
  const key = `${name}\n${cell.signature.get(name) ?? ''}\n${cell.seed}`;
  if (state.checked.has(key)) return state.checked.get(key);
  const field = state.draft.stages.get(name);
  if (field === undefined) throw new Error(`no stage ${name} among ${state.draft.stages.size}`);
  const differences = cell.differences.get(name) ?? [];
  const node = differences.reduce((base, { path, field: difference }) => mergeAt(base, path, difference), field.value);
  const variant = checkStage(field, node as Fields, cell.seed, state.checking);
  state.checked.set(key, variant);
  return variant;
}

/** Which outputs a variant reads; equal text means equal edges. */
function wiring(variant: Variant | undefined): string {
  return (variant?.used ?? []).map(({ port, ref }) => `${port}=${ref.stage}.${ref.port ?? ''}`).join(' ');
}

function inputsOf(name: string, { variants }: State): readonly string[] {
  return (variants.get(name)?.used ?? []).map(({ ref }) => ref.stage);
}

/** What `roots` need, inputs first; all of it is made again. */
function reorder(roots: readonly string[], state: State): readonly string[] {
  const found = orderFrom(roots, (name) => inputsOf(name, state));
  if (found.cycle !== undefined) reportCycle(found.cycle, state);
  state.order = found.order ?? [];
  const readers = new Map<string, string[]>();
  for (const name of state.order) {
    for (const input of inputsOf(name, state)) append(readers, input, name);
  }
  state.readers = readers;
  state.reached.clear();
  return state.order;
}

/** The stages of the present graph that read one of `names`, however indirectly, and they themselves; inputs first. */
function below(names: readonly string[], state: State): readonly string[] {
  const key = names.join(' ');
  const known = state.reached.get(key);
  if (known !== undefined) return known;
  const reached = new Set(names);
  for (const name of reached) for (const reader of state.readers.get(name) ?? []) reached.add(reader);
  const ordered = state.order.filter((name) => reached.has(name));
  state.reached.set(key, ordered);
  return ordered;
}

/** Checks every input, also those that do not matter here; undefined when one leads nowhere. */
function connectAll(name: string, state: State): readonly (readonly [string, Ref])[] | undefined {
  const variant = state.variants.get(name);
  if (variant === undefined) return undefined;
  let whole = true;
  const refs: (readonly [string, Ref])[] = [];
  for (const input of variant.inputs) {
    const target = state.variants.get(input.ref.stage);
    const ref = target === undefined ? undefined : connect(variant, input, target, state.checking.problems);
    if (ref === undefined) whole = false;
    else if (variant.used.includes(input)) refs.push([input.port, ref]);
  }
  return whole ? refs : undefined;
}

/** The stage as this cell has it: one that was made before if kind, parameters and inputs are the same. */
function make(name: string, cell: CellPlan, state: State): void {
  const variant = state.variants.get(name);
  const refs = connectAll(name, state);
  const inputs = refs?.flatMap(([port, ref]) => {
    const from = state.current.get(ref.stage);
    return from === undefined ? [] : [{ port, from, output: ref.port }];
  });
  if (!variant?.valid || inputs === undefined || inputs.length < (refs?.length ?? 0)) {
    state.current.set(name, undefined);
    return;
  }
  const ports = inputs.map(({ port, from, output }) => `${port}=${from.index}.${output}`).sort();
  const key = `${name} ${formNumber(variant, state)} ${ports.join(' ')}`;
  const made = state.made.get(key) ?? { variant, inputs, cell, index: state.made.size, id: '' };
  state.made.set(key, made);
  state.current.set(name, made);
}

/** The forms that a stage takes: parameters may be long, so keys hold a number for them. */
type Forms = Readonly<{ first: Variant; numbers: Map<string, number> }>;

/** Equal for variants of a stage with equal kind and parameters, which are put into words only where there are several. */
function formNumber(variant: Variant, { forms }: State): number {
  const known = forms.get(variant.name) ?? { first: variant, numbers: new Map<string, number>() };
  forms.set(variant.name, known);
  const { first, numbers } = known;
  if (variant === first) return 0;
  if (numbers.size === 0) numbers.set(contentOf(first), 0);
  const content = contentOf(variant);
  const number = numbers.get(content) ?? numbers.size;
  numbers.set(content, number);
  return number;
}

function contentOf({ kind, params }: Variant): string {
  return `${kind.kind}${canonicalJson(params)}`;
}

function reportCycle(cycle: readonly string[], { draft, variants, checking }: State): void {
  const members = cycle.slice(1);
  const first = [...draft.stages.keys()].find((name) => members.includes(name)) as string;
  const turn = members.indexOf(first);
  const path = [...members.slice(turn), ...members.slice(0, turn), first];
  const input = variants.get(first)?.used.find(({ ref }) => ref.stage === path[1]);
  const message = `stages need each other in a circle: ${path.join(' -> ')}`;
  const problem: Problem = { code: 'cycle', message, hint: 'each stage stands before the one it reads' };
  checking.problems.push(input === undefined ? problem : { ...problem, at: placeOf(input.node) });
}

function finish(drawn: readonly Drawn[], state: State): Expansion {
  const needed = new Set(drawn.flatMap(({ names }, index) => (names === drawn[index - 1]?.names ? [] : names)));
  const variants = new Map<string, Variant[]>();
  for (const [key, variant] of state.checked) {
    const name = key.slice(0, key.indexOf('\n'));
    if (variant?.valid) append(variants, name, variant);
  }
  return {
    ...assemble([...state.made.values()], drawn, state.draft),
    rows: [...new Set(drawn.map(({ cell }) => cell.row))],
    unused: [...state.draft.stages.keys()].filter((name) => !needed.has(name)),
    variants,
  };
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
