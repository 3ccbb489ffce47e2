import type { Json } from '../hash.ts';
import type { Problem } from '../problem.ts';
import { suggest } from '../problem.ts';
import type { AnyKind, Port, Ports } from '../stages/kind.ts';
import { portsOf } from '../stages/kind.ts';
import type { Ref } from './experiment.ts';
import type { Field, Fields, Node } from './node.ts';
import { define, describe, placeOf, toJson } from './node.ts';
import { checkParams, kindMistakes } from './params.ts';
import { type Paths, resolvePath } from './path.ts';
import { suggestBefore } from './read.ts';
import { pathPatterns, propertyNames } from './schema-walk.ts';

export type Input = Readonly<{ port: string; ref: Readonly<{ stage: string; port?: string }>; node: Node }>;

/** A stage as one row and seed has it: parameters valid and complete, inputs by name. */
export type Variant = Readonly<{
  name: string;
  /** the stage's key in the file */
  field: Field;
  kind: AnyKind;
  /** its parameters are right */
  valid: boolean;
  params: Json;
  inputs: readonly Input[];
  /** of `inputs`, those that matter under these parameters */
  used: readonly Input[];
  ports: Ports;
  outputs: Ports;
}>;

export type Checking = Paths &
  Readonly<{
    kinds: ReadonlyMap<string, AnyKind>;
    /** the names of all stages */
    stages: ReadonlyMap<string, unknown>;
  }>;

/** Keys of a stage that are neither parameters nor ports. */
const reserved = new Set(['kind', 'inputs']);

/**
 * Checks one variant of a stage by itself; undefined when its kind or what its ports depend on is wrong.
 * With wrong parameters it still stands for its ports, so that what reads it is checked too.
 */
export function checkStage(field: Field, node: Fields, seed: number, checking: Checking): Variant | undefined {
  const kind = kindOf(field, node, checking);
  if (kind === undefined) return undefined;
  const { params, candidates } = split(node, kind, checking.problems);
  if (kindTakesSeed(kind) && !params.fields.has('seed')) params.json['seed'] = seed;
  const mistakes = checkParams(params.json, { stage: field, kind, node });
  checking.problems.push(...mistakes);
  const valid = mistakes.length === 0;
  if (!valid && typeof kind.inputs === 'function') return undefined;
  if (valid)
    for (const pattern of pathPatterns(kind)) resolvePath(params.json, node, field.source.file, pattern, checking);
  const ports = portsOf(kind.inputs as Ports, params.json);
  const inputs = candidates.flatMap((candidate) => readInput(candidate, ports, field, kind, checking) ?? []);
  if (!valid && typeof kind.outputs === 'function') return undefined;
  const unused = new Set(valid ? kind.unused?.(params.json) : []);
  if (valid) {
    reportMissing(field, kind, ports, candidates, unused, checking.problems);
    const connected = candidates.map(({ name }) => name);
    checking.problems.push(...kindMistakes(params.json, connected, { stage: field, kind, node }));
  }
  return {
    name: field.name,
    field,
    kind,
    valid,
    params: params.json,
    inputs,
    used: unused.size === 0 ? inputs : inputs.filter(({ port }) => !unused.has(port)),
    ports,
    outputs: portsOf(kind.outputs as Ports, params.json),
  };
}

/** The seed of a cell reaches a stage whose kind has a parameter `seed`. */
export function kindTakesSeed(kind: AnyKind): boolean {
  return (kind.params['properties'] as Record<string, unknown> | undefined)?.['seed'] !== undefined;
}

function kindOf(field: Field, node: Fields, { kinds, problems }: Checking): AnyKind | undefined {
  const written = node.fields.get('kind');
  if (written === undefined) {
    problems.push({
      code: 'missing-key',
      message: `stage "${field.name}" has no kind`,
      at: placeOf(field),
      hint: `kinds: ${[...kinds.keys()].join(', ')}`,
    });
    return undefined;
  }
  const name = toJson(written.value);
  const kind = typeof name === 'string' ? kinds.get(name) : undefined;
  if (kind !== undefined) return kind;
  const at = placeOf(written.value);
  if (typeof name === 'string')
    problems.push({
      code: 'unknown-kind',
      message: `there is no kind "${name}"`,
      at,
      hint: suggest(name, [...kinds.keys()]),
    });
  else problems.push({ code: 'wrong-type', message: `expected the name of a kind, found ${describe(name)}`, at });
  return undefined;
}

/** As `{input.NAME}` and the names of variables can hold them. */
const portName = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** A key that may be an input; `nested` under `inputs:`. */
type Candidate = Field & { readonly nested?: boolean };
type Split = Readonly<{
  params: { json: Record<string, Json>; fields: ReadonlyMap<string, Field> };
  candidates: readonly Candidate[];
}>;

const namesByKind = new WeakMap<AnyKind, ReadonlySet<string>>();

function paramNames(kind: AnyKind): ReadonlySet<string> {
  const known = namesByKind.get(kind) ?? new Set(propertyNames(kind.params));
  namesByKind.set(kind, known);
  return known;
}

/** Parameters are what the schema names; everything else has to be an input. */
function split(node: Fields, kind: AnyKind, problems: Problem[]): Split {
  const names = paramNames(kind);
  const json: Record<string, Json> = {};
  const fields = new Map<string, Field>();
  const candidates: Candidate[] = [];
  for (const [name, field] of node.fields) {
    if (names.has(name)) {
      define(json, name, toJson(field.value));
      fields.set(name, field);
    } else if (!reserved.has(name)) candidates.push(field);
  }
  const inputs = node.fields.get('inputs');
  if (inputs === undefined || names.has('inputs')) return { params: { json, fields }, candidates };
  if (inputs.value.type === 'map')
    candidates.push(...[...inputs.value.fields.values()].map((field) => ({ ...field, nested: true })));
  else
    problems.push({
      code: 'wrong-type',
      message: `expected a map from ports to outputs of stages, found ${describe(toJson(inputs.value))}`,
      at: placeOf(inputs.value),
    });
  return { params: { json, fields }, candidates };
}

function readInput(field: Candidate, ports: Ports, stage: Field, kind: AnyKind, checking: Checking): Input | undefined {
  const { stages, problems } = checking;
  const isPort = Object.hasOwn(ports, field.name) || (kind.anyInputs === true && field.nested === true);
  if (!isPort) {
    const valid = field.nested ? Object.keys(ports) : [...paramNames(kind), ...Object.keys(ports)];
    const message = `${stage.name}: "${field.name}" is no ${field.nested ? 'input' : 'parameter or input'} of ${kind.kind}`;
    problems.push({ code: 'unknown-key', message, at: placeOf(field), hint: suggest(field.name, valid) });
    return undefined;
  }
  if (!portName.test(field.name)) {
    const message = `${stage.name}: "${field.name}" cannot name an input`;
    problems.push({ code: 'bad-name', message, at: placeOf(field), hint: 'letters, digits, _ and -, a letter first' });
    return undefined;
  }
  const text = toJson(field.value);
  const path = `${stage.name}.${field.name}`;
  if (typeof text !== 'string') {
    const message = `${path}: expected an output of a stage, found ${describe(text)}`;
    problems.push({ code: 'wrong-type', message, at: placeOf(field.value), hint: `${field.name}: stage.port` });
    return undefined;
  }
  const [name = '', ...port] = text.split('.');
  if (!stages.has(name)) {
    const message = `${path}: there is no stage "${name}"`;
    const hint = suggestBefore(name, text, [...stages.keys()]);
    problems.push({ code: 'unknown-stage', message, at: placeOf(field.value), hint });
    return undefined;
  }
  const ref = port.length === 0 ? { stage: name } : { stage: name, port: port.join('.') };
  return { port: field.name, ref, node: field.value };
}

function reportMissing(
  field: Field,
  kind: AnyKind,
  ports: Ports,
  given: readonly Field[],
  unused: ReadonlySet<string>,
  problems: Problem[],
): void {
  for (const [name, port] of Object.entries(ports)) {
    if (port.optional || unused.has(name) || given.some((input) => input.name === name)) continue;
    const message = `stage "${field.name}" (${kind.kind}) needs input "${name}" of type ${port.type}`;
    problems.push({ code: 'missing-input', message, at: placeOf(field), hint: `${name}: ${port.description}` });
  }
}

/** Which output an input reads; undefined, with a problem, when there is none or its type does not fit. */
export function connect(variant: Variant, input: Input, target: Variant, problems: Problem[]): Ref | undefined {
  const names = Object.keys(target.outputs);
  const port = input.ref.port ?? (names.length === 1 ? names[0] : undefined);
  const path = `${variant.name}.${input.port}`;
  const wrong = (code: string, message: string, hint: string) => {
    problems.push({ code, message: `${path}${message}`, at: placeOf(input.node), hint });
    return undefined;
  };
  if (port === undefined) {
    const valid = names.map((name) => `${target.name}.${name}`).join(', ');
    return wrong('unknown-port', `: stage "${target.name}" has ${names.length} outputs`, `say which: ${valid}`);
  }
  const output = Object.hasOwn(target.outputs, port) ? target.outputs[port] : undefined;
  if (output === undefined) {
    const message = `: stage "${target.name}" (${target.kind.kind}) has no output "${port}"`;
    return wrong('unknown-port', message, suggest(port, names));
  }
  const expected = Object.hasOwn(variant.ports, input.port) ? variant.ports[input.port] : undefined;
  if (expected !== undefined && expected.type !== 'file' && expected.type !== output.type) {
    const message = ` takes ${expected.type}, but ${target.name}.${port} is ${output.type}`;
    return wrong('wrong-port-type', message, fitting(target, expected));
  }
  return { stage: target.name, port };
}

function fitting(target: Variant, expected: Port): string {
  const names = Object.entries(target.outputs).filter(([, output]) => output.type === expected.type);
  if (names.length === 0) return `${expected.type}: ${expected.description}`;
  return `${target.name}.${names.map(([name]) => name).join(`, ${target.name}.`)} would fit`;
}
